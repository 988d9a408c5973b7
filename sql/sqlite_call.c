
#include "sqlite_private.h"

#define CALL_COLUMNS                                                           \
	"c.number, c.session, c.principal, c.principal_name, c.request_id,"    \
	" c.digest, c.request, c.tool, c.stream, c.revision, c.transport,"     \
	" c.caps, c.task, c.is_repeatable, c.runs_max, c.owner, c.epoch,"      \
	" c.runs, c.pgroup, c.pgroup_start, c.is_cancelled, c.is_waiting,"     \
	" c.state, c.created, c.deadline, c.ended"

#define FIND(which)                                                            \
	"SELECT " CALL_COLUMNS " FROM call c WHERE " which                     \
	" ORDER BY c.number DESC LIMIT 1"

/* Every filter looks at its own index, and then at each row. */
#define LIST(which)                                                            \
	"SELECT " CALL_COLUMNS " FROM call c WHERE " which                     \
	" AND c.number > ?1 AND (?2 = 0 OR c.session = ?2)"                    \
	" AND (?3 IS NULL OR c.owner = ?3)"                                    \
	" AND (?4 IS NULL OR (c.owner >= " HOST_LOW(                           \
	    "?4") " AND c.owner < " HOST_HIGH("?4") "))"                       \
						    " AND (?5 = 0 OR c.state " \
						    "= ?5) ORDER BY c.number " \
						    "LIMIT ?6"

/* The owners of a host lie between `<host>.` and `<host>/`. */
#define HOST_LOW(host) "CAST(" host " || x'2e' AS BLOB)"
#define HOST_HIGH(host) "CAST(" host " || x'2f' AS BLOB)"

#define COUNT_OF_HOST(waits)                                                   \
	"SELECT count(*) FROM call WHERE state = 1"                            \
	" AND owner >= " HOST_LOW("?1") " AND owner < " HOST_HIGH(             \
	    "?1") " AND is_waiting = " waits

/* Values of is_cancelled. */
enum cancelled_by { BY_CLIENT = 1, BY_OPERATOR = 2 };

const struct sqlite_text sqlite_call_texts[] = {
	{ SQL_CALL_GET, FIND("c.number = ?1") },
	{ SQL_CALL_RUNNING,
	    FIND("c.session = ?1 AND c.session <> 0"
		 " AND c.request_id = ?2 AND c.state = 1") },
	/* Its response was not taken to the end. */
	{ SQL_CALL_UNTAKEN,
	    FIND("c.session = ?1 AND c.session <> 0"
		 " AND c.request_id = ?2 AND c.state = 2"
		 " AND c.digest = ?3 AND EXISTS(SELECT 1 FROM stream s"
		 " WHERE s.number = c.stream AND s.sent < s.head"
		 " AND s.incarnation = (SELECT v FROM meta"
		 " WHERE k = 'incarnation'))") },
	{ SQL_CALL_ADD,
	    "INSERT INTO call(session, principal, principal_name,"
	    " request_id, digest, request, tool, stream, revision,"
	    " transport, caps, task, is_repeatable, runs_max, owner,"
	    " deadline, created, is_waiting) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
	    " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)" },
	{ SQL_CALL_COUNT_HOST, COUNT_OF_HOST("0") },
	{ SQL_CALL_COUNT_WAITING, COUNT_OF_HOST("1") },
	{ SQL_CALL_COUNT_PRINCIPAL,
	    "SELECT count(*) FROM call WHERE state = 1"
	    " AND principal = ?1 AND is_waiting = 0" },
	{ SQL_CALL_LOOK,
	    "SELECT c.epoch, c.is_cancelled, c.state,"
	    " coalesce((SELECT s.reader FROM stream s"
	    " WHERE s.number = c.stream), 0),"
	    " (SELECT count(*) FROM question q"
	    " WHERE q.call = c.number AND q.state = 2)"
	    " FROM call c WHERE c.number = ?1" },
	{ SQL_CALL_BRIEF,
	    "SELECT number, session, stream, task, is_waiting, state"
	    " FROM call WHERE number = ?1" },
	{ SQL_CALL_GROUP,
	    "UPDATE call SET pgroup = ?3, pgroup_start = ?4"
	    " WHERE number = ?1 AND epoch = ?2 AND state = 1" },
	{ SQL_CALL_CLAIM,
	    "UPDATE call SET owner = ?3, epoch = epoch + 1,"
	    " runs = runs + (owner <> ?3)"
	    " WHERE number = ?1 AND epoch = ?2 AND state = 1" },
	{ SQL_CALL_END,
	    "UPDATE call SET state = 2, is_waiting = 0, ended = ?2"
	    " WHERE number = ?1" },
	{ SQL_CALL_WAIT,
	    "UPDATE call SET is_waiting = ?2"
	    " WHERE number = ?1 AND is_waiting <> ?2" },
	{ SQL_CALL_STOP,
	    "UPDATE call SET is_cancelled = ?2"
	    " WHERE number = ?1 AND state = 1 AND is_cancelled = 0" },
	{ SQL_CANCEL_PUT,
	    "INSERT INTO cancel(session, request_id, at) VALUES(?1, ?2, ?3)"
	    " ON CONFLICT(session, request_id) DO UPDATE SET at = ?3" },
	{ SQL_CANCEL_FIND,
	    "SELECT at FROM cancel WHERE session = ?1 AND request_id = ?2" },
	{ SQL_CANCEL_DROP,
	    "DELETE FROM cancel WHERE session = ?1 AND request_id = ?2" },
	{ SQL_CALLS, LIST("1") },
	{ SQL_CALLS_RUNNING, LIST("c.state = 1") },
	{ SQL_CALLS_OWNER, LIST("c.state = 1 AND c.owner = ?3") },
	{ SQL_CALLS_HOST,
	    LIST("c.state = 1 AND c.owner >= " HOST_LOW(
		"?4") " AND c.owner < " HOST_HIGH("?4")) },
	{ SQL_CALLS_SESSION, LIST("c.session = ?2 AND c.session <> 0") },
	{ SQL_STATEMENTS, NULL },
};

