#include <stdlib.h>

#include "failalloc.h"
#include "json.h"
#include "record.h"
#include "sse.h"

/* Many members and escapes, so that everything that allocates does. */
static void
put_text(struct buf *b)
{
	buf_put_char(b, '[');
	for (int i = 0; i < 40; i++) {
		json_put_comma(b);
		buf_put_char(b, '{');
		for (int k = 0; k < 30; k++)
			buf_printf(b, "%s\"\\u00e9%d\" : [1, \"\\n%d\", null]",
			    k == 0 ? "" : ",", k, i);
		buf_put_char(b, '}');
	}
	buf_put_char(b, ']');
}

/* Read, write in every form, read again, compare. */
static enum rc
read_and_write(struct arena *a, struct buf *text, struct buf *out)
{
	const struct json *root, *again;
	enum rc rc;

	put_text(text);
	rc = buf_finish(text);
	if (rc == RC_OK)
		rc = json_read(
		    a, buf_slice(text), &json_limits_default, &root, NULL);
	if (rc != RC_OK)
		return rc;
	json_put_compact(out, root);
	sse_put_message(out, buf_slice(text));
	record_put(out, RECORD_STDOUT, 1, buf_slice(text));
	rc = buf_finish(out);
	buf_reset(out);
	if (rc == RC_OK)
		rc = json_put_canonical(out, a, root, NULL, 0);
	if (rc == RC_OK)
		rc = json_read(
		    a, buf_slice(out), &json_limits_default, &again, NULL);
	if (rc != RC_OK)
		return rc;
	return json_equal(root, again) ? RC_OK : RC_BUG;
}

static enum rc
scenario(void)
{
	struct arena a = ARENA_INIT((size_t)16 << 20);
	struct buf text = BUF_INIT((size_t)1 << 20);
	struct buf out = BUF_INIT((size_t)1 << 20);
	enum rc rc = read_and_write(&a, &text, &out);

	buf_release(&out);
	buf_release(&text);
	arena_release(&a);
	return rc;
}

/* A ceiling at every size up to what the text needs: refused, never wrong. */
static enum rc
ceilings(void)
{
	const struct slice text = SLICE_INIT("{\"a\":[1,2,\"\\n\"],\"b\":{}}");
	enum rc rc = RC_NOMEM;

	for (size_t max = 0; rc == RC_NOMEM && max < 4096; max += 16) {
		struct arena a = ARENA_INIT(max);
		const struct json *root;

		rc = json_read(&a, text, &json_limits_default, &root, NULL);
		if ((rc == RC_OK) != (root != NULL))
			rc = RC_BUG;
		arena_release(&a);
	}
	return rc;
}

int
main(void)
{
	if (ceilings() != RC_OK)
		return EXIT_FAILURE;
	return failalloc_each("read and write", scenario) == 0 ? EXIT_SUCCESS
							       : EXIT_FAILURE;
}
