#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema.h"

#define OLD "\"$schema\":\"http://json-schema.org/draft-07/schema#\","

struct row {
	const char *schema;
	const char *value;
	const char *sentence; /* NULL: valid */
};

static const struct json *
tree(struct arena *a, const char *text)
{
	const struct json *root;

	if (json_read(a, slice_of(text), &json_limits_default, &root, NULL) !=
	    RC_OK)
		fail_msg("not JSON: %s", text);
	return root;
}

static void
check_row(const struct row *row)
{
	struct arena a = ARENA_INIT((size_t)1 << 24);
	struct buf why = BUF_INIT(4096);
	const char *want = row->sentence == NULL ? "" : row->sentence;
	struct schema *s;
	bool valid;
	enum rc rc;

	rc = schema_compile(tree(&a, row->schema), &s, &why);
	if (rc != RC_OK)
		fail_msg("%s: %s", row->schema, why.ptr);
	rc = schema_check(s, &a, tree(&a, row->value), &valid, &why);
	if (rc != RC_OK || valid != (row->sentence == NULL) ||
	    !slice_eq(buf_slice(&why), slice_of(want))) {
		fail_msg("%s with %s: %s, \"%.*s\" instead of \"%s\"",
		    row->schema, row->value, rc_name(rc),
		    SLICE_FMT(buf_slice(&why)), want);
	}
	schema_free(s);
	buf_release(&why);
	arena_release(&a);
}

static const struct row told[] = {
	{ "{\"type\":\"string\"}", "\"\"", NULL },
	{ "{\"type\":\"string\"}", "1", "/: must be a string, is a number" },
	{ "{\"type\":[\"integer\",\"null\"]}", "1.5",
	    "/: must be an integer or a null, is a number with a "
	    "fraction" },
	{ "{\"type\":\"integer\"}", "1e2", NULL },
	{ "{\"type\":[\"integer\",\"number\"]}", "1.5", NULL },
	{ "{\"type\":\"object\"}", "true", "/: must be an object, is true" },
	{ "{\"required\":[\"query\"]}", "{\"q\":1}",
	    "/: lacks the required property \"query\"" },
	{ "{\"properties\":{\"a\":{\"properties\":{\"b\":"
	  "{\"type\":\"string\"}}}}}",
	    "{\"a\":{\"b\":7}}", "/a/b: must be a string, is a number" },
	{ "{\"properties\":{\"n\":{\"maximum\":10}}}", "{\"n\":11}",
	    "/n: must be at most 10, is 11" },
	{ "{\"minimum\":10}", "9.99", "/: must be at least 10, is 9.99" },
	{ "{\"exclusiveMinimum\":10}", "10",
	    "/: must be greater than 10, is 10" },
	{ "{\"exclusiveMaximum\":10}", "10.0",
	    "/: must be less than 10, is 10.0" },
	{ "{\"const\":\"a\"}", "\"b\"", "/: must be \"a\", is \"b\"" },
	{ "{\"enum\":[\"a\",1,null]}", "2",
	    "/: must be one of \"a\", 1, null; is 2" },
	{ "{\"minLength\":3}", "\"\xc3\xa4\xc3\xb6\"",
	    "/: must have at least 3 characters, has 2" },
	{ "{\"maxLength\":1}", "\"\xf0\x9f\x98\x80\"", NULL },
	{ "{\"maxItems\":1}", "[1,2]", "/: must have at most 1 items, has 2" },
	{ "{\"minProperties\":1}", "{}",
	    "/: must have at least 1 properties, has 0" },
	{ "{\"items\":{\"pattern\":\"^a+$\"}}", "[\"a\",\"b\"]",
	    "/1: must match the pattern \"^a+$\", is \"b\"" },
	{ "{\"uniqueItems\":true}", "[1,{\"a\":1,\"b\":2},1.0]",
	    "/: must have no two equal items; those at 0 and 2 are "
	    "equal" },
	{ "{\"properties\":{\"a\":{},\"b\":{}},"
	  "\"additionalProperties\":false}",
	    "{\"c/d\":1}",
	    "/: must not have the property \"c/d\"; known are \"a\", "
	    "\"b\"" },
	{ "{\"properties\":{\"c/d~\":false}}", "{\"c/d~\":1}",
	    "/c~1d~0: is not allowed" },
	{ "{\"propertyNames\":{\"maxLength\":2}}", "{\"abc\":1}",
	    "/: the property name \"abc\" must have at most 2 "
	    "characters, has 3" },
	{ "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
	    "/: lacks the property \"b\", which is required beside "
	    "\"a\"" },
	{ "{\"prefixItems\":[{}],\"items\":false}", "[1,2]",
	    "/: must have at most 1 items, has 2" },
	{ "{\"contains\":{\"const\":1}}", "[2,3]",
	    "/: must have at least 1 of the items that match "
	    "{\"const\":1}, has 0" },
	{ "{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]",
	    "/: must have at most 1 of the items that match "
	    "{\"const\":1}, has 2" },
	{ "{\"not\":{\"type\":\"null\"}}", "null",
	    "/: must not match the schema {\"type\":\"null\"}" },
	{ "{\"allOf\":[{\"properties\":{\"a\":true}}],"
	  "\"unevaluatedProperties\":false}",
	    "{\"a\":1,\"b\":2}", "/: must not have the property \"b\"" },
	{ "{\"prefixItems\":[true],\"unevaluatedItems\":"
	  "{\"type\":\"null\"}}",
	    "[1,2]", "/1: must be a null, is a number" },
	{ "{\"if\":{\"required\":[\"a\"]},\"then\":"
	  "{\"required\":[\"b\"]}}",
	    "{\"a\":1}", "/: lacks the required property \"b\"" },
};

