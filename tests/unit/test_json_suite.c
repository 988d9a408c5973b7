/*
 * The public corpus of JSON texts (JSONTestSuite): what is named n_ must be
 * refused, y_ accepted, i_ survived.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

#define SKIPPED 77

/* Texts that RFC 8259 allows and we refuse by choice (json.h). */
static const char *const refused_by_choice[] = {
	"y_object_duplicated_key.json",
	"y_object_duplicated_key_and_value.json",
	"y_object_escaped_null_in_key.json",
	"y_string_null_escape.json",
};

struct tally {
	int files;
	int wrong;
	int by_choice;
};

static bool
is_refused_by_choice(const char *name)
{
	const size_t n =
	    sizeof(refused_by_choice) / sizeof(refused_by_choice[0]);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(refused_by_choice[i], name) == 0)
			return true;
	}
	return false;
}

/* Read a whole file into the arena, to its last byte and not further, so
 * that a sanitizer sees whoever reads behind it. */
static struct slice
load(struct arena *a, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct slice text = SLICE_NONE;
	char *room;
	FILE *f;
	long n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return text;
	if (fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0 &&
	    (room = arena_bytes(a, (size_t)n)) != NULL &&
	    fread(room, 1, (size_t)n, f) == (size_t)n)
		text = (struct slice){ room, (size_t)n };
	(void)fclose(f);
	return text;
}

static enum rc
read_exact(struct arena *a, struct slice text, struct json_error *error)
{
	char *copy = malloc(text.len > 0 ? text.len : 1);
	const struct json *root;
	enum rc rc;

	if (copy == NULL)
		return RC_NOMEM;
	memcpy(copy, text.ptr, text.len);
	rc = json_read(a, (struct slice){ copy, text.len },
	    &json_limits_default, &root, error);
	free(copy);
	return rc;
}

static void
check(const char *folder, const char *name, struct tally *tally)
{
	struct arena a = ARENA_INIT((size_t)64 << 20);
	struct json_error error = { 0, "" };
	struct slice text = load(&a, folder, name);
	enum rc rc = text.ptr == NULL ? RC_IO : read_exact(&a, text, &error);
	bool by_choice = is_refused_by_choice(name);
	bool wrong = rc != RC_OK && rc != RC_SYNTAX;

	tally->files++;
	tally->by_choice += by_choice;
	if (name[0] == 'n' || by_choice)
		wrong = rc != RC_SYNTAX;
	else if (name[0] == 'y')
		wrong = rc != RC_OK;
	if (wrong)
		tally->wrong++;
	if (wrong || name[0] == 'i')
		(void)printf("%s%s: %s %s\n", wrong ? "WRONG " : "", name,
		    rc_name(rc), error.why);
	arena_release(&a);
}

int
main(void)
{
	const char *suite = getenv("MCP_JSON_SUITE"); /* NOLINT: one thread */
	struct tally tally = { 0, 0, 0 };
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (suite == NULL || suite[0] == '\0') {
		(void)puts("SKIPPED: MCP_JSON_SUITE names no corpus");
		return SKIPPED;
	}
	(void)snprintf(folder, sizeof(folder), "%s/test_parsing", suite);
	dir = opendir(folder);
	if (dir == NULL) {
		perror(folder);
		return EXIT_FAILURE;
	}
	while ((entry = readdir(dir)) != NULL) { /* NOLINT: one thread */
		if (strchr("niy", entry->d_name[0]) != NULL &&
		    entry->d_name[1] == '_')
			check(folder, entry->d_name, &tally);
	}
	(void)closedir(dir);
	(void)printf("%d files, %d wrong\n", tally.files, tally.wrong);
	return tally.wrong == 0 && tally.files > 300 && tally.by_choice == 4
	    ? EXIT_SUCCESS
	    : EXIT_FAILURE;
}
