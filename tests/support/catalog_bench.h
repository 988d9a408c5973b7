#ifndef MCP_CATALOG_BENCH_H
#define MCP_CATALOG_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog.h"
#include "fake_clock.h"
#include "scratch_folder.h"

#define CATALOG_BENCH_CHECK_MS 1000

/* A catalog in a folder of its own. */
struct catalog_bench {
	struct scratch_folder root;
	char folder[96];
	char state[96];
	struct fake_clock clock;
	struct program_host host;
	struct log log;
	struct buf said;  /* log lines */
	struct buf names; /* told last */
	const struct module *modules[1];
	struct catalog_options options;
};

/* Empty folders and options for them.  It must not move. */
void catalog_bench_init(struct catalog_bench *w);

/* Remove the folders and all that lies there. */
void catalog_bench_release(struct catalog_bench *w);

/* Files among the tools of `folder`: the bench's, or its state. */
void catalog_bench_put(const char *folder, const char *name, const char *text);
bool catalog_bench_has(const char *folder, const char *name);
void catalog_bench_drop(const char *folder, const char *name);

/* A file anywhere in the catalog, "resources/a.json"; folders are made on the
 * way. */
void catalog_bench_write(
    struct catalog_bench *w, const char *path, const char *text);
void catalog_bench_remove(struct catalog_bench *w, const char *path);

/* Names of all there is of a kind now, "a b c", in memory of the bench. */
const char *catalog_bench_names(
    struct catalog_bench *w, struct catalog *c, enum offer kind);

/* The definition of one, or NULL. */
const struct tool *catalog_bench_find(
    struct catalog *c, enum offer kind, const char *name);

/* A definition of this name and description. */
void catalog_bench_put_tool(struct catalog_bench *w, const char *file,
    const char *name, const char *about);

struct catalog *catalog_bench_open(struct catalog_bench *w);

/* "name=description ..." of all tools now. */
void catalog_bench_expect(struct catalog *c, const char *want);

/* How often the log said this. */
size_t catalog_bench_said(struct catalog_bench *w, const char *what);

/* Let the time of one check pass. */
void catalog_bench_pass(struct catalog_bench *w);

#endif
