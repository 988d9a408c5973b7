#include "schema.h"

#include <stdlib.h>

#include "schema_private.h"

/* A compiled schema of the largest size we take needs less. */
#define MEMORY_MAX ((size_t)64 * 1024 * 1024)

static enum rc
compile(struct schema_compile *c, const struct json *document)
{
	const struct schema_place top = { NULL, SLICE_NONE, 0 };
	enum rc rc;

	rc = schema_compile_node(c, document, NULL, &top, &c->s->root);
	if (rc == RC_OK)
		rc = schema_resolve_all(c);
	if (rc == RC_OK)
		rc = schema_refuse_cycles(c);
	return rc;
}

enum rc
schema_compile(
    const struct json *document, struct schema **out, struct buf *why)
{
	struct schema_compile c = { .why = why };
	enum rc rc;

	*out = NULL;
	c.s = calloc(1, sizeof(*c.s));
	if (c.s == NULL)
		return RC_NOMEM;
	c.s->mem = ARENA_INIT(MEMORY_MAX);
	c.s->unknown_tail = &c.s->unknown;
	c.scratch = ARENA_INIT(MEMORY_MAX);
	c.pending_tail = &c.pending;
	rc = compile(&c, document);
	arena_release(&c.scratch);
	if (rc == RC_SYNTAX && why != NULL && buf_finish(why) != RC_OK)
		rc = RC_NOMEM;
	if (rc != RC_OK) {
		schema_free(c.s);
		return rc;
	}
	*out = c.s;
	return RC_OK;
}

void
schema_put_unknown(const struct schema *s, struct buf *out)
{
	const struct schema_unknown *u;

	for (u = s->unknown; u != NULL; u = u->next) {
		buf_put_slice(out, u->place);
		buf_put(out, ": the keyword ", 14);
		json_put_string(out, u->name);
		buf_put(out, " is not known\n", 14);
	}
}

enum rc
schema_check(const struct schema *s, struct arena *a, const struct json *value,
    bool *valid, struct buf *why)
{
	const struct schema_spot top = { .value = value };
	struct schema_run run = {
		.schema = s, .arena = a, .steps = SCHEMA_STEPS_MAX
	};
	bool ok;

	*valid = false;
	if (why != NULL && buf_finish(why) != RC_OK)
		return RC_NOMEM;
	ok = schema_ok(&run, s->root, &top);
	/* The sentence costs a second look, but only those who fail. */
	if (!ok && run.rc == RC_OK && why != NULL) {
		run.steps = SCHEMA_STEPS_MAX;
		run.why = why;
		ok = schema_ok(&run, s->root, &top);
		if (run.rc == RC_OK)
			run.rc = buf_finish(why);
	}
	schema_matcher_free(run.matcher);
	*valid = ok && run.rc == RC_OK;
	return run.rc;
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	schema_patterns_free(s);
	arena_release(&s->mem);
	free(s);
}
