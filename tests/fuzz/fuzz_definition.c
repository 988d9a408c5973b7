/*
 * Laws of definitions, of every kind: what is accepted has a legal name and a
 * compact form without members of ours, which is accepted again and is its own
 * compact form; what is refused has findings, one per line, each with a line
 * of the text.  What the catalog takes, it can talk about.
 */
#include <string.h>

#include "catalog_tool.h"
#include "definition.h"
#include "fuzz.h"

static void
check_findings(struct slice findings, struct slice text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	law(findings.len > 0 && findings.ptr[findings.len - 1] == '\n');
	while (findings.len > 0) {
		struct slice line = slice_cut(findings, '\n', &findings);
		char *end;
		unsigned long n = strtoul(line.ptr, &end, 10);

		law(n >= 1 && n <= lines && end[0] == ':' && end[1] == ' ');
	}
}

static void
check_again(const struct definition *d)
{
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct definition again;

	law(definition_read_as(
		d->tool.kind, d->tool.definition->raw, &again, &why) == RC_OK);
	law(slice_eq(again.tool.definition->raw, d->tool.definition->raw));
	law(slice_eq(again.tool.name, d->tool.name));
	law(definition_served_by(&again) == NULL);
	law((again.tool.params == NULL) == (d->tool.params == NULL));
	law((again.tool.uris == NULL) == (d->tool.uris == NULL));
	definition_release(&again);
	buf_release(&why);
}

static void
check_accepted(const struct definition *d)
{
	law(d->tool.name.len > 0 && d->tool.input != NULL);
	law(json_get(d->tool.definition, "run") == NULL);
	check_again(d);
}

static void
check_catalog(enum offer kind, struct slice text)
{
	static const struct program_host host = { .clock = NULL };
	const struct catalog_place place = {
		.kind = kind,
		.folder = "/nonexistent/definitions",
		.root = "/nonexistent",
		.host = &host,
	};
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct catalog_tool *t = NULL;
	enum rc rc = catalog_tool_read(&place, text, &t, &why);

	law(rc == RC_OK || rc == RC_SYNTAX);
	law((rc == RC_OK) == (t != NULL));
	if (rc == RC_SYNTAX) {
		check_findings(buf_slice(&why), text);
	} else {
		law(why.len == 0);
		law(t->folder != NULL || t->definition.tool.call != NULL);
		law(t->program.argv == NULL || t->program.argv[0][0] != '\0');
		catalog_tool_put_hints(t, &why);
	}
	catalog_tool_free(t);
	buf_release(&why);
}

static void
check_kind(enum offer kind, struct slice text)
{
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct definition d;
	enum rc rc = definition_read_as(kind, text, &d, &why);

	law(rc == RC_OK || rc == RC_SYNTAX);
	if (rc == RC_SYNTAX) {
		check_findings(buf_slice(&why), text);
	} else {
		law(why.len == 0);
		check_accepted(&d);
		definition_put_hints(&d, &why);
		definition_release(&d);
	}
	buf_release(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = { (const char *)data, size };

	for (int kind = 0; kind < OFFERS; kind++)
		check_kind((enum offer)kind, text);
	for (int kind = 0; kind < OFFER_TEMPLATE; kind++)
		check_catalog((enum offer)kind, text);
	return 0;
}
