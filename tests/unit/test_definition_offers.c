#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog_tool.h"
#include "definition.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------- good */

#define ICON "\"icons\":[{\"src\":\"https://a/b\"}],"

static const struct {
	enum offer kind;
	const char *text;
	const char *name;
	const char *compact;
} good[] = {
	{ OFFER_PROMPT,
	    "{\"name\": \"p\", \"messages\": 1, \"complete\": 2, \"run\": {},"
	    "\"title\": \"t\", " ICON
	    "\"arguments\": [{\"name\": \"a\", \"required\": false}]}",
	    "p",
	    "{\"name\":\"p\",\"title\":\"t\"," ICON
	    "\"arguments\":[{\"name\":\"a\",\"required\":false}]}" },
	{ OFFER_RESOURCE,
	    "{\"uri\":\"a:b\",\"name\":\"any thing\",\"size\":0,"
	    "\"mimeType\":\"text/plain; charset=utf-8\",\"file\":1,\"text\":2,"
	    "\"folder\":3,\"include\":4,\"run\":{},\"cache\":{\"ttlMs\":1}}",
	    "a:b",
	    "{\"uri\":\"a:b\",\"name\":\"any thing\",\"size\":0,"
	    "\"mimeType\":\"text/plain; charset=utf-8\"}" },
	{ OFFER_TEMPLATE,
	    "{\"uriTemplate\":\"a://{b}\",\"name\":\"n\",\"text\":1,"
	    "\"run\":{},\"complete\":2}",
	    "a://{b}", "{\"uriTemplate\":\"a://{b}\",\"name\":\"n\"}" },
};

static void
clients_see_what_the_protocol_knows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf why = BUF_INIT(4096);
		struct definition d;

		if (definition_read_as(good[i].kind, slice_of(good[i].text), &d,
			&why) != RC_OK)
			fail_msg("%s: %s", good[i].text, why.ptr);
		assert_int_equal(d.tool.kind, good[i].kind);
		assert_true(slice_eq(d.tool.name, slice_of(good[i].name)));
		assert_true(slice_eq(
		    d.tool.definition->raw, slice_of(good[i].compact)));
		assert_non_null(d.tool.input);
		assert_non_null(definition_served_by(&d));
		assert_true(
		    (d.tool.uris != NULL) == (good[i].kind == OFFER_TEMPLATE));
		definition_release(&d);
		buf_release(&why);
	}
}

static void
a_definition_that_nothing_of_the_catalog_serves_says_so(void **state)
{
	struct buf why = BUF_INIT(4096);
	struct definition d;

	(void)state;
	assert_int_equal(definition_read_as(OFFER_RESOURCE,
			     SLICE("{\"uri\":\"a:b\",\"name\":\"n\","
				   "\"cache\":{\"scope\":\"public\"}}"),
			     &d, &why),
	    RC_OK);
	assert_null(definition_served_by(&d));
	assert_true(d.tool.cache.is_public);
	definition_release(&d);
	buf_release(&why);
}

static const struct {
	const char *arguments;
	bool valid;
} given[] = {
	{ "{\"a\":\"\"}", true },
	{ "{\"a\":\"1\",\"b\":\"2\",\"more\":\"3\"}", true },
	{ "{\"b\":\"2\"}", false },
	{ "{\"a\":1}", false },
	{ "{\"a\":\"1\",\"more\":3}", false },
	{ "[]", false },
};

static void
arguments_of_a_prompt_are_strings_and_some_required(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct buf why = BUF_INIT(4096);
	struct definition d;

	(void)state;
	assert_int_equal(
	    definition_read_as(OFFER_PROMPT,
		SLICE("{\"name\":\"p\",\"arguments\":[{\"name\":\"a\","
		      "\"required\":true},{\"name\":\"b\"}]}"),
		&d, &why),
	    RC_OK);
	for (size_t i = 0; i < COUNT(given); i++) {
		const struct json *json = NULL;
		bool valid = false;

		assert_int_equal(json_read(&arena, slice_of(given[i].arguments),
				     &json_limits_default, &json, NULL),
		    RC_OK);
		assert_int_equal(
		    schema_check(d.tool.input, &arena, json, &valid, NULL),
		    RC_OK);
		assert_true(valid == given[i].valid);
	}
	definition_release(&d);
	arena_release(&arena);
	buf_release(&why);
}

/* ------------------------------------------------------------------ broken */

#define PROMPT(members) "{\"name\":\"p\",\n" members "}"
#define RESOURCE(members) "{\"uri\":\"a:b\",\"name\":\"n\",\n" members "}"
#define TEMPLATE(members)                                                      \
	"{\"uriTemplate\":\"a://{b}\",\"name\":\"n\",\n" members "}"