/* The columns of CALL_COLUMNS, in their order. */
enum column {
	COLUMN_NUMBER,
	COLUMN_SESSION,
	COLUMN_PRINCIPAL,
	COLUMN_PRINCIPAL_NAME,
	COLUMN_REQUEST_ID,
	COLUMN_DIGEST,
	COLUMN_REQUEST,
	COLUMN_TOOL,
	COLUMN_STREAM,
	COLUMN_REVISION,
	COLUMN_TRANSPORT,
	COLUMN_CAPS,
	COLUMN_TASK,
	COLUMN_IS_REPEATABLE,
	COLUMN_RUNS_MAX,
	COLUMN_OWNER,
	COLUMN_EPOCH,
	COLUMN_RUNS,
	COLUMN_PGROUP,
	COLUMN_PGROUP_START,
	COLUMN_IS_CANCELLED,
	COLUMN_IS_WAITING,
	COLUMN_STATE,
	COLUMN_CREATED,
	COLUMN_DEADLINE,
	COLUMN_ENDED
};

static enum rc
read_texts(sqlite3_stmt *st, struct arena *a, struct call_row *row)
{
	const struct {
		enum column column;
		struct slice *out;
	} text[] = {
		{ COLUMN_PRINCIPAL_NAME, &row->principal_name },
		{ COLUMN_REQUEST_ID, &row->request_id },
		{ COLUMN_REQUEST, &row->request },
		{ COLUMN_TOOL, &row->tool },
		{ COLUMN_REVISION, &row->revision },
		{ COLUMN_OWNER, &row->owner },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		rc = sqlite_column(st, (int)text[i].column, a, text[i].out);
		if (rc != RC_OK)
			return rc;
	}
	rc = sqlite_fixed(st, COLUMN_PRINCIPAL, row->principal, DIGEST_BYTES);
	if (rc == RC_OK)
		rc = sqlite_fixed(st, COLUMN_DIGEST, row->digest, DIGEST_BYTES);
	return rc;
}

