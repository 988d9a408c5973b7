#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "catalog_copy.h"
#include "catalog_folder.h"
#include "catalog_shelf.h"

/* A file written this recently may be written again without looking
 * different: clocks of file systems tick slowly. */
#define FRESH_MS 2000

#define WHY_MAX ((size_t)16 * 1024)

/* FNV-1a. */
uint64_t
shelf_digest(struct slice s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
	return h;
}

static enum rc
read_tool(const struct shelf *s, struct slice text, struct catalog_tool **out,
    struct buf *why)
{
	const struct catalog_place place = {
		.kind = s->first,
		.folder = s->folder,
		.root = s->root,
		.host = s->options->host,
	};

	return catalog_tool_read(&place, text, out, why);
}

static void
serve(struct shelf *s, struct catalog_entry *e, struct catalog_tool *tool,
    struct slice text)
{
	shelf_bury(s, e->tool);
	e->tool = tool;
	e->served = shelf_digest(text);
}

/* The last good version of a file that is broken. */
static void
take_copy(struct shelf *s, struct catalog_entry *e)
{
	struct buf text = BUF_INIT(DEFINITION_MAX);
	struct buf why = BUF_INIT(WHY_MAX);
	struct catalog_tool *tool = NULL;

	if (copy_read(s->state, e->name, &text) &&
	    (e->tool == NULL || shelf_digest(buf_slice(&text)) != e->served) &&
	    read_tool(s, buf_slice(&text), &tool, &why) == RC_OK)
		serve(s, e, tool, buf_slice(&text));
	buf_release(&why);
	buf_release(&text);
}

static void
report_findings(const struct shelf *s, const char *name, struct slice found)
{
	while (found.len > 0) {
		struct slice line = slice_cut(found, '\n', &found);

		if (line.len > 0)
			shelf_report(s, name, line);
	}
}

/* There was no memory to read it: look again next time. */
static void
forget(struct catalog_entry *e)
{
	e->mark = (struct file_mark){ 0 };
	e->read = 0;
}

static void
serve_text(struct shelf *s, struct catalog_entry *e, struct slice text)
{
	struct buf why = BUF_INIT(WHY_MAX);
	struct catalog_tool *tool = NULL;
	enum rc rc = read_tool(s, text, &tool, &why);

	if (rc == RC_OK) {
		serve(s, e, tool, text);
		e->is_shadowed = false;
		e->is_cut = false;
		e->is_unreadable = false;
		if (!copy_write(s->state, e->name, text))
			shelf_report(s, e->name, SLICE("cannot keep a copy"));
	} else if (rc == RC_SYNTAX) {
		report_findings(s, e->name, buf_slice(&why));
		take_copy(s, e);
	} else {
		forget(e);
	}
	buf_release(&why);
}

/* 1 stands for "cannot be read", which is said once. */
static bool
miss(struct shelf *s, struct catalog_entry *e, const char *why)
{
	if (e->read == 1)
		return false;
	e->read = 1;
	shelf_report(s, e->name, slice_of(why));
	take_copy(s, e);
	return true;
}

/* The name is there, but no file is behind it. */
static bool
miss_mark(struct shelf *s, int folder, struct catalog_entry *e)
{
	struct stat st;

	/* Gone since the folder was read: the next look sees that. */
	if (fstatat(folder, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return false;
	e->mark = (struct file_mark){ 0 };
	return miss(s, e, "is no file that can be read");
}

bool
shelf_examine(struct shelf *s, int folder, struct catalog_entry *e)
{
	const int64_t now = clock_wall_ms(s->options->clock);
	struct buf text = BUF_INIT(DEFINITION_MAX);
	struct file_mark mark;
	bool is_new = false;
	enum rc rc = files_mark(folder, e->name, &mark);

	if (rc != RC_OK)
		return miss_mark(s, folder, e);
	if (file_mark_eq(&mark, &e->mark) && !e->is_fresh)
		return false;
	e->mark = mark;
	e->is_fresh = mark.mtime_ms > now - FRESH_MS;
	rc = files_read(folder, e->name, &text);
	if (rc == RC_OK) {
		uint64_t read = shelf_digest(buf_slice(&text));

		is_new = e->read != read;
		e->read = read;
		if (is_new)
			serve_text(s, e, buf_slice(&text));
	} else if (rc == RC_NOMEM) {
		forget(e);
	} else if (rc != RC_NOTFOUND) {
		is_new = miss(s, e,
		    rc == RC_FULL ? "is longer than 1 MiB" : "cannot be read");
	}
	buf_release(&text);
	return is_new;
}

bool
shelf_examine_folder(struct shelf *s, struct catalog_entry *e)
{
	bool is_changed = false;
	bool was_cut = e->is_cut;
	enum rc rc;

	if (e->tool == NULL || e->tool->folder == NULL)
		return false;
	rc = catalog_folder_look(e->tool->folder, &is_changed);
	if (rc == RC_IO && !e->is_unreadable)
		shelf_report(s, e->name,
		    SLICE("the folder that it names cannot be read"));
	e->is_unreadable = rc == RC_IO;
	e->is_cut = catalog_folder_is_cut(e->tool->folder);
	if (e->is_cut && !was_cut) {
		shelf_report(s, e->name,
		    SLICE("the folder that it names has too many files; some "
			  "are left out"));
	}
	return is_changed;
}
