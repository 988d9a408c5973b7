#ifndef MCP_SQLITE_PRIVATE_H
#define MCP_SQLITE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"
#include "sqlite_sql.h"
#include "store.h"
#include "store_sqlite.h"

/* What the files of this driver share.  The only header that knows SQLite. */

struct sqlite_store {
	struct store base; /* first, so that a store * is one of these */
	struct store_sqlite_options options;
	char *path; /* as given; options.path points here */
	char *boot_id;
	char *real; /* links resolved, so that all agree on -lock */
	char *lock_path;
	char *ballast_path;
	sqlite3 *db; /* NULL: the next call opens it again */
	sqlite3_stmt *statement[SQL_STATEMENTS];
	int lock_fd;     /* -1: the library needs no side lock */
	bool locked;     /* we hold it */
	bool relaxed;    /* what `synchronous` says now */
	bool disk_full;  /* the engine met the end of the disk */
	int error;       /* the engine's last extended code */
	int64_t give_up; /* of the call under way, monotonic ms */
	int64_t looked;  /* when a read last asked whether the file moved */
	uint64_t noise;  /* chance for what need not be secret; never 0 */
};

/* ---------------------------------------------------------- sqlite_file.c */

/* A new empty file of mode 0600, or nothing if it is there. */
MUST_CHECK enum rc sqlite_file_create(struct sqlite_store *, struct buf *why);

/* RC_NOTFOUND, or RC_IO on a file system we refuse; fills the paths. */
MUST_CHECK enum rc sqlite_file_find(struct sqlite_store *, struct buf *why);

/* Open <file>-lock. */
MUST_CHECK enum rc sqlite_lock_open(struct sqlite_store *);

/* Take the side lock, if there is one; RC_BUSY at s->give_up. */
MUST_CHECK enum rc sqlite_lock(struct sqlite_store *);
void sqlite_unlock(struct sqlite_store *);

/* Sleep a little; false when s->give_up has come. */
bool sqlite_nap(struct sqlite_store *);

/* Lay down <file>-ballast if it is missing and there is room for it. */
void sqlite_ballast_add(struct sqlite_store *);
/* Give it up. */
void sqlite_ballast_drop(struct sqlite_store *);

/* Is there room for more rows?  Ending and sweeping need no leave. */
bool sqlite_has_room(const struct sqlite_store *);

/* ---------------------------------------------------------- sqlite_open.c */

/* Open the connection, all checks included.
 * Nothing is left open on failure. */
MUST_CHECK enum rc sqlite_open(
    struct sqlite_store *, bool create, struct buf *why);

/* Close the connection, under the side lock. */
void sqlite_drop(struct sqlite_store *);

enum rc sqlite_renew(struct store *, const struct op *);

/* ------------------------------------------------------------ sqlite_tx.c */

/* The texts of the statements: one table for each file that runs them, ended
 * by an sql of NULL; sqlite_tx.c knows all tables. */
struct sqlite_text {
	enum sqlite_sql which;
	const char *sql;
};

extern const struct sqlite_text sqlite_tx_texts[];
extern const struct sqlite_text sqlite_session_texts[];
extern const struct sqlite_text sqlite_upkeep_texts[];
extern const struct sqlite_text sqlite_stream_texts[];
extern const struct sqlite_text sqlite_event_texts[];
extern const struct sqlite_text sqlite_change_texts[];
extern const struct sqlite_text sqlite_topic_texts[];
extern const struct sqlite_text sqlite_want_texts[];
extern const struct sqlite_text sqlite_host_texts[];
extern const struct sqlite_text sqlite_owner_texts[];
extern const struct sqlite_text sqlite_sweep_texts[];
extern const struct sqlite_text sqlite_check_texts[];
extern const struct sqlite_text sqlite_call_texts[];
extern const struct sqlite_text sqlite_call_open_texts[];
extern const struct sqlite_text sqlite_question_texts[];
extern const struct sqlite_text sqlite_task_texts[];

/* Compile a statement, which is done once: before its first use at the
 * latest, so that a process pays for what it uses. */
