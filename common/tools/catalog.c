#include "catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog_copy.h"
#include "catalog_files.h"
#include "catalog_tool.h"

/* A file written this recently may be written again without looking
 * different: clocks of file systems tick slowly. */
#define FRESH_MS 2000

struct entry {
	char *name;
	struct file_mark mark;
	bool is_fresh;
	bool is_shadowed;          /* and it was said */
	uint64_t read;             /* digest of what the file held */
	uint64_t served;           /* digest of what `tool` was made from */
	struct catalog_tool *tool; /* NULL: there is no good version */
};

struct catalog {
	struct toolbox base;
	struct catalog_options options;
	char *folder;          /* absolute; NULL: none */
	char *state;           /* likewise */
	struct entry *entries; /* sorted by name */
	size_t n;
	const struct tool **list;
	struct tool_set set;
	int64_t checked_mono;
	bool is_unreadable; /* and it was said */
};

/* Not for security: only to see that two texts differ (FNV-1a). */
static uint64_t
digest(struct slice s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void
report(const struct catalog *c, const char *file, struct slice why)
{
	struct buf line = BUF_INIT(LOG_PENDING_MAX);

	if (c->options.log == NULL)
		return;
	buf_put_slice(&line, SLICE("catalog file="));
	log_put_value(&line, slice_of(file));
	buf_put_slice(&line, SLICE(" why="));
	log_put_value(&line, why);
	if (buf_finish(&line) == RC_OK)
		log_line(c->options.log, LOG_WARNING, buf_slice(&line));
	buf_release(&line);
}

static int
open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---------------------------------------------------------------- one file */

/* The last good version of a file that is broken. */
static void
take_copy(const struct catalog *c, struct entry *e)
{
	struct buf text = BUF_INIT(DEFINITION_MAX);
	struct buf why = BUF_INIT((size_t)16 * 1024);
	struct catalog_tool *tool = NULL;

	if (copy_read(c->state, e->name, &text) &&
	    (e->tool == NULL || digest(buf_slice(&text)) != e->served) &&
	    catalog_tool_read(buf_slice(&text), c->folder, c->options.host,
		&tool, &why) == RC_OK) {
		catalog_tool_free(e->tool);
		e->tool = tool;
		e->served = digest(buf_slice(&text));
	}
	buf_release(&why);
	buf_release(&text);
}

static void
report_findings(const struct catalog *c, const char *name, struct slice found)
{
	while (found.len > 0) {
		struct slice line = slice_cut(found, '\n', &found);

		if (line.len > 0)
			report(c, name, line);
	}
}

/* There was no memory to read it: look again next time. */
static void
forget(struct entry *e)
{
	e->mark = (struct file_mark){ 0 };
	e->read = 0;
}

static void
serve_text(struct catalog *c, struct entry *e, struct slice text)
{
	struct buf why = BUF_INIT((size_t)16 * 1024);
	struct catalog_tool *tool = NULL;
	enum rc rc =
	    catalog_tool_read(text, c->folder, c->options.host, &tool, &why);

	if (rc == RC_OK) {
		catalog_tool_free(e->tool);
		e->tool = tool;
		e->served = digest(text);
		e->is_shadowed = false;
		if (!copy_write(c->state, e->name, text))
			report(c, e->name, SLICE("cannot keep a copy"));
	} else if (rc == RC_SYNTAX) {
		report_findings(c, e->name, buf_slice(&why));
		take_copy(c, e);
	} else {
		forget(e);
	}
	buf_release(&why);
}

/* Take up what changed; true if the file was read anew. */
static bool
examine(struct catalog *c, int folder, struct entry *e)
{
	const int64_t now = clock_wall_ms(c->options.clock);
	struct buf text = BUF_INIT(DEFINITION_MAX);
	struct file_mark mark;
	bool is_new = false;
	enum rc rc = files_mark(folder, e->name, &mark);

	if (rc != RC_OK || (file_mark_eq(&mark, &e->mark) && !e->is_fresh))
		return false;
	e->mark = mark;
	e->is_fresh = mark.mtime_ms > now - FRESH_MS;
	rc = files_read(folder, e->name, &text);
	if (rc == RC_OK) {
		uint64_t read = digest(buf_slice(&text));

		is_new = e->read != read;
		e->read = read;
		if (is_new)
			serve_text(c, e, buf_slice(&text));
	} else if (rc == RC_NOMEM) {
		forget(e);
	} else if (rc != RC_NOTFOUND && e->read != 1) {
		/* 1 stands for "cannot be read", which is said once. */
		e->read = 1;
		is_new = true;
		report(c, e->name,
		    rc == RC_FULL ? SLICE("is longer than 1 MiB")
				  : SLICE("cannot be read"));
		take_copy(c, e);
	}
	buf_release(&text);
	return is_new;
}

static void
entry_free(struct entry *e)
{
	catalog_tool_free(e->tool);
	free(e->name);
}

/* -------------------------------------------------------------- all of them */

/* Put a tool where its name belongs; false if the name is taken. */
static bool
insert(struct catalog *c, const struct tool *tool)
{
	size_t at = c->set.n;

	while (at > 0) {
		int order = slice_cmp(tool->name, c->list[at - 1]->name);

		if (order == 0)
			return false;
		if (order > 0)
			break;
		at--;
	}
	memmove(&c->list[at + 1], &c->list[at],
	    (c->set.n - at) * sizeof(struct tool *));
	c->list[at] = tool;
	c->set.n++;
	return true;
}

static size_t
module_tools_count(const struct catalog_options *o)
{
	size_t total = 0;

	for (size_t i = 0; i < o->n_modules; i++) {
		size_t n;

		(void)module_tools(o->modules[i], &n);
		total += n;
	}
	return total;
}

static void
insert_modules(struct catalog *c)
{
	const struct catalog_options *o = &c->options;

	for (size_t i = 0; i < o->n_modules; i++) {
		size_t n;
		const struct tool *const *tools =
		    module_tools(o->modules[i], &n);

		for (size_t k = 0; k < n; k++) {
			if (!insert(c, tools[k])) {
				report(c, module_file(o->modules[i]),
				    SLICE("a tool of this name exists in an "
					  "earlier module"));
			}
		}
	}
}

/* The room was made before. */
static void
rebuild(struct catalog *c, const struct tool **room)
{
	free(c->list);
	c->list = room;
	c->set = (struct tool_set){ .tool = room };
	insert_modules(c);
	for (size_t i = 0; i < c->n; i++) {
		struct entry *e = &c->entries[i];
		bool was_shadowed = e->is_shadowed;

		e->is_shadowed =
		    e->tool != NULL && !insert(c, &e->tool->definition.tool);
		if (e->is_shadowed && !was_shadowed) {
			report(c, e->name,
			    SLICE("its name is taken by a module or by a file "
				  "that sorts before it"));
		}
	}
}

/* Old entries whose names are still there move to `fresh`, sorted like the
 * names; the others go.  True if there was any difference. */
static bool
merge(struct catalog *c, struct file_names *names, struct entry *fresh)
{
	bool is_changed = false;
	size_t i = 0;

	for (size_t k = 0; k < names->n || i < c->n;) {
		int order = 0;

		if (k == names->n)
			order = -1;
		else if (i == c->n)
			order = 1;
		else
			order = strcmp(c->entries[i].name, names->name[k]);
		is_changed = is_changed || order != 0;
		if (order < 0) {
			copy_remove(c->state, c->entries[i].name);
			entry_free(&c->entries[i++]);
		} else if (order > 0) {
			fresh[k].name = names->name[k];
			names->name[k++] = NULL;
		} else {
			fresh[k++] = c->entries[i++];
		}
	}
	free(c->entries);
	c->entries = fresh;
	c->n = names->n;
	return is_changed;
}

/*
 * Look at the folder.  All memory that is needed to go through with it is
 * taken first, so that a failure leaves everything as it was.
 */
static enum rc
refresh(struct catalog *c, int folder)
{
	const size_t n_modules = module_tools_count(&c->options);
	struct file_names names = { 0 };
	const struct tool **room;
	struct entry *fresh;
	bool is_changed;
	enum rc rc = folder < 0 ? RC_OK : files_list(folder, &names);

	if (rc != RC_OK)
		return rc;
	room = calloc(n_modules + names.n + 1, sizeof(struct tool *));
	fresh = calloc(names.n + 1, sizeof(*fresh));
	if (room == NULL || fresh == NULL) {
		free(room);
		free(fresh);
		file_names_release(&names);
		return RC_NOMEM;
	}
	is_changed = merge(c, &names, fresh);
	for (size_t i = 0; i < c->n; i++)
		if (examine(c, folder, &c->entries[i]))
			is_changed = true;
	file_names_release(&names);
	if (is_changed || c->list == NULL)
		rebuild(c, room);
	else
		free(room);
	return RC_OK;
}

static void
look_again(struct catalog *c)
{
	int folder = c->folder == NULL ? -1 : open_folder(c->folder);
	enum rc rc = RC_IO;

	if (c->folder != NULL && folder >= 0)
		rc = refresh(c, folder);
	if (folder >= 0)
		(void)close(folder);
	/* The list stays as it is; a folder out of reach is not an empty one. */
	if (rc != RC_OK && c->folder != NULL && !c->is_unreadable)
		report(c, c->folder, slice_of(rc_name(rc)));
	c->is_unreadable = rc != RC_OK;
}

static const struct tool_set *
view(struct toolbox *box, enum offer kind)
{
	struct catalog *c = (struct catalog *)box;
	const int64_t now = clock_mono_ms(c->options.clock);

	if (kind != OFFER_TOOL)
		return &tool_set_none;
	if (c->folder == NULL || now - c->checked_mono < c->options.check_ms)
		return &c->set;
	c->checked_mono = now;
	look_again(c);
	return &c->set;
}

static const struct toolbox_ops catalog_ops = { .view = view };

/* ------------------------------------------------------------ open, close */

static enum rc
open_first(struct catalog *c, struct buf *why)
{
	int fd;
	enum rc rc;

	if (c->folder == NULL)
		return refresh(c, -1);
	fd = open_folder(c->folder);
	rc = fd < 0 ? RC_IO : refresh(c, fd);
	if (rc == RC_IO)
		buf_printf(
		    why, "%s: the folder of tools cannot be read", c->folder);
	if (rc == RC_FULL)
		buf_printf(why, "%s: more than %d definitions in one folder",
		    c->folder, FILES_MAX);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static bool
is_entry(void *ctx, const char *name)
{
	const struct catalog *c = ctx;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->entries[i].name, name) == 0)
			return true;
	return false;
}