#define ARGUMENTS(list) PROMPT("\"arguments\":" list)
#define MESSAGES(list)                                                         \
	PROMPT("\"arguments\":[{\"name\":\"a\"}],\"messages\":" list)
#define CONTENT(block) MESSAGES("[{\"role\":\"user\",\"content\":" block "}]")
#define RUN "\"run\":{\"command\":[\"true\"]}"

static const struct {
	enum offer kind;
	const char *text;
	const char *why; /* the first finding begins like this */
} broken[] = {
	{ OFFER_PROMPT, "[]", "1: a definition must be an object" },
	{ OFFER_PROMPT, "{}", "1: name is missing" },
	{ OFFER_PROMPT, "{\"name\":\"a b\"}", "1: name must be 1 to 64" },
	{ OFFER_PROMPT, PROMPT("\"description\":1"), "2: description must" },
	{ OFFER_PROMPT, PROMPT("\"icons\":[{}]"), "2: src of an icon must" },
	{ OFFER_PROMPT, ARGUMENTS("{}"), "2: arguments must be an array" },
	{ OFFER_PROMPT, ARGUMENTS("[1]"), "2: an argument must be an object" },
	{ OFFER_PROMPT, ARGUMENTS("[{}]"), "2: name of an argument must be" },
	{ OFFER_PROMPT, ARGUMENTS("[{\"name\":\"a b\"}]"),
	    "2: name of an argument must be" },
	{ OFFER_PROMPT, ARGUMENTS("[{\"name\":\"a\"},\n{\"name\":\"a\"}]"),
	    "3: there are two arguments a" },
	{ OFFER_PROMPT, ARGUMENTS("[{\"name\":\"a\",\"required\":1}]"),
	    "2: required of an argument must be" },
	{ OFFER_PROMPT, ARGUMENTS("[{\"name\":\"a\",\"description\":1}]"),
	    "2: description of an argument must be" },
	{ OFFER_PROMPT, PROMPT("\"title\":\"t\""),
	    "1: messages or run is missing" },
	{ OFFER_PROMPT, MESSAGES("{}"), "2: messages must be an array" },
	{ OFFER_PROMPT, MESSAGES("[]"), "2: messages must be an array" },
	{ OFFER_PROMPT, MESSAGES("[\n1]"), "3: role of a message must be" },
	{ OFFER_PROMPT, MESSAGES("[{\"role\":\"system\"}]"),
	    "2: role of a message must be" },
	{ OFFER_PROMPT, MESSAGES("[{\"role\":\"user\"}]"),
	    "2: content of a message must be one block" },
	{ OFFER_PROMPT, CONTENT("[]"),
	    "2: content of a message must be one block" },
	{ OFFER_PROMPT, CONTENT("{}"), "2: the type of a content block must" },
	{ OFFER_PROMPT, CONTENT("{\"type\":\"text\"}"),
	    "2: a block of type \"text\" needs \"text\"" },
	{ OFFER_PROMPT, CONTENT("{\"type\":\"text\",\n\"text\":\"{{b}}\"}"),
	    "3: there is no argument for the placeholder {{b}}" },
	{ OFFER_PROMPT,
	    CONTENT("{\"type\":\"text\",\"text\":\"\",\"_meta\":{\"x\":[\n"
		    "\"{{a}}{{b}}\"]}}"),
	    "3: there is no argument for the placeholder {{b}}" },
	{ OFFER_PROMPT,
	    CONTENT("{\"type\":\"text\",\"text\":\"\",\n\"file\":\"a\"}"),
	    "3: file takes the place of" },
	{ OFFER_PROMPT, CONTENT("{\"type\":\"text\",\n\"file\":1}"),
	    "3: file must be a path" },
	{ OFFER_PROMPT, CONTENT("{\"type\":\"resource\",\"file\":\"a\"}"),
	    "2: a block of type \"resource\" needs \"resource\"" },
	{ OFFER_PROMPT,
	    CONTENT("{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\","
		    "\n\"file\":\"\"}}"),
	    "3: file must be a path" },
	{ OFFER_PROMPT,
	    PROMPT(RUN ",\n\"messages\":[{\"role\":\"user\",\"content\":{"
		       "\"type\":\"text\",\"text\":\"\"}}]"),
	    "3: only one of run and messages can serve it" },
	{ OFFER_PROMPT,
	    PROMPT("\"run\":{\"command\":[\"x\"],\n\"output\":\"json\"}"),
	    "3: run.output of a prompt must be" },
	{ OFFER_PROMPT, PROMPT("\"run\":{}"), "2: run.command is missing" },
	{ OFFER_PROMPT, PROMPT(RUN ",\n\"complete\":[]"),
	    "3: complete must be an object" },
	{ OFFER_PROMPT, PROMPT(RUN ",\n\"complete\":{\"a\":[]}"),
	    "3: complete names a, which is no argument" },
	{ OFFER_PROMPT,
	    PROMPT(RUN ",\"arguments\":[{\"name\":\"a\"}],\n"
		       "\"complete\":{\"a\":\"x\"}"),
	    "3: complete.a must be an array" },
	{ OFFER_PROMPT,
	    PROMPT(RUN ",\"arguments\":[{\"name\":\"a\"}],\n"
		       "\"complete\":{\"a\":[1]}"),
	    "3: a value of complete must be a string" },
	{ OFFER_PROMPT,
	    PROMPT(RUN ",\"arguments\":[{\"name\":\"a\"}],\n"
		       "\"complete\":{\"a\":{\"command\":[\"x\"],"
		       "\"output\":\"result\"}}"),
	    "3: output of a program that completes must be" },

	{ OFFER_RESOURCE, "{\"name\":\"n\",\"text\":\"\"}",
	    "1: uri is missing" },
	{ OFFER_RESOURCE, "{\"uri\":\"a:b\",\"text\":\"\"}",
	    "1: name is missing" },
	{ OFFER_RESOURCE, "{\"uri\":\"a\",\"name\":\"n\",\"text\":\"\"}",
	    "1: uri must be an absolute URI" },
	{ OFFER_RESOURCE, "{\"uri\":\"a:b c\",\"name\":\"n\",\"text\":\"\"}",
	    "1: uri must be an absolute URI" },
	{ OFFER_RESOURCE, "{\"uri\":\"a:b\",\"name\":\"\",\"text\":\"\"}",
	    "1: name must be a string that is not empty" },
	{ OFFER_RESOURCE, RESOURCE("\"mimeType\":\"text\""),
	    "2: mimeType must be a media type" },
	{ OFFER_RESOURCE, RESOURCE("\"mimeType\":1"),
	    "2: mimeType must be a media type" },
	{ OFFER_RESOURCE, RESOURCE("\"size\":-1"), "2: size must be a whole" },
	{ OFFER_RESOURCE, RESOURCE("\"size\":\"1\""),
	    "2: size must be a whole" },
	{ OFFER_RESOURCE, RESOURCE("\"annotations\":1"),
	    "2: annotations must be an object" },
	{ OFFER_RESOURCE, RESOURCE("\"annotations\":{\"audience\":\"user\"}"),
	    "2: annotations.audience must be an array" },
	{ OFFER_RESOURCE, RESOURCE("\"annotations\":{\"audience\":[\"me\"]}"),
	    "2: annotations.audience can name" },
	{ OFFER_RESOURCE, RESOURCE("\"annotations\":{\"priority\":1.1}"),
	    "2: annotations.priority must be" },
	{ OFFER_RESOURCE,
	    RESOURCE("\"annotations\":{\"lastModified\":\"today\"}"),
	    "2: annotations.lastModified must be a date" },
	{ OFFER_RESOURCE,
	    RESOURCE("\"annotations\":{\"lastModified\":"
		     "\"2026-07-28T12:00:00.Z\"}"),
	    "2: annotations.lastModified must be a date" },
	{ OFFER_RESOURCE, RESOURCE("\"cache\":1"), "2: cache must be an" },
	{ OFFER_RESOURCE, RESOURCE("\"cache\":{\"ttlMs\":-1}"),
	    "2: cache.ttlMs must be" },
	{ OFFER_RESOURCE, RESOURCE("\"cache\":{\"ttlMs\":1e300}"),
	    "2: cache.ttlMs must be" },
	{ OFFER_RESOURCE, RESOURCE("\"cache\":{\"scope\":\"all\"}"),
	    "2: cache.scope must be" },
	{ OFFER_RESOURCE, RESOURCE("\"cache\":{\"ttl\":1}"),
	    "2: cache has no member ttl" },
	{ OFFER_RESOURCE, RESOURCE("\"title\":\"t\""),
	    "1: file, text, folder or run is missing" },
	{ OFFER_RESOURCE, RESOURCE("\"text\":1"), "2: text must be a string" },
	{ OFFER_RESOURCE, RESOURCE("\"file\":1"), "2: file must be a path" },
	{ OFFER_RESOURCE, RESOURCE("\"folder\":\"a\""),
	    "1: uri of a folder must end in /" },
	{ OFFER_RESOURCE, RESOURCE("\"text\":\"\",\"include\":[]"),
	    "2: include is for those that have a folder" },
	{ OFFER_RESOURCE, "{\"uri\":\"a:/\",\"folder\":\"b\",\n\"include\":1}",
	    "2: include must be an array" },
	{ OFFER_RESOURCE,
	    "{\"uri\":\"a:/\",\"folder\":\"b\",\n\"include\":[1]}",
	    "2: a pattern must be a string" },

	{ OFFER_RESOURCE, "{\"uriTemplate\":1,\"name\":\"n\"}",
	    "1: uriTemplate must be a string" },
	{ OFFER_RESOURCE, "{\n\"uriTemplate\":\"a:{\",\"name\":\"n\"}",
	    "2: uriTemplate: " },
	{ OFFER_RESOURCE, TEMPLATE("\"title\":\"t\""),
	    "1: text or run is missing" },
	{ OFFER_RESOURCE, TEMPLATE("\"file\":\"f\""),
	    "1: text or run is missing" },
	{ OFFER_RESOURCE, TEMPLATE("\"text\":\"{{b}}{{c}}\""),
	    "2: there is no argument for the placeholder {{c}}" },
	{ OFFER_RESOURCE, TEMPLATE(RUN ",\"complete\":{\"c\":[]}"),
	    "2: complete names c, which is no argument" },
};

