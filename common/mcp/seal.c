#include "seal.h"

#include <sodium.h>
#include <string.h>

#include "text.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
/* key id, nonce and tag around the plain text */
#define BOX_EXTRA (4 + NONCE_BYTES + TAG_BYTES)

enum rc
seal_init(void)
{
	return sodium_init() < 0 ? RC_BUG : RC_OK;
}

enum rc
keyring_fix(struct keyring *k, struct slice hex)
{
	struct key_row row = { .id = 1 };
	enum rc rc = text_hex(hex, row.secret, sizeof(row.secret));

	if (rc != RC_OK)
		return rc;
	*k = (struct keyring){ .is_fixed = true };
	k->rows.row[0] = row;
	k->rows.n = 1;
	return RC_OK;
}

enum rc
keyring_fix_former(struct keyring *k, struct slice hex)
{
	struct key_row row = { .id = 1, .mint_from = INT64_MAX };
	enum rc rc = text_hex(hex, row.secret, sizeof(row.secret));

	if (rc == RC_OK)
		k->rows.row[k->rows.n++] = row;
	return rc;
}

/*
 * The first key of a store has id 1 and may mint at once: whoever loses the
 * race to add it reads the winner's.
 */
static enum rc
add_first(struct store *store, const struct op *op, const struct rng *rng)
{
	struct key_row row = { .id = 1, .created = op->now_ms, .mint_from = 0 };
	enum rc rc = rng_fill(rng, row.secret, sizeof(row.secret));

	if (rc != RC_OK)
		return rc;
	rc = store->ops->key_add(store, op, &row);
	sodium_memzero(&row, sizeof(row));
	return rc == RC_CONFLICT ? RC_OK : rc;
}

void
keyring_want(struct keyring *k, uint32_t id)
{
	k->wanted = id;
}

static bool
has_key(const struct keyring *k, uint32_t id)
{
	for (size_t i = 0; i < k->rows.n; i++) {
		if (k->rows.row[i].id == id)
			return true;
	}
	return false;
}

/* May the keys be used as they were read? */
static bool
is_fresh(const struct keyring *k, int64_t now_ms, int64_t mono_ms)
{
	const int64_t age = mono_ms - k->read_mono;
	const int64_t by_wall = now_ms - k->read_ms;

	if (k->is_fixed)
		return true;
	if (k->rows.n == 0 || age >= SEAL_REREAD_MS ||
	    by_wall >= SEAL_REREAD_MS)
		return false;
	return k->wanted == 0 || age < SEAL_UNKNOWN_MS || has_key(k, k->wanted);
}

enum rc
keyring_refresh(struct keyring *k, struct store *store, const struct op *op,
    const struct rng *rng, int64_t mono_ms)
{
	struct key_rows rows = { .n = 0 };
	const bool is_well = is_fresh(k, op->now_ms, mono_ms);
	enum rc rc;

	k->wanted = 0;
	if (is_well)
		return RC_OK;
	rc = store->ops->keys(store, op, &rows);
	if (rc == RC_OK && rows.n == 0) {
		rc = add_first(store, op, rng);
		if (rc == RC_OK)
			rc = store->ops->keys(store, op, &rows);
	}
	if (rc != RC_OK)
		return rc;
	k->rows = rows;
	k->read_mono = mono_ms;
	k->read_ms = op->now_ms;
	return rows.n > 0 ? RC_OK : RC_BUG;
}

bool
keyring_fits(struct keyring *k, uint32_t incarnation)
{
	bool fits =
	    k->is_fixed || k->incarnation == 0 || k->incarnation == incarnation;

	k->incarnation = incarnation;
	if (!fits)
		k->rows.n = 0;
	return fits;
}

/* Where a is used rather than b. */
static bool
is_better(const struct key_row *a, const struct key_row *b, int64_t now_ms)
{
	const bool is_due = a->mint_from <= now_ms;

	if (is_due != (b->mint_from <= now_ms))
		return is_due;
	return is_due ? a->mint_from >= b->mint_from
		      : a->mint_from < b->mint_from;
}

const struct key_row *
keyring_mint(const struct keyring *k, int64_t now_ms)
{
	const struct key_row *best = NULL;

	for (size_t i = 0; i < k->rows.n; i++) {
		const struct key_row *row = &k->rows.row[i];

		if (row->end != 0 && row->end <= now_ms)
			continue;
		if (best == NULL || is_better(row, best, now_ms))
			best = row;
	}
	return best;
}

const struct key_row *
keyring_next(const struct keyring *k, uint32_t id, int64_t now_ms,
    const struct key_row *after)
{
	const struct key_row *end = k->rows.row + k->rows.n;
	const struct key_row *row = after == NULL ? k->rows.row : after + 1;

	for (; row < end; row++) {
		/* The store whose key was put into the configuration may have
		 * had it under any id. */
		if ((row->id == id || k->is_fixed) &&
		    (row->end == 0 || row->end > now_ms))
			return row;
	}
	return NULL;
}