MUST_CHECK enum rc sqlite_prepare(struct sqlite_store *, enum sqlite_sql);

/* What an engine's code means to the caller; notes it in s. */
enum rc sqlite_rc(struct sqlite_store *, int code);

/* One statement of the text, run and forgotten: for set-up only. */
MUST_CHECK enum rc sqlite_exec(struct sqlite_store *, const char *sql);

/* Waits for locks; installed with sqlite3_busy_handler(). */
int sqlite_wait(void *store, int times);

/* Before and after the statements of a call.  After a begin that failed there
 * is nothing to end; an end gives the rc it was given, or worse. */
MUST_CHECK enum rc sqlite_read_begin(struct sqlite_store *, const struct op *);
MUST_CHECK enum rc sqlite_read_end(struct sqlite_store *, enum rc);
MUST_CHECK enum rc sqlite_write_begin(struct sqlite_store *, const struct op *);
MUST_CHECK enum rc sqlite_write_end(struct sqlite_store *, enum rc);

/* Several statements that must see one state of the store. */
MUST_CHECK enum rc sqlite_snapshot_begin(
    struct sqlite_store *, const struct op *);
MUST_CHECK enum rc sqlite_snapshot_end(struct sqlite_store *, enum rc);

/* What is put in the place of a `?`. */
struct sqlite_value {
	struct slice bytes;
	int64_t number;
	bool is_number;
};

#define SQL_NUMBER(n)                                                          \
	((struct sqlite_value){ .number = (n), .is_number = true })
#define SQL_SLICE(s) ((struct sqlite_value){ .bytes = (s) })
/* At most so many rows, 0: all of them. */
#define SQL_LIMIT(n) SQL_NUMBER((n) == 0 || (n) > INT64_MAX ? -1 : (int64_t)(n))
#define SQL_BYTES(p, n)                                                        \
	((struct sqlite_value){ .bytes = { (const char *)(p), (n) } })

/* Fill in the values in order; an absent slice is NULL. */
MUST_CHECK enum rc sqlite_bind(struct sqlite_store *, enum sqlite_sql,
    const struct sqlite_value *, size_t n);

/* RC_OK and whether there is a row to look at; end with sqlite_done(). */
MUST_CHECK enum rc sqlite_step(struct sqlite_store *, enum sqlite_sql, bool *);
void sqlite_done(struct sqlite_store *, enum sqlite_sql);

/* Bind, run to the end and say how many rows it changed (NULL allowed). */
MUST_CHECK enum rc sqlite_run(struct sqlite_store *, enum sqlite_sql,
    const struct sqlite_value *, size_t n, int64_t *changed);

/* Bind and read one number; RC_NOTFOUND without a row. */
MUST_CHECK enum rc sqlite_number(struct sqlite_store *, enum sqlite_sql,
    const struct sqlite_value *, size_t n, int64_t *number);

/* A column as bytes in the arena; NULL is an absent slice. */
MUST_CHECK enum rc sqlite_column(
    sqlite3_stmt *, int column, struct arena *, struct slice *out);

/* A row of `session` (by its alias) that may be forgotten: nobody reads a
 * stream of it, nothing runs for it and nobody was asked. */
#define SQLITE_UNUSED(e)                                                       \
	"NOT EXISTS(SELECT 1 FROM stream x WHERE x.session = " e ".id"         \
	" AND x.owner IS NOT NULL)"                                            \
	" AND NOT EXISTS(SELECT 1 FROM call x WHERE x.session = " e ".id"      \
	" AND x.session <> 0 AND x.state = 1)"                                 \
	" AND NOT EXISTS(SELECT 1 FROM question x"                             \
	" WHERE x.session = " e ".id AND x.state = 1)"

/* A column that always has so many bytes; RC_BUG if not. */
MUST_CHECK enum rc sqlite_fixed(
    sqlite3_stmt *, int column, unsigned char *out, int n);

/* For an array in the arena that grows row by row: where the rows are, n of
 * `size` bytes, if there is room for one more, or where they were copied to;
 * NULL without memory. */
void *sqlite_grown(struct arena *, void *rows, size_t n, size_t size);

