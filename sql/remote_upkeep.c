/* What the store knows of itself: keys, revisions, hosts; and its laws. */

#include "remote_ops.h"

const struct remote_text remote_upkeep_texts[] = {
	{ REMOTE_INFO, { "mcp_info", "", REMOTE_READ } },
	{ REMOTE_KEYS, { "mcp_keys", "", REMOTE_READ } },
	{ REMOTE_KEY_ADD, { "mcp_key_add", "bnnbnnnn", REMOTE_ONCE } },
	{ REMOTE_KEY_END, { "mcp_key_end", "nn", REMOTE_REPEATABLE } },
	{ REMOTE_REVS, { "mcp_revs", "", REMOTE_READ } },
	{ REMOTE_RENEW, { "mcp_renew", "bn", REMOTE_ONCE } },
	{ REMOTE_HOST_BEAT, { "mcp_host_beat", "nbn", REMOTE_REPEATABLE } },
	{ REMOTE_HOST_DRAIN, { "mcp_host_drain", "nbn", REMOTE_REPEATABLE } },
	{ REMOTE_HOSTS, { "mcp_hosts", "", REMOTE_READ } },
	{ REMOTE_NONCE_USE, { "mcp_nonce_use", "bnbn", REMOTE_ONCE } },
	{ REMOTE_CHECK, { "mcp_check", "", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum rc
read_all(struct store *base, const struct op *op, enum remote_sql which,
    struct remote_rows *rows)
{
	return remote_rows(
	    (struct remote_store *)base, op, which, NULL, 0, rows);
}

/* A change whose only answer is its outcome. */
static enum rc
change(struct store *base, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n)
{
	struct remote_rows rows;
	bool is_recalled;
	enum rc rc = remote_run(
	    (struct remote_store *)base, op, which, v, n, &rows, &is_recalled);

	return rc == RC_OK ? remote_outcome(&rows) : rc;
}

enum rc
remote_info(struct store *base, const struct op *op, struct store_info *info)
{
	const struct remote_store *s = (const struct remote_store *)base;
	struct remote_rows rows;
	enum rc rc = read_all(base, op, REMOTE_INFO, &rows);

	*info = (struct store_info){ 0 };
	if (rc != RC_OK)
		return rc;
	if (rows.n != 1)
		return RC_BUG;
	info->engine = slice_of(s->engine->ops->name);
	info->incarnation = (uint32_t)remote_number(&rows, 0, 0);
	info->schema = (int)remote_number(&rows, 0, 1);
	info->oldest_program = (int)remote_number(&rows, 0, 2);
	info->sessions_live = remote_number(&rows, 0, 3);
	info->sessions_ended = remote_number(&rows, 0, 4);
	return RC_OK;
}

enum rc
remote_keys(struct store *base, const struct op *op, struct key_rows *keys)
{
	struct remote_rows rows;
	enum rc rc = read_all(base, op, REMOTE_KEYS, &rows);

	keys->n = 0;
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < rows.n && i < STORE_KEYS_MAX; i++) {
		struct key_row *row = &keys->row[i];

		rc = remote_fixed(&rows, i, 1, row->secret, STORE_KEY_BYTES);
		if (rc != RC_OK)
			return rc;
		row->id = (uint32_t)remote_number(&rows, i, 0);
		row->created = remote_number(&rows, i, 2);
		row->mint_from = remote_number(&rows, i, 3);
		row->end = remote_number(&rows, i, 4);
		keys->n++;
	}
	return RC_OK;
}

enum rc
remote_key_add(
    struct store *base, const struct op *op, const struct key_row *key)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(key->id),
		REMOTE_BYTES(key->secret, STORE_KEY_BYTES),
		REMOTE_NUMBER(key->created), REMOTE_NUMBER(key->mint_from),
		REMOTE_NUMBER(key->end),
		REMOTE_NUMBER(key->created - STORE_KEY_KEPT_MS) };

	return change(base, op, REMOTE_KEY_ADD, v, COUNT(v));
}

enum rc
remote_key_end(
    struct store *base, const struct op *op, uint32_t id, int64_t end)
{
	const struct remote_value v[] = { REMOTE_NUMBER(id),
		REMOTE_NUMBER(end) };

	return change(base, op, REMOTE_KEY_END, v, COUNT(v));
}

enum rc
remote_revs(struct store *base, const struct op *op, int64_t rev[STORE_SHARDS],
    uint32_t *incarnation)
{
	struct remote_rows rows;
	enum rc rc = read_all(base, op, REMOTE_REVS, &rows);

	if (rc != RC_OK)
		return rc;
	if (rows.n != STORE_SHARDS)
		return RC_BUG;
	for (size_t i = 0; i < rows.n; i++) {
		const int64_t shard = remote_number(&rows, i, 0);

		if (shard < 0 || shard >= STORE_SHARDS)
			return RC_BUG;
		rev[shard] = remote_number(&rows, i, 1);
	}
	*incarnation = (uint32_t)remote_number(&rows, 0, 2);
	return RC_OK;
}

enum rc
remote_renew(struct store *base, const struct op *op)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms) };

	return change(base, op, REMOTE_RENEW, v, COUNT(v));
}

enum rc
remote_host_beat(struct store *base, const struct op *op, struct slice name)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_SLICE(name), REMOTE_NUMBER(op->relaxed) };

	return change(base, op, REMOTE_HOST_BEAT, v, COUNT(v));
}

enum rc
remote_host_drain(
    struct store *base, const struct op *op, struct slice name, bool drain)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_SLICE(name), REMOTE_NUMBER(drain) };

	return change(base, op, REMOTE_HOST_DRAIN, v, COUNT(v));
}

enum rc
remote_hosts(struct store *base, const struct op *op, struct host_rows *hosts)
{
	struct remote_rows rows;
	enum rc rc = read_all(base, op, REMOTE_HOSTS, &rows);

	*hosts = (struct host_rows){ NULL, 0 };
	if (rc != RC_OK || rows.n == 0)
		return rc;
	hosts->row = arena_alloc(op->arena, rows.n * sizeof(*hosts->row));
	if (hosts->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		hosts->row[i] = (struct host_row){
			.name = remote_slice(&rows, i, 0),
			.beat = remote_number(&rows, i, 1),
			.at = remote_number(&rows, i, 2),
			.is_draining = remote_number(&rows, i, 3) != 0,
		};
	hosts->n = rows.n;
	return RC_OK;
}

enum rc
remote_nonce_use(struct store *base, const struct op *op,
    const unsigned char nonce[DIGEST_BYTES], int64_t end)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_BYTES(nonce, DIGEST_BYTES), REMOTE_NUMBER(end) };

	return change(base, op, REMOTE_NONCE_USE, v, COUNT(v));
}

enum rc
remote_check(struct store *base, const struct op *op)
{
	struct remote_store *s = (struct remote_store *)base;
	struct remote_rows rows;
	enum rc rc = read_all(base, op, REMOTE_CHECK, &rows);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < rows.n; i++)
		log_event(s->log, LOG_ERROR, "store", "broken=%lld",
		    (long long)remote_number(&rows, i, 0));
	return rows.n == 0 ? RC_OK : RC_BUG;
}
