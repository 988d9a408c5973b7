#ifndef MCP_SESSION_JSON_H
#define MCP_SESSION_JSON_H

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"
#include "store.h"

/*
 * A session as a JSON document, for export, import and people
 * (docs/session-document.md).  `version` is raised when a reader of the former
 * one would go wrong; members that a reader does not know are ignored.
 */
#define SESSION_JSON_VERSION 1

/* Append the document of a row.  RC_NOMEM. */
MUST_CHECK enum rc session_json_put(
    struct buf *b, const struct session_row *row);

/*
 * Read one; everything in *row lives in the arena or in `text`.  RC_SYNTAX
 * with a sentence in `why`: not such a document, or of a newer version.
 */
MUST_CHECK enum rc session_json_read(struct arena *a, struct slice text,
    struct session_row *row, struct buf *why);

#endif
