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

#include "catalog.h"
#include "fake_clock.h"
#include "tool_bench.h"

#define CHECK_MS 1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A catalog in a folder of its own. */
struct world {
	char root[64];
	char folder[96];
	char state[96];
	struct fake_clock clock;
	struct program_host host;
	struct log log;
	struct buf said; /* log lines */
	const struct module *modules[1];
	struct catalog_options options;
};

static void
keep_lines(void *ctx, struct slice lines)
{
	struct world *w = ctx;

	buf_put_slice(&w->said, lines);
}

static void
world_init(struct world *w)
{
	char tools[128];

	*w = (struct world){ .root = "/tmp/mcp-catalog-XXXXXX" };
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
		.check_ms = CHECK_MS,
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

static void
world_release(struct world *w)
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

static void
put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool
is_there(const char *folder, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void
drop(const char *folder, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

/* A definition of this name and description. */
static void
put_tool(struct world *w, const char *file, const char *name, const char *about)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%s\",\"description\":\"%s\",\n"
	    "\"inputSchema\":{\"type\":\"object\"},\n"
	    "\"run\":{\"command\":[\"echo\",\"%s\"]}}\n",
	    name, about, about);
	put(w->folder, file, text);
}

static struct catalog *
open_it(struct world *w)
{
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;

	if (catalog_open(&w->options, &c, &why) != RC_OK)
		fail_msg("%s", why.ptr == NULL ? "no memory" : why.ptr);
	buf_release(&why);
	return c;
}

/* "name=description ..." of all tools now. */
static void
assert_tools(struct catalog *c, const char *want)
{
	struct toolbox *box = catalog_toolbox(c);
	const struct tool_set *set = box->ops->view(box);
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

/* How often the log said this. */
static size_t
times_said(struct world *w, const char *what)
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

static void
pass(struct world *w)
{
	fake_clock_advance(&w->clock, CHECK_MS);
}

static void
tools_are_sorted_by_name_whatever_the_files_are_called(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	put_tool(&w, "1.json", "zebra", "z");
	put_tool(&w, "2.json", "Ant", "A");
	put_tool(&w, "3.json", "ant", "a");
	put_tool(&w, ".hidden.json", "hidden", "h");
	put_tool(&w, "notes.txt", "notes", "n");
	put_tool(&w, "old.json~", "old", "o");
	put_tool(&w, ".json", "dot", "d");
	c = open_it(&w);
	assert_tools(c, "Ant=A ant=a zebra=z");
	assert_int_equal(times_said(&w, "catalog"), 0);
	catalog_free(c);
	world_release(&w);
}

static void
a_tool_of_the_catalog_runs(void **state)
{
	struct tool_bench b;
	struct world w;
	struct catalog *c;
	struct toolbox *box;
	const struct tool *tool;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "hello");
	c = open_it(&w);
	box = catalog_toolbox(c);
	tool = tool_find(box->ops->view(box), SLICE("a"));
	assert_non_null(tool);
	tool_bench_init(&b);
	b.call.tool = tool;
	assert_int_equal(tool->call(tool, &b.call), TOOL_DONE);
	assert_string_equal(tool_bench_text(&b), "hello\n");
	tool_bench_release(&b);
	catalog_free(c);
	world_release(&w);
}

static void
edits_are_taken_up_once_per_check(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "one");
	c = open_it(&w);
	assert_tools(c, "a=one");
	put_tool(&w, "a.json", "a", "second");
	put_tool(&w, "b.json", "b", "new");
	fake_clock_advance(&w.clock, CHECK_MS - 1);
	assert_tools(c, "a=one");
	fake_clock_advance(&w.clock, 1);
	assert_tools(c, "a=second b=new");
	drop(w.folder, "a.json");
	assert_tools(c, "a=second b=new");
	pass(&w);
	assert_tools(c, "b=new");
	catalog_free(c);
	world_release(&w);
}

static void
an_edit_within_one_tick_of_the_file_system_is_seen(void **state)
{
	const struct timespec then[2] = { { 3999999999, 5 },
		{ 3999999999, 5 } };
	struct world w;
	struct catalog *c;
	char path[160];

	(void)state;
	world_init(&w);
	(void)snprintf(path, sizeof(path), "%s/tools/a.json", w.folder);
	/* Same size, same time, same file: only its content differs. */
	put_tool(&w, "a.json", "a", "one");
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	c = open_it(&w);
	put_tool(&w, "a.json", "a", "two");
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	pass(&w);
	assert_tools(c, "a=two");
	catalog_free(c);
	world_release(&w);
}

static void
nothing_changes_while_nothing_is_edited(void **state)
{
	struct world w;
	struct catalog *c;
	struct toolbox *box;
	const struct tool *const *before;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "one");
	c = open_it(&w);
	box = catalog_toolbox(c);
	before = box->ops->view(box)->tool;
	for (int i = 0; i < 5; i++) {
		pass(&w);
		assert_ptr_equal(box->ops->view(box)->tool, before);
	}
	catalog_free(c);
	world_release(&w);
}

