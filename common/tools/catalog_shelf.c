#include "catalog_shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog_copy.h"

void
shelf_report(const struct shelf *s, const char *file, struct slice why)
{
	struct buf line = BUF_INIT(LOG_PENDING_MAX);
	struct buf name = BUF_INIT(LOG_PENDING_MAX);

	if (s->options->log == NULL)
		return;
	/* Nobody need say of a definition that it is one of a tool. */
	if (s->first != OFFER_TOOL && file[0] != '/')
		buf_printf(&name, "%s/", s->name);
	buf_put_slice(&name, slice_of(file));
	buf_put_slice(&line, SLICE("catalog file="));
	log_put_value(&line, buf_slice(&name));
	buf_release(&name);
	buf_put_slice(&line, SLICE(" why="));
	log_put_value(&line, why);
	if (buf_finish(&line) == RC_OK)
		log_line(s->options->log, LOG_WARNING, buf_slice(&line));
	buf_release(&line);
}

void
shelf_bury(struct shelf *s, struct catalog_tool *tool)
{
	if (tool == NULL)
		return;
	tool->next = s->grave;
	s->grave = tool;
}

static void
entry_free(struct shelf *s, struct catalog_entry *e)
{
	shelf_bury(s, e->tool);
	free(e->name);
}

/* ------------------------------------------------------------- the folder */

/* -1 with RC_OK: there is none. */
static enum rc
open_folder(const struct shelf *s, int *fd)
{
	*fd = -1;
	return s->folder == NULL ? RC_OK : files_folder(s->root, s->name, fd);
}

/* Where the copies go, once there is something to copy. */
static void
make_state(struct shelf *s)
{
	if (s->state == NULL || s->has_state)
		return;
	s->has_state = true;
	(void)mkdir(s->options->state, 0700);
	if (mkdir(s->state, 0700) != 0 && errno != EEXIST)
		shelf_report(s, s->state, SLICE("cannot be made"));
}

/* Old entries whose names are still there move to `fresh`, sorted like the
 * names; the others go.  True if there was any difference. */
static bool
merge(struct shelf *s, struct file_names *names, struct catalog_entry *fresh)
{
	bool is_changed = false;
	size_t i = 0;

	for (size_t k = 0; k < names->n || i < s->n;) {
		int order = 0;

		if (k == names->n)
			order = -1;
		else if (i == s->n)
			order = 1;
		else
			order = strcmp(s->entries[i].name, names->name[k]);
		is_changed = is_changed || order != 0;
		if (order < 0) {
			copy_remove(s->state, s->entries[i].name);
			entry_free(s, &s->entries[i++]);
		} else if (order > 0) {
			fresh[k].name = names->name[k];
			names->name[k++] = NULL;
		} else {
			fresh[k++] = s->entries[i++];
		}
	}
	free(s->entries);
	s->entries = fresh;
	s->n = names->n;
	return is_changed;
}

/*
 * Look at the folder.  What is not served any more is kept until the lists
 * are made anew, so that a failure leaves them as they were.
 */
static enum rc
refresh(struct shelf *s, int folder)
{
	struct file_names names = { 0 };
	struct catalog_entry *fresh;
	enum rc rc = folder < 0 ? RC_OK : files_list(folder, &names);

	if (rc != RC_OK)
		return rc;
	if (folder >= 0)
		make_state(s);
	fresh = calloc(names.n + 1, sizeof(*fresh));
	if (fresh == NULL) {
		file_names_release(&names);
		return RC_NOMEM;
	}
	if (merge(s, &names, fresh))
		s->is_listed = false;
	file_names_release(&names);
	for (size_t i = 0; i < s->n; i++) {
		if (shelf_examine(s, folder, &s->entries[i]))
			s->is_listed = false;
		if (shelf_examine_folder(s, &s->entries[i]))
			s->is_listed = false;
	}
	return s->is_listed ? RC_OK : shelf_list(s);
}

void
shelf_look(struct shelf *s)
{
	int fd = -1;
	enum rc rc;

	if (s->folder == NULL)
		return;
	rc = open_folder(s, &fd);
	if (rc == RC_OK)
		rc = refresh(s, fd);
	if (fd >= 0)
		(void)close(fd);
	if (rc != RC_OK && !s->is_unreadable)
		shelf_report(s, s->folder, slice_of(rc_name(rc)));
	s->is_unreadable = rc != RC_OK;
}

/* ------------------------------------------------------------ open, close */

static bool
is_entry(void *ctx, const char *name)
{
	const struct shelf *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->entries[i].name, name) == 0)
			return true;
	return false;
}

/* The folders of the definitions and of their copies. */
static enum rc
name_folders(struct shelf *s)
{
	const struct catalog_options *o = s->options;

	if (o->folder == NULL)
		return RC_OK;
	s->root = catalog_path(o->folder, NULL);
	s->folder = catalog_path(o->folder, s->name);
	if (s->root == NULL || s->folder == NULL)
		return RC_NOMEM;
	if (o->state == NULL)
		return RC_OK;
	s->state = catalog_path(o->state, s->name);
	return s->state == NULL ? RC_NOMEM : RC_OK;
}

enum rc
shelf_open(struct shelf *s, struct buf *why)
{
	int fd = -1;
	enum rc rc = name_folders(s);

	if (rc == RC_OK)
		rc = open_folder(s, &fd);
	if (rc == RC_OK)
		rc = refresh(s, fd);
	if (rc == RC_IO)
		buf_printf(why, "%s: the folder of %s cannot be read",
		    s->folder, s->name);
	if (rc == RC_FULL)
		buf_printf(why, "%s: more than %d definitions in one folder",
		    s->folder, FILES_MAX);
	/* Files that were removed while nobody looked. */
	if (rc == RC_OK)
		copy_sweep(s->state, is_entry, s);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

void
shelf_release(struct shelf *s)
{
	for (size_t i = 0; i < s->n; i++)
		entry_free(s, &s->entries[i]);
	while (s->grave != NULL) {
		struct catalog_tool *tool = s->grave;

		s->grave = tool->next;
		catalog_tool_free(tool);
	}
	for (int kind = 0; kind < OFFERS; kind++)
		free(s->list[kind]);
	free(s->entries);
	free(s->root);
	free(s->folder);
	free(s->state);
	*s = (struct shelf){ 0 };
}
