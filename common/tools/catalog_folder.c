#include "catalog_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_part.h"
#include "content.h"
#include "folder_scan.h"
#include "media_type.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define PATTERNS_MAX 64

struct file {
	struct tool tool;
	const struct catalog_folder *folder;
	const char *path; /* within the folder */
};

/* What one look saw. */
struct look {
	struct arena arena; /* owns all that follows */
	struct folder_scan scan;
	struct file *files;
	struct look *before;
};

struct catalog_folder {
	const struct catalog_tool *tool; /* whose folder it is */
	const char *path;
	const char *const *patterns;
	size_t n_patterns;
	struct look *look; /* NULL: not yet */
};

/* ------------------------------------------------------------------ a file */

static enum tool_done
call_file(const struct tool *tool, struct tool_call *call)
{
	const struct file *file = tool->ctx;
	const struct catalog_folder *f = file->folder;
	struct buf bytes = BUF_INIT(program_output_max(f->tool->host));
	int folder = content_folder(f->path);
	enum rc rc = errno == ENOENT ? RC_NOTFOUND : RC_IO;

	if (folder >= 0) {
		rc = content_read(folder, file->path, &bytes);
		(void)close(folder);
	}
	rc = catalog_put_contents(call, rc, &bytes, slice_of(file->path),
	    json_text(json_get(tool->definition, "mimeType")));
	buf_release(&bytes);
	return program_done(call, rc);
}

/* What need not be escaped anywhere in a URI (RFC 3986 2.3), and '/'. */
static bool
is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~/", c) != NULL);
}

static void
put_uri(struct buf *out, struct slice start, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";

	buf_put_slice(out, start);
	for (; *path != '\0'; path++) {
		const unsigned char c = (unsigned char)*path;

		if (is_plain(*path)) {
			buf_put_char(out, *path);
			continue;
		}
		buf_put_char(out, '%');
		buf_put_char(out, digits[c >> 4]);
		buf_put_char(out, digits[c & 15]);
	}
}

static void
put_definition(
    struct buf *out, const struct catalog_folder *f, const char *path)
{
	const struct tool *tool = &f->tool->definition.tool;
	const struct json *annotations =
	    json_get(tool->definition, "annotations");
	struct slice mime = media_type_of(slice_of(path));
	struct buf uri = BUF_INIT(16384);

	put_uri(&uri, tool->name, path);
	buf_put_slice(out, SLICE("{\"uri\":"));
	json_put_string(out, buf_slice(&uri));
	json_put_key(out, "name");
	json_put_string(out, slice_of(path));
	if (mime.ptr == NULL)
		mime = json_text(json_get(tool->definition, "mimeType"));
	if (mime.ptr != NULL) {
		json_put_key(out, "mimeType");
		json_put_string(out, mime);
	}
	if (annotations != NULL) {
		json_put_key(out, "annotations");
		json_put_compact(out, annotations);
	}
	buf_put_char(out, '}');
	if (uri.failed)
		out->failed = true;
	buf_release(&uri);
}

static enum rc
make_file(struct catalog_folder *f, struct look *look, size_t i)
{
	struct buf definition = BUF_INIT(2 * DEFINITION_MAX);
	struct file *file = &look->files[i];
	struct slice kept;
	enum rc rc;

	put_definition(&definition, f, look->scan.path[i]);
	rc = buf_finish(&definition);
	if (rc == RC_OK)
		rc = arena_copy(&look->arena, buf_slice(&definition), &kept);
	buf_release(&definition);
	/* The tool has the folder's schema, cache and needs: a copy of it. */
	file->tool = f->tool->definition.tool;
	if (rc == RC_OK)
		rc = json_read(&look->arena, kept, &json_limits_default,
		    &file->tool.definition, NULL);
	if (rc != RC_OK)
		return rc == RC_SYNTAX ? RC_BUG : rc;
	file->path = look->scan.path[i];
	file->folder = f;
	file->tool.name = json_text(json_get(file->tool.definition, "uri"));
	file->tool.call = call_file;
	file->tool.ctx = file;
	return RC_OK;
}

/* -------------------------------------------------------------------- look */

static void
look_free(struct look *look)
{
	if (look == NULL)
		return;
	arena_release(&look->arena);
	free(look);
}

static bool
is_same(const struct look *a, const struct look *b)
{
	if (a == NULL || a->scan.n != b->scan.n ||
	    a->scan.is_cut != b->scan.is_cut)
		return false;
	for (size_t i = 0; i < a->scan.n; i++)
		if (strcmp(a->scan.path[i], b->scan.path[i]) != 0)
			return false;
	return true;
}

