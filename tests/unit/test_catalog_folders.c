#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog_bench.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
link_to(struct catalog_bench *w, const char *target, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	assert_int_equal(symlink(target, path), 0);
}

static void
files_of_a_folder_are_resources(void **state)
{
	const struct tool *tool;
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(&w, "resources/docs.json",
	    "{\"uri\":\"docs://d/\",\"folder\":\"docs\",\"include\":[\"*.md\","
	    "\"*.txt\"],\"annotations\":{\"priority\":1},"
	    "\"cache\":{\"ttlMs\":5,\"scope\":\"public\"}}");
	catalog_bench_write(&w, "docs/b.md", "b");
	catalog_bench_write(&w, "docs/sub/a b\xc3\xa9?.md", "a");
	catalog_bench_write(&w, "docs/.hidden.md", "h");
	catalog_bench_write(&w, "docs/.git/c.md", "h");
	catalog_bench_write(&w, "docs/other.png", "o");
	catalog_bench_write(&w, "docs/not\xff.md", "n");
	catalog_bench_write(&w, "outside.md", "secret");
	link_to(&w, "b.md", "docs/inside.md");
	link_to(&w, "../outside.md", "docs/outside.md");
	link_to(&w, "/etc/passwd", "docs/passwd.txt");
	link_to(&w, "sub", "docs/linked");
	c = catalog_bench_open(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE),
	    "docs://d/b.md docs://d/inside.md "
	    "docs://d/sub/a%20b%C3%A9%3F.md");
	tool = catalog_bench_find(
	    c, OFFER_RESOURCE, "docs://d/sub/a%20b%C3%A9%3F.md");
	assert_int_equal(tool->cache.ttl_ms, 5);
	assert_true(tool->cache.is_public);
	assert_true(slice_eq(tool->definition->raw,
	    SLICE("{\"uri\":\"docs://d/sub/a%20b%C3%A9%3F.md\",\"name\":"
		  "\"sub/a b\xc3\xa9?.md\",\"mimeType\":\"text/markdown\","
		  "\"annotations\":{\"priority\":1}}")));
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
read_uri(struct catalog *c, const char *uri, struct buf *out)
{
	const struct tool *tool = catalog_bench_find(c, OFFER_RESOURCE, uri);
	struct tool_bench b;

	assert_non_null(tool);
	tool_bench_init(&b);
	b.call.tool = tool;
	b.call.makes = MAKES_CONTENTS;
	b.call.uri = slice_of(uri);
	(void)tool->call(tool, &b.call);
	buf_reset(out);
	tool_bench_put_result(out, &b.call.result);
	tool_bench_release(&b);
}

static void
a_file_that_becomes_a_way_out_is_not_read(void **state)
{
	struct buf got = BUF_INIT(10000);
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	catalog_bench_write(&w, "docs/sub/a.md", "good");
	catalog_bench_write(&w, "away/a.md", "secret");
	c = catalog_bench_open(&w);
	read_uri(c, "d:/sub/a.md", &got);
	assert_string_equal(got.ptr,
	    "{\"uri\":\"d:/sub/a.md\",\"mimeType\":\"text/markdown\","
	    "\"text\":\"good\"}");
	catalog_bench_remove(&w, "docs/sub/a.md");
	read_uri(c, "d:/sub/a.md", &got);
	assert_string_equal(got.ptr, "missing");
	link_to(&w, "../../away/a.md", "docs/sub/a.md");
	read_uri(c, "d:/sub/a.md", &got);
	assert_string_equal(got.ptr, "missing");
	catalog_bench_remove(&w, "docs/sub/a.md");
	catalog_bench_remove(&w, "docs/sub");
	link_to(&w, "../away", "docs/sub");
	read_uri(c, "d:/sub/a.md", &got);
	assert_string_equal(got.ptr, "missing");
	catalog_bench_remove(&w, "docs/sub");
	catalog_bench_remove(&w, "docs");
	read_uri(c, "d:/sub/a.md", &got);
	assert_string_equal(got.ptr, "missing");
	catalog_free(c);
	buf_release(&got);
	catalog_bench_release(&w);
}