/* A statement, what stands for each `?`, and how a row of it is read: into
 * `size` bytes, all of which read() fills. */
struct sqlite_query {
	enum sqlite_sql sql;
	const struct sqlite_value *value;
	size_t n;
	size_t size;
	enum rc (*read)(sqlite3_stmt *, struct arena *, void *row);
};

struct sqlite_rows {
	void *row; /* an array in the arena */
	size_t n;
};

/* The first row; RC_NOTFOUND.  Or all rows; none if it fails. */
MUST_CHECK enum rc sqlite_find(struct sqlite_store *,
    const struct sqlite_query *, struct arena *, void *row);
MUST_CHECK enum rc sqlite_find_all(struct sqlite_store *,
    const struct sqlite_query *, struct arena *, struct sqlite_rows *);

/* The same as a read of its own, from begin to end. */
MUST_CHECK enum rc sqlite_read_one(struct sqlite_store *, const struct op *,
    const struct sqlite_query *, void *row);
MUST_CHECK enum rc sqlite_read_all(struct sqlite_store *, const struct op *,
    const struct sqlite_query *, struct sqlite_rows *);

/* ------------------------------- parts of a write that is under way */

/* The functions of this section run between sqlite_write_begin() and
 * sqlite_write_end(). */

/* Leave a row in `signal`. */
MUST_CHECK enum rc sqlite_notice(
    struct sqlite_store *, const struct op *, const struct change *);

/* RC_NOTFOUND unless the session is live. */
MUST_CHECK enum rc sqlite_is_live(struct sqlite_store *, int64_t session);

/* RC_CONFLICT unless the call is running and has this epoch. */
MUST_CHECK enum rc sqlite_fence(
    struct sqlite_store *, int64_t call, int64_t epoch);

/* stream_open() without asking for the session; STREAM_SESSION too. */
MUST_CHECK enum rc sqlite_stream_add(struct sqlite_store *, const struct op *,
    const struct stream_open *, struct stream_row *);

/* No more events for it; RC_OK also if it is closed or gone. */
MUST_CHECK enum rc sqlite_stream_close(
    struct sqlite_store *, const struct op *, int64_t stream);

/* event_append() without the fence; caps NULL: none. */
MUST_CHECK enum rc sqlite_event_add(struct sqlite_store *, const struct op *,
    const struct event_append *, const struct stream_caps *, struct appended *);

/* Before sessions are forgotten: what their CHANGE_END says of the time. */
MUST_CHECK enum rc sqlite_set_now(struct sqlite_store *, const struct op *);

/* End a live session whose row is at hand, and raise its shard. */
MUST_CHECK enum rc sqlite_session_close(
    struct sqlite_store *, const struct op *, int64_t session, int shard);

/* Drop the events of a stream up to this one. */
MUST_CHECK enum rc sqlite_event_purge(
    struct sqlite_store *, int64_t stream, int64_t up_to);

/* ------------------- sqlite_call.c, sqlite_question.c and sqlite_task.c */

/* A wish to cancel is kept for so long. */
#define SQLITE_CANCEL_MS 10000

/* "<host>" of "<host>.<process>". */
struct slice sqlite_host_of(struct slice owner);

/* The row that a statement of sqlite_call.c finds. */
MUST_CHECK enum rc sqlite_call_find(struct sqlite_store *, enum sqlite_sql,
    const struct sqlite_value *, size_t n, struct arena *, struct call_row *);

/* Of a call, what most writes ask. */
struct call_brief {
	int64_t number;
	int64_t session;
	int64_t stream;
	int64_t task;
	bool is_waiting;
	bool is_running;
};

/* The functions from here on are parts of a write that is under way. */

/* RC_NOTFOUND. */
MUST_CHECK enum rc sqlite_call_brief(
    struct sqlite_store *, int64_t call, struct call_brief *);

/* Leave a row in `signal`, with the call's session and stream. */
MUST_CHECK enum rc sqlite_call_notice(struct sqlite_store *, const struct op *,
    const struct call_brief *, enum change_kind, int64_t ref);

/* Cancel a running call, with CHANGE_CALL the first time; RC_NOTFOUND if it is
 * not running. */
