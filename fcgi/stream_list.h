#ifndef MCP_STREAM_LIST_H
#define MCP_STREAM_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lists whose links are members of what is listed: nothing is allocated, and
 * what is in one can leave it without being searched.  A zeroed node is in no
 * list.
 */
struct stream_node {
	struct stream_node *prev;
	struct stream_node *next;
};

struct stream_list {
	struct stream_node root;
};

/* The struct of which `node` is the named member. */
#define STREAM_OF(node, type, member)                                          \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void
stream_list_init(struct stream_list *l)
{
	l->root.prev = &l->root;
	l->root.next = &l->root;
}

static inline bool
stream_list_has(const struct stream_node *node)
{
	return node->next != NULL;
}

/* At the end; it must not be in a list. */
static inline void
stream_list_add(struct stream_list *l, struct stream_node *node)
{
	node->prev = l->root.prev;
	node->next = &l->root;
	l->root.prev->next = node;
	l->root.prev = node;
}

/* Out of the list it is in; nothing happens if it is in none. */
static inline void
stream_list_drop(struct stream_node *node)
{
	if (node->next == NULL)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->prev = NULL;
	node->next = NULL;
}

/* The first one, or NULL. */
static inline struct stream_node *
stream_list_first(const struct stream_list *l)
{
	return l->root.next == &l->root ? NULL : l->root.next;
}

/* The one behind it, or NULL. */
static inline struct stream_node *
stream_list_next(const struct stream_list *l, const struct stream_node *node)
{
	return node->next == &l->root ? NULL : node->next;
}

#endif
