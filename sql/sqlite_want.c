#include "sqlite_private.h"

/* Sessions that have an open stream of their own to be told on. */
#define DELIVER(from, which)                                                   \
	"SELECT s.session, s.number FROM " from " WHERE " which                \
	" AND w.topic = ?1 AND w.seen < ?2"                                    \
	" AND s.is_open = 1 AND s.kind IN (2, 3) ORDER BY s.session LIMIT ?3"

const struct sqlite_text sqlite_want_texts[] = {
	{ SQL_WANT_ADD,
	    "INSERT INTO want(session, topic, seen)"
	    " SELECT ?1, id, iif(?3 < 0, version, ?3) FROM topic"
	    " WHERE name = ?2 ON CONFLICT DO NOTHING" },
	{ SQL_WANT_COUNT, "SELECT count(*) FROM want WHERE session = ?1" },
	{ SQL_WANT_DROP,
	    "DELETE FROM want WHERE session = ?1"
	    " AND topic = (SELECT id FROM topic WHERE name = ?2)" },
	{ SQL_WANTS_BEHIND,
	    "SELECT t.id, t.version, t.name FROM want w"
	    " JOIN topic t ON t.id = w.topic"
	    " WHERE w.session = ?1 AND w.seen < t.version ORDER BY t.version" },
	{ SQL_WANT_SEEN,
	    "UPDATE want SET seen = ?3"
	    " WHERE session = ?1 AND topic = ?2 AND seen < ?3" },
	/* By so many; no further than ?2. */
	{ SQL_WANTED_BY,
	    "SELECT count(*) FROM (SELECT 1 FROM want"
	    " WHERE topic = ?1 LIMIT ?2)" },
	/* The order of the tables is the order of the loops.  A process reads
	 * some streams of all, whoever wants the topic; but if few want it,
	 * those are looked through. */
	{ SQL_DELIVER_FEW,
	    DELIVER("want w CROSS JOIN stream s",
		"s.session = w.session AND s.owner = ?4") },
	{ SQL_DELIVER_OWNER,
	    DELIVER("stream s INDEXED BY stream_owner CROSS JOIN want w",
		"s.owner = ?4 AND w.session = s.session") },
	{ SQL_DELIVER_ANY,
	    DELIVER("want w CROSS JOIN stream s",
		"?4 IS NULL AND s.session = w.session") },
	{ SQL_DELIVER_SESSION,
	    DELIVER("want w CROSS JOIN stream s",
		"w.session = ?5 AND s.session = w.session"
		" AND (?4 IS NULL OR s.owner = ?4)") },
	{ SQL_STATEMENTS, NULL },
};

static enum rc
want_one(struct sqlite_store *s, const struct op *op, int64_t session,
    struct slice name, int64_t seen)
{
	const struct sqlite_value topic[] = { SQL_SLICE(name),
		SQL_NUMBER(op->now_ms) };
	const struct sqlite_value want[] = { SQL_NUMBER(session),
		SQL_SLICE(name), SQL_NUMBER(seen) };
	enum rc rc = sqlite_run(s, SQL_TOPIC_ADD, topic, 2, NULL);

	return rc == RC_OK ? sqlite_run(s, SQL_WANT_ADD, want, 3, NULL) : rc;
}

/* As many arguments as the interface has. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
sqlite_want_put(struct store *base, const struct op *op, int64_t session,
    const struct slice *names, size_t n, int64_t seen, int64_t max)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(session) };
	int64_t count = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_is_live(s, session);
	if (rc == RC_OK && !sqlite_has_room(s))
		rc = RC_FULL;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = want_one(s, op, session, names[i], seen);
	if (rc == RC_OK && max > 0)
		rc = sqlite_number(s, SQL_WANT_COUNT, v, 1, &count);
	if (rc == RC_OK && max > 0 && count > max)
		rc = RC_FULL;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_want_drop(
    struct store *base, const struct op *op, int64_t session, struct slice name)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(session),
		SQL_SLICE(name) };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_WANT_DROP, v, 2, NULL);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_wants_behind(struct store *base, const struct op *op, int64_t session,
    struct topic_rows *rows)
{
	const struct sqlite_value v[] = { SQL_NUMBER(session) };
	const struct sqlite_query q = { SQL_WANTS_BEHIND, v, 1,
		sizeof(*rows->row), sqlite_topic_row };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*rows = (struct topic_rows){ found.row, found.n };
	return rc;
}

/* Who is to be told, gathered before anything is written. */
struct target {
	int64_t session;
	int64_t stream;
};