const struct key_row *
keyring_find(const struct keyring *k, uint32_t id, int64_t now_ms)
{
	return keyring_next(k, id, now_ms, NULL);
}

void
seal_mac(const struct key_row *key, enum seal_purpose purpose,
    struct slice bytes, unsigned char mac[SEAL_MAC_BYTES])
{
	unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = { (
	    unsigned char)purpose };

	(void)crypto_generichash_blake2b_salt_personal(mac, SEAL_MAC_BYTES,
	    (const unsigned char *)bytes.ptr, bytes.len, key->secret,
	    sizeof(key->secret), NULL, personal);
}

/* A key of its own for boxes, so that the MAC's is used for nothing else. */
static void
box_key(const struct key_row *key, const struct seal_use *use,
    unsigned char out[32])
{
	unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = {
		(unsigned char)use->purpose, 'b', 'o', 'x'
	};

	(void)crypto_generichash_blake2b_salt_personal(out, 32,
	    (const unsigned char *)use->bound.ptr, use->bound.len, key->secret,
	    sizeof(key->secret), NULL, personal);
}

static void
put_u32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static uint32_t
get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

enum rc
seal_put(struct buf *b, const struct key_row *key, const struct rng *rng,
    const struct seal_use *use, struct slice plain)
{
	struct buf box = BUF_INIT(plain.len + BOX_EXTRA);
	unsigned char secret[32];
	unsigned char *p;
	enum rc rc = RC_NOMEM;

	p = (unsigned char *)buf_extend(&box, plain.len + BOX_EXTRA);
	if (p == NULL)
		goto out;
	put_u32(p, key->id);
	rc = rng_fill(rng, p + 4, NONCE_BYTES);
	if (rc != RC_OK)
		goto out;
	box_key(key, use, secret);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(p + 4 + NONCE_BYTES,
	    NULL, (const unsigned char *)plain.ptr, plain.len, p, 4, NULL,
	    p + 4, secret);
	sodium_memzero(secret, sizeof(secret));
	text_put_b64url(b, box.ptr, box.len);
	rc = buf_finish(b);
out:
	buf_release(&box);
	return rc;
}

static bool
open_with(const struct key_row *key, const struct seal_use *use,
    struct slice box, char *out)
{
	const unsigned char *p = (const unsigned char *)box.ptr;
	unsigned char secret[32];
	int bad;

	box_key(key, use, secret);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out,
	    NULL, NULL, p + 4 + NONCE_BYTES, box.len - 4 - NONCE_BYTES, p, 4,
	    p + 4, secret);
	sodium_memzero(secret, sizeof(secret));
	return bad == 0;
}

uint32_t
seal_key_id(struct slice text)
{
	unsigned char head[6];

	if (text.len < 8 ||
	    text_b64url_fixed(
		(struct slice){ text.ptr, 8 }, head, sizeof(head)) != RC_OK)
		return 0;
	return get_u32(head);
}

enum rc
seal_open(struct arena *a, const struct keyring *k, int64_t now_ms,
    const struct seal_use *use, struct slice text, struct slice *plain)
{
	const struct key_row *key;
	struct slice box;
	uint32_t id;
	char *out;
	enum rc rc = text_b64url(a, text, &box);

	if (rc != RC_OK)
		return rc;
	if (box.len < BOX_EXTRA)
		return RC_SYNTAX;
	id = get_u32((const unsigned char *)box.ptr);
	key = keyring_find(k, id, now_ms);
	if (key == NULL)
		return RC_SYNTAX;
	out = arena_bytes(a, box.len - BOX_EXTRA + 1);
	if (out == NULL)
		return RC_NOMEM;
	while (key != NULL && !open_with(key, use, box, out))
		key = keyring_next(k, id, now_ms, key);
	if (key == NULL)
		return RC_SYNTAX;
	*plain = (struct slice){ out, box.len - BOX_EXTRA };
	return RC_OK;
}

void
seal_digest(struct slice bytes, unsigned char digest[16])
{
	(void)crypto_generichash_blake2b(
	    digest, 16, (const unsigned char *)bytes.ptr, bytes.len, NULL, 0);
}

void
seal_put_short(struct buf *b, const unsigned char bytes[16], size_t n)
{
	static const unsigned char key[crypto_shorthash_KEYBYTES] = { 'l' };
	unsigned char hash[crypto_shorthash_BYTES];

	(void)crypto_shorthash(hash, bytes, 16, key);
	text_put_hex(b, hash, n < sizeof(hash) ? n : sizeof(hash));
}
