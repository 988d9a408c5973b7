/*
 * The first line is a schema, the rest a value.  Laws: a check ends the same
 * way every time, with a sentence exactly if the value is invalid; {"allOf":
 * [S]} says what S says, {"not": S} the opposite.
 */
#include "fuzz.h"
#include "schema.h"

#define MEMORY ((size_t)64 << 20)

struct verdict {
	enum rc rc;
	bool valid;
};

static struct verdict
judge(const struct json *root, const struct json *value)
{
	struct arena a = ARENA_INIT(MEMORY);
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct verdict first = { RC_SYNTAX, false };
	struct schema *s;
	bool again;

	first.rc = schema_compile(root, &s, &why);
	law(first.rc == RC_OK || (first.rc == RC_SYNTAX && why.len > 0));
	if (first.rc != RC_OK) {
		law(s == NULL);
		buf_release(&why);
		return first;
	}
	law(why.len == 0);
	first.rc = schema_check(s, &a, value, &first.valid, NULL);
	law(first.rc == RC_OK || first.rc == RC_FULL);
	law(schema_check(s, &a, value, &again, &why) == first.rc);
	law(again == first.valid && (first.rc == RC_OK || !again));
	law(first.rc != RC_OK || (why.len == 0) == first.valid);
	schema_put_unknown(s, &why);
	law(buf_finish(&why) == RC_OK);
	schema_free(s);
	buf_release(&why);
	arena_release(&a);
	return first;
}

/* The same inside another schema.  References to its root stay there only if
 * it is a resource of its own. */
static struct verdict
judge_inside(const char *head, const struct json *root, const char *tail,
    const struct json *value)
{
	struct verdict v = { RC_SYNTAX, false };
	struct arena a = ARENA_INIT(MEMORY);
	struct buf b = BUF_INIT((size_t)1 << 24);
	const struct json *outer;

	buf_put_slice(&b, slice_of(head));
	if (!json_is(root, JSON_OBJECT) || json_get(root, "$id") != NULL) {
		buf_put_slice(&b, root->raw);
	} else {
		buf_printf(&b, "{\"$id\":\"urn:fuzz:1\"%s",
		    root->count > 0 ? "," : "");
		buf_put_slice(&b, slice_from(root->raw, 1));
	}
	buf_put_slice(&b, slice_of(tail));
	if (json_read(&a, buf_slice(&b), &json_limits_default, &outer, NULL) ==
	    RC_OK)
		v = judge(outer, value);
	buf_release(&b);
	arena_release(&a);
	return v;
}

static void
check_laws(const struct json *root, const struct json *value)
{
	struct verdict alone = judge(root, value);
	struct verdict all, not ;

	if (alone.rc != RC_OK)
		return;
	all = judge_inside("{\"allOf\":[", root, "]}", value);
	not = judge_inside("{\"not\":", root, "}", value);
	law(all.rc != RC_OK || all.valid == alone.valid);
	law(not .rc != RC_OK || not .valid != alone.valid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(MEMORY);
	struct slice in = { (const char *)data, size };
	struct slice rest = SLICE_NONE;
	struct slice line = slice_cut(in, '\n', &rest);
	const struct json *root, *value;

	if (rest.ptr != NULL &&
	    json_read(&a, line, &json_limits_default, &root, NULL) == RC_OK &&
	    json_read(&a, rest, &json_limits_default, &value, NULL) == RC_OK)
		check_laws(root, value);
	arena_release(&a);
	return 0;
}