static void
broken_definitions_are_refused_with_line_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		const struct catalog_place place = {
			.kind = broken[i].kind,
			.folder = "/srv/x",
			.root = "/srv",
		};
		struct buf why = BUF_INIT(4096);
		struct catalog_tool *t = NULL;

		if (catalog_tool_read(&place, slice_of(broken[i].text), &t,
			&why) != RC_SYNTAX)
			fail_msg("accepted: %s", broken[i].text);
		assert_null(t);
		if (!slice_starts(buf_slice(&why), slice_of(broken[i].why)))
			fail_msg("%s: %s", broken[i].text, why.ptr);
		assert_int_equal(why.ptr[why.len - 1], '\n');
		buf_release(&why);
	}
}

static const char *const dates[] = {
	"2026-07-28",
	"2026-07-28T12:00",
	"2026-07-28T12:00Z",
	"2026-07-28T12:00:00Z",
	"2026-07-28T12:00:00.123Z",
	"2026-07-28T12:00:00+02:00",
	"2026-07-28T12:00:00-02:00",
};

static void
dates_of_iso_8601_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct buf text = BUF_INIT(4096);
		struct buf why = BUF_INIT(4096);
		struct definition d;

		buf_printf(&text,
		    RESOURCE("\"annotations\":{\"lastModified\":\"%s\"}"),
		    dates[i]);
		if (definition_read_as(
			OFFER_RESOURCE, buf_slice(&text), &d, &why) != RC_OK)
			fail_msg("%s", dates[i]);
		definition_release(&d);
		buf_release(&text);
		buf_release(&why);
	}
}