static enum rc
read_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct call_row *row = out;

	row->number = sqlite3_column_int64(st, COLUMN_NUMBER);
	row->session = sqlite3_column_int64(st, COLUMN_SESSION);
	row->stream = sqlite3_column_int64(st, COLUMN_STREAM);
	row->transport = sqlite3_column_int(st, COLUMN_TRANSPORT);
	row->caps = (uint32_t)sqlite3_column_int64(st, COLUMN_CAPS);
	row->task = sqlite3_column_int64(st, COLUMN_TASK);
	row->is_repeatable = sqlite3_column_int(st, COLUMN_IS_REPEATABLE) != 0;
	row->runs_max = sqlite3_column_int(st, COLUMN_RUNS_MAX);
	row->epoch = sqlite3_column_int64(st, COLUMN_EPOCH);
	row->runs = sqlite3_column_int(st, COLUMN_RUNS);
	row->group = sqlite3_column_int64(st, COLUMN_PGROUP);
	row->group_start = sqlite3_column_int64(st, COLUMN_PGROUP_START);
	row->is_cancelled = sqlite3_column_int(st, COLUMN_IS_CANCELLED) != 0;
	row->is_stopped =
	    sqlite3_column_int(st, COLUMN_IS_CANCELLED) == BY_OPERATOR;
	row->is_waiting = sqlite3_column_int(st, COLUMN_IS_WAITING) != 0;
	row->state = sqlite3_column_int(st, COLUMN_STATE) == CALL_RUNNING
	    ? CALL_RUNNING
	    : CALL_ENDED;
	row->created = sqlite3_column_int64(st, COLUMN_CREATED);
	row->deadline = sqlite3_column_int64(st, COLUMN_DEADLINE);
	row->ended = sqlite3_column_int64(st, COLUMN_ENDED);
	return read_texts(st, a, row);
}

enum rc
sqlite_call_find(struct sqlite_store *s, enum sqlite_sql which,
    const struct sqlite_value *v, size_t n, struct arena *a,
    struct call_row *row)
{
	const struct sqlite_query q = { which, v, n, sizeof(*row), read_row };

	return sqlite_find(s, &q, a, row);
}

enum rc
sqlite_call_get(
    struct store *base, const struct op *op, int64_t call, struct call_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call) };
	const struct sqlite_query q = { SQL_CALL_GET, v, 1, sizeof(*row),
		read_row };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, row);
}

static enum rc
read_news(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct call_news *news = out;

	(void)a;
	*news = (struct call_news){
		.epoch = sqlite3_column_int64(st, 0),
		.is_cancelled = sqlite3_column_int(st, 1) != 0,
		.is_stopped = sqlite3_column_int(st, 1) == BY_OPERATOR,
		.state = sqlite3_column_int(st, 2) == CALL_RUNNING
		    ? CALL_RUNNING
		    : CALL_ENDED,
		.reader = sqlite3_column_int64(st, 3),
		.answers = sqlite3_column_int64(st, 4),
	};
	return RC_OK;
}

enum rc
sqlite_call_look(struct store *base, const struct op *op, int64_t call,
    struct call_news *news)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call) };
	const struct sqlite_query q = { SQL_CALL_LOOK, v, 1, sizeof(*news),
		read_news };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, news);
}

enum rc
sqlite_call_group(struct store *base, const struct op *op, int64_t call,
    int64_t epoch, int64_t group, int64_t start)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(call), SQL_NUMBER(epoch),
		SQL_NUMBER(group), SQL_NUMBER(start) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_CALL_GROUP, v, 4, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_call_notice(struct sqlite_store *s, const struct op *op,
    const struct call_brief *call, enum change_kind kind, int64_t ref)
{
	const struct change change = { .kind = kind,
		.session = call->session,
		.stream = call->stream,
		.ref = ref };

	return sqlite_notice(s, op, &change);
}

static enum rc
read_brief(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct call_brief *brief = out;

	(void)a;
	*brief = (struct call_brief){
		.number = sqlite3_column_int64(st, 0),
		.session = sqlite3_column_int64(st, 1),
		.stream = sqlite3_column_int64(st, 2),
		.task = sqlite3_column_int64(st, 3),
		.is_waiting = sqlite3_column_int(st, 4) != 0,
		.is_running = sqlite3_column_int(st, 5) == CALL_RUNNING,
	};
	return RC_OK;
}

