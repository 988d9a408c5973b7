#include "exchange.h"

enum rc
exchange_keys(struct exchange *x)
{
	struct server *s = x->server;

	if (s->store == NULL && s->keys.rows.n == 0)
		return RC_BUSY;
	if (s->store == NULL)
		return RC_OK;
	return keyring_refresh(
	    &s->keys, s->store, &x->op, s->rng, x->start_us / 1000);
}
