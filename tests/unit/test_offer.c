/* Lists and calls of a catalog that is large, or changes under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "definition.h"
#include "running_bench.h"
#include "running_words.h"

/* ------------------------------------------------- a catalog that changes */

#define NOTE "note://by-another-name"

/* Its one resource is another one at each look, and the one before is gone. */
struct moving {
	struct toolbox box; /* first */
	struct definition definition;
	struct tool *tool;
	const struct tool *list[1];
	struct tool_set set;
};

static enum tool_done
call(const struct tool *tool, struct tool_call *c)
{
	(void)tool;
	return running_bench_done(c);
}

static void
forget(struct moving *m)
{
	if (m->tool == NULL)
		return;
	memset((char *)(uintptr_t)m->tool->name.ptr, 'X', m->tool->name.len);
	free((char *)(uintptr_t)m->tool->name.ptr);
	free(m->tool);
	m->tool = NULL;
}

static const struct tool_set *
view(struct toolbox *box, enum offer kind)
{
	struct moving *m = (struct moving *)(void *)box;
	char *name = strdup(NOTE);

	forget(m);
	m->tool = calloc(1, sizeof(*m->tool));
	assert_non_null(name);
	assert_non_null(m->tool);
	*m->tool = m->definition.tool;
	m->tool->name = slice_of(name);
	m->tool->call = call;
	m->list[0] = m->tool;
	m->set = (struct tool_set){ m->list, 1 };
	return kind == OFFER_RESOURCE ? &m->set : &tool_set_none;
}

static void
a_catalog_that_changes_within_a_batch_leaves_the_log_whole(void **state)
{
	static const struct toolbox_ops ops = { .view = view };
	struct running_bench *b = *state;
	struct moving m = { .box = { &ops } };
	struct buf why = BUF_INIT(1024);

	assert_int_equal(definition_read_as(OFFER_RESOURCE,
			     SLICE("{\"uri\":\"" NOTE "\",\"name\":\"n\"}"),
			     &m.definition, &why),
	    RC_OK);
	b->here.toolbox = &m.box;
	running_bench_open(b, "2025-03-26", "{}");
	buf_reset(&b->said);
	assert_int_equal(
	    running_bench_send(b,
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\","
		"\"params\":{\"uri\":\"" NOTE "\"}},"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
		"\"resources/list\"}]"),
	    RC_OK);
	log_flush(&b->log);
	assert_non_null(strstr(b->said.ptr, " tool=" NOTE));
	forget(&m);
	definition_release(&m.definition);
	buf_release(&why);
}

/* -------------------------------------------------- a catalog that is large */

#define LARGE 5

struct large {
	struct toolbox box; /* first */
	struct definition definition[LARGE];
	const struct tool *list[LARGE];
	struct tool_set set;
};

static const struct tool_set *
view_large(struct toolbox *box, enum offer kind)
{
	const struct large *l = (const struct large *)(const void *)box;

	return kind == OFFER_PROMPT ? &l->set : &tool_set_none;
}

/* Each has that much to say of itself. */
static void
make_large(struct large *l, const size_t sizes[LARGE])
{
	static const struct toolbox_ops ops = { .view = view_large };
	struct buf text = BUF_INIT(DEFINITION_MAX);
	struct buf why = BUF_INIT(1024);

	*l = (struct large){ .box = { &ops } };
	for (size_t i = 0; i < LARGE; i++) {
		char *room;

		buf_reset(&text);
		buf_printf(&text, "{\"name\":\"p%zu\",\"description\":\"", i);
		room = buf_extend(&text, sizes[i]);
		assert_non_null(room);
		memset(room, 'd', sizes[i]);
		buf_put_slice(&text, SLICE("\"}"));
		assert_int_equal(definition_read_as(OFFER_PROMPT,
				     buf_slice(&text), &l->definition[i], &why),
		    RC_OK);
		l->list[i] = &l->definition[i].tool;
	}
	l->set = (struct tool_set){ l->list, LARGE };
	buf_release(&text);
	buf_release(&why);
}

