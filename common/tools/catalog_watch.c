#include "catalog_watch.h"

#include <fcntl.h>
#include <stdlib.h>

#include "catalog_folder.h"

#define ARENA_MAX ((size_t)256 * 1024 * 1024)

struct catalog_watched {
	struct slice uri;
	struct file_mark mark;
};

struct looker {
	const struct tool_set *served;
	struct catalog_watch *now;
	enum rc rc;
};

static void
add(void *ctx, struct slice uri, const struct file_mark *mark)
{
	struct looker *l = ctx;
	const struct tool *served = tool_find(l->served, uri);
	struct catalog_watched *w = &l->now->list[l->now->n];

	/* Another one may have its name. */
	if (l->rc != RC_OK || served == NULL || served->name.ptr != uri.ptr)
		return;
	w->mark = *mark;
	l->rc = arena_copy(&l->now->arena, uri, &w->uri);
	l->now->n++;
}

/* A text is another when its definition is; a file that is not there looks
 * like none that is. */
static void
add_entry(struct looker *l, const struct catalog_tool *t)
{
	struct file_mark mark = { 0 };

	if (t->folder != NULL) {
		catalog_folder_marks(t->folder, add, l);
		return;
	}
	if (t->definition.tool.kind != OFFER_RESOURCE ||
	    (t->file == NULL && t->text == NULL))
		return;
	if (t->file != NULL && files_mark(AT_FDCWD, t->file, &mark) != RC_OK)
		mark = (struct file_mark){ 0 };
	if (t->text != NULL)
		mark.inode = shelf_digest(t->text->text);
	add(l, t->definition.tool.name, &mark);
}

static int
by_uri(const void *a, const void *b)
{
	const struct catalog_watched *x = a;
	const struct catalog_watched *y = b;

	return slice_cmp(x->uri, y->uri);
}

static enum rc
look(const struct shelf *s, struct catalog_watch *now)
{
	/* Each that is served is there once. */
	struct looker l = { .served = &s->set[OFFER_RESOURCE], .now = now };

	*now = (struct catalog_watch){ .arena = ARENA_INIT(ARENA_MAX) };
	now->list =
	    arena_alloc(&now->arena, (l.served->n + 1) * sizeof(*now->list));
	if (now->list == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].tool != NULL)
			add_entry(&l, s->entries[i].tool);
	if (now->n > 0)
		qsort(now->list, now->n, sizeof(*now->list), by_uri);
	return l.rc;
}

static void
compare(const struct catalog_watch *before, const struct catalog_watch *now,
    void (*changed)(void *ctx, struct slice uri), void *ctx)
{
	size_t i = 0;

	for (size_t k = 0; k < now->n; k++) {
		const struct catalog_watched *w = &now->list[k];

		while (
		    i < before->n && slice_cmp(before->list[i].uri, w->uri) < 0)
			i++;
		if (i < before->n && slice_eq(before->list[i].uri, w->uri) &&
		    !file_mark_eq(&before->list[i].mark, &w->mark))
			changed(ctx, w->uri);
	}
}

void
catalog_watch_look(struct catalog_watch *w, const struct shelf *s,
    void (*changed)(void *ctx, struct slice uri), void *ctx)
{
	struct catalog_watch now;
	enum rc rc = look(s, &now);

	if (rc != RC_OK) {
		catalog_watch_release(&now);
		return;
	}
	compare(w, &now, changed, ctx);
	catalog_watch_release(w);
	*w = now;
}

void
catalog_watch_release(struct catalog_watch *w)
{
	arena_release(&w->arena);
	*w = (struct catalog_watch){ 0 };
}
