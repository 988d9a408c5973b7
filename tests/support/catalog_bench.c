#include "catalog_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void
keep_lines(void *ctx, struct slice lines)
{
	struct catalog_bench *w = ctx;

	buf_put_slice(&w->said, lines);
}

void
catalog_bench_init(struct catalog_bench *w)
{
	char tools[128];

	*w = (struct catalog_bench){ .said = BUF_INIT(100000) };
	scratch_folder_init(&w->root);
	(void)snprintf(
	    w->folder, sizeof(w->folder), "%s/catalog", w->root.path);
	(void)snprintf(w->state, sizeof(w->state), "%s/state", w->root.path);
	(void)snprintf(tools, sizeof(tools), "%s/tools", w->folder);
	assert_int_equal(mkdir(w->folder, 0700), 0);
	assert_int_equal(mkdir(tools, 0700), 0);
	/* Long after whatever the files of this test are dated. */
	fake_clock_init(&w->clock, INT64_C(4000000000000));
	w->host = (struct program_host){ .clock = &clock_system };
	w->names = BUF_INIT(1000000);
	w->log = LOG_INIT(keep_lines, w, LOG_DEBUG);
	w->options = (struct catalog_options){
		.folder = w->folder,
		.state = w->state,
		.check_ms = CATALOG_BENCH_CHECK_MS,
		.host = &w->host,
		.clock = &w->clock.clock,
		.log = &w->log,
	};
}

void
catalog_bench_release(struct catalog_bench *w)
{
	scratch_folder_release(&w->root);
	log_release(&w->log);
	buf_release(&w->said);
	buf_release(&w->names);
}

static void
put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void
catalog_bench_write(struct catalog_bench *w, const char *path, const char *text)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "%s/%s", w->folder, path);
	for (char *at = whole + strlen(w->folder) + 1;
	     (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		(void)mkdir(whole, 0700);
		*at = '/';
	}
	put_file(whole, text);
}

void
catalog_bench_remove(struct catalog_bench *w, const char *path)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "%s/%s", w->folder, path);
	assert_int_equal(remove(whole), 0);
}

const char *
catalog_bench_names(struct catalog_bench *w, struct catalog *c, enum offer kind)
{
	struct toolbox *box = catalog_toolbox(c);
	const struct tool_set *set = box->ops->view(box, kind);

	buf_reset(&w->names);
	for (size_t i = 0; i < set->n; i++) {
		assert_int_equal(set->tool[i]->kind, kind);
		assert_ptr_equal(
		    tool_find(set, set->tool[i]->name), set->tool[i]);
		if (i > 0)
			buf_put_char(&w->names, ' ');
		buf_put_slice(&w->names, set->tool[i]->name);
	}
	return w->names.len == 0 ? "" : w->names.ptr;
}

const struct tool *
catalog_bench_find(struct catalog *c, enum offer kind, const char *name)
{
	struct toolbox *box = catalog_toolbox(c);

	return tool_find(box->ops->view(box, kind), slice_of(name));
}

void
catalog_bench_put(const char *folder, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	put_file(path, text);
}

bool
catalog_bench_has(const char *folder, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	return access(path, F_OK) == 0;
}

void
catalog_bench_drop(const char *folder, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

void
catalog_bench_put_tool(struct catalog_bench *w, const char *file,
    const char *name, const char *about)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%s\",\"description\":\"%s\",\n"
	    "\"inputSchema\":{\"type\":\"object\"},\n"
	    "\"run\":{\"command\":[\"echo\",\"%s\"]}}\n",
	    name, about, about);
	catalog_bench_put(w->folder, file, text);
}

struct catalog *
catalog_bench_open(struct catalog_bench *w)
{
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;

	if (catalog_open(&w->options, &c, &why) != RC_OK)
		fail_msg("%s", why.ptr == NULL ? "no memory" : why.ptr);
	buf_release(&why);
	return c;
}

void
catalog_bench_expect(struct catalog *c, const char *want)
{
	struct toolbox *box = catalog_toolbox(c);
	const struct tool_set *set = box->ops->view(box, OFFER_TOOL);
	struct buf got = BUF_INIT(10000);

	for (size_t i = 0; i < set->n; i++) {
		const struct json *d = set->tool[i]->definition;

		assert_ptr_equal(
		    tool_find(set, set->tool[i]->name), set->tool[i]);
		assert_null(json_get(d, "run"));
		buf_printf(&got, "%s%.*s=%.*s", i == 0 ? "" : " ",
		    SLICE_FMT(set->tool[i]->name),
		    SLICE_FMT(json_text(json_get(d, "description"))));
	}
	assert_string_equal(got.ptr == NULL ? "" : got.ptr, want);
	buf_release(&got);
}

size_t
catalog_bench_said(struct catalog_bench *w, const char *what)
{
	const char *at;
	size_t n = 0;

	log_flush(&w->log);
	if (w->said.ptr == NULL)
		return 0;
	for (at = w->said.ptr; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

void
catalog_bench_pass(struct catalog_bench *w)
{
	fake_clock_advance(&w->clock, CATALOG_BENCH_CHECK_MS);
}
