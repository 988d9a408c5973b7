#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "failalloc.h"
#include "log.h"
#include "text.h"

/* Every growth of a buffer. */
static enum rc
grow_a_buffer(void)
{
	struct buf b = BUF_INIT(100000);
	enum rc rc;

	for (int i = 0; i < 1000; i++) {
		text_put_hex(&b, "\x01\x02\x03", 3);
		text_put_b64(&b, "\x01\x02\x03", 3);
		text_put_time(&b, i);
	}
	rc = buf_finish(&b);
	buf_release(&b);
	return rc;
}

/* A buffer that failed works again after buf_reset(). */
static enum rc
fail_and_start_again(void)
{
	struct buf b = BUF_INIT(1000);
	enum rc first, second;

	buf_printf(&b, "%d", 12345);
	first = buf_finish(&b);
	if (first != RC_OK) {
		buf_reset(&b);
		buf_printf(&b, "%d", 12345);
	}
	second = buf_finish(&b);
	if (second != RC_OK || !slice_eq(buf_slice(&b), SLICE("12345")))
		first = RC_BUG;
	buf_release(&b);
	return first;
}

/* Small things, one large thing and a decoded text in an arena. */
static enum rc
fill_an_arena(void)
{
	struct arena a = ARENA_INIT((size_t)1 << 20);
	struct slice out;
	enum rc rc = RC_OK;

	for (int i = 0; i < 5000 && rc == RC_OK; i++)
		rc = arena_copy(&a, SLICE("some bytes"), &out);
	if (rc == RC_OK && arena_alloc(&a, 300000) == NULL)
		rc = RC_NOMEM;
	arena_reset(&a);
	if (rc == RC_OK && arena_string(&a, SLICE("again")) == NULL)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = text_b64url(&a, SLICE("AAECAw"), &out);
	arena_release(&a);
	return rc;
}

static void
count_bytes(void *ctx, struct slice lines)
{
	size_t *sum = ctx;

	*sum += lines.len;
}

/* Logging loses lines without memory, but never fails nor tears one. */
static enum rc
log_some_lines(void)
{
	const size_t each = sizeof("<6>thing n=1\n") - 1;
	size_t sum = 0;
	struct log l = LOG_INIT(count_bytes, &sum, LOG_INFO);

	for (int i = 0; i < 100; i++)
		log_event(&l, LOG_INFO, "thing", "n=%d", 1);
	log_release(&l);
	if (sum % each != 0 || sum < 99 * each)
		return RC_BUG;
	return sum == 100 * each ? RC_OK : RC_NOMEM;
}

int
main(void)
{
	if (failalloc_each("grow a buffer", grow_a_buffer) != 0 ||
	    failalloc_each("fail and start again", fail_and_start_again) != 0 ||
	    failalloc_each("fill an arena", fill_an_arena) != 0)
		return EXIT_FAILURE;
	return failalloc_each("log some lines", log_some_lines) == 0
	    ? EXIT_SUCCESS
	    : EXIT_FAILURE;
}
