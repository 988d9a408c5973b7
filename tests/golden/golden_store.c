#include "golden_store.h"

#include "store_mem.h"

#define INNER(s) (((struct golden_store *)(s))->inner)

/* Count one call; the inner store, or NULL while it is down. */
static struct store *
enter(struct store *s)
{
	struct golden_store *g = (struct golden_store *)s;

	g->session_calls++;
	return g->is_down ? NULL : g->inner;
}

static bool
is_down(struct store *s)
{
	return ((struct golden_store *)s)->is_down;
}

static enum rc
info(struct store *s, const struct op *op, struct store_info *out)
{
	return is_down(s) ? RC_BUSY : INNER(s)->ops->info(INNER(s), op, out);
}

static enum rc
keys(struct store *s, const struct op *op, struct key_rows *out)
{
	return is_down(s) ? RC_BUSY : INNER(s)->ops->keys(INNER(s), op, out);
}

static enum rc
key_add(struct store *s, const struct op *op, const struct key_row *row)
{
	return is_down(s) ? RC_BUSY : INNER(s)->ops->key_add(INNER(s), op, row);
}

static enum rc
session_get(struct store *s, const struct op *op, const struct session_key *key,
    struct session_row *row, uint32_t *incarnation)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY
			  : in->ops->session_get(in, op, key, row, incarnation);
}

static enum rc
session_put(struct store *s, const struct op *op, const struct session_row *row,
    const struct session_caps *caps, int64_t *id)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY
			  : in->ops->session_put(in, op, row, caps, id);
}

static enum rc
session_set(struct store *s, const struct op *op, int64_t session,
    const struct session_change *change)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY
			  : in->ops->session_set(in, op, session, change);
}

static enum rc
session_end(struct store *s, const struct op *op, const struct session_key *key,
    enum end_why why)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY : in->ops->session_end(in, op, key, why);
}

static enum rc
session_list(struct store *s, const struct op *op,
    const struct session_filter *filter, struct session_rows *rows)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY
			  : in->ops->session_list(in, op, filter, rows);
}

static enum rc
sweep(struct store *s, const struct op *op, const struct sweep_rules *rules,
    struct sweep_done *done)
{
	struct store *in = enter(s);

	return in == NULL ? RC_BUSY : in->ops->sweep(in, op, rules, done);
}

static enum rc
check(struct store *s, const struct op *op)
{
	return is_down(s) ? RC_BUSY : INNER(s)->ops->check(INNER(s), op);
}

/* The owner releases it; the server must not close what it was lent. */
static void
close_nothing(struct store *s)
{
	(void)s;
}

static const struct store_ops golden_store_ops = {
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
	.close = close_nothing,
};

enum rc
golden_store_init(struct golden_store *g)
{
	*g = (struct golden_store){ .base = { &golden_store_ops } };
	return store_mem_open(1, &g->inner);
}

enum rc
golden_store_replace(struct golden_store *g, uint32_t incarnation)
{
	struct store *fresh = NULL;
	enum rc rc = store_mem_open(incarnation, &fresh);

	if (rc != RC_OK)
		return rc;
	g->inner->ops->close(g->inner);
	g->inner = fresh;
	return RC_OK;
}

enum rc
golden_store_renew(
    struct golden_store *g, const struct op *op, uint32_t incarnation)
{
	struct store *fresh = NULL;
	struct key_rows rows;
	enum rc rc;

	rc = g->inner->ops->keys(g->inner, op, &rows);
	if (rc == RC_OK)
		rc = store_mem_open(incarnation, &fresh);
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++)
		rc = fresh->ops->key_add(fresh, op, &rows.row[i]);
	if (rc == RC_OK) {
		g->inner->ops->close(g->inner);
		g->inner = fresh;
	} else if (fresh != NULL) {
		fresh->ops->close(fresh);
	}
	return rc;
}

void
golden_store_release(struct golden_store *g)
{
	if (g->inner != NULL)
		g->inner->ops->close(g->inner);
	g->inner = NULL;
}
