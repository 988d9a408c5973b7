#include <string.h>

#include "row_copy.h"
#include "store_cached_private.h"

/* The keys of the store are looked at anew after so long; after so long if
 * there were none. */
#define SECRET_MS 60000
#define SECRET_RETRY_MS 1000

static int64_t
now_of(const struct store_cached *c)
{
	return clock_mono_ms(c->o.clock);
}

/* --------------------------------------------------------------- secret */

/* All hosts shall come to the same one; while they do not, they only miss each
 * other's copies. */
static void
derive(struct store_cached *c, const unsigned char from[STORE_KEY_BYTES])
{
	const struct slice tail = { (const char *)from + SIPHASH_KEY_BYTES,
		STORE_KEY_BYTES - SIPHASH_KEY_BYTES };
	unsigned char text[STORE_KEY_BYTES - SIPHASH_KEY_BYTES + 1];
	const struct slice all = { (const char *)text, sizeof(text) };

	memcpy(text, tail.ptr, tail.len);
	for (unsigned char half = 0; half < 2; half++) {
		uint64_t bits;

		text[tail.len] = half;
		bits = siphash(from, all);
		memcpy(c->secret + (size_t)8 * half, &bits, sizeof(bits));
	}
	c->has_secret = true;
}

static bool
need_secret(struct store_cached *c, const struct op *op)
{
	struct store *under = c->o.under;
	struct key_rows keys;

	if (c->secret_until != 0 && now_of(c) < c->secret_until)
		return c->has_secret;
	if (c->o.secret != NULL) {
		derive(c, c->o.secret);
		c->secret_until = INT64_MAX;
		return true;
	}
	c->secret_until = now_of(c) + SECRET_RETRY_MS;
	if (under->ops->keys(under, op, &keys) == RC_OK && keys.n > 0) {
		derive(c, keys.row[0].secret);
		c->secret_until = now_of(c) + SECRET_MS;
	}
	return c->has_secret;
}

/* --------------------------------------------------------------- copies */