MUST_CHECK enum rc sqlite_call_cancelled(
    struct sqlite_store *, const struct op *, int64_t call);

/* call_open() up to the decision: with CALL_IS_NEW it is to be added; the row
 * is overwritten by the one that is meant. */
MUST_CHECK enum rc sqlite_call_meet(struct sqlite_store *, const struct op *,
    struct call_row *, const struct call_limits *, enum call_opened *);

/* Add the call of a task. */
MUST_CHECK enum rc sqlite_call_add(
    struct sqlite_store *, const struct op *, struct call_row *);

/* At most `limit` rows of calls, questions, cancels and tasks.  *gone counts
 * them. */
MUST_CHECK enum rc sqlite_sweep_calls(struct sqlite_store *, const struct op *,
    const struct sweep_rules *, int64_t limit, int64_t *gone);

/* Is there anything for it?  (A read.) */
MUST_CHECK enum rc sqlite_sweep_calls_any(struct sqlite_store *,
    const struct op *, const struct sweep_rules *, bool *any);

/* --------------------------------- sqlite_session.c and sqlite_upkeep.c */

enum rc sqlite_session_get(struct store *, const struct op *,
    const struct session_key *, struct session_row *, uint32_t *incarnation);
enum rc sqlite_session_put(struct store *, const struct op *,
    const struct session_row *, const struct session_caps *, int64_t *id);
enum rc sqlite_session_set(struct store *, const struct op *, int64_t session,
    const struct session_change *);
enum rc sqlite_session_negotiate(struct store *, const struct op *,
    int64_t session, const struct session_terms *);
enum rc sqlite_session_end(struct store *, const struct op *,
    const struct session_key *, enum end_why);
enum rc sqlite_session_list(struct store *, const struct op *,
    const struct session_filter *, struct session_rows *);

enum rc sqlite_info(struct store *, const struct op *, struct store_info *);
enum rc sqlite_keys(struct store *, const struct op *, struct key_rows *);
enum rc sqlite_key_add(
    struct store *, const struct op *, const struct key_row *);
enum rc sqlite_key_end(
    struct store *, const struct op *, uint32_t id, int64_t end);
enum rc sqlite_revs(struct store *, const struct op *,
    int64_t rev[STORE_SHARDS], uint32_t *incarnation);
enum rc sqlite_sweep(struct store *, const struct op *,
    const struct sweep_rules *, struct sweep_done *);
enum rc sqlite_check(struct store *, const struct op *);

/* ------------------------------------ sqlite_stream.c, sqlite_event.c ... */

/* The columns of a stream_row, and how they are read: from column 0 on. */
#define SQLITE_STREAM_COLUMNS                                                  \
	"s.number, s.session, s.kind, s.incarnation, s.head, s.purged,"        \
	" s.sent, s.reader, s.is_open, s.created, s.changed, s.owner"
#define SQLITE_STREAM_COLUMN_COUNT 12

MUST_CHECK enum rc sqlite_stream_row(sqlite3_stmt *, struct arena *, void *row);

enum rc sqlite_stream_open(struct store *, const struct op *,
    const struct stream_open *, struct stream_row *);
enum rc sqlite_stream_attach(struct store *, const struct op *,
    const struct stream_attach *, struct stream_row *);
enum rc sqlite_stream_detach(
    struct store *, const struct op *, const struct stream_sent *);
enum rc sqlite_stream_find(struct store *, const struct op *, int64_t session,
    enum stream_kind, struct stream_row *);
enum rc sqlite_stream_read(struct store *, const struct op *, int64_t stream,
    int64_t after, const struct event_limits *, struct stream_row *,
    struct event_rows *);
enum rc sqlite_streams_sent(
    struct store *, const struct op *, const struct stream_sent *, size_t n);
enum rc sqlite_event_append(struct store *, const struct op *,
    const struct event_append *, const struct stream_caps *, struct appended *);
enum rc sqlite_changes(struct store *, const struct op *, struct change_mark *,
    struct change_rows *);
enum rc sqlite_owner_gone(
    struct store *, const struct op *, struct slice owner);
