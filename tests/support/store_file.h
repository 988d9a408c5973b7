#ifndef MCP_STORE_FILE_H
#define MCP_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "store_scratch.h"

/* An SQLite store in a folder of its own, at a time of its own: what tests of
 * its files have in common. */
struct store_file {
	struct store_scratch scratch;
	int64_t now;        /* monotonic ms */
	struct clock clock; /* stands still until the test moves now */
	struct arena arena;
	struct op op;
	struct store_sqlite_options options;
	struct store *store;
};

/* For cmocka: make one, not open yet; close it and remove the files. */
int store_file_setup(void **state);
int store_file_teardown(void **state);

#define STORE_FILE_TEST(f)                                                     \
	cmocka_unit_test_setup_teardown(                                       \
	    f, store_file_setup, store_file_teardown)

/* With f->options; the sentence lands in f->scratch.why. */
MUST_CHECK enum rc store_file_open(struct store_file *f);
void store_file_close(struct store_file *f);

/* Session number n, of principal 1. */
MUST_CHECK enum rc store_file_put(struct store_file *f, uint32_t n);
MUST_CHECK enum rc store_file_get(struct store_file *f, uint32_t n);
MUST_CHECK enum rc store_file_end(struct store_file *f, uint32_t n);

/* The path of "-wal" and the like, in `path`; is it there? */
const char *store_file_beside(
    const struct store_file *f, const char *tail, char *path, size_t n);
bool store_file_exists(const struct store_file *f, const char *tail);

/* Run these statements through a connection of their own, as another program
 * would; the number in the first column of the last one.  Ends the test if
 * that cannot be done. */
int64_t store_file_run(struct store_file *f, const char *sql);

#endif