static void
a_broken_edit_is_reported_once_and_the_last_good_version_serves(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	w.options.state = NULL;
	put_tool(&w, "a.json", "a", "good");
	c = open_it(&w);
	put(w.folder, "a.json", "{\n\"name\":}");
	for (int i = 0; i < 3; i++) {
		pass(&w);
		assert_tools(c, "a=good");
	}
	assert_int_equal(times_said(&w, "a.json"), 1);
	assert_int_equal(times_said(&w, "2: "), 1);
	put(w.folder, "a.json", "{}");
	pass(&w);
	assert_tools(c, "a=good");
	/* Name and schema are missing. */
	assert_int_equal(times_said(&w, "a.json"), 3);
	put_tool(&w, "a.json", "a", "better");
	pass(&w);
	assert_tools(c, "a=better");
	catalog_free(c);
	world_release(&w);
}

static void
a_process_that_starts_with_a_broken_file_takes_the_copy(void **state)
{
	struct world w;
	struct catalog *first, *second;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "good");
	first = open_it(&w);
	assert_true(is_there(w.state, "a.json"));
	put(w.folder, "a.json", "broken");
	put(w.folder, "b.json", "broken from the first day");
	second = open_it(&w);
	pass(&w);
	assert_tools(first, "a=good");
	assert_tools(second, "a=good");
	assert_false(is_there(w.state, "b.json"));
	catalog_free(second);
	catalog_free(first);
	world_release(&w);
}

static void
a_process_that_missed_a_good_edit_takes_it_from_the_copy(void **state)
{
	struct world w;
	struct catalog *quick, *slow;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "old");
	quick = open_it(&w);
	slow = open_it(&w);
	pass(&w);
	put_tool(&w, "a.json", "a", "edited");
	assert_tools(quick, "a=edited");
	put(w.folder, "a.json", "broken");
	assert_tools(slow, "a=edited");
	pass(&w);
	assert_tools(quick, "a=edited");
	catalog_free(slow);
	catalog_free(quick);
	world_release(&w);
}

static void
removing_a_file_removes_the_tool_and_the_copy(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "1");
	put_tool(&w, "b.json", "b", "2");
	c = open_it(&w);
	drop(w.folder, "a.json");
	pass(&w);
	assert_tools(c, "b=2");
	assert_false(is_there(w.state, "a.json"));
	assert_true(is_there(w.state, "b.json"));
	catalog_free(c);
	/* Removed while no process ran. */
	drop(w.folder, "b.json");
	c = open_it(&w);
	assert_tools(c, "");
	assert_false(is_there(w.state, "b.json"));
	catalog_free(c);
	world_release(&w);
}

static void
of_two_definitions_the_file_that_sorts_first_wins(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	put_tool(&w, "b.json", "same", "from b");
	put_tool(&w, "c.json", "same", "from c");
	c = open_it(&w);
	assert_tools(c, "same=from b");
	assert_int_equal(times_said(&w, "c.json"), 1);
	put_tool(&w, "a.json", "same", "from a");
	pass(&w);
	assert_tools(c, "same=from a");
	assert_int_equal(times_said(&w, "b.json"), 1);
	assert_int_equal(times_said(&w, "c.json"), 1);
	drop(w.folder, "a.json");
	drop(w.folder, "b.json");
	pass(&w);
	assert_tools(c, "same=from c");
	catalog_free(c);
	world_release(&w);
}

static void
modules_come_first(void **state)
{
	struct buf why = BUF_INIT(1000);
	struct module *module = NULL;
	struct world w;
	struct catalog *c;
	char path[1024];
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/flags.so",
	    build == NULL ? "build/dev" : build);
	assert_int_equal(module_load(path, &module, &why), RC_OK);
	world_init(&w);
	w.modules[0] = module;
	w.options.modules = w.modules;
	w.options.n_modules = 1;
	put_tool(&w, "a.json", "a", "shadowed");
	put_tool(&w, "aa.json", "aa", "between");
	c = open_it(&w);
	assert_tools(c, "a= aa=between b=");
	assert_int_equal(times_said(&w, "a.json"), 1);
	catalog_free(c);
	w.options.folder = NULL;
	c = open_it(&w);
	assert_tools(c, "a= b=");
	pass(&w);
	assert_tools(c, "a= b=");
	catalog_free(c);
	world_release(&w);
	module_free(module);
	buf_release(&why);
}

static void
a_folder_that_is_not_there_is_refused_at_the_start(void **state)
{
	struct buf why = BUF_INIT(1000);
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	w.options.folder = "/nonexistent";
	assert_int_equal(catalog_open(&w.options, &c, &why), RC_IO);
	assert_string_equal(
	    why.ptr, "/nonexistent/tools: the folder of tools cannot be read");
	assert_null(c);
	buf_release(&why);
	world_release(&w);
}

