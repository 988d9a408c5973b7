#include <stdio.h>

#include "failalloc.h"
#include "schema.h"

/* One of everything that needs memory: nodes, resources, patterns, marks of a
 * large value, a table of items, a long subject, and a sentence. */
static const char head[] =
    "{\"$id\":\"http://example.com/a/b\",\"$defs\":{\"c\":{\"$id\":\"c\","
    "\"$dynamicAnchor\":\"x\",\"type\":[\"object\",\"array\",\"string\"]}},"
    "\"allOf\":[{\"$ref\":\"c\"},{\"$dynamicRef\":\"c#x\"},"
    "{\"$ref\":\"#/odd/deep\"}],"
    "\"odd\":{\"deep\":{\"patternProperties\":{\"^p1\":{\"pattern\":"
    "\"b.*c\"},\"z$\":{}}}},"
    "\"properties\":{\"list\":{\"uniqueItems\":true},"
    "\"fits\":{\"anyOf\":[{\"type\":\"null\"},{\"pattern\":\"\\\\p{L}\"}]}},"
    "\"anyOf\":[{\"properties\":{\"p2\":true}},{\"minProperties\":1}],"
    "\"unevaluatedProperties\":{\"maxLength\":600},";

static void
put_schema(struct buf *b)
{
	buf_printf(b, "%s\"required\":[", head);
	for (unsigned i = 0; i < 100; i++)
		buf_printf(b, "\"p%u\",", i);
	buf_printf(b, "\"last\"],\"dependentSchemas\":{");
	for (unsigned i = 0; i < 400; i++)
		buf_printf(b, "\"p%u\":{\"$comment\":\"%u\",\"x\":1},", i, i);
	buf_printf(b, "\"last\":{\"properties\":{\"last\":false}}}}");
}

static void
put_value(struct buf *b)
{
	buf_printf(b, "{\"fits\":\"a\",\"list\":[");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(b, "%u,", i);
	buf_printf(b, "\"end\"],\"last\":0");
	for (unsigned i = 0; i < 200; i++)
		buf_printf(b, ",\"p%u\":\"%0500ub.....c\"", i, i);
	buf_put_char(b, '}');
}

static enum rc
read_tree(struct arena *a, struct buf *b, void (*put)(struct buf *),
    const struct json **out)
{
	enum rc rc;

	put(b);
	rc = buf_finish(b);
	return rc != RC_OK
	    ? rc
	    : json_read(a, buf_slice(b), &json_limits_default, out, NULL);
}

/* The sentence must be about the very last rule, behind all the others. */
static enum rc
check(const struct schema *s, const struct json *value, struct buf *why)
{
	struct arena scratch = ARENA_INIT((size_t)1 << 24);
	bool valid = true;
	enum rc rc = schema_check(s, &scratch, value, &valid, why);

	if (rc == RC_OK &&
	    (valid ||
		!slice_eq(buf_slice(why), SLICE("/last: is not allowed"))))
		rc = RC_BUG;
	if (rc == RC_OK) {
		schema_put_unknown(s, why);
		rc = buf_finish(why);
	}
	arena_release(&scratch);
	return rc;
}

static enum rc
scenario(void)
{
	struct arena a = ARENA_INIT((size_t)1 << 24);
	struct buf text = BUF_INIT((size_t)1 << 20);
	struct buf other = BUF_INIT((size_t)1 << 20);
	struct buf why = BUF_INIT((size_t)1 << 16);
	const struct json *schema, *value;
	struct schema *s = NULL;
	enum rc rc;

	rc = read_tree(&a, &text, put_schema, &schema);
	if (rc == RC_OK)
		rc = read_tree(&a, &other, put_value, &value);
	if (rc == RC_OK)
		rc = schema_compile(schema, &s, &why);
	if (rc == RC_OK)
		rc = check(s, value, &why);
	if (rc == RC_BUG)
		(void)fprintf(stderr, "%.*s\n", SLICE_FMT(buf_slice(&why)));
	schema_free(s);
	buf_release(&why);
	buf_release(&other);
	buf_release(&text);
	arena_release(&a);
	return rc;
}

int
main(void)
{
	return failalloc_each("schema", scenario);
}
