#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "config_key.h"

/* A configuration is small; what is larger is another kind of file. */
#define KEYS_MAX 128
#define LINES_MAX 10000

/* One reading of a file, seen from the callbacks of the ini parser. */
struct reading {
	struct config *config;
	const char *name; /* of the file, for findings */
	FILE *file;
	struct buf *why;
	int line;
	bool is_indented;              /* the line begins with a blank */
	const struct config_key *last; /* what a further line goes on with */
	bool seen[KEYS_MAX];
	int findings;
	enum rc rc;
};

static void
find(struct reading *r, const char *sentence)
{
	buf_printf(r->why, "%s:%d: %s\n", r->name, r->line, sentence);
	r->findings++;
}

/* Read to the end of a line that did not fit. */
static void
skip_line(FILE *f)
{
	int c;

	do
		c = getc(f);
	while (c != EOF && c != '\n');
}

/*
 * One line for the parser, as fgets() would.  It would take a line that does
 * not fit for two, and a NUL for its end; hence both are looked for here, and
 * it gets an empty line instead.
 */
static char *
next_line(char *line, int size, void *stream)
{
	struct reading *r = stream;
	int c = EOF;
	int n = 0;
	bool has_nul = false;

	if (r->rc != RC_OK || r->line >= LINES_MAX)
		return NULL;
	while (n + 1 < size && (c = getc(r->file)) != EOF) {
		has_nul = has_nul || c == '\0';
		line[n++] = (char)c;
		if (c == '\n')
			break;
	}
	if (n == 0)
		return NULL;
	line[n] = '\0';
	r->line++;
	r->is_indented = line[0] == ' ' || line[0] == '\t';
	if (line[0] == '[')
		r->last = NULL;
	if (c != '\n' && c != EOF) {
		skip_line(r->file);
		find(r,
		    "the line is too long; go on in one that begins with "
		    "a blank");
		has_nul = true;
	} else if (has_nul) {
		find(r, "the line holds a NUL");
	}
	if (has_nul)
		(void)snprintf(line, (size_t)size, "%s", "\n");
	return line;
}

static void
take_value(struct reading *r, const struct config_key *key, const char *value,
    bool more)
{
	size_t before = r->why->len;
	enum rc rc;

	buf_printf(
	    r->why, "%s:%d: %s.%s ", r->name, r->line, key->section, key->name);
	rc = config_value_set(r->config, key, slice_of(value), more, r->why);
	if (rc == RC_SYNTAX) {
		buf_put_char(r->why, '\n');
		r->findings++;
		return;
	}
	buf_truncate(r->why, before);
	r->rc = rc;
}

static int
take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	const struct config_key *key =
	    config_find(slice_of(section), slice_of(name));
	bool more = r->is_indented && r->last != NULL && r->last == key;
	size_t n;
	size_t i;

	r->last = key;
	if (r->rc != RC_OK)
		return 1;
	if (key == NULL) {
		buf_printf(r->why, "%s:%d: %s.%s is no key\n", r->name, r->line,
		    section, name);
		r->findings++;
		return 1;
	}
	i = (size_t)(key - config_keys(&n));
	if (r->seen[i] && !more && !config_is_list(key)) {
		find(r, "the key was given before");
		return 1;
	}
	r->seen[i] = true;
	take_value(r, key, value, more);
	return 1;
}

/* Relative paths of the file begin where it lies: kept as an absolute path,
 * because not everybody who gets one can do with another. */
static enum rc
take_folder(struct config *c, const char *file, struct buf *why)
{
	const char *slash = strrchr(file, '/');
	struct slice folder = slice_of(file);
	struct buf path = BUF_INIT((size_t)4 * PATH_MAX);
	char here[PATH_MAX] = "";
	char *s = NULL;

	if (file[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
		buf_printf(why, "%s: where is it?\n", file);
		return RC_IO;
	}
	folder.len = slash == NULL ? 0 : (size_t)(slash - file);
	buf_printf(&path, "%s%s%.*s", here,
	    file[0] != '/' && folder.len > 0 ? "/" : "", SLICE_FMT(folder));
	if (path.len == 0)
		buf_put_char(&path, '/');
	if (buf_finish(&path) == RC_OK)
		s = arena_string(&c->arena, buf_slice(&path));
	buf_release(&path);
	if (s == NULL)
		return RC_NOMEM;
	c->folder = s;
	return RC_OK;
}

static enum rc
finish(struct reading *r, int parsed)
{
	if (r->rc != RC_OK)
		return r->rc;
	if (ferror(r->file) != 0) {
		buf_printf(r->why, "%s: %s\n", r->name, "cannot be read");
		return RC_IO;
	}
	if (r->line >= LINES_MAX) {
		find(r, "the file is too long");
		return RC_SYNTAX;
	}
	if (parsed > 0) {
		r->line = parsed;
		find(r, "neither [section] nor name = value");
	}
	if (parsed < 0)
		return RC_NOMEM;
	return r->findings > 0 ? RC_SYNTAX : RC_OK;
}

enum rc
config_read(struct config *c, const char *file, struct buf *why)
{
	struct reading r = { .config = c, .name = file, .why = why };
	char reason[128] = "";
	int parsed;

	r.rc = take_folder(c, file, why);
	if (r.rc != RC_OK)
		return r.rc;
	r.file = fopen(file, "re");
	if (r.file == NULL) {
		(void)strerror_r(errno, reason, sizeof(reason));
		buf_printf(why, "%s: %s\n", file, reason);
		return RC_IO;
	}
	parsed = ini_parse_stream(next_line, &r, take_line, &r);
	r.rc = finish(&r, parsed);
	(void)fclose(r.file);
	return r.rc;
}