/* ------------------------------------------------------------------- flags */

static const struct {
	const char *text;
	unsigned flags;
	uint32_t needs;
} flags[] = {
	{ RESOURCE(RUN), TOOL_DETACHED | TOOL_COSTLY | TOOL_REPEAT, 0 },
	{ RESOURCE("\"run\":{\"command\":[\"x\"],\"once\":true,"
		   "\"detached\":false}"),
	    TOOL_ONCE | TOOL_COSTLY, 0 },
	{ RESOURCE("\"run\":{\"command\":[\"x\"],\"repeat\":false,"
		   "\"needs\":[\"sampling\"]}"),
	    TOOL_DETACHED | TOOL_COSTLY, CAP_SAMPLING },
	{ RESOURCE("\"text\":\"\""), 0, 0 },
	{ RESOURCE("\"file\":\"a\""), 0, 0 },
};

static void
a_resource_may_be_read_again_unless_it_says_otherwise(void **state)
{
	const struct catalog_place place = {
		.kind = OFFER_RESOURCE,
		.folder = "/srv/x",
		.root = "/srv",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(flags); i++) {
		struct buf why = BUF_INIT(4096);
		struct catalog_tool *t = NULL;

		assert_int_equal(catalog_tool_read(
				     &place, slice_of(flags[i].text), &t, &why),
		    RC_OK);
		assert_int_equal(t->definition.tool.flags, flags[i].flags);
		assert_int_equal(t->definition.tool.needs, flags[i].needs);
		catalog_tool_free(t);
		buf_release(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_see_what_the_protocol_knows),
		cmocka_unit_test(
		    a_definition_that_nothing_of_the_catalog_serves_says_so),
		cmocka_unit_test(
		    arguments_of_a_prompt_are_strings_and_some_required),
		cmocka_unit_test(
		    broken_definitions_are_refused_with_line_and_sentence),
		cmocka_unit_test(dates_of_iso_8601_are_taken),
		cmocka_unit_test(
		    a_resource_may_be_read_again_unless_it_says_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