static enum rc
make_files(struct catalog_folder *f, struct look *look)
{
	enum rc rc = RC_OK;

	look->files = arena_alloc(
	    &look->arena, (look->scan.n + 1) * sizeof(*look->files));
	if (look->files == NULL)
		return RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < look->scan.n; i++)
		rc = make_file(f, look, i);
	return rc;
}

enum rc
catalog_folder_look(struct catalog_folder *f, bool *is_changed)
{
	struct look *look = calloc(1, sizeof(*look));
	enum rc rc;

	*is_changed = false;
	if (look == NULL)
		return RC_NOMEM;
	look->arena = ARENA_INIT(ARENA_MAX);
	rc = folder_scan(
	    f->path, f->patterns, f->n_patterns, &look->arena, &look->scan);
	if (rc == RC_OK && !is_same(f->look, look)) {
		rc = make_files(f, look);
		*is_changed = rc == RC_OK;
	}
	if (!*is_changed) {
		look_free(look);
		return rc;
	}
	look->before = f->look;
	f->look = look;
	return RC_OK;
}

bool
catalog_folder_is_cut(const struct catalog_folder *f)
{
	return f->look != NULL && f->look->scan.is_cut;
}

const struct tool *
catalog_folder_tool(const struct catalog_folder *f, size_t i)
{
	if (f->look == NULL || i >= f->look->scan.n)
		return NULL;
	return &f->look->files[i].tool;
}

void
catalog_folder_settle(struct catalog_folder *f)
{
	while (f->look != NULL && f->look->before != NULL) {
		struct look *before = f->look->before;

		f->look->before = before->before;
		look_free(before);
	}
}

void
catalog_folder_marks(const struct catalog_folder *f,
    void (*visit)(void *ctx, struct slice uri, const struct file_mark *),
    void *ctx)
{
	const int folder = content_folder(f->path);
	struct file_mark mark;

	if (folder < 0)
		return;
	for (size_t i = 0; f->look != NULL && i < f->look->scan.n; i++) {
		const struct file *file = &f->look->files[i];

		if (content_mark(folder, file->path, &mark) == RC_OK)
			visit(ctx, file->tool.name, &mark);
	}
	(void)close(folder);
}

void
catalog_folder_free(struct catalog_folder *f)
{
	if (f == NULL)
		return;
	catalog_folder_settle(f);
	look_free(f->look);
	free(f);
}

/* -------------------------------------------------------------------- read */

static void
read_patterns(struct catalog_reader *r, struct catalog_folder *f,
    const struct json *include)
{
	const char **list;
	size_t n = 0;

	if (include->type != JSON_ARRAY || include->count > PATTERNS_MAX) {
		finding_put(&r->findings, include,
		    "include must be an array of at most %d patterns",
		    PATTERNS_MAX);
		return;
	}
	list = arena_alloc(
	    &r->tool->definition.arena, (include->count + 1) * sizeof(*list));
	for (const struct json *e = include->child; list != NULL && e != NULL;
	     e = e->next) {
		if (json_text(e).len == 0)
			finding_put(&r->findings, e,
			    "a pattern must be a string such as \"*.md\"");
		list[n] =
		    arena_string(&r->tool->definition.arena, json_text(e));
		if (list[n++] == NULL)
			r->rc = RC_NOMEM;
	}
	if (list == NULL)
		r->rc = RC_NOMEM;
	f->patterns = list;
	f->n_patterns = n;
}

void
catalog_read_folder(struct catalog_reader *r, const struct json *value)
{
	const struct definition *d = &r->tool->definition;
	const struct json *include = json_get(d->source, "include");
	struct catalog_folder *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		r->rc = RC_NOMEM;
		return;
	}
	r->tool->folder = f;
	f->tool = r->tool;
	f->path = catalog_read_path(r, value);
	if (!slice_ends(d->tool.name, SLICE("/")))
		finding_put(&r->findings, json_get(d->source, "uri"),
		    "uri of a folder must end in /");
	if (include != NULL)
		read_patterns(r, f, include);
}

void
catalog_hint_folder(const struct catalog_tool *t, struct findings *f)
{
	const struct json *at = json_get(t->definition.source, "folder");
	const int fd = content_folder(t->folder->path);

	if (fd < 0) {
		finding_put(
		    f, at, "the folder does not exist or may not be read");
	} else {
		(void)close(fd);
	}
}