/* The folders of the definitions and of their copies. */
static enum rc
name_folders(struct catalog *c)
{
	const char *state = c->options.state;

	if (c->options.folder == NULL)
		return RC_OK;
	c->folder = catalog_tools_folder(c->options.folder);
	if (c->folder == NULL)
		return RC_NOMEM;
	if (state == NULL)
		return RC_OK;
	c->state = catalog_tools_folder(state);
	if (c->state == NULL)
		return RC_NOMEM;
	(void)mkdir(state, 0700);
	if (mkdir(c->state, 0700) != 0 && errno != EEXIST)
		report(c, c->state, SLICE("cannot be made"));
	return RC_OK;
}

enum rc
catalog_open(const struct catalog_options *options, struct catalog **out,
    struct buf *why)
{
	struct catalog *c = calloc(1, sizeof(*c));
	enum rc rc;

	*out = NULL;
	if (c == NULL)
		return RC_NOMEM;
	c->base.ops = &catalog_ops;
	c->options = *options;
	c->checked_mono = clock_mono_ms(options->clock);
	rc = name_folders(c);
	if (rc == RC_OK)
		rc = open_first(c, why);
	if (rc != RC_OK) {
		catalog_free(c);
		return rc;
	}
	/* Files that were removed while nobody looked. */
	copy_sweep(c->state, is_entry, c);
	*out = c;
	return RC_OK;
}

struct toolbox *
catalog_toolbox(struct catalog *c)
{
	return &c->base;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		entry_free(&c->entries[i]);
	free(c->entries);
	free(c->list);
	free(c->folder);
	free(c->state);
	free(c);
}
