/*
 * Laws of definitions: what is accepted has a legal name and a compact form
 * without `run`, which is accepted again and is its own compact form; what is
 * refused has findings, one per line, each with a line of the text.
 */
#include <string.h>

#include "definition.h"
#include "fuzz.h"
#include "tool_program.h"

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

	law(definition_read(d->tool.definition->raw, &again, &why) == RC_OK);
	law(slice_eq(again.tool.definition->raw, d->tool.definition->raw));
	law(slice_eq(again.tool.name, d->tool.name));
	law(again.run == NULL);
	law((again.tool.params == NULL) == (d->tool.params == NULL));
	definition_release(&again);
	buf_release(&why);
}

static void
check_run(struct definition *d)
{
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct program p;

	if (d->run != NULL &&
	    program_read(d->run, d->text, "/tools", &d->arena, &p, &why) ==
		RC_OK)
		law(p.argv[0][0] != '\0' && why.len == 0);
	buf_release(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = { (const char *)data, size };
	struct buf why = BUF_INIT((size_t)1 << 20);
	struct definition d;
	enum rc rc = definition_read(text, &d, &why);

	law(rc == RC_OK || rc == RC_SYNTAX);
	if (rc == RC_SYNTAX) {
		check_findings(buf_slice(&why), text);
	} else {
		law(why.len == 0 && d.tool.name.len > 0);
		law(json_get(d.tool.definition, "run") == NULL);
		check_again(&d);
		definition_put_hints(&d, &why);
		check_run(&d);
		definition_release(&d);
	}
	buf_release(&why);
	return 0;
}
