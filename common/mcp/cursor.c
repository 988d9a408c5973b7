#include "cursor.h"

#include <string.h>

#include "seal.h"

/* Bound to the list and to who may use it. */
static enum rc
bound_to(struct exchange *x, struct slice list, struct seal_use *use)
{
	char *p = arena_bytes(x->arena, list.len + PRINCIPAL_BYTES);

	if (p == NULL)
		return RC_NOMEM;
	memcpy(p, x->principal.digest, PRINCIPAL_BYTES);
	memcpy(p + PRINCIPAL_BYTES, list.ptr, list.len);
	*use =
	    (struct seal_use){ SEAL_CURSOR, { p, list.len + PRINCIPAL_BYTES } };
	return RC_OK;
}

static enum rc
refresh(struct exchange *x)
{
	struct server *s = x->server;

	if (s->store == NULL && s->keys.rows.n == 0)
		return RC_BUSY;
	if (s->store == NULL)
		return RC_OK;
	return keyring_refresh(
	    &s->keys, s->store, &x->op, s->rng, x->start_us / 1000);
}

enum rc
cursor_put(
    struct exchange *x, struct buf *b, struct slice list, struct slice after)
{
	const struct key_row *key;
	struct seal_use use;
	enum rc rc = refresh(x);

	if (rc == RC_OK)
		rc = bound_to(x, list, &use);
	if (rc != RC_OK)
		return rc;
	key = keyring_mint(&x->server->keys, x->now_ms);
	if (key == NULL)
		return RC_BUSY;
	return seal_put(b, key, x->server->rng, &use, after);
}

enum rc
cursor_read(struct exchange *x, struct slice text, struct slice list,
    struct slice *after)
{
	struct seal_use use;
	enum rc rc = refresh(x);

	if (rc == RC_OK)
		rc = bound_to(x, list, &use);
	if (rc != RC_OK)
		return rc;
	return seal_open(
	    x->arena, &x->server->keys, x->now_ms, &use, text, after);
}
