#include "catalog_bench.h"

#include <dirent.h>
#include <fcntl.h>
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

	*w = (struct catalog_bench){ .root = "/tmp/mcp-catalog-XXXXXX" };
	assert_non_null(mkdtemp(w->root));
	(void)snprintf(w->folder, sizeof(w->folder), "%s/catalog", w->root);
	(void)snprintf(w->state, sizeof(w->state), "%s/state", w->root);
	(void)snprintf(tools, sizeof(tools), "%s/tools", w->folder);
	assert_int_equal(mkdir(w->folder, 0700), 0);
	assert_int_equal(mkdir(tools, 0700), 0);
	/* Long after whatever the files of this test are dated. */
	fake_clock_init(&w->clock, INT64_C(4000000000000));
	w->host = (struct program_host){ .clock = &clock_system };
	w->said = BUF_INIT(100000);
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

static void
empty_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a DIR of our own */
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(dir);
}

void
catalog_bench_release(struct catalog_bench *w)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/tools", w->folder);
	empty_folder(path);
	(void)snprintf(path, sizeof(path), "%s/tools", w->state);
	empty_folder(path);
	empty_folder(w->folder);
	empty_folder(w->state);
	empty_folder(w->root);
	assert_int_equal(rmdir(w->root), 0);
	log_release(&w->log);
	buf_release(&w->said);
}

void
catalog_bench_put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
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
