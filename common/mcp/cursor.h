#ifndef MCP_CURSOR_H
#define MCP_CURSOR_H

#include "exchange.h"
#include "rc.h"
#include "slice.h"

/*
 * Where the next page of a list begins, sealed: a cursor works on every host
 * for the principal it was given to and for the list it came from, and says
 * nothing to anybody else.
 */

/* Append a cursor behind `after` of that list.  RC_NOMEM, RC_IO, RC_BUSY. */
MUST_CHECK enum rc cursor_put(
    struct exchange *x, struct buf *b, struct slice list, struct slice after);

/* RC_SYNTAX for anything that is no cursor of that list and principal. */
MUST_CHECK enum rc cursor_read(struct exchange *x, struct slice text,
    struct slice list, struct slice *after);

#endif