static struct cache_name
name_of(const struct store_cached *c, const unsigned char sid[SID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	const size_t len = strlen(c->prefix);
	struct cache_name name;
	char *p = name.text + len;

	memcpy(name.text, c->prefix, len);
	memcpy(p, ":row:", 5);
	p += 5;
	for (size_t i = 0; i < SID_BYTES; i++) {
		*p++ = digits[sid[i] >> 4];
		*p++ = digits[sid[i] & 15];
	}
	*p = '\0';
	name.len = (size_t)(p - name.text);
	return name;
}

/* The newest revision that is known here; false if it is too old, so that
 * nothing can be said about copies. */
static bool
get_rev(struct store_cached *c, const struct session_key *key,
    struct cache_rev *rev)
{
	int64_t age;

	if (!c->o.revs->get(c->o.revs, key->sid[0], rev))
		return false;
	age = now_of(c) - rev->t0_mono;
	return age >= 0 && age < CACHE_DELTA_MS;
}

static bool
is_same_key(const struct session_key *a, const struct session_key *b)
{
	return memcmp(a->sid, b->sid, SID_BYTES) == 0 &&
	    memcmp(a->principal, b->principal, PRINCIPAL_BYTES) == 0 &&
	    a->created == b->created;
}

/* The revision is asked for again: the copy may have been long in coming. */
static bool
is_current(struct store_cached *c, const struct row_copy *copy)
{
	struct cache_rev rev;

	return c->o.scheme == CACHE_PLAIN_DELETES ||
	    (get_rev(c, &copy->row.key, &rev) &&
		rev.incarnation == copy->incarnation &&
		copy->row.rev >= rev.rev);
}

static bool
find_copy(struct store_cached *c, const struct op *op,
    const struct session_key *key, struct row_copy *copy)
{
	const struct cache_name name = name_of(c, key->sid);
	struct slice bytes;

	if (c->o.kv->ops->get(
		c->o.kv, cache_name_slice(&name), op->arena, &bytes) != RC_OK)
		return false;
	if (row_copy_read(bytes, c->secret, copy) == RC_OK &&
	    is_same_key(key, &copy->row.key) && is_current(c, copy)) {
		c->count.hits++;
		return true;
	}
	c->count.refused++;
	return false;
}

static void
keep_copy(struct store_cached *c, const struct row_copy *copy)
{
	const struct cache_name name = name_of(c, copy->row.key.sid);

	if (!row_copy_may_be(&copy->row))
		return;
	buf_reset(&c->text);
	row_copy_put(&c->text, c->secret, copy);
	if (buf_finish(&c->text) == RC_OK)
		c->o.kv->ops->put(c->o.kv, cache_name_slice(&name),
		    buf_slice(&c->text), CACHE_SECONDS);
}

static void
drop_copy(struct store_cached *c, const unsigned char sid[SID_BYTES])
{
	const struct cache_name name = name_of(c, sid);

	if (c->o.waits)
		c->o.kv->ops->drop(c->o.kv, cache_name_slice(&name));
}

/* From the store, for the next ones too. */
static enum rc
read_row(struct store_cached *c, const struct op *op,
    const struct session_key *key, struct row_copy *copy)
{
	struct store *under = c->o.under;
	struct op with_rev = *op;
	enum rc rc;

	with_rev.wants_rev = true;
	c->count.reads++;
	rc = under->ops->session_get(
	    under, &with_rev, key, &copy->row, &copy->incarnation);
	if (rc == RC_OK)
		keep_copy(c, copy);
	return rc;
}

enum rc
store_cached_session_get(struct store *base, const struct op *op,
    const struct session_key *key, struct session_row *row,
    uint32_t *incarnation)
{
	struct store_cached *c = CACHED(base);
	struct store *under = c->o.under;
	struct row_copy copy = { 0 };
	struct cache_rev rev;
	enum rc rc = RC_OK;

	if (c->o.revs == NULL || !get_rev(c, key, &rev) || !need_secret(c, op))
		return under->ops->session_get(
		    under, op, key, row, incarnation);
	if (!find_copy(c, op, key, &copy))
		rc = read_row(c, op, key, &copy);
	if (incarnation != NULL && (rc == RC_OK || rc == RC_NOTFOUND))
		*incarnation = copy.incarnation;
	if (rc != RC_OK)
		return rc;
	*row = copy.row;
	if (!op->wants_rev)
		row->rev = 0;
	c->last_session = row->id;
	memcpy(c->last_sid, row->key.sid, SID_BYTES);
	return RC_OK;
}

/* -------------------------------------------------------------- changes */

/* What was just committed is seen by everybody then. */
static void
settle(struct store_cached *c)
{
	c->settled = 0;
	if (c->o.waits && c->o.scheme == CACHE_REVISIONS)
		c->settled = now_of(c) + CACHE_DELTA_MS + CACHE_MARGIN_MS;
}

enum rc
store_cached_session_set(struct store *base, const struct op *op,
    int64_t session, const struct session_change *change)
{
	struct store_cached *c = CACHED(base);
	struct store *under = c->o.under;
	enum rc rc = under->ops->session_set(under, op, session, change);

	c->settled = 0;
	/* There is no copy of what is not initialized, and to be touched is
	 * nothing to wait for. */
	if (rc == RC_OK && change->column == SESSION_LOG_LEVEL)
		settle(c);
	if (change->column != SESSION_INITIALIZED && session == c->last_session)
		drop_copy(c, c->last_sid);
	return rc;
}

enum rc
store_cached_session_end(struct store *base, const struct op *op,
    const struct session_key *key, enum end_why why)
{
	struct store_cached *c = CACHED(base);
	struct store *under = c->o.under;
	enum rc rc = under->ops->session_end(under, op, key, why);

	c->settled = 0;
	/* It had ended, but perhaps just now. */
	if (rc == RC_OK || rc == RC_CONFLICT)
		settle(c);
	drop_copy(c, key->sid);
	if (rc == RC_OK)
		store_cached_tell(c);
	return rc;
}

int64_t
store_cached_settled(struct store *base)
{
	return CACHED(base)->settled;
}
