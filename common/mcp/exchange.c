#include "exchange.h"

void
exchange_renew(struct exchange *x)
{
	const struct server *s = x->server;

	x->now_ms = clock_wall_ms(s->clock);
	x->op.now_ms = x->now_ms;
	x->op.give_up_mono =
	    clock_mono_ms(s->clock) + s->rules.store_timeout_ms;
}

enum rc
exchange_keys(struct exchange *x)
{
	struct server *s = x->server;

	if (s->store == NULL && s->keys.rows.n == 0)
		return RC_BUSY;
	if (s->store == NULL)
		return RC_OK;
	return keyring_refresh(
	    &s->keys, s->store, &x->op, s->rng, clock_mono_ms(s->clock));
}
