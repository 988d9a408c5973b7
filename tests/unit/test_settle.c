/* What is told of a session only when every host has seen it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_bench.h"

#define SET(level)                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"logging/setLevel\","       \
	"\"params\":{\"level\":\"" level "\"}}"
#define PING "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}"

struct settled {
	struct stream_bench *b;
	struct slice sid;
};

/* Every store call of the bench is followed by this wait. */
static int64_t settled_at;
static struct store_ops ops;

static int64_t
settled_mono(struct store *store)
{
	(void)store;
	return settled_at;
}

static struct settled
begin(void **state)
{
	struct settled s = { .b = *state };

	s.sid = stream_bench_session(s.b, "2025-11-25");
	ops = *s.b->store.base.ops;
	ops.settled_mono = settled_mono;
	s.b->store.base.ops = &ops;
	settled_at = s.b->clock.mono / 1000 + 260;
	return s;
}

static int
delete_session(struct settled *s, int host)
{
	const struct stream_ask ask = {
		.host = host, .method = HTTP_DELETE, .sid = s->sid
	};
	struct stream_told told = stream_bench_ask(s->b, &ask);

	assert_true(told.is_reply);
	return told.status;
}

static void
a_delete_is_answered_when_nobody_can_serve_the_session(void **state)
{
	struct settled s = begin(state);
	const struct fake_crew *crew = &s.b->crew[0];

	assert_int_equal(delete_session(&s, 0), 204);
	assert_int_equal(crew->waits, 1);
	assert_int_equal(crew->waited_until, settled_at);
	/* Others were there meanwhile. */
	assert_int_equal(crew->waited_begun, 1);
	assert_int_equal(crew->begun, crew->ended);
}

static void
without_room_it_waits_all_the_same(void **state)
{
	struct settled s = begin(state);
	struct fake_crew *crew = &s.b->crew[0];

	crew->is_full = true;
	assert_int_equal(delete_session(&s, 0), 204);
	assert_int_equal(crew->waits, 1);
	assert_int_equal(crew->waited_until, settled_at);
	assert_int_equal(crew->waited_begun, 0);
	assert_int_equal(crew->ended, 0);
}

static void
that_it_was_ended_already_is_told_when_everybody_knows(void **state)
{
	struct settled s = begin(state);

	assert_int_equal(delete_session(&s, 0), 204);
	assert_int_equal(delete_session(&s, 1), 404);
	assert_int_equal(s.b->crew[1].waits, 1);
}

static void
what_is_settled_is_told_at_once(void **state)
{
	struct settled s = begin(state);
	const int64_t now = s.b->clock.mono / 1000;
	const int64_t times[] = { 0, now - 1, now };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		settled_at = times[i];
		assert_int_equal(delete_session(&s, 0), i == 0 ? 204 : 404);
		assert_int_equal(s.b->crew[0].waits, 0);
	}
}

static void
a_new_log_level_is_waited_for_and_the_same_one_is_not(void **state)
{
	static const struct {
		const char *body;
		int waits;
	} rows[] = { { PING, 0 }, { SET("error"), 1 }, { SET("error"), 1 },
		{ SET("nonsense"), 1 }, { SET("info"), 2 }, { PING, 2 } };
	struct settled s = begin(state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    stream_bench_post(s.b, 0, s.sid, rows[i].body), 200);
		assert_int_equal(s.b->crew[0].waits, rows[i].waits);
	}
}

static void
without_a_crew_nobody_waits(void **state)
{
	struct settled s = begin(state);

	s.b->server[0].crew = NULL;
	assert_int_equal(delete_session(&s, 0), 204);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(
		    a_delete_is_answered_when_nobody_can_serve_the_session),
		STREAM_TEST(without_room_it_waits_all_the_same),
		STREAM_TEST(
		    that_it_was_ended_already_is_told_when_everybody_knows),
		STREAM_TEST(what_is_settled_is_told_at_once),
		STREAM_TEST(
		    a_new_log_level_is_waited_for_and_the_same_one_is_not),
		STREAM_TEST(without_a_crew_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
