#include <stdlib.h>

#include "failalloc.h"
#include "uri_template.h"

/* What a template expands to, it takes back. */
static enum rc
round_trip(struct arena *a, struct buf *why, struct buf *uri)
{
	const struct slice text =
	    SLICE_INIT("t:\xc3\xbc/{a,b}{/c*}{?d,e*}{#f}");
	const struct slice json = SLICE_INIT(
	    "{\"a\":\"1\",\"b\":\"\",\"c\":[\"x\",\"/\"],\"d\":\"\xc3\xbc\","
	    "\"e\":[\"p\",\"q\"],\"f\":\"a/b\"}");
	const struct json *values, *again;
	struct uri_template *t;
	enum rc rc = uri_template_compile(text, a, &t, why);

	if (rc == RC_OK)
		rc = json_read(a, json, &json_limits_default, &values, NULL);
	if (rc != RC_OK)
		return rc;
	uri_template_expand(t, values, uri);
	rc = buf_finish(uri);
	if (rc == RC_OK)
		rc = uri_template_match(t, buf_slice(uri), a, &again);
	if (rc != RC_OK)
		return rc;
	return json_equal(values, again) ? RC_OK : RC_BUG;
}

static enum rc
in_arena_of(size_t max)
{
	struct arena a = ARENA_INIT(max);
	struct buf why = BUF_INIT(1024), uri = BUF_INIT(1024);
	enum rc rc = round_trip(&a, &why, &uri);

	buf_release(&why);
	buf_release(&uri);
	arena_release(&a);
	return rc;
}

static enum rc
scenario(void)
{
	return in_arena_of((size_t)1 << 20);
}

/* An arena of every size up to what it needs. */
static enum rc
ceilings(void)
{
	enum rc rc = RC_NOMEM;

	for (size_t max = 0; rc == RC_NOMEM && max < 65536; max += 16)
		rc = in_arena_of(max);
	return rc;
}

int
main(void)
{
	if (ceilings() != RC_OK)
		return EXIT_FAILURE;
	return failalloc_each("a round trip", scenario) == 0 ? EXIT_SUCCESS
							     : EXIT_FAILURE;
}
