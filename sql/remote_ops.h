#ifndef MCP_REMOTE_OPS_H
#define MCP_REMOTE_OPS_H

#include "remote.h"
#include "store.h"

/*
 * The operations of a store in a database server, as store.h describes them,
 * by the file that has them.  The store * of each is a struct remote_store.
 */

/* remote_upkeep.c */
enum rc remote_info(struct store *, const struct op *, struct store_info *);
enum rc remote_keys(struct store *, const struct op *, struct key_rows *);
enum rc remote_key_add(
    struct store *, const struct op *, const struct key_row *);
enum rc remote_key_end(
    struct store *, const struct op *, uint32_t id, int64_t end);
enum rc remote_check(struct store *, const struct op *);
enum rc remote_revs(struct store *, const struct op *,
    int64_t rev[STORE_SHARDS], uint32_t *incarnation);
enum rc remote_renew(struct store *, const struct op *);
enum rc remote_host_beat(struct store *, const struct op *, struct slice name);
enum rc remote_host_drain(
    struct store *, const struct op *, struct slice name, bool drain);
enum rc remote_hosts(struct store *, const struct op *, struct host_rows *);
enum rc remote_nonce_use(struct store *, const struct op *,
    const unsigned char nonce[DIGEST_BYTES], int64_t end);

/* remote_session.c */
enum rc remote_session_get(struct store *, const struct op *,
    const struct session_key *, struct session_row *, uint32_t *incarnation);
enum rc remote_session_put(struct store *, const struct op *,
    const struct session_row *, const struct session_caps *, int64_t *id);
enum rc remote_session_set(struct store *, const struct op *, int64_t session,
    const struct session_change *);
enum rc remote_session_negotiate(struct store *, const struct op *,
    int64_t session, const struct session_terms *);
enum rc remote_session_end(struct store *, const struct op *,
    const struct session_key *, enum end_why);
enum rc remote_session_list(struct store *, const struct op *,
    const struct session_filter *, struct session_rows *);

/* remote_sweep.c */
enum rc remote_sweep(struct store *, const struct op *,
    const struct sweep_rules *, struct sweep_done *);

/* remote_stream.c */
enum rc remote_stream_open(struct store *, const struct op *,
    const struct stream_open *, struct stream_row *);
enum rc remote_stream_attach(struct store *, const struct op *,
    const struct stream_attach *, struct stream_row *);
enum rc remote_stream_detach(
    struct store *, const struct op *, const struct stream_sent *);
enum rc remote_stream_find(struct store *, const struct op *, int64_t session,
    enum stream_kind, struct stream_row *);
enum rc remote_stream_read(struct store *, const struct op *, int64_t stream,
    int64_t after, const struct event_limits *, struct stream_row *,
    struct event_rows *);
enum rc remote_streams_sent(
    struct store *, const struct op *, const struct stream_sent *, size_t n);
enum rc remote_event_append(struct store *, const struct op *,
    const struct event_append *, const struct stream_caps *, struct appended *);

/* remote_change.c */
enum rc remote_changes(struct store *, const struct op *, struct change_mark *,
    struct change_rows *);
enum rc remote_owner_gone(
    struct store *, const struct op *, struct slice owner);
enum rc remote_owners(struct store *, const struct op *, struct slice host,
    struct slice **names, size_t *n);

/* remote_topic.c */
enum rc remote_topic_raise(struct store *, const struct op *,
    const struct topic_raise *, int64_t *version, bool *raised);
enum rc remote_topics_get(struct store *, const struct op *,
    const struct slice *names, size_t n, struct topic_row *);
enum rc remote_topic_find(
    struct store *, const struct op *, int64_t id, struct topic_row *);
enum rc remote_want_put(struct store *, const struct op *, int64_t session,
    const struct slice *names, size_t n, int64_t seen, int64_t max);
enum rc remote_want_drop(
    struct store *, const struct op *, int64_t session, struct slice);
enum rc remote_wants_behind(
    struct store *, const struct op *, int64_t session, struct topic_rows *);
enum rc remote_topic_deliver(struct store *, const struct op *,
    const struct topic_deliver *, const struct stream_caps *,
    struct topic_delivered *);

/* remote_call.c */
enum rc remote_call_open(struct store *, const struct op *,
    struct call_row *row, const struct call_limits *, enum call_opened *,
    int64_t *reader);
enum rc remote_call_get(
    struct store *, const struct op *, int64_t call, struct call_row *);
enum rc remote_call_look(
    struct store *, const struct op *, int64_t call, struct call_news *);
enum rc remote_call_group(struct store *, const struct op *, int64_t call,
    int64_t epoch, int64_t group, int64_t start);
enum rc remote_call_finish(struct store *, const struct op *,
    const struct call_finish *, struct appended *);
enum rc remote_call_claim(struct store *, const struct op *, int64_t call,
    int64_t epoch, struct slice owner, struct call_row *);
enum rc remote_call_cancel(struct store *, const struct op *, int64_t session,
    struct slice request_id, int64_t *call);
enum rc remote_call_stop(struct store *, const struct op *, int64_t call);
enum rc remote_calls_list(struct store *, const struct op *,
    const struct call_filter *, struct call_rows *);

/* remote_question.c */
enum rc remote_question_put(struct store *, const struct op *,
    const struct question_row *, size_t n, int64_t epoch,
    const struct call_limits *, struct appended *);
enum rc remote_question_answer(struct store *, const struct op *,
    const struct question_name *, struct slice answer, bool is_error);
enum rc remote_questions_get(
    struct store *, const struct op *, int64_t call, struct question_rows *);
enum rc remote_questions_close(
    struct store *, const struct op *, int64_t call, int64_t epoch);
enum rc remote_question_send(struct store *, const struct op *,
    const struct question_name *, int64_t stream, struct slice data,
    struct appended *);
enum rc remote_questions_return(
    struct store *, const struct op *, int64_t stream);

/* remote_task.c */
enum rc remote_task_open(struct store *, const struct op *, struct task_row *,
    struct call_row *, const struct call_limits *, enum call_opened *);
enum rc remote_task_get(struct store *, const struct op *,
    const unsigned char id[TASK_ID_BYTES],
    const unsigned char principal[DIGEST_BYTES], struct task_row *);
enum rc remote_task_find(
    struct store *, const struct op *, int64_t number, struct task_row *);
enum rc remote_task_cancel(
    struct store *, const struct op *, int64_t number, struct task_row *);
enum rc remote_tasks_list(struct store *, const struct op *,
    const struct task_filter *, struct task_rows *);

/* remote_store.c */
bool remote_doubt(struct store *);
void remote_rest(struct store *);
void remote_close(struct store *);

/* All of them, and how a routine is called (NULL: unknown): remote_ops.c. */
extern const struct store_ops remote_ops;
const struct remote_routine *remote_routine(enum remote_sql);

#endif
