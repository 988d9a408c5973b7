#ifndef MCP_SESSION_ID_H
#define MCP_SESSION_ID_H

#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "revision.h"
#include "seal.h"
#include "slice.h"
#include "store.h"
#include "transport.h"

/*
 * Session ids that authenticate themselves: random bits and what must be
 * known without a row, under a MAC with the cluster key.  86 characters of
 * base64url.  A forged one is refused without asking any store.
 */
struct session_id {
	struct session_key key;
	enum transport_name transport;
	enum revision_name revision; /* negotiated; of legacy eras only */
	uint32_t caps;               /* enum client_cap, 16 bits */
};

#define SESSION_ID_CHARS 86

/* Append one.  RC_NOMEM. */
MUST_CHECK enum rc session_id_put(
    struct buf *b, const struct key_row *key, const struct session_id *id);

/* RC_SYNTAX for anything this cluster did not mint. */
MUST_CHECK enum rc session_id_read(struct slice text,
    const struct keyring *keys, int64_t now_ms, struct session_id *out);

/* The id of the key that it names; 0: it has not the form of one. */
uint32_t session_id_key(struct slice text);

/* Append what stands for the session of an id in logs, 8 hex digits; "?" for
 * what has not the form of one.  It may be forged. */
void session_id_put_short(struct buf *b, struct slice text);

#endif
