#include "store_count.h"

static enum rc
counted(struct store *base, enum store_call call, struct store **inner)
{
	struct store_count *c = (struct store_count *)base;

	c->calls[call]++;
	*inner = c->inner;
	return c->before == NULL ? RC_OK : c->before(c->ctx, call);
}

static enum rc
info(struct store *base, const struct op *op, struct store_info *out)
{
	struct store *in;
	enum rc rc = counted(base, STORE_INFO, &in);

	return rc == RC_OK ? in->ops->info(in, op, out) : rc;
}

static enum rc
keys(struct store *base, const struct op *op, struct key_rows *out)
{
	struct store *in;
	enum rc rc = counted(base, STORE_KEYS, &in);

	return rc == RC_OK ? in->ops->keys(in, op, out) : rc;
}

static enum rc
key_add(struct store *base, const struct op *op, const struct key_row *row)
{
	struct store *in;
	enum rc rc = counted(base, STORE_KEY_ADD, &in);

	return rc == RC_OK ? in->ops->key_add(in, op, row) : rc;
}

static enum rc
session_get(struct store *base, const struct op *op,
    const struct session_key *key, struct session_row *row,
    uint32_t *incarnation)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SESSION_GET, &in);

	return rc == RC_OK ? in->ops->session_get(in, op, key, row, incarnation)
			   : rc;
}

static enum rc
session_put(struct store *base, const struct op *op,
    const struct session_row *row, const struct session_caps *caps, int64_t *id)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SESSION_PUT, &in);

	return rc == RC_OK ? in->ops->session_put(in, op, row, caps, id) : rc;
}

static enum rc
session_set(struct store *base, const struct op *op, int64_t session,
    const struct session_change *change)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SESSION_SET, &in);

	return rc == RC_OK ? in->ops->session_set(in, op, session, change) : rc;
}

static enum rc
session_end(struct store *base, const struct op *op,
    const struct session_key *key, enum end_why why)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SESSION_END, &in);

	return rc == RC_OK ? in->ops->session_end(in, op, key, why) : rc;
}

static enum rc
session_list(struct store *base, const struct op *op,
    const struct session_filter *filter, struct session_rows *rows)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SESSION_LIST, &in);

	return rc == RC_OK ? in->ops->session_list(in, op, filter, rows) : rc;
}

static enum rc
sweep(struct store *base, const struct op *op, const struct sweep_rules *rules,
    struct sweep_done *done)
{
	struct store *in;
	enum rc rc = counted(base, STORE_SWEEP, &in);

	return rc == RC_OK ? in->ops->sweep(in, op, rules, done) : rc;
}

static enum rc
check(struct store *base, const struct op *op)
{
	struct store *in;
	enum rc rc = counted(base, STORE_CHECK, &in);

	return rc == RC_OK ? in->ops->check(in, op) : rc;
}

static void
close_store(struct store *base)
{
	struct store *in = ((struct store_count *)base)->inner;

	in->ops->close(in);
}

void
store_count_init(struct store_count *c, struct store *inner)
{
	static const struct store_ops ops = {
		.info = info,
		.keys = keys,
		.key_add = key_add,
		.session_get = session_get,
		.session_put = session_put,
		.session_set = session_set,
		.session_end = session_end,
		.session_list = session_list,
		.sweep = sweep,
		.check = check,
		.close = close_store,
	};

	*c = (struct store_count){ .base = { &ops }, .inner = inner };
}

size_t
store_count_total(const struct store_count *c)
{
	size_t n = 0;

	for (size_t i = 0; i < STORE_CALLS; i++)
		n += c->calls[i];
	return n;
}

size_t
store_count_sessions(const struct store_count *c)
{
	size_t n = 0;

	for (size_t i = STORE_SESSION_GET; i <= STORE_SWEEP; i++)
		n += c->calls[i];
	return n;
}

size_t
store_count_writes(const struct store_count *c)
{
	return c->calls[STORE_KEY_ADD] + c->calls[STORE_SESSION_PUT] +
	    c->calls[STORE_SESSION_SET] + c->calls[STORE_SESSION_END] +
	    c->calls[STORE_SWEEP];
}
