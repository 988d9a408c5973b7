/* What is large comes back as it was, or is refused at once. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store_remote.h"
#include "store_suite_calls.h"

#define MIB ((size_t)1024 * 1024)
#define LONG_MS 60000

static struct slice
made(struct suite *f, size_t n)
{
	char *bytes = arena_bytes(&f->arena, n);

	assert_non_null(bytes);
	/* Nothing that is packed well; all bytes there are. */
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	return (struct slice){ bytes, n };
}

static void
begin(struct suite *f)
{
	arena_release(&f->arena);
	f->arena = ARENA_INIT(256 * MIB);
	f->op.give_up_mono = clock_mono_ms(&clock_system) + LONG_MS;
}

static enum rc
append(struct suite *f, const struct stream_row *stream, struct slice data)
{
	const struct event_append event = { .session = stream->session,
		.stream = stream->number,
		.data = data };
	struct appended out;

	return f->ops->event_append(
	    f->store, &f->op, &event, &store_no_stream_caps, &out);
}

static void
large_events_come_back_as_they_were(void **state)
{
	struct suite *f = *state;
	const struct stream_row stream =
	    suite_stream(f, suite_session(f, 1), STREAM_SSE);
	static const size_t sizes[] = { 1, MIB, 4 * MIB, 8 * MIB, 12 * MIB };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct event_limits one = { 1, 1 };
		struct event_rows events;
		struct stream_row row;
		struct slice data;

		begin(f);
		data = made(f, sizes[i]);
		assert_int_equal(append(f, &stream, data), RC_OK);
		assert_int_equal(
		    f->ops->stream_read(f->store, &f->op, stream.number,
			(int64_t)i, &one, &row, &events),
		    RC_OK);
		assert_int_equal(events.n, 1);
		assert_int_equal(events.row[0].seq, i + 1);
		assert_true(slice_eq(events.row[0].data, data));
	}
}

/* More than MariaDB takes in one packet, as it ships. */
static void
what_is_too_large_is_refused_and_the_next_call_succeeds(void **state)
{
	struct suite *f = *state;
	const struct stream_row stream =
	    suite_stream(f, suite_session(f, 1), STREAM_SSE);
	enum rc rc;

	begin(f);
	/* Not tried until the deadline. */
	rc = append(f, &stream, made(f, 20 * MIB));
	assert_true(rc == RC_OK || rc == RC_IO || rc == RC_FULL);
	begin(f);
	assert_int_equal(append(f, &stream, SLICE("x")), RC_OK);
}

static const struct CMUnitTest cases[] = {
	SUITE_CASE(large_events_come_back_as_they_were),
	SUITE_CASE(what_is_too_large_is_refused_and_the_next_call_succeeds),
	SUITE_END,
};

int
main(void)
{
	static const struct CMUnitTest *const parts[] = { cases };
	struct store_remote remote;
	struct store_maker maker = store_remote_maker(&remote, "large");
	int failed;

	if (!store_remote_init(&remote, ""))
		return 77;
	failed = suite_run(&maker, parts, 1);
	store_remote_release(&remote);
	return failed;
}
