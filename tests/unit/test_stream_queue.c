/* What the threads of mcp-stream say to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>

#include <cmocka.h>

#include "stream_queue.h"

static void
a_queue_of_heavy_messages_is_full_sooner(void **state)
{
	struct stream_message m = { .word = STREAM_AGED, .weight = 60 };
	struct stream_message got[8];
	struct stream_queue *q;

	(void)state;
	assert_int_equal(stream_queue_open(8, &q), RC_OK);
	stream_queue_limit(q, 100);
	assert_true(stream_queue_put(q, &m));
	assert_false(stream_queue_put(q, &m));
	m.weight = 40;
	assert_true(stream_queue_put(q, &m));
	assert_int_equal(stream_queue_take(q, got, 8), 2);
	/* One alone may be heavier than that. */
	m.weight = 1000;
	assert_true(stream_queue_put(q, &m));
	m.weight = 0;
	assert_false(stream_queue_put(q, &m));
	assert_int_equal(stream_queue_take(q, got, 8), 1);
	assert_true(stream_queue_put(q, &m));
	stream_queue_free(q);
}

static void
a_full_queue_says_so_and_a_closed_one_too(void **state)
{
	struct stream_queue *q;
	struct stream_message m = { .word = STREAM_AGED };
	struct pollfd p = { .events = POLLIN };

	(void)state;
	assert_int_equal(stream_queue_open(2, &q), RC_OK);
	p.fd = stream_queue_fd(q);
	assert_int_equal(poll(&p, 1, 0), 0);
	for (uint32_t i = 0; i < 2; i++) {
		m.slot = i;
		assert_true(stream_queue_put(q, &m));
	}
	assert_false(stream_queue_put(q, &m));
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(stream_queue_take(q, &m, 1), 1);
	assert_int_equal(m.slot, 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(stream_queue_take(q, &m, 1), 1);
	assert_int_equal(m.slot, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	stream_queue_close(q);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_false(stream_queue_put_patiently(q, &m));
	assert_int_equal(stream_queue_take(q, &m, 1), 0);
	stream_queue_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_of_heavy_messages_is_full_sooner),
		cmocka_unit_test(a_full_queue_says_so_and_a_closed_one_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
