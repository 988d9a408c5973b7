#ifndef MCP_ROW_COPY_H
#define MCP_ROW_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "siphash.h"
#include "slice.h"
#include "store.h"

/*
 * A session row as bytes, as it lies in a cache: with the number of this form
 * in front, so that programs that know another one miss it; with its whole key
 * and where it comes from, so that what is found under a wrong name, or is of
 * another store, is not taken; and with an authenticator behind, so that what
 * is broken or foreign is not either.
 */
struct row_copy {
	uint32_t incarnation; /* of the store when it was read */
	struct session_row row;
};

/* What the strings of a row may have; longer ones are not copied. */
#define ROW_COPY_REVISION_MAX 64
#define ROW_COPY_NAME_MAX 1024
#define ROW_COPY_CLIENT_MAX ((size_t)64 * 1024)
/* Any copy. */
#define ROW_COPY_MAX (ROW_COPY_CLIENT_MAX + 4096)

/* Is it one that may be copied: live, negotiated, initialized, and not too
 * long?  A row that is not done yet changes soon, an ended one is told by the
 * store alone. */
bool row_copy_may_be(const struct session_row *row);

/* Append it; only what may be copied.  buf_finish() tells whether there was
 * room. */
void row_copy_put(struct buf *out, const unsigned char key[SIPHASH_KEY_BYTES],
    const struct row_copy *copy);

/*
 * Exactly what row_copy_put() wrote with this key, or RC_SYNTAX.  The strings
 * of the row lie in `bytes`.
 */
MUST_CHECK enum rc row_copy_read(struct slice bytes,
    const unsigned char key[SIPHASH_KEY_BYTES], struct row_copy *copy);

#endif
