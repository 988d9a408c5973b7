#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sse.h"

static const struct {
	struct slice text;
	struct slice event;
} rows[] = {
	{ SLICE_INIT("{\"a\":1}"),
	    SLICE_INIT("event: message\ndata: {\"a\":1}\n\n") },
	{ SLICE_INIT(" {}"), SLICE_INIT("event: message\ndata:  {}\n\n") },
	{ SLICE_INIT("[1,\n2]"),
	    SLICE_INIT("event: message\ndata: [1,\ndata: 2]\n\n") },
	{ SLICE_INIT("[1,\r\n2,\r3]"),
	    SLICE_INIT("event: message\ndata: [1,\ndata: 2,\ndata: 3]\n\n") },
	{ SLICE_INIT("\n\n"),
	    SLICE_INIT("event: message\ndata: \ndata: \ndata: \n\n") },
	{ SLICE_INIT("{}\r"),
	    SLICE_INIT("event: message\ndata: {}\ndata: \n\n") },
	{ SLICE_INIT("{}\r\n"),
	    SLICE_INIT("event: message\ndata: {}\ndata: \n\n") },
	{ SLICE_INIT(""), SLICE_INIT("event: message\ndata: \n\n") },
	{ { NULL, 0 }, SLICE_INIT("event: message\ndata: \n\n") },
	{ SLICE_INIT("id: 7"), SLICE_INIT("event: message\ndata: id: 7\n\n") },
};

static void
every_line_becomes_a_data_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(1000);

		sse_put_message(&b, rows[i].text);
		assert_int_equal(buf_finish(&b), RC_OK);
		assert_int_equal(b.len, rows[i].event.len);
		assert_memory_equal(b.ptr, rows[i].event.ptr, b.len);
		buf_release(&b);
	}
}

static void
events_follow_each_other_in_one_buffer(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	sse_put_message(&b, SLICE("1"));
	sse_put_message(&b, SLICE("2"));
	assert_string_equal(
	    b.ptr, "event: message\ndata: 1\n\nevent: message\ndata: 2\n\n");
	buf_release(&b);
}

static void
a_full_buffer_is_told(void **state)
{
	struct buf b = BUF_INIT(20);

	(void)state;
	sse_put_message(&b, SLICE("too long for this"));
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	buf_release(&b);
}

static void
an_event_has_what_is_not_absent(void **state)
{
	static const struct {
		struct sse_event event;
		const char *text;
	} events[] = {
		{ { SLICE_INIT("endpoint"), { NULL, 0 }, -1,
		      SLICE_INIT("/m?sessionId=x") },
		    "event: endpoint\ndata: /m?sessionId=x\n\n" },
		{ { { NULL, 0 }, SLICE_INIT("7-3-0"), 1000, SLICE_INIT("") },
		    "id: 7-3-0\nretry: 1000\ndata: \n\n" },
		{ { SLICE_INIT("message"), SLICE_INIT("7-3-1"), -1,
		      SLICE_INIT("{\n}") },
		    "event: message\nid: 7-3-1\ndata: {\ndata: }\n\n" },
		{ { { NULL, 0 }, { NULL, 0 }, 0, { NULL, 0 } },
		    "retry: 0\n\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct buf b = BUF_INIT(1000);

		sse_put_event(&b, &events[i].event);
		assert_string_equal(b.ptr, events[i].text);
		buf_release(&b);
	}
}

static void
what_is_no_event_stands_for_itself(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	sse_put_comment(&b);
	sse_put_retry(&b, 2500);
	assert_string_equal(b.ptr, ":\n\nretry: 2500\n\n");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_becomes_a_data_line),
		cmocka_unit_test(an_event_has_what_is_not_absent),
		cmocka_unit_test(what_is_no_event_stands_for_itself),
		cmocka_unit_test(events_follow_each_other_in_one_buffer),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