/* The names of all pages, with a bar before each page. */
static void
read_pages(struct running_bench *b, char *names, size_t size)
{
	struct arena a = ARENA_INIT((size_t)64 * 1024 * 1024);
	struct slice cursor = SLICE_NONE;
	size_t n = 0;

	do {
		char body[1024];
		const struct json *root, *result;

		(void)snprintf(body, sizeof(body),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/list\","
		    "\"params\":{%s%.*s%s}}",
		    cursor.len > 0 ? "\"cursor\":\"" : "", SLICE_FMT(cursor),
		    cursor.len > 0 ? "\"" : "");
		assert_int_equal(running_bench_send(b, body), RC_OK);
		assert_int_equal(b->sink.status, 200);
		assert_int_equal(json_read(&a, buf_slice(&b->sink.body),
				     &json_limits_default, &root, NULL),
		    RC_OK);
		result = json_get(root, "result");
		assert_non_null(result);
		n += (size_t)snprintf(names + n, size - n, "|");
		for (const struct json *p = json_get(result, "prompts")->child;
		     p != NULL; p = p->next)
			n += (size_t)snprintf(names + n, size - n, "%.*s",
			    SLICE_FMT(json_text(json_get(p, "name"))));
		assert_int_equal(
		    arena_copy(
			&a, json_text(json_get(result, "nextCursor")), &cursor),
		    RC_OK);
	} while (cursor.len > 0);
	arena_release(&a);
}

static void
a_page_ends_where_it_would_be_too_long(void **state)
{
	static const struct {
		size_t body;
		size_t size[LARGE];
		const char *pages;
	} rows[] = {
		{ (size_t)16 << 20, { 1, 1, 1, 1, 1 }, "|p0p1p2p3p4" },
		{ (size_t)16 << 20,
		    { 1000000, 1000000, 500000, 400000, 300000 },
		    "|p0|p1|p2p3|p4" },
		{ 64 << 10, { 40000, 10000, 10000, 60000, 10 },
		    "|p0|p1p2|p3|p4" },
	};
	struct running_bench *b = *state;
	char names[256];

	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct large l;

		make_large(&l, rows[i].size);
		b->here.toolbox = &l.box;
		b->here.body.max = rows[i].body;
		read_pages(b, names, sizeof(names));
		assert_string_equal(names, rows[i].pages);
		for (size_t k = 0; k < LARGE; k++)
			definition_release(&l.definition[k]);
	}
}

/* ------------------------------------------------------------ its errors */

struct refusing {
	const char *revision;
	int code;
	const char *want;
};

static const struct refusing *refusing;

static enum tool_done
refuse(struct running_bench *b, struct tool_call *c)
{
	(void)b;
	return tool_refuse(c, refusing->code, SLICE("no"), SLICE_NONE) == RC_OK
	    ? TOOL_FAILED
	    : TOOL_DONE;
}

static void
what_a_tool_refuses_with_is_said_as_the_revision_has_it(void **state)
{
	static const struct refusing rows[] = {
		{ "2025-11-25", -32002, "\"code\":-32002," },
		{ "2026-07-28", -32002, "\"code\":-32602," },
		{ "2025-11-25", -32042, "\"code\":-32042," },
		{ "2026-07-28", -32042, "\"code\":-32603," },
		{ "2026-07-28", 7, "\"code\":7," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const bool is_modern = rows[i].revision[3] == '6';
		struct running_bench *b = running_bench_new();

		refusing = &rows[i];
		b->tool = refuse;
		if (is_modern)
			running_bench_stateless(b);
		else
			running_bench_open(b, rows[i].revision, "{}");
		assert_int_equal(running_bench_call(
				     b, "inline", is_modern ? MODERN "}" : ""),
		    RC_OK);
		assert_int_equal(b->sink.status, 200);
		assert_non_null(strstr(b->sink.body.ptr, rows[i].want));
		running_bench_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(
		    a_catalog_that_changes_within_a_batch_leaves_the_log_whole),
		RUNNING_TEST(a_page_ends_where_it_would_be_too_long),
		cmocka_unit_test(
		    what_a_tool_refuses_with_is_said_as_the_revision_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
