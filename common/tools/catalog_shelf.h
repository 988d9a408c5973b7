#ifndef MCP_CATALOG_SHELF_H
#define MCP_CATALOG_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "catalog_files.h"
#include "catalog_tool.h"
#include "rc.h"
#include "slice.h"

/*
 * One folder of a catalog, with the copies of its definitions, and the lists
 * that are made of it and of what modules offer of the same kinds.  For the
 * files of the catalog only.
 */

/* A file of the folder. */
struct catalog_entry {
	char *name;
	struct file_mark mark;
	bool is_fresh;
	bool is_shadowed;          /* by another of its name, and ... */
	bool was_shadowed;         /* ... that was said */
	bool is_cut;               /* its folder is, and it was said */
	bool is_unreadable;        /* its folder is, and it was said */
	uint64_t read;             /* digest of what the file held */
	uint64_t served;           /* digest of what `tool` was made from */
	struct catalog_tool *tool; /* NULL: there is no good version */
};

struct shelf {
	const struct catalog_options *options;
	const char *name; /* of the folder: "tools" */
	enum offer first; /* kinds that lie here, from ... */
	enum offer last;  /* ... to */

	char *root;   /* of the catalog, absolute; NULL: there is none */
	char *folder; /* likewise */
	char *state;  /* of the copies; NULL: none are kept */
	bool has_state;
	struct catalog_entry *entries; /* sorted by name */
	size_t n;
	struct catalog_tool *grave; /* not served any more, may be seen */
	struct tool_set set[OFFERS];
	const struct tool **list[OFFERS]; /* what the sets show */
	uint64_t version;                 /* counts the lists that were made */
	bool is_listed;                   /* they tell what there is */
	bool is_unreadable;               /* and it was said */
};

/* Name the folders and look for the first time; RC_IO and RC_FULL with a
 * sentence in `why`.  Release it whatever came back. */
MUST_CHECK enum rc shelf_open(struct shelf *, struct buf *why);

/* Take up what changed; trouble is reported, and leaves things as they were. */
void shelf_look(struct shelf *);

void shelf_release(struct shelf *);

/* ------------------------------------------------------- parts of the above */

/* One line in the log. */
void shelf_report(const struct shelf *, const char *file, struct slice why);

/* Not for security: only to see that two texts differ. */
uint64_t shelf_digest(struct slice);

/* Nobody may be called by this any more once the lists are made anew. */
void shelf_bury(struct shelf *, struct catalog_tool *);

/* Take up what changed of one file of the folder behind the descriptor, or of
 * the folder that it names; true if the lists are another then. */
bool shelf_examine(struct shelf *, int folder, struct catalog_entry *);
bool shelf_examine_folder(struct shelf *, struct catalog_entry *);

/* Make the lists.  RC_NOMEM leaves them as they were. */
MUST_CHECK enum rc shelf_list(struct shelf *);

#endif
