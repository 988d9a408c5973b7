#include <stdlib.h>

#include "catalog_folder.h"
#include "catalog_shelf.h"

/* Something that wants to be in a list. */
struct item {
	const struct tool *tool;
	size_t rank;                 /* the least wins */
	const struct module *module; /* whose it is, or NULL and ... */
	struct catalog_entry *entry; /* ... the file whose it is */
};

struct items {
	struct item *item; /* NULL: they are only counted */
	size_t n;
};

static void
add(struct items *list, const struct tool *tool, const struct module *module,
    struct catalog_entry *entry)
{
	if (list->item != NULL) {
		list->item[list->n] = (struct item){
			.tool = tool,
			.rank = list->n,
			.module = module,
			.entry = entry,
		};
	}
	list->n++;
}

static void
add_modules(struct items *list, const struct shelf *s, enum offer kind)
{
	for (size_t i = 0; i < s->options->n_modules; i++) {
		const struct module *module = s->options->modules[i];
		size_t n;
		const struct tool *const *tools =
		    module_offers(module, kind, &n);

		for (size_t k = 0; k < n; k++)
			add(list, tools[k], module, NULL);
	}
}

static void
add_entry(struct items *list, struct catalog_entry *e, enum offer kind)
{
	const struct tool *tool = &e->tool->definition.tool;

	if (tool->kind != kind)
		return;
	if (e->tool->folder == NULL) {
		add(list, tool, NULL, e);
		return;
	}
	for (size_t i = 0;
	     (tool = catalog_folder_tool(e->tool->folder, i)) != NULL; i++)
		add(list, tool, NULL, e);
}

static struct items
gather(const struct shelf *s, enum offer kind, struct item *room)
{
	struct items list = { .item = room };

	if (kind < s->first || kind > s->last)
		return list;
	add_modules(&list, s, kind);
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].tool != NULL)
			add_entry(&list, &s->entries[i], kind);
	return list;
}

static int
by_name(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	const int order = slice_cmp(x->tool->name, y->tool->name);

	if (order != 0)
		return order;
	return x->rank < y->rank ? -1 : 1;
}

/* Its name is taken. */
static void
shadow(const struct shelf *s, const struct item *item)
{
	struct catalog_entry *e = item->entry;

	if (e == NULL) {
		shelf_report(s, module_file(item->module),
		    SLICE("one of this name exists in an earlier module"));
		return;
	}
	if (!e->is_shadowed && !e->was_shadowed) {
		shelf_report(s, e->name,
		    SLICE("its name is taken by a module or by a file that "
			  "sorts before it"));
	}
	e->is_shadowed = true;
}

/* Sorted, and the first of each name only. */
static void
fill(struct shelf *s, enum offer kind, const struct items *items)
{
	const struct tool **list = s->list[kind];
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++) {
		const struct tool *tool = items->item[i].tool;

		if (n > 0 && slice_eq(list[n - 1]->name, tool->name))
			shadow(s, &items->item[i]);
		else
			list[n++] = tool;
	}
	s->set[kind] = (struct tool_set){ .tool = list, .n = n };
}

static void
settle(struct shelf *s)
{
	while (s->grave != NULL) {
		struct catalog_tool *tool = s->grave;

		s->grave = tool->next;
		catalog_tool_free(tool);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->entries[i].tool != NULL &&
		    s->entries[i].tool->folder != NULL)
			catalog_folder_settle(s->entries[i].tool->folder);
	}
}

/* Room for the lists, and for what is to be sorted. */
struct room {
	const struct tool **list[OFFERS];
	struct item *item;
};

static enum rc
make_room(const struct shelf *s, struct room *room)
{
	size_t most = 1;
	bool has_all = true;

	*room = (struct room){ 0 };
	for (int kind = 0; kind < OFFERS; kind++) {
		const size_t n = gather(s, (enum offer)kind, NULL).n + 1;

		room->list[kind] = calloc(n, sizeof(struct tool *));
		has_all = has_all && room->list[kind] != NULL;
		most = n > most ? n : most;
	}
	room->item = calloc(most, sizeof(*room->item));
	if (has_all && room->item != NULL)
		return RC_OK;
	for (int kind = 0; kind < OFFERS; kind++)
		free(room->list[kind]);
	free(room->item);
	return RC_NOMEM;
}

enum rc
shelf_list(struct shelf *s)
{
	struct room room;
	enum rc rc = make_room(s, &room);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < s->n; i++) {
		s->entries[i].was_shadowed = s->entries[i].is_shadowed;
		s->entries[i].is_shadowed = false;
	}
	for (int kind = 0; kind < OFFERS; kind++) {
		free(s->list[kind]);
		s->list[kind] = room.list[kind];
	}
	for (int kind = 0; kind < OFFERS; kind++) {
		const struct items items =
		    gather(s, (enum offer)kind, room.item);

		qsort(room.item, items.n, sizeof(*room.item), by_name);
		fill(s, (enum offer)kind, &items);
	}
	free(room.item);
	settle(s);
	s->version++;
	s->is_listed = true;
	return RC_OK;
}