static void
files_come_and_go_with_the_next_look(void **state)
{
	struct catalog_bench w;
	struct toolbox *box;
	struct catalog *c;
	uint64_t version;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	c = catalog_bench_open(&w);
	box = catalog_toolbox(c);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE), "");
	assert_int_equal(catalog_bench_said(&w, "cannot be read"), 1);
	catalog_bench_write(&w, "docs/a", "");
	catalog_bench_write(&w, "docs/b", "");
	catalog_bench_pass(&w);
	version = box->ops->version(box);
	assert_true(version != 0);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/a d:/b");
	catalog_bench_pass(&w);
	assert_true(box->ops->version(box) == version);
	catalog_bench_remove(&w, "docs/a");
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/a d:/b");
	catalog_bench_pass(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/b");
	assert_true(box->ops->version(box) != version);
	assert_int_equal(catalog_bench_said(&w, "cannot be read"), 1);
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_folder_that_cannot_be_entered_now_is_not_empty(void **state)
{
	struct rlimit before, few;
	struct catalog_bench w;
	struct catalog *c;
	int next;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	catalog_bench_write(&w, "docs/sub/a", "");
	c = catalog_bench_open(&w);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/sub/a");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	next = dup(STDIN_FILENO);
	assert_true(next >= 0);
	assert_int_equal(close(next), 0);
	/* Enough for the definitions and the folder, but not below it. */
	few = before;
	few.rlim_cur = (rlim_t)next + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	catalog_bench_pass(&w);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/sub/a");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(
	    catalog_bench_said(&w, "that it names cannot be read"), 1);
	catalog_bench_pass(&w);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/sub/a");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
depth_and_number_of_files_are_bounded(void **state)
{
	struct catalog_bench w;
	struct catalog *c;
	char name[64];
	size_t n = 0;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	catalog_bench_write(&w, "docs/1/2/3/4/5/6/7/in", "");
	catalog_bench_write(&w, "docs/1/2/3/4/5/6/7/8/out", "");
	c = catalog_bench_open(&w);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/1/2/3/4/5/6/7/in");
	for (int i = 0; i < 1001; i++) {
		(void)snprintf(name, sizeof(name), "docs/file%d", i);
		catalog_bench_write(&w, name, "");
	}
	catalog_bench_pass(&w);
	for (const char *at = catalog_bench_names(&w, c, OFFER_RESOURCE);
	     (at = strstr(at, "d:/")) != NULL; at++)
		n++;
	assert_int_equal(n, 1000);
	catalog_bench_pass(&w);
	(void)catalog_bench_names(&w, c, OFFER_RESOURCE);
	assert_int_equal(catalog_bench_said(&w, "has too many files"), 1);
	catalog_free(c);
	catalog_bench_release(&w);
}

/* ----------------------------------------------------------------- changes */

static void
remember(void *ctx, struct slice uri)
{
	struct buf *told = ctx;

	buf_put_slice(told, uri);
	buf_put_char(told, ' ');
}

static void
expect_changes(struct catalog *c, const char *want)
{
	struct toolbox *box = catalog_toolbox(c);
	struct buf told = BUF_INIT(10000);

	box->ops->watch(box, remember, &told);
	assert_string_equal(told.len == 0 ? "" : told.ptr, want);
	buf_release(&told);
}

static void
files_that_change_are_told_once(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	catalog_bench_write(&w, "resources/file.json",
	    "{\"uri\":\"f:\",\"name\":\"f\",\"file\":\"single\"}");
	catalog_bench_write(&w, "resources/text.json",
	    "{\"uri\":\"t:\",\"name\":\"t\",\"text\":\"1\"}");
	catalog_bench_write(&w, "docs/a", "1");
	catalog_bench_write(&w, "docs/b", "1");
	c = catalog_bench_open(&w);
	expect_changes(c, "");
	expect_changes(c, "");
	catalog_bench_write(&w, "docs/b", "22");
	catalog_bench_write(&w, "single", "appears");
	expect_changes(c, "d:/b f: ");
	expect_changes(c, "");
	catalog_bench_write(&w, "docs/new", "no change");
	catalog_bench_remove(&w, "docs/a");
	catalog_bench_write(&w, "resources/text.json",
	    "{\"uri\":\"t:\",\"name\":\"t\",\"text\":\"2\"}");
	catalog_bench_pass(&w);
	expect_changes(c, "t: ");
	catalog_bench_write(&w, "docs/new", "now it is");
	expect_changes(c, "d:/new ");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_file_in_the_shadow_does_not_hide_its_folder(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(&w, "resources/a.json",
	    "{\"uri\":\"d:/a\",\"name\":\"a\",\"file\":\"single\"}");
	catalog_bench_write(
	    &w, "resources/docs.json", "{\"uri\":\"d:/\",\"folder\":\"docs\"}");
	catalog_bench_write(&w, "single", "1");
	catalog_bench_write(&w, "docs/a", "1");
	catalog_bench_write(&w, "docs/b", "1");
	c = catalog_bench_open(&w);
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_RESOURCE), "d:/a d:/b");
	assert_int_equal(catalog_bench_said(&w, "is taken"), 1);
	expect_changes(c, "");
	catalog_bench_write(&w, "docs/b", "22");
	expect_changes(c, "d:/b ");
	catalog_bench_write(&w, "docs/a", "22");
	expect_changes(c, "");
	catalog_bench_write(&w, "single", "22");
	expect_changes(c, "d:/a ");
	catalog_free(c);
	catalog_bench_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_a_folder_are_resources),
		cmocka_unit_test(a_file_that_becomes_a_way_out_is_not_read),
		cmocka_unit_test(files_come_and_go_with_the_next_look),
		cmocka_unit_test(
		    a_folder_that_cannot_be_entered_now_is_not_empty),
		cmocka_unit_test(depth_and_number_of_files_are_bounded),
		cmocka_unit_test(files_that_change_are_told_once),
		cmocka_unit_test(a_file_in_the_shadow_does_not_hide_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
