#include "transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
every_trait_of_every_transport_is_as_specified(void **state)
{
	static const struct transport rows[] = {
		{ TRANSPORT_SSE, "sse", true, true, false, false, false,
		    false },
		{ TRANSPORT_STREAMABLE, "streamable", false, true, true, true,
		    false, false },
		{ TRANSPORT_MODERN, "modern", false, false, true, false, true,
		    true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct transport *want = &rows[i];
		const struct transport *t = transport_get(want->name);

		assert_non_null(t);
		assert_int_equal(t->name, want->name);
		assert_string_equal(t->text, want->text);
		assert_int_equal(t->id_in_query, want->id_in_query);
		assert_int_equal(t->has_sessions, want->has_sessions);
		assert_int_equal(t->answers_on_post, want->answers_on_post);
		assert_int_equal(t->has_event_ids, want->has_event_ids);
		assert_int_equal(
		    t->disconnect_cancels, want->disconnect_cancels);
		assert_int_equal(t->errors_in_status, want->errors_in_status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_trait_of_every_transport_is_as_specified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