enum rc sqlite_owners(struct store *, const struct op *, struct slice host,
    struct slice **names, size_t *n);

/* How a topic_row is read: its id, version and name. */
MUST_CHECK enum rc sqlite_topic_row(sqlite3_stmt *, struct arena *, void *row);

enum rc sqlite_topic_raise(struct store *, const struct op *,
    const struct topic_raise *, int64_t *version, bool *raised);
enum rc sqlite_topics_get(struct store *, const struct op *,
    const struct slice *names, size_t n, struct topic_row *);
enum rc sqlite_topic_find(
    struct store *, const struct op *, int64_t id, struct topic_row *);
enum rc sqlite_want_put(struct store *, const struct op *, int64_t session,
    const struct slice *names, size_t n, int64_t seen, int64_t max);
enum rc sqlite_want_drop(
    struct store *, const struct op *, int64_t session, struct slice);
enum rc sqlite_wants_behind(
    struct store *, const struct op *, int64_t session, struct topic_rows *);
enum rc sqlite_topic_deliver(struct store *, const struct op *,
    const struct topic_deliver *, const struct stream_caps *,
    struct topic_delivered *);

enum rc sqlite_host_beat(struct store *, const struct op *, struct slice name);
enum rc sqlite_host_drain(
    struct store *, const struct op *, struct slice name, bool drain);
enum rc sqlite_hosts(struct store *, const struct op *, struct host_rows *);
enum rc sqlite_nonce_use(struct store *, const struct op *,
    const unsigned char nonce[DIGEST_BYTES], int64_t end);

/* ----------- operations of sqlite_call.c, sqlite_question.c, sqlite_task.c */

enum rc sqlite_call_open(struct store *, const struct op *,
    struct call_row *row, const struct call_limits *, enum call_opened *,
    int64_t *reader);
enum rc sqlite_call_get(
    struct store *, const struct op *, int64_t call, struct call_row *);
enum rc sqlite_call_look(
    struct store *, const struct op *, int64_t call, struct call_news *);
enum rc sqlite_call_group(struct store *, const struct op *, int64_t call,
    int64_t epoch, int64_t group, int64_t start);
enum rc sqlite_call_finish(struct store *, const struct op *,
    const struct call_finish *, struct appended *);
enum rc sqlite_call_claim(struct store *, const struct op *, int64_t call,
    int64_t epoch, struct slice owner, struct call_row *);
enum rc sqlite_call_cancel(struct store *, const struct op *, int64_t session,
    struct slice request_id, int64_t *call);
enum rc sqlite_call_stop(struct store *, const struct op *, int64_t call);
enum rc sqlite_calls_list(struct store *, const struct op *,
    const struct call_filter *, struct call_rows *);
enum rc sqlite_question_put(struct store *, const struct op *,
    const struct question_row *, size_t n, int64_t epoch,
    const struct call_limits *, struct appended *);
enum rc sqlite_question_answer(struct store *, const struct op *,
    const struct question_name *, struct slice answer, bool is_error);
enum rc sqlite_questions_get(
    struct store *, const struct op *, int64_t call, struct question_rows *);
enum rc sqlite_questions_close(
    struct store *, const struct op *, int64_t call, int64_t epoch);
enum rc sqlite_question_send(struct store *, const struct op *,
    const struct question_name *, int64_t stream, struct slice data,
    struct appended *);
enum rc sqlite_questions_return(
    struct store *, const struct op *, int64_t stream);
enum rc sqlite_task_open(struct store *, const struct op *, struct task_row *,
    struct call_row *, const struct call_limits *, enum call_opened *);
enum rc sqlite_task_get(struct store *, const struct op *,
    const unsigned char id[TASK_ID_BYTES],
    const unsigned char principal[DIGEST_BYTES], struct task_row *);
enum rc sqlite_task_find(
    struct store *, const struct op *, int64_t number, struct task_row *);
enum rc sqlite_task_cancel(
    struct store *, const struct op *, int64_t number, struct task_row *);
enum rc sqlite_tasks_list(struct store *, const struct op *,
    const struct task_filter *, struct task_rows *);

#endif