static void
a_failure_is_told_with_its_place_and_its_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		check_row(&told[i]);
}

#define SHAPES                                                                 \
	"{\"%s\":[{\"properties\":{\"kind\":{\"const\":\"disc\"},"             \
	"\"r\":{\"type\":\"number\"}},\"required\":[\"kind\",\"r\"]},"         \
	"{\"properties\":{\"kind\":{\"const\":\"box\"},"                       \
	"\"w\":{\"type\":\"number\"}},\"required\":[\"kind\",\"w\"]}]}"

static void
of_several_alternatives_the_one_that_was_meant_is_told(void **state)
{
	static const char *const words[] = { "anyOf", "oneOf" };
	static const struct row rows[] = {
		{ SHAPES, "{\"kind\":\"box\",\"w\":\"1\"}",
		    "/w: must be a number, is a string" },
		{ SHAPES, "{\"kind\":\"disc\",\"r\":\"1\",\"w\":2}",
		    "/r: must be a number, is a string" },
		{ SHAPES, "{}",
		    "/: matches none of the 2 alternatives: lacks the "
		    "required property \"kind\"; lacks the required property "
		    "\"kind\"" },
		{ "{\"%s\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1",
		    "/: matches none of the 2 alternatives: must be a string, "
		    "is a number; must be a null, is a number" },
		{ "{\"%s\":[{\"type\":\"string\"}]}", "1",
		    "/: must be a string, is a number" },
		{ "{\"%s\":[{\"const\":1},{\"const\":2},{\"const\":3},"
		  "{\"const\":4},{\"const\":5}]}",
		    "0",
		    "/: matches none of the 5 alternatives: must be 1, is 0; "
		    "must be 2, is 0; must be 3, is 0; must be 4, is 0" },
		/* What failed on the way to the right one is forgotten. */
		{ "{\"%s\":[{\"type\":\"null\"},{\"minimum\":0}],"
		  "\"if\":{\"minimum\":5},\"then\":{\"maximum\":7}}",
		    "8", "/: must be at most 7, is 8" },
	};
	char schema[1024];

	(void)state;
	for (size_t i = 0; i < 2 * (sizeof(rows) / sizeof(rows[0])); i++) {
		struct row row = rows[i / 2];
		char head[512];
		const char *at = strstr(row.schema, "%s");

		(void)snprintf(head, sizeof(head), "%.*s",
		    (int)(at - row.schema), row.schema);
		(void)snprintf(schema, sizeof(schema), "%s%s%s", head,
		    words[i % 2], at + 2);
		row.schema = schema;
		check_row(&row);
	}
	check_row(&(struct row){ "{\"oneOf\":[{},{\"type\":\"null\"},{}]}", "1",
	    "/: must match exactly one of the 3 alternatives, matches number "
	    "1 and number 3" });
}

