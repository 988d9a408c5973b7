#ifndef MCP_STORE_SCRATCH_H
#define MCP_STORE_SCRATCH_H

#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "counted_rng.h"
#include "log.h"
#include "rc.h"
#include "store.h"
#include "store_sqlite.h"
#include "store_suite.h"

/* A folder of its own for the files of a store, gone with release. */
struct store_scratch {
	char folder[128];
	char file[160]; /* where a store would lie */
	struct log log; /* swallows everything */
	struct buf why; /* of the last open */
	struct counted_rng rng;
};

/* Under TMPDIR or /tmp; ends the test if it cannot be made. */
void store_scratch_init(struct store_scratch *);

/* The same where files are quickest: in memory, if there is such a place. */
void store_scratch_init_fast(struct store_scratch *);

/* Options for its file: create, the system's clock and chance, no ballast. */
struct store_sqlite_options store_scratch_options(struct store_scratch *);

/* Open with these options; the sentence lands in why. */
MUST_CHECK enum rc store_scratch_open(struct store_scratch *,
    const struct store_sqlite_options *, struct store **out);

/*
 * An empty store with that clock and incarnation, for tests that are about
 * something else: quick, because its file is a copy of one that was made
 * before.  What was there is overwritten: close it first.  Chance is counted,
 * so that two runs are the same.  The clock must outlive the store, and may
 * stand still if nobody else has the file.
 */
MUST_CHECK enum rc store_scratch_fresh(struct store_scratch *,
    const struct clock *, uint32_t incarnation, struct store **out);

/* For suites: each case with a new folder where files are quickest, and the
 * usual options.  `s` is made and released by the maker. */
struct store_maker store_scratch_maker(
    struct store_scratch *s, const char *name);

/* Remove the files and the folder. */
void store_scratch_release(struct store_scratch *);

#endif