static enum rc
read_target(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct target *target = out;

	(void)a;
	target->session = sqlite3_column_int64(st, 0);
	target->stream = sqlite3_column_int64(st, 1);
	return RC_OK;
}

/* How those who are to be told are found soonest. */
static enum rc
choose(struct sqlite_store *s, const struct topic_deliver *d, int64_t topic,
    enum sqlite_sql *which)
{
	const struct sqlite_value v[] = { SQL_NUMBER(topic),
		SQL_NUMBER((int64_t)d->limit + 1) };
	int64_t n = 0;
	enum rc rc;

	*which = d->session != 0 ? SQL_DELIVER_SESSION : SQL_DELIVER_ANY;
	if (d->session != 0 || d->owner.ptr == NULL)
		return RC_OK;
	rc = sqlite_number(s, SQL_WANTED_BY, v, 2, &n);
	*which = n <= (int64_t)d->limit ? SQL_DELIVER_FEW : SQL_DELIVER_OWNER;
	return rc;
}

static enum rc
gather(struct sqlite_store *s, struct arena *a, const struct topic_deliver *d,
    int64_t topic, struct sqlite_rows *targets)
{
	const struct sqlite_value v[] = { SQL_NUMBER(topic),
		SQL_NUMBER(d->version), SQL_NUMBER((int64_t)d->limit),
		SQL_SLICE(d->owner), SQL_NUMBER(d->session) };
	struct sqlite_query q = { SQL_DELIVER_ANY, v, d->session != 0 ? 5 : 4,
		sizeof(struct target), read_target };
	enum rc rc = choose(s, d, topic, &q.sql);

	return rc != RC_OK ? rc : sqlite_find_all(s, &q, a, targets);
}

/* A session with two streams is told once: on the first. */
static enum rc
tell(struct sqlite_store *s, const struct op *op, const struct topic_deliver *d,
    int64_t topic, const struct target *to, const struct stream_caps *caps)
{
	const struct sqlite_value v[] = { SQL_NUMBER(to->session),
		SQL_NUMBER(topic), SQL_NUMBER(d->version) };
	const struct event_append event = {
		.session = to->session, .stream = to->stream, .data = d->data
	};
	struct appended appended;
	int64_t changed = 0;
	enum rc rc = sqlite_run(s, SQL_WANT_SEEN, v, 3, &changed);

	if (rc != RC_OK || changed == 0)
		return rc == RC_OK ? RC_NOTFOUND : rc;
	return sqlite_event_add(s, op, &event, caps, &appended);
}

static enum rc
deliver(struct sqlite_store *s, const struct op *op,
    const struct topic_deliver *d, const struct stream_caps *caps,
    struct topic_delivered *out)
{
	const struct sqlite_value v[] = { SQL_SLICE(d->name) };
	struct sqlite_rows targets = { NULL, 0 };
	const struct target *to;
	int64_t topic = 0;
	enum rc rc = sqlite_number(s, SQL_TOPIC_GET, v, 1, &topic);

	if (rc == RC_NOTFOUND) /* then nobody wants it */
		return RC_OK;
	if (rc == RC_OK)
		rc = gather(s, op->arena, d, topic, &targets);
	to = targets.row;
	for (size_t i = 0; i < targets.n && rc == RC_OK; i++) {
		rc = tell(s, op, d, topic, &to[i], caps);
		out->sessions += rc == RC_OK;
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	out->more = targets.n > 0 && targets.n >= d->limit;
	return rc;
}

enum rc
sqlite_topic_deliver(struct store *base, const struct op *op,
    const struct topic_deliver *d, const struct stream_caps *caps,
    struct topic_delivered *out)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	*out = (struct topic_delivered){ 0 };
	if (rc != RC_OK)
		return rc;
	rc = deliver(s, op, d, caps, out);
	rc = sqlite_write_end(s, rc);
	if (rc != RC_OK)
		*out = (struct topic_delivered){ 0 };
	return rc;
}
