#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tool_check.h"

static void
what_a_client_lacks_is_said_as_it_would_declare_it(void **state)
{
	static const struct {
		uint32_t caps;
		const char *json;
	} cases[] = {
		{ CAP_ROOTS, "\"roots\":{}" },
		{ CAP_SAMPLING, "\"sampling\":{}" },
		{ CAP_SAMPLING | CAP_SAMPLING_TOOLS,
		    "\"sampling\":{\"tools\":{}}" },
		{ CAP_SAMPLING_CONTEXT, "\"sampling\":{\"context\":{}}" },
		{ CAP_SAMPLING | CAP_SAMPLING_TOOLS | CAP_SAMPLING_CONTEXT,
		    "\"sampling\":{\"tools\":{},\"context\":{}}" },
		{ CAP_ELICITATION, "\"elicitation\":{}" },
		{ CAP_ELICITATION_URL, "\"elicitation\":{\"url\":{}}" },
		/* With the url alone it would still lack the form. */
		{ CAP_ELICITATION | CAP_ELICITATION_URL,
		    "\"elicitation\":{\"form\":{},\"url\":{}}" },
		{ CAP_ROOTS | CAP_TASKS,
		    "\"roots\":{},\"extensions\":"
		    "{\"io.modelcontextprotocol/tasks\":{}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf got = BUF_INIT(1024);
		struct buf want = BUF_INIT(1024);

		tool_put_capabilities(&got, cases[i].caps);
		buf_printf(
		    &want, "{\"requiredCapabilities\":{%s}}", cases[i].json);
		assert_int_equal(buf_finish(&got), RC_OK);
		assert_string_equal(got.ptr, want.ptr);
		buf_release(&got);
		buf_release(&want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_a_client_lacks_is_said_as_it_would_declare_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