static void
numbers_are_compared_and_divided_exactly(void **state)
{
	static const struct row rows[] = {
		{ "{\"multipleOf\":0.01}", "19.99", NULL },
		{ "{\"multipleOf\":0.01}", "19.995",
		    "/: must be a multiple of 0.01, is 19.995" },
		{ "{\"multipleOf\":0.0001}", "0.0075", NULL },
		{ "{\"multipleOf\":1e-8}", "12391239123", NULL },
		{ "{\"multipleOf\":3}", "1000000000000000000000000000002",
		    NULL },
		{ "{\"multipleOf\":3}", "1000000000000000000000000000001",
		    "/: must be a multiple of 3, is "
		    "1000000000000000000000000000001" },
		{ "{\"multipleOf\":0.123456789}", "1e308",
		    "/: must be a multiple of 0.123456789, is 1e308" },
		{ "{\"multipleOf\":7e300}", "14e300", NULL },
		{ "{\"multipleOf\":2}", "1e999999999999999999999", NULL },
		{ "{\"multipleOf\":25}", "-0.0", NULL },
		{ "{\"maximum\":9007199254740992}", "9007199254740993",
		    "/: must be at most 9007199254740992, is "
		    "9007199254740993" },
		{ "{\"minimum\":-1e400}", "-1e399", NULL },
		{ "{\"minimum\":-1e400}", "-1.1e400",
		    "/: must be at least -1e400, is -1.1e400" },
		{ "{\"exclusiveMaximum\":0.30}", "0.3",
		    "/: must be less than 0.30, is 0.3" },
		{ "{\"const\":100}", "1.00e2", NULL },
		{ "{\"minimum\":0}", "-0.0", NULL },
		{ "{\"maximum\":1e-400}", "0", NULL },
		{ "{\"minLength\":2.0}", "\"ab\"", NULL },
		{ "{\"maxLength\":1e30}", "\"ab\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
patterns_are_those_of_javascript(void **state)
{
	static const struct row rows[] = {
		{ "{\"pattern\":\"^a$\"}", "\"a\\n\"",
		    "/: must match the pattern \"^a$\", is \"a\\n\"" },
		{ "{\"pattern\":\"^\\\\d$\"}", "\"\xd9\xa3\"",
		    "/: must match the pattern \"^\\\\d$\", is \"\xd9\xa3\"" },
		{ "{\"pattern\":\"^.$\"}", "\"\xf0\x9f\x98\x80\"", NULL },
		{ "{\"pattern\":\"^\\\\u{1F600}\\\\u0041$\"}",
		    "\"\xf0\x9f\x98\x80"
		    "A\"",
		    NULL },
		{ "{\"pattern\":\"^\\\\p{Letter}\\\\p{gc=Nd}$\"}",
		    "\"\xc3\xa4"
		    "1\"",
		    NULL },
		{ "{\"pattern\":\"^\\\\p{Script=Greek}[\\\\p{Lu}]$\"}",
		    "\"\xce\xb1\xce\x91\"", NULL },
		{ "{\"pattern\":\"^\\\\s[\\\\s]$\"}",
		    "\"\xc2\xa0\xef\xbb\xbf\"", NULL },
		{ "{\"pattern\":\"^\\\\S$\"}", "\"\xc2\xa0\"",
		    "/: must match the pattern \"^\\\\S$\", is \"\xc2\xa0\"" },
		{ "{\"pattern\":\"^[[a]$\"}", "\"[\"", NULL },
		{ "{\"pattern\":\"^(?<y>\\\\d{4})-\\\\k<y>$\"}",
		    "\"2024-2024\"", NULL },
		{ "{\"pattern\":\"z\"}",
		    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz\"",
		    NULL },
		{ "{\"patternProperties\":{\"^x-\":{\"type\":\"null\"}},"
		  "\"additionalProperties\":false}",
		    "{\"x-a\":null,\"y\":1}",
		    "/: must not have the property \"y\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
the_older_dialect_is_read_by_its_own_rules(void **state)
{
	static const struct row rows[] = {
		{ "{" OLD "\"items\":[{\"type\":\"null\"}],"
		  "\"additionalItems\":{\"type\":\"string\"}}",
		    "[null,1]", "/1: must be a string, is a number" },
		{ "{" OLD "\"dependencies\":{\"a\":[\"b\"],"
		  "\"c\":{\"required\":[\"d\"]}}}",
		    "{\"c\":1}", "/: lacks the required property \"d\"" },
		{ "{" OLD "\"$ref\":\"#/definitions/a\",\"type\":\"null\","
		  "\"definitions\":{\"a\":{\"type\":\"string\"}}}",
		    "\"x\"", NULL },
		{ "{" OLD "\"prefixItems\":[false],\"unevaluatedItems\":false}",
		    "[1]", NULL },
		{ "{" OLD "\"allOf\":[{\"$ref\":\"#a\"}],"
		  "\"definitions\":{\"x\":{\"$id\":\"#a\",\"maximum\":1}}}",
		    "2", "/: must be at most 1, is 2" },
		{ "{\"dependencies\":{\"a\":[\"b\"]}}", "{\"a\":1}", NULL },
		{ "{\"$ref\":\"#/definitions/a\",\"type\":\"null\","
		  "\"definitions\":{\"a\":{\"type\":\"string\"}}}",
		    "\"x\"", "/: must be a null, is a string" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static const struct {
	const char *schema;
	const char *sentence; /* NULL: any */
} refused[] = {
	{ "1", "/: a schema must be an object, true or false" },
	{ "{\"type\":\"strng\"}",
	    "/type: must be null, boolean, integer, number, string, "
	    "array or object, or a list of these" },
	{ "{\"type\":[]}",
	    "/type: must be null, boolean, integer, number, string, "
	    "array or object, or a list of these" },
	{ "{\"properties\":{\"a/b\":{\"minLength\":-1}}}",
	    "/properties/a~1b/minLength: must be an integer of at "
	    "least 0" },
	{ "{\"allOf\":[{},{\"enum\":1}]}", "/allOf/1/enum: must be an array" },
	{ "{\"anyOf\":[]}", "/anyOf: must have at least one schema" },
	{ "{\"multipleOf\":0}", "/multipleOf: must be a number above 0" },
	{ "{\"multipleOf\":1234567890123456789}",
	    "/multipleOf: must have at most 18 significant digits" },
	{ "{\"required\":[1]}", "/required: must be a list of strings" },
	{ "{\"required\":\"a\"}", "/required: must be a list of strings" },
	{ "{\"pattern\":\"(\"}",
	    "/pattern: is not a regular expression we can use: missing "
	    "closing parenthesis" },
	{ "{\"$ref\":\"#/$defs/a\"}", "/$ref: leads to nothing" },
	{ "{\"$ref\":\"#a\"}", "/$ref: names an unknown anchor" },
	{ "{\"items\":{\"$ref\":\"other.json#/a\"}}",
	    "/items/$ref: refers to another document, other.json#/a, "
	    "which is never fetched" },
	{ "{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}",
	    "/$ref: refers to another document, "
	    "https://json-schema.org/draft/2020-12/schema, which is "
	    "never fetched" },
	{ "{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}",
	    "/$schema: names a dialect other than JSON Schema 2020-12 "
	    "and draft-07" },
	{ "{\"$schema\":7}",
	    "/$schema: names a dialect other than JSON Schema 2020-12 "
	    "and draft-07" },
	{ "{\"$ref\":\"#\"}", "/$ref: leads back to itself without end" },
	{ "{\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"}]},"
	  "\"b\":{\"if\":{\"$ref\":\"#/$defs/a\"},\"then\":false}}}",
	    NULL },
	{ "{\"$defs\":{\"a\":{\"$anchor\":\"x\"},"
	  "\"b\":{\"$anchor\":\"x\"}}}",
	    "/$defs/b/$anchor: is the name of another place already" },
	{ "{\"$defs\":{\"a\":{\"$id\":\"x\"},\"b\":{\"$id\":\"x\"}}}",
	    "/$defs/b/$id: is the identifier of another schema" },
	{ "{\"$id\":\"a#b\"}", "/$id: must not have a fragment" },
	{ "{\"properties\":{\"a\":1}}",
	    "/properties/a: a schema must be an object, true or "
	    "false" },
};

static void
a_bad_schema_is_refused_with_the_place_of_the_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct arena a = ARENA_INIT((size_t)1 << 20);
		struct buf why = BUF_INIT(4096);
		const struct json *root = tree(&a, refused[i].schema);
		struct schema *s;

		assert_int_equal(schema_compile(root, &s, NULL), RC_SYNTAX);
		assert_int_equal(schema_compile(root, &s, &why), RC_SYNTAX);
		assert_null(s);
		if (refused[i].sentence != NULL)
			assert_string_equal(why.ptr, refused[i].sentence);
		buf_release(&why);
		arena_release(&a);
	}
}

/* A schema with n copies of `part` between head and tail. */
static void
put_many(struct buf *b, const char *head, const char *part, unsigned n,
    const char *tail)
{
	buf_reset(b);
	buf_printf(b, "%s", head);
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : ",", part);
	buf_printf(b, "%s", tail);
	assert_int_equal(buf_finish(b), RC_OK);
}

static enum rc
check_bounded(struct arena *a, const char *schema, const char *value)
{
	struct schema *s;
	bool valid = true;
	enum rc rc;

	assert_int_equal(schema_compile(tree(a, schema), &s, NULL), RC_OK);
	rc = schema_check(s, a, tree(a, value), &valid, NULL);
	if (rc != RC_OK)
		assert_false(valid);
	schema_free(s);
	return rc;
}

static void
work_without_end_is_cut_off(void **state)
{
	/* Backtracking, recursion by scope, and twice the work each level. */
	static const char *const schemas[] = {
		"{\"pattern\":\"^(a+)+$\"}",
		"{\"$id\":\"u:a\",\"$dynamicAnchor\":\"x\","
		"\"$dynamicRef\":\"#x\"}",
		"{\"$defs\":{\"a\":{\"anyOf\":[{\"items\":{\"$ref\":"
		"\"#/$defs/a\"},\"maximum\":-1},{\"items\":{\"$ref\":"
		"\"#/$defs/a\"},\"maximum\":-2}]}},\"$ref\":\"#/$defs/a\"}",
	};
	static const char *const values[] = {
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
		"1",
		"[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]",
	};
	struct arena a = ARENA_INIT((size_t)1 << 26);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		assert_int_equal(
		    check_bounded(&a, schemas[i], values[i]), RC_FULL);
	arena_release(&a);
}

static void
many_items_are_compared_in_reasonable_time(void **state)
{
	struct arena a = ARENA_INIT((size_t)1 << 26);
	struct buf b = BUF_INIT((size_t)1 << 24);
	struct schema *s;
	bool valid;

	(void)state;
	buf_put_char(&b, '[');
	for (unsigned i = 0; i < 40000; i++)
		buf_printf(&b, "{\"id\":%u,\"on\":true},", i);
	buf_printf(&b, "{\"on\":true,\"id\":4000.0e1}]");
	assert_int_equal(buf_finish(&b), RC_OK);
	assert_int_equal(
	    schema_compile(tree(&a, "{\"uniqueItems\":true}"), &s, NULL),
	    RC_OK);
	assert_int_equal(
	    schema_check(s, &a, tree(&a, b.ptr), &valid, NULL), RC_OK);
	assert_true(valid);
	buf_truncate(&b, b.len - 10);
	buf_printf(&b, "3999.9e1}]");
	assert_int_equal(
	    schema_check(s, &a, tree(&a, b.ptr), &valid, NULL), RC_OK);
	assert_false(valid);
	schema_free(s);
	buf_release(&b);
	arena_release(&a);
}

static void
a_schema_with_too_many_parts_is_refused(void **state)
{
	struct arena a = ARENA_INIT((size_t)1 << 26);
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct buf why = BUF_INIT(1000);
	struct schema *s;

	(void)state;
	put_many(&b, "{\"allOf\":[", "{}", SCHEMA_NODES_MAX - 1, "]}");
	assert_int_equal(schema_compile(tree(&a, b.ptr), &s, &why), RC_OK);
	schema_free(s);
	put_many(&b, "{\"allOf\":[", "{}", SCHEMA_NODES_MAX, "]}");
	assert_int_equal(schema_compile(tree(&a, b.ptr), &s, &why), RC_SYNTAX);
	assert_string_equal(
	    why.ptr, "/allOf/9999: the schema has more than 10000 subschemas");
	buf_release(&why);
	buf_release(&b);
	arena_release(&a);
}

/* Beyond a few, properties are sorted and marks need memory. */
static void
objects_with_many_members_are_checked_all_the_same(void **state)
{
	struct arena a = ARENA_INIT((size_t)1 << 26);
	struct buf schema = BUF_INIT((size_t)1 << 20);
	struct buf value = BUF_INIT((size_t)1 << 20);
	struct buf why = BUF_INIT(1000);
	struct schema *s;
	bool valid;

	(void)state;
	buf_printf(&schema,
	    "{\"unevaluatedProperties\":false,\"allOf\":["
	    "{\"properties\":{\"z\":true");
	buf_printf(&value, "{\"z\":1");
	for (unsigned i = 0; i < 200; i++) {
		buf_printf(&schema, ",\"p%u\":{\"const\":%u}", i * 7 % 200, i);
		buf_printf(&value, ",\"p%u\":%u", i * 7 % 200, i);
	}
	buf_printf(&schema, "}}]}");
	buf_printf(&value, "}");
	assert_int_equal(schema_compile(tree(&a, schema.ptr), &s, NULL), RC_OK);
	assert_int_equal(
	    schema_check(s, &a, tree(&a, value.ptr), &valid, NULL), RC_OK);
	assert_true(valid);
	buf_truncate(&value, value.len - 1);
	buf_printf(&value, ",\"more\":1}");
	assert_int_equal(
	    schema_check(s, &a, tree(&a, value.ptr), &valid, &why), RC_OK);
	assert_false(valid);
	assert_string_equal(why.ptr, "/: must not have the property \"more\"");
	schema_free(s);
	buf_release(&why);
	buf_release(&value);
	buf_release(&schema);
	arena_release(&a);
}

static void
unknown_keywords_are_listed_with_their_place(void **state)
{
	static const char text[] = "{\"title\":\"t\",\"nonsense\":1,"
				   "\"properties\":{\"a\":{\"minLenght\":1,"
				   "\"format\":\"uri\"}},\"definitions\":{},"
				   "\"enum\":[{\"odd\":1}]}";
	struct arena a = ARENA_INIT((size_t)1 << 20);
	struct buf out = BUF_INIT(1000);
	struct schema *s;

	(void)state;
	assert_int_equal(schema_compile(tree(&a, text), &s, NULL), RC_OK);
	schema_put_unknown(s, &out);
	assert_string_equal(out.ptr,
	    "/nonsense: the keyword \"nonsense\" is not known\n"
	    "/properties/a/minLenght: the keyword \"minLenght\" is not "
	    "known\n");
	schema_free(s);
	schema_free(NULL);
	buf_release(&out);
	arena_release(&a);
}

static void
a_sentence_that_does_not_fit_is_an_error(void **state)
{
	struct arena a = ARENA_INIT((size_t)1 << 20);
	struct buf why = BUF_INIT(10);
	struct schema *s;
	bool valid;

	(void)state;
	assert_int_equal(schema_compile(tree(&a,
					    "{\"anyOf\":[{\"type\":\"null\"},"
					    "{\"type\":\"string\"}]}"),
			     &s, NULL),
	    RC_OK);
	assert_int_equal(
	    schema_check(s, &a, tree(&a, "1"), &valid, &why), RC_NOMEM);
	assert_false(valid);
	schema_free(s);
	buf_release(&why);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_failure_is_told_with_its_place_and_its_remedy),
		cmocka_unit_test(
		    of_several_alternatives_the_one_that_was_meant_is_told),
		cmocka_unit_test(numbers_are_compared_and_divided_exactly),
		cmocka_unit_test(patterns_are_those_of_javascript),
		cmocka_unit_test(the_older_dialect_is_read_by_its_own_rules),
		cmocka_unit_test(
		    a_bad_schema_is_refused_with_the_place_of_the_fault),
		cmocka_unit_test(work_without_end_is_cut_off),
		cmocka_unit_test(many_items_are_compared_in_reasonable_time),
		cmocka_unit_test(a_schema_with_too_many_parts_is_refused),
		cmocka_unit_test(
		    objects_with_many_members_are_checked_all_the_same),
		cmocka_unit_test(unknown_keywords_are_listed_with_their_place),
		cmocka_unit_test(a_sentence_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
