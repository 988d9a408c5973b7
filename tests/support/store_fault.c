#include "store_fault.h"

#include <stdint.h>

static enum rc
before(void *ctx, enum store_call call)
{
	struct store_fault *f = ctx;
	size_t at;

	if (call == STORE_CHECK)
		return RC_OK;
	at = f->seen++;
	if (at < f->nth || (at > f->nth && !f->for_good))
		return RC_OK;
	f->refused++;
	return f->rc;
}

void
store_fault_init(struct store_fault *f, struct store *inner)
{
	*f = (struct store_fault){ .nth = SIZE_MAX };
	store_count_init(&f->count, inner);
	f->count.before = before;
	f->count.ctx = f;
}

void
store_fault_arm(struct store_fault *f, size_t nth, bool for_good, enum rc rc)
{
	f->nth = nth;
	f->for_good = for_good;
	f->rc = rc;
	f->seen = 0;
	f->refused = 0;
}

size_t
store_fault_disarm(struct store_fault *f)
{
	f->nth = SIZE_MAX;
	return f->refused;
}
