#include "cursor.h"

#include <string.h>

#include "seal.h"

/* Have keys, and bind to the list and to who may use it. */
static enum rc
prepare(struct exchange *x, struct slice list, struct seal_use *use)
{
	size_t len = list.len + PRINCIPAL_BYTES;
	enum rc rc = exchange_keys(x);
	char *p;

	if (rc != RC_OK)
		return rc;
	p = arena_bytes(x->arena, len);
	if (p == NULL)
		return RC_NOMEM;
	memcpy(p, x->principal.digest, PRINCIPAL_BYTES);
	memcpy(p + PRINCIPAL_BYTES, list.ptr, list.len);
	*use = (struct seal_use){ SEAL_CURSOR, { p, len } };
	return RC_OK;
}

enum rc
cursor_put(
    struct exchange *x, struct buf *b, struct slice list, struct slice after)
{
	const struct key_row *key;
	struct seal_use use;
	enum rc rc = prepare(x, list, &use);

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
	enum rc rc;

	keyring_want(&x->server->keys, seal_key_id(text));
	rc = prepare(x, list, &use);
	if (rc != RC_OK)
		return rc;
	return seal_open(
	    x->arena, &x->server->keys, x->now_ms, &use, text, after);
}