static void
a_folder_that_goes_away_takes_no_tool_with_it(void **state)
{
	struct world w;
	struct catalog *c;
	char from[128], to[128];

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "1");
	c = open_it(&w);
	(void)snprintf(from, sizeof(from), "%s/tools", w.folder);
	(void)snprintf(to, sizeof(to), "%s/away", w.folder);
	assert_int_equal(rename(from, to), 0);
	for (int i = 0; i < 3; i++) {
		pass(&w);
		assert_tools(c, "a=1");
	}
	assert_int_equal(times_said(&w, "why="), 1);
	assert_true(is_there(w.state, "a.json"));
	assert_int_equal(rename(to, from), 0);
	put_tool(&w, "b.json", "b", "2");
	pass(&w);
	assert_tools(c, "a=1 b=2");
	catalog_free(c);
	world_release(&w);
}

static void
what_is_no_file_is_passed_over(void **state)
{
	struct world w;
	struct catalog *c;
	char path[160];

	(void)state;
	world_init(&w);
	(void)snprintf(path, sizeof(path), "%s/tools/dir.json", w.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/tools/fifo.json", w.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/tools/link.json", w.folder);
	assert_int_equal(symlink("nowhere", path), 0);
	put_tool(&w, "a.json", "a", "1");
	c = open_it(&w);
	assert_tools(c, "a=1");
	catalog_free(c);
	world_release(&w);
}

static void
a_state_that_cannot_be_written_is_no_hindrance(void **state)
{
	struct world w;
	struct catalog *c;

	(void)state;
	world_init(&w);
	w.options.state = "/proc/nowhere";
	put_tool(&w, "a.json", "a", "1");
	c = open_it(&w);
	assert_tools(c, "a=1");
	assert_int_equal(times_said(&w, "cannot keep a copy"), 1);
	catalog_free(c);
	world_release(&w);
}

/* ------------------------------------------------------------------- check */

static void
checking_names_file_line_and_kind(void **state)
{
	struct buf out = BUF_INIT(10000), want = BUF_INIT(10000);
	struct world w;
	size_t errors;

	(void)state;
	world_init(&w);
	put_tool(&w, "a.json", "a", "good");
	put_tool(&w, "b.json", "a", "twin");
	put(w.folder, "c.json", "{\n\"name\":1}");
	put(w.folder, "d.json",
	    "{\"name\":\"d\",\"inputSchema\":{\"type\":\"object\"},\n"
	    "\"run\":{\n\"command\":[\"./d.sh\"],\n\"cwd\":\"none\"}}");
	put(w.folder, "e.json",
	    "{\"name\":\"e\",\"description\":\"e\","
	    "\"inputSchema\":{\"type\":\"object\"}}");
	assert_int_equal(
	    catalog_check(w.folder, NULL, 0, &out, &errors), RC_OK);
	buf_printf(&want,
	    "%s/tools/b.json:1: error: the name a is taken by a.json\n"
	    "%s/tools/c.json:2: error: name must be 1 to 64 of A-Z a-z 0-9 _ "
	    "- .\n"
	    "%s/tools/c.json:1: error: inputSchema is missing\n"
	    "%s/tools/d.json:3: error: the program does not exist or may not "
	    "be executed\n"
	    "%s/tools/d.json:4: error: the working directory cannot be "
	    "entered\n"
	    "%s/tools/d.json:1: hint: without a description a model can only "
	    "guess what the tool is for\n"
	    "%s/tools/e.json:1: error: run is missing: it says which program "
	    "serves the tool\n",
	    w.folder, w.folder, w.folder, w.folder, w.folder, w.folder,
	    w.folder);
	assert_string_equal(out.ptr, want.ptr);
	assert_int_equal(errors, 6);
	buf_release(&want);
	buf_release(&out);
	world_release(&w);
}

static void
checking_a_folder_that_is_not_there_fails(void **state)
{
	struct buf out = BUF_INIT(1000);
	size_t errors;

	(void)state;
	assert_int_equal(
	    catalog_check("/nonexistent", NULL, 0, &out, &errors), RC_IO);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    tools_are_sorted_by_name_whatever_the_files_are_called),
		cmocka_unit_test(a_tool_of_the_catalog_runs),
		cmocka_unit_test(edits_are_taken_up_once_per_check),
		cmocka_unit_test(
		    an_edit_within_one_tick_of_the_file_system_is_seen),
		cmocka_unit_test(nothing_changes_while_nothing_is_edited),
		cmocka_unit_test(
		    a_broken_edit_is_reported_once_and_the_last_good_version_serves),
		cmocka_unit_test(
		    a_process_that_starts_with_a_broken_file_takes_the_copy),
		cmocka_unit_test(
		    a_process_that_missed_a_good_edit_takes_it_from_the_copy),
		cmocka_unit_test(removing_a_file_removes_the_tool_and_the_copy),
		cmocka_unit_test(
		    of_two_definitions_the_file_that_sorts_first_wins),
		cmocka_unit_test(modules_come_first),
		cmocka_unit_test(
		    a_folder_that_is_not_there_is_refused_at_the_start),
		cmocka_unit_test(a_folder_that_goes_away_takes_no_tool_with_it),
		cmocka_unit_test(what_is_no_file_is_passed_over),
		cmocka_unit_test(
		    a_state_that_cannot_be_written_is_no_hindrance),
		cmocka_unit_test(checking_names_file_line_and_kind),
		cmocka_unit_test(checking_a_folder_that_is_not_there_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
