#include "http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static void
a_content_type_names_a_media_type(void **state)
{
	static const struct {
		const char *value;
		bool is_json;
	} rows[] = {
		{ "application/json", true },
		{ "Application/JSON", true },
		{ " application/json\t", true },
		{ "application/json;", true },
		{ "application/json ; charset=utf-8", true },
		{ "application/json;charset=UTF-8", true },
		{ "application/json; charset=\"utf-8\"", true },
		{ "application/json; Charset=utf-8; profile=x", true },
		{ "application/json; profile=\"a;charset=latin1\"", true },
		{ "application/json; profile=\"a\\\";charset=x\"", true },
		{ "application/json; profile=\"a,b\"", true },
		{ "application/json; charset", false },
		{ "application/json; charset=", false },
		{ "application/json; charset=latin1", false },
		{ "application/json; charset=utf-16", false },
		{ "application/json; charset=\"utf-8", false },
		{ "application/json; charset=utf-8; charset=latin1", false },
		{ "application/json, application/json", false },
		{ "application/json; a=b, text/plain", false },
		{ "application/jsonx", false },
		{ "application/jso", false },
		{ "application/json x", false },
		{ "application/*", false },
		{ "*/*", false },
		{ "text/plain", false },
		{ "application", false },
		{ ";", false },
		{ "", false },
		{ NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (http_media_is(slice_of(rows[i].value),
			SLICE("application/json")) != rows[i].is_json)
			fail_msg("\"%s\"", rows[i].value);
	}
}

static const struct {
	const char *accept;
	bool json, events;                 /* http_accepts */
	bool exactly_json, exactly_events; /* http_accepts_exactly */
} accepts[] = {
	{ NULL, true, true, false, false },
	{ "", true, true, false, false },
	{ " ", true, true, false, false },
	{ "application/json, text/event-stream", true, true, true, true },
	{ "text/event-stream,application/json", true, true, true, true },
	{ "application/json", true, false, true, false },
	{ "APPLICATION/Json", true, false, true, false },
	{ "text/event-stream", false, true, false, true },
	{ "*/*", true, true, false, false },
	{ "application/*", true, false, false, false },
	{ "text/*", false, true, false, false },
	{ "TEXT/*;q=0.1", false, true, false, false },
	{ "application/*, text/*", true, true, false, false },
	{ "text/html, image/gif, *; q=.2, */*; q=.2", true, true, false,
	    false },
	{ "text/html", false, false, false, false },
	{ "*", false, false, false, false },
	{ "*/json", false, false, false, false },
	{ "application/", false, false, false, false },
	{ "application", false, false, false, false },
	{ "/", false, false, false, false },
	{ ",", false, false, false, false },
	{ ",,application/json,,", true, false, true, false },
	{ "application/json-seq", false, false, false, false },
	/* weights */
	{ "application/json;q=0", false, false, false, false },
	{ "application/json;q=0.000", false, false, false, false },
	{ "application/json ; Q=0.", false, false, false, false },
	{ "application/json;q=.0", false, false, false, false },
	{ "application/json;q=0.001", true, false, true, false },
	{ "application/json;q=1", true, false, true, false },
	{ "application/json;q=", true, false, true, false },
	{ "application/json;q", true, false, true, false },
	{ "application/json;q=x", true, false, true, false },
	{ "application/json;q=0.0.0", true, false, true, false },
	{ "application/json;q=.", true, false, true, false },
	{ "application/json;charset=utf-8;q=0", false, false, false, false },
	{ "application/json;charset=utf-8", true, false, true, false },
	{ "application/json;p=\"q=0;q=0,\"", true, false, true, false },
	/* the closest range decides, wherever it stands */
	{ "application/json;q=0, */*", false, true, false, false },
	{ "*/*, application/json;q=0", false, true, false, false },
	{ "application/*;q=0, */*", false, true, false, false },
	{ "application/*;q=0, application/json", true, false, true, false },
	{ "*/*;q=0, text/event-stream", false, true, false, true },
	{ "*/*;q=0", false, false, false, false },
	{ "application/json, application/json;q=0", true, false, true, false },
	{ "application/json;v=2;q=0, application/json", true, false, true,
	    false },
	/* a quote that never ends takes the rest */
	{ "text/html;p=\"x, application/json", false, false, false, false },
	{ "text/html;p=\"\\", false, false, false, false },
};

static void
an_accept_value_takes_what_its_closest_range_wants(void **state)
{
	const struct slice json = SLICE("application/json");
	const struct slice events = SLICE("text/event-stream");

	(void)state;
	for (size_t i = 0; i < ROWS(accepts); i++) {
		struct slice accept = slice_of(accepts[i].accept);

		if (http_accepts(accept, json) != accepts[i].json ||
		    http_accepts(accept, events) != accepts[i].events ||
		    http_accepts_exactly(accept, json) !=
			accepts[i].exactly_json ||
		    http_accepts_exactly(accept, events) !=
			accepts[i].exactly_events)
			fail_msg("\"%s\"", accepts[i].accept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_content_type_names_a_media_type),
		cmocka_unit_test(
		    an_accept_value_takes_what_its_closest_range_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
