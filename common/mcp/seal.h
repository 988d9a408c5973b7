#ifndef MCP_SEAL_H
#define MCP_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "rng.h"
#include "slice.h"
#include "store.h"

/*
 * The cluster key at work: what leaves the server and must come back
 * unchanged is authenticated or sealed with it, so that every host believes
 * it and nobody else can make one.  All of libsodium is in seal.c.
 */

/* A key younger than this since it was stored is not minted with, so that
 * every process has read it before it meets its first seal. */
#define SEAL_MINT_DELAY_MS 120000
/* Every process reads the keys again after this time. */
#define SEAL_REREAD_MS 60000
/* Sooner if somebody comes with what an unknown one has made, but not more
 * often than this. */
#define SEAL_UNKNOWN_MS 1000

struct keyring {
	struct key_rows rows;
	int64_t read_mono;    /* when the rows were read; 0: never */
	int64_t read_ms;      /* the same by the wall clock */
	uint32_t wanted;      /* see keyring_want(); 0: none */
	uint32_t incarnation; /* of the store they are for; 0: unknown */
	bool is_fixed;        /* they are from the configuration instead */
};

/* Once per process, before anything else here.  RC_BUG if libsodium fails. */
MUST_CHECK enum rc seal_init(void);

/* A keyring with one key that never changes: 64 hex digits.  RC_SYNTAX. */
MUST_CHECK enum rc keyring_fix(struct keyring *k, struct slice hex);

/* Beside that one, a second that only opens.  RC_SYNTAX. */
MUST_CHECK enum rc keyring_fix_former(struct keyring *k, struct slice hex);

/*
 * Something has come that the key of that id has made, or so it says.  If there
 * is none here, a host whose clock is ahead may use one that was added just
 * now: keyring_refresh() looks for it.
 */
void keyring_want(struct keyring *k, uint32_t id);

/*
 * Have keys not older than SEAL_REREAD_MS, by both clocks: the monotonic one
 * stands still while the machine sleeps.  The first process of a new store
 * makes the first key.  What the store says otherwise.
 */
MUST_CHECK enum rc keyring_refresh(struct keyring *k, struct store *store,
    const struct op *op, const struct rng *rng, int64_t mono_ms);

/* This is what the store at hand is: keys of another one are forgotten, and
 * keyring_refresh() reads them anew.  False: they were. */
bool keyring_fits(struct keyring *k, uint32_t incarnation);

/* The key to seal with now: the newest whose time has come.  If none is left of
 * those, as on a host whose clock is behind that of whoever ended them, the
 * next one.  NULL: all have ended. */
const struct key_row *keyring_mint(const struct keyring *k, int64_t now_ms);

/* The key of that id if it may still open, or NULL. */
const struct key_row *keyring_find(
    const struct keyring *k, uint32_t id, int64_t now_ms);

/* The next key behind `after` (NULL: the first) that may have sealed what
 * names that id: those of a configuration all say the same. */
const struct key_row *keyring_next(const struct keyring *k, uint32_t id,
    int64_t now_ms, const struct key_row *after);

#define SEAL_MAC_BYTES 16

/* What a seal is for; a seal of one purpose never passes for another. */
enum seal_purpose { SEAL_SESSION = 1, SEAL_CURSOR = 2, SEAL_INPUT = 3 };

/* The authenticator of some bytes (keyed BLAKE2b, 128 bits). */
void seal_mac(const struct key_row *key, enum seal_purpose purpose,
    struct slice bytes, unsigned char mac[SEAL_MAC_BYTES]);

/* Where a sealed text is good.  `bound` is not in it but must be the same when
 * it is opened. */
struct seal_use {
	enum seal_purpose purpose;
	struct slice bound;
};

/*
 * Append a sealed text (XChaCha20-Poly1305, base64url): unreadable, and
 * refused by seal_open() if one bit differs or the use does.  RC_NOMEM, RC_IO.
 */
MUST_CHECK enum rc seal_put(struct buf *b, const struct key_row *key,
    const struct rng *rng, const struct seal_use *use, struct slice plain);

/* Open one.  RC_SYNTAX for anything that was not sealed here; RC_NOMEM. */
MUST_CHECK enum rc seal_open(struct arena *a, const struct keyring *k,
    int64_t now_ms, const struct seal_use *use, struct slice text,
    struct slice *plain);

/* The id of the key that a sealed text names; 0: none. */
uint32_t seal_key_id(struct slice text);

/* An unkeyed digest of 16 bytes, for names (never of secrets). */
void seal_digest(struct slice bytes, unsigned char digest[16]);

#define SEAL_SHORT_BYTES 8

/* Append a short hash in hex, or its first n bytes, to show in logs for
 * something that must not be shown. */
void seal_put_short(struct buf *b, const unsigned char bytes[16], size_t n);

#endif
