#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog_bench.h"
#include "tool_bench.h"

static void
tools_are_sorted_by_name_whatever_the_files_are_called(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "1.json", "zebra", "z");
	catalog_bench_put_tool(&w, "2.json", "Ant", "A");
	catalog_bench_put_tool(&w, "3.json", "ant", "a");
	catalog_bench_put_tool(&w, ".hidden.json", "hidden", "h");
	catalog_bench_put_tool(&w, "notes.txt", "notes", "n");
	catalog_bench_put_tool(&w, "old.json~", "old", "o");
	catalog_bench_put_tool(&w, ".json", "dot", "d");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "Ant=A ant=a zebra=z");
	assert_int_equal(catalog_bench_said(&w, "catalog"), 0);
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_tool_of_the_catalog_runs(void **state)
{
	struct tool_bench b;
	struct catalog_bench w;
	struct catalog *c;
	struct toolbox *box;
	const struct tool *tool;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "hello");
	c = catalog_bench_open(&w);
	box = catalog_toolbox(c);
	tool = tool_find(box->ops->view(box, OFFER_TOOL), SLICE("a"));
	assert_non_null(tool);
	tool_bench_init(&b);
	b.call.tool = tool;
	assert_int_equal(tool->call(tool, &b.call), TOOL_DONE);
	assert_string_equal(tool_bench_text(&b), "hello\n");
	tool_bench_release(&b);
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
of_two_definitions_the_file_that_sorts_first_wins(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "b.json", "same", "from b");
	catalog_bench_put_tool(&w, "c.json", "same", "from c");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "same=from b");
	assert_int_equal(catalog_bench_said(&w, "c.json"), 1);
	catalog_bench_put_tool(&w, "a.json", "same", "from a");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "same=from a");
	assert_int_equal(catalog_bench_said(&w, "b.json"), 1);
	assert_int_equal(catalog_bench_said(&w, "c.json"), 1);
	catalog_bench_drop(w.folder, "a.json");
	catalog_bench_drop(w.folder, "b.json");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "same=from c");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
modules_come_first(void **state)
{
	struct buf why = BUF_INIT(1000);
	struct module *module = NULL;
	struct catalog_bench w;
	struct catalog *c;
	char path[1024];
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/flags.so",
	    build == NULL ? "build/dev" : build);
	assert_int_equal(module_load(path, &module, &why), RC_OK);
	catalog_bench_init(&w);
	w.modules[0] = module;
	w.options.modules = w.modules;
	w.options.n_modules = 1;
	catalog_bench_put_tool(&w, "a.json", "a", "shadowed");
	catalog_bench_put_tool(&w, "aa.json", "aa", "between");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "a= aa=between b= c=");
	assert_int_equal(catalog_bench_said(&w, "a.json"), 1);
	catalog_free(c);
	w.options.folder = NULL;
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "a= b= c=");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a= b= c=");
	catalog_free(c);
	catalog_bench_release(&w);
	module_free(module);
	buf_release(&why);
}

static void
a_folder_that_is_not_there_is_refused_at_the_start(void **state)
{
	struct buf why = BUF_INIT(1000);
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	w.options.folder = "/nonexistent";
	assert_int_equal(catalog_open(&w.options, &c, &why), RC_IO);
	assert_string_equal(
	    why.ptr, "/nonexistent/tools: the folder of tools cannot be read");
	assert_null(c);
	buf_release(&why);
	catalog_bench_release(&w);
}

static void
what_is_no_file_is_passed_over(void **state)
{
	struct catalog_bench w;
	struct catalog *c;
	char path[160];

	(void)state;
	catalog_bench_init(&w);
	(void)snprintf(path, sizeof(path), "%s/tools/dir.json", w.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/tools/fifo.json", w.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/tools/link.json", w.folder);
	assert_int_equal(symlink("nowhere", path), 0);
	catalog_bench_put_tool(&w, "a.json", "a", "1");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "a=1");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_state_that_cannot_be_written_is_no_hindrance(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	w.options.state = "/proc/nowhere";
	catalog_bench_put_tool(&w, "a.json", "a", "1");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "a=1");
	assert_int_equal(catalog_bench_said(&w, "cannot keep a copy"), 1);
	catalog_free(c);
	catalog_bench_release(&w);
}

/* ------------------------------------------------------------------- check */

static void
checking_names_file_line_and_kind(void **state)
{
	struct buf out = BUF_INIT(10000), want = BUF_INIT(10000);
	struct catalog_bench w;
	size_t errors;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "good");
	catalog_bench_put_tool(&w, "b.json", "a", "twin");
	catalog_bench_put(w.folder, "c.json", "{\n\"name\":1}");
	catalog_bench_put(w.folder, "d.json",
	    "{\"name\":\"d\",\"inputSchema\":{\"type\":\"object\"},\n"
	    "\"run\":{\n\"command\":[\"./d.sh\"],\n\"cwd\":\"none\"}}");
	catalog_bench_put(w.folder, "e.json",
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
	catalog_bench_release(&w);
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
		cmocka_unit_test(
		    of_two_definitions_the_file_that_sorts_first_wins),
		cmocka_unit_test(modules_come_first),
		cmocka_unit_test(
		    a_folder_that_is_not_there_is_refused_at_the_start),
		cmocka_unit_test(what_is_no_file_is_passed_over),
		cmocka_unit_test(
		    a_state_that_cannot_be_written_is_no_hindrance),
		cmocka_unit_test(checking_names_file_line_and_kind),
		cmocka_unit_test(checking_a_folder_that_is_not_there_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
