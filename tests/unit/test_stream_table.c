#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream_accept.h"
#include "stream_table.h"

#define STREAMS 8
#define ANSWERS 2

static struct stream_table *
make(size_t session, size_t principal)
{
	const struct stream_limits limits = { STREAMS, ANSWERS, session,
		principal };
	struct stream_table *t;

	assert_int_equal(stream_table_open(&limits, &t), RC_OK);
	return t;
}

static struct feed
feed_of(int64_t stream, int64_t session, unsigned char who)
{
	struct feed f = {
		.stream = stream, .session = session, .kind = STREAM_SESSION
	};

	memset(f.principal, who, sizeof(f.principal));
	return f;
}

static struct stream_held *
take(struct stream_table *t, struct feed f)
{
	assert_int_equal(stream_table_room(t, &f), RC_OK);
	return stream_table_take(t, &f);
}

static void
streams_are_found_by_number_and_session(void **state)
{
	struct stream_table *t = make(0, 0);
	struct stream_held *first = take(t, feed_of(10, 1, 0));
	struct stream_held *second = take(t, feed_of(10, 1, 0));
	struct stream_held *other = take(t, feed_of(11, 2, 0));
	struct stream_held *found;

	(void)state;
	found = stream_table_of_stream(t, 10, NULL);
	assert_ptr_equal(found, second);
	found = stream_table_of_stream(t, 10, found);
	assert_ptr_equal(found, first);
	assert_null(stream_table_of_stream(t, 10, found));
	assert_ptr_equal(stream_table_of_session(t, 2, NULL), other);
	assert_null(stream_table_of_session(t, 2, other));
	assert_null(stream_table_of_session(t, 3, NULL));
	stream_table_close(t, second);
	assert_ptr_equal(stream_table_of_stream(t, 10, NULL), first);
	assert_ptr_equal(stream_table_of_session(t, 1, NULL), first);
	assert_null(stream_table_of_session(t, 1, first));
	stream_table_free(t);
}

static void
limits_are_kept_and_what_has_gone_makes_room(void **state)
{
	struct stream_table *t = make(2, 3);
	struct feed f = feed_of(1, 1, 0);
	struct stream_held *held[STREAMS];

	(void)state;
	held[0] = take(t, f);
	held[1] = take(t, f);
	assert_int_equal(stream_table_room(t, &f), RC_CONFLICT);
	/* Those of calls are not counted. */
	f.kind = STREAM_CALL;
	assert_int_equal(stream_table_room(t, &f), RC_OK);
	f = feed_of(2, 2, 'a');
	held[2] = take(t, f);
	held[3] = take(t, feed_of(3, 3, 'a'));
	held[4] = take(t, feed_of(4, 4, 'a'));
	f = feed_of(5, 5, 'a');
	assert_int_equal(stream_table_room(t, &f), RC_CONFLICT);
	f = feed_of(5, 5, 'b');
	assert_int_equal(stream_table_room(t, &f), RC_OK);
	stream_table_close(t, held[3]);
	f = feed_of(5, 5, 'a');
	held[5] = take(t, f);
	/* Nobody is not one person. */
	for (size_t i = 6; i < STREAMS; i++)
		held[i] = take(t, feed_of(6, (int64_t)i, 0));
	(void)take(t, feed_of(6, 100, 0));
	f = feed_of(7, 7, 0);
	assert_int_equal(stream_table_room(t, &f), RC_FULL);
	stream_table_give_back(t, held[0]);
	assert_int_equal(stream_table_room(t, &f), RC_OK);
	stream_table_free(t);
}

static void
slots_are_used_again_and_replies_have_their_own(void **state)
{
	struct stream_table *t = make(0, 0);
	struct stream_held *held[STREAMS + ANSWERS];
	struct stream_held *h;
	uint32_t at = 0;
	size_t n = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < STREAMS; i++)
			held[i] = take(t, feed_of(1, 1, 'x'));
		for (size_t i = STREAMS; i < STREAMS + ANSWERS; i++) {
			held[i] = stream_table_take(t, NULL);
			assert_non_null(held[i]);
			assert_int_equal(held[i]->use, STREAM_ANSWER);
		}
		assert_null(stream_table_take(t, NULL));
		assert_false(stream_table_has_slot(t));
		assert_int_equal(stream_table_held(t), STREAMS);
		for (size_t i = 0; i < STREAMS; i++)
			stream_table_close(t, held[i]);
		assert_false(stream_table_is_quiet(t));
		for (size_t i = 0; i < STREAMS + ANSWERS; i++)
			stream_table_give_back(t, held[i]);
		assert_true(stream_table_is_quiet(t));
		assert_int_equal(stream_table_held(t), 0);
	}
	held[0] = take(t, feed_of(1, 1, 0));
	held[1] = stream_table_take(t, NULL);
	held[2] = take(t, feed_of(2, 2, 0));
	stream_table_close(t, held[0]);
	while ((h = stream_table_each(t, &at, UINT32_MAX)) != NULL) {
		assert_ptr_equal(h, held[2]);
		n++;
	}
	assert_int_equal(n, 1);
	stream_table_free(t);
}

static void
a_copied_request_needs_nothing_of_the_first(void **state)
{
	char bytes[] = "GET/mcp?sessionbody";
	struct http_param param = { .name = { bytes, 3 },
		.value = { bytes + 3, 4 } };
	struct http_request from = { .method_name = { bytes, 3 },
		.path = { bytes + 3, 4 },
		.field[HTTP_MCP_SESSION_ID] = { bytes + 8, 7 },
		.params = &param,
		.body = { bytes + 15, 4 } };
	struct http_request to;
	struct arena a = ARENA_INIT(65536);

	(void)state;
	assert_int_equal(stream_request_copy(&a, &from, &to), RC_OK);
	memset(bytes, 'x', sizeof(bytes));
	memset(&param, 0, sizeof(param));
	assert_true(slice_eq(to.method_name, SLICE("GET")));
	assert_true(slice_eq(to.path, SLICE("/mcp")));
	assert_null(to.query.ptr);
	assert_true(slice_eq(to.field[HTTP_MCP_SESSION_ID], SLICE("session")));
	assert_null(to.field[HTTP_ACCEPT].ptr);
	assert_true(slice_eq(to.body, SLICE("body")));
	assert_true(slice_eq(to.params->name, SLICE("GET")));
	assert_true(slice_eq(to.params->value, SLICE("/mcp")));
	assert_null(to.params->next);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_found_by_number_and_session),
		cmocka_unit_test(limits_are_kept_and_what_has_gone_makes_room),
		cmocka_unit_test(
		    slots_are_used_again_and_replies_have_their_own),
		cmocka_unit_test(a_copied_request_needs_nothing_of_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
