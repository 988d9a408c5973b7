#include <string.h>

#include "sqlite_private.h"

const struct sqlite_text sqlite_topic_texts[] = {
	{ SQL_TOPIC_GET,
	    "SELECT id, version, digest FROM topic"
	    " WHERE name = ?1" },
	{ SQL_TOPIC_FIND,
	    "SELECT id, version, name FROM topic"
	    " WHERE id = ?1" },
	{ SQL_TOPIC_ADD,
	    "INSERT INTO topic(name, at) VALUES(?1, ?2)"
	    " ON CONFLICT DO NOTHING" },
	{ SQL_TOPIC_NEXT,
	    "UPDATE counter SET topic = topic + 1"
	    " RETURNING topic" },
	{ SQL_TOPIC_RAISE,
	    "UPDATE topic SET version = ?2, at = ?3,"
	    " digest = coalesce(?4, digest) WHERE id = ?1" },
	{ SQL_TOPIC_DIGEST,
	    "UPDATE topic SET digest = ?2, at = ?3"
	    " WHERE id = ?1" },
	{ SQL_STATEMENTS, NULL },
};

/* A topic as it is, and whether it is what a raise would make of it. */
struct found {
	int64_t id;
	int64_t version;
	bool has_digest;
	bool is_same;
};

static enum rc
find(struct sqlite_store *s, const struct topic_raise *raise, struct found *out)
{
	const struct sqlite_value v[] = { SQL_SLICE(raise->name) };
	const void *digest;
	sqlite3_stmt *st;
	bool there = false;
	enum rc rc = sqlite_bind(s, SQL_TOPIC_GET, v, 1);

	*out = (struct found){ 0 };
	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_TOPIC_GET, &there);
	st = s->statement[SQL_TOPIC_GET];
	if (rc == RC_OK && there) {
		out->id = sqlite3_column_int64(st, 0);
		out->version = sqlite3_column_int64(st, 1);
		digest = sqlite3_column_blob(st, 2);
		out->has_digest = digest != NULL &&
		    sqlite3_column_bytes(st, 2) == DIGEST_BYTES;
		out->is_same = out->has_digest && raise->digest != NULL &&
		    memcmp(digest, raise->digest, DIGEST_BYTES) == 0;
	}
	sqlite_done(s, SQL_TOPIC_GET);
	return rc == RC_OK && !there ? RC_NOTFOUND : rc;
}

static enum rc
find_or_add(struct sqlite_store *s, const struct op *op,
    const struct topic_raise *raise, struct found *out)
{
	const struct sqlite_value v[] = { SQL_SLICE(raise->name),
		SQL_NUMBER(op->now_ms) };
	enum rc rc = find(s, raise, out);

	if (rc != RC_NOTFOUND)
		return rc;
	rc = sqlite_run(s, SQL_TOPIC_ADD, v, 2, NULL);
	return rc == RC_OK ? find(s, raise, out) : rc;
}

static enum rc
note_digest(struct sqlite_store *s, const struct op *op,
    const struct topic_raise *raise, const struct found *topic)
{
	const struct sqlite_value v[] = { SQL_NUMBER(topic->id),
		SQL_BYTES(raise->digest, DIGEST_BYTES),
		SQL_NUMBER(op->now_ms) };

	return sqlite_run(s, SQL_TOPIC_DIGEST, v, 3, NULL);
}

static enum rc
raise_version(struct sqlite_store *s, const struct op *op,
    const struct topic_raise *raise, struct found *topic)
{
	const struct change change = { CHANGE_TOPIC, 0, 0, topic->id };
	struct sqlite_value v[] = { SQL_NUMBER(topic->id), SQL_NUMBER(0),
		SQL_NUMBER(op->now_ms),
		raise->digest == NULL
		    ? SQL_SLICE(SLICE_NONE)
		    : SQL_BYTES(raise->digest, DIGEST_BYTES) };
	enum rc rc = sqlite_number(s, SQL_TOPIC_NEXT, NULL, 0, &topic->version);

	v[1] = SQL_NUMBER(topic->version);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_TOPIC_RAISE, v, 4, NULL);
	return rc == RC_OK ? sqlite_notice(s, op, &change) : rc;
}

static enum rc
raise_now(struct sqlite_store *s, const struct op *op,
    const struct topic_raise *raise, struct found *topic, bool *raised)
{
	enum rc rc = find_or_add(s, op, raise, topic);

	if (rc != RC_OK || topic->is_same)
		return rc;
	if (raise->digest != NULL && !topic->has_digest)
		return note_digest(s, op, raise, topic);
	*raised = true;
	return raise_version(s, op, raise, topic);
}

enum rc
sqlite_topic_raise(struct store *base, const struct op *op,
    const struct topic_raise *raise, int64_t *version, bool *raised)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct found topic = { 0 };
	bool is_new = false;
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	/* Everybody who reads a list asks; nearly always nothing is new, and
	 * that takes no lock. */
	if (raise->digest != NULL)
		rc = find(s, raise, &topic);
	if (rc == RC_NOTFOUND)
		rc = RC_OK;
	rc = sqlite_read_end(s, rc);
	if (rc == RC_OK && !topic.is_same) {
		rc = sqlite_write_begin(s, op);
		if (rc != RC_OK)
			return rc;
		rc = raise_now(s, op, raise, &topic, &is_new);
		rc = sqlite_write_end(s, rc);
	}
	if (rc != RC_OK)
		return rc;
	*version = topic.version;
	*raised = is_new;
	return RC_OK;
}

enum rc
sqlite_topics_get(struct store *base, const struct op *op,
    const struct slice *names, size_t n, struct topic_row *rows)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct found topic;
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const struct topic_raise name = { names[i], NULL };

		rc = find(s, &name, &topic);
		rows[i] =
		    (struct topic_row){ topic.id, names[i], topic.version };
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_topic_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct topic_row *row = out;

	row->id = sqlite3_column_int64(st, 0);
	row->version = sqlite3_column_int64(st, 1);
	return sqlite_column(st, 2, a, &row->name);
}

enum rc
sqlite_topic_find(
    struct store *base, const struct op *op, int64_t id, struct topic_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(id) };
	const struct sqlite_query q = { SQL_TOPIC_FIND, v, 1, sizeof(*row),
		sqlite_topic_row };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, row);
}