enum rc
sqlite_call_brief(struct sqlite_store *s, int64_t call, struct call_brief *out)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call) };
	const struct sqlite_query q = { SQL_CALL_BRIEF, v, 1, sizeof(*out),
		read_brief };

	return sqlite_find(s, &q, NULL, out);
}

enum rc
sqlite_call_claim(struct store *base, const struct op *op, int64_t call,
    int64_t epoch, struct slice owner, struct call_row *row)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(call), SQL_NUMBER(epoch),
		SQL_SLICE(owner) };
	struct call_brief brief;
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_call_brief(s, call, &brief);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_CALL_CLAIM, v, 3, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	if (rc == RC_OK)
		rc = sqlite_call_notice(s, op, &brief, CHANGE_CALL, call);
	if (rc == RC_OK)
		rc = sqlite_call_find(s, SQL_CALL_GET, v, 1, op->arena, row);
	return sqlite_write_end(s, rc);
}

static enum rc
cancel(struct sqlite_store *s, const struct op *op, int64_t call,
    enum cancelled_by by)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call), SQL_NUMBER(by) };
	struct call_brief brief;
	int64_t changed = 0;
	enum rc rc = sqlite_call_brief(s, call, &brief);

	if (rc == RC_OK && !brief.is_running)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_CALL_STOP, v, 2, &changed);
	if (rc == RC_OK && changed > 0)
		rc = sqlite_call_notice(s, op, &brief, CHANGE_CALL, call);
	return rc;
}

enum rc
sqlite_call_cancelled(struct sqlite_store *s, const struct op *op, int64_t call)
{
	return cancel(s, op, call, BY_CLIENT);
}

enum rc
sqlite_call_stop(struct store *base, const struct op *op, int64_t call)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	return sqlite_write_end(s, cancel(s, op, call, BY_OPERATOR));
}

/* For a call that is yet to come.  To a session that is no more none will. */
static enum rc
keep_cancel(struct sqlite_store *s, const struct sqlite_value v[3])
{
	enum rc rc = sqlite_is_live(s, v[0].number);

	if (rc == RC_NOTFOUND)
		return RC_OK;
	return rc == RC_OK ? sqlite_run(s, SQL_CANCEL_PUT, v, 3, NULL) : rc;
}

enum rc
sqlite_call_cancel(struct store *base, const struct op *op, int64_t session,
    struct slice request_id, int64_t *call)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(session),
		SQL_SLICE(request_id), SQL_NUMBER(op->now_ms) };
	struct call_row row = { 0 };
	enum rc rc;

	*call = 0;
	if (session == 0 || request_id.ptr == NULL)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	rc = sqlite_call_find(s, SQL_CALL_RUNNING, v, 2, op->arena, &row);
	if (rc == RC_NOTFOUND)
		rc = keep_cancel(s, v);
	else if (rc == RC_OK && row.task == 0)
		rc = sqlite_call_cancelled(s, op, row.number);
	rc = sqlite_write_end(s, rc);
	if (rc == RC_OK && row.task == 0)
		*call = row.number;
	return rc;
}

static enum sqlite_sql
list_by(const struct call_filter *f)
{
	if (f->session != 0)
		return SQL_CALLS_SESSION;
	if (f->state != CALL_RUNNING)
		return SQL_CALLS;
	if (f->owner.ptr != NULL)
		return SQL_CALLS_OWNER;
	return f->host.ptr != NULL ? SQL_CALLS_HOST : SQL_CALLS_RUNNING;
}

enum rc
sqlite_calls_list(struct store *base, const struct op *op,
    const struct call_filter *f, struct call_rows *rows)
{
	const struct sqlite_value v[] = { SQL_NUMBER(f->after),
		SQL_NUMBER(f->session), SQL_SLICE(f->owner), SQL_SLICE(f->host),
		SQL_NUMBER(f->state), SQL_LIMIT(f->limit) };
	const struct sqlite_query q = { list_by(f), v, sizeof(v) / sizeof(v[0]),
		sizeof(*rows->row), read_row };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*rows = (struct call_rows){ found.row, found.n };
	return rc;
}
