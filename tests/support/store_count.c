#include "store_count.h"

static enum rc
counted(struct store *base, enum store_call call, struct store **inner)
{
	struct store_count *c = (struct store_count *)base;

	c->calls[call]++;
	*inner = c->inner;
	return c->before == NULL ? RC_OK : c->before(c->ctx, call);
}

/* All functions alike: count, ask, forward. */
#define COMMON struct store *base, const struct op *op
#define FORWARD(call, name, params, ...)                                       \
	static enum rc name params                                             \
	{                                                                      \
		struct store *in;                                              \
		enum rc rc = counted(base, call, &in);                         \
                                                                               \
		return rc == RC_OK ? in->ops->name(in, __VA_ARGS__) : rc;      \
	}

/* clang-format off */
/* NOLINTBEGIN(readability-function-size): the parameters are those of store.h */
FORWARD(STORE_INFO, info, (COMMON, struct store_info *a), op, a)
FORWARD(STORE_KEYS, keys, (COMMON, struct key_rows *a), op, a)
FORWARD(STORE_KEY_ADD, key_add, (COMMON, const struct key_row *a), op, a)
FORWARD(STORE_KEY_END, key_end, (COMMON, uint32_t a, int64_t b), op, a, b)
FORWARD(STORE_SESSION_GET, session_get, (COMMON, const struct session_key *a,
    struct session_row *b, uint32_t *c), op, a, b, c)
FORWARD(STORE_SESSION_PUT, session_put, (COMMON, const struct session_row *a,
    const struct session_caps *b, int64_t *c), op, a, b, c)
FORWARD(STORE_SESSION_SET, session_set, (COMMON, int64_t a,
    const struct session_change *b), op, a, b)
FORWARD(STORE_SESSION_NEGOTIATE, session_negotiate, (COMMON, int64_t a,
    const struct session_terms *b), op, a, b)
FORWARD(STORE_SESSION_END, session_end, (COMMON, const struct session_key *a,
    enum end_why b), op, a, b)
FORWARD(STORE_SESSION_LIST, session_list, (COMMON,
    const struct session_filter *a, struct session_rows *b), op, a, b)
FORWARD(STORE_SWEEP, sweep, (COMMON, const struct sweep_rules *a,
    struct sweep_done *b), op, a, b)
FORWARD(STORE_STREAM_OPEN, stream_open, (COMMON, const struct stream_open *a,
    struct stream_row *b), op, a, b)
FORWARD(STORE_STREAM_ATTACH, stream_attach, (COMMON,
    const struct stream_attach *a, struct stream_row *b), op, a, b)
FORWARD(STORE_STREAM_DETACH, stream_detach, (COMMON,
    const struct stream_sent *a), op, a)
FORWARD(STORE_STREAM_FIND, stream_find, (COMMON, int64_t a, enum stream_kind b,
    struct stream_row *c), op, a, b, c)
FORWARD(STORE_STREAM_READ, stream_read, (COMMON, int64_t a, int64_t b,
    const struct event_limits *c, struct stream_row *d, struct event_rows *e),
    op, a, b, c, d, e)
FORWARD(STORE_STREAMS_SENT, streams_sent, (COMMON, const struct stream_sent *a,
    size_t b), op, a, b)
FORWARD(STORE_EVENT_APPEND, event_append, (COMMON, const struct event_append *a,
    const struct stream_caps *b, struct appended *c), op, a, b, c)
FORWARD(STORE_CHANGES, changes, (COMMON, struct change_mark *a,
    struct change_rows *b), op, a, b)
FORWARD(STORE_OWNER_GONE, owner_gone, (COMMON, struct slice a), op, a)
FORWARD(STORE_OWNERS, owners, (COMMON, struct slice a, struct slice **b,
    size_t *c), op, a, b, c)
FORWARD(STORE_TOPIC_RAISE, topic_raise, (COMMON, const struct topic_raise *a,
    int64_t *b, bool *c), op, a, b, c)
FORWARD(STORE_TOPICS_GET, topics_get, (COMMON, const struct slice *a, size_t b,
    struct topic_row *c), op, a, b, c)
FORWARD(STORE_TOPIC_FIND, topic_find, (COMMON, int64_t a, struct topic_row *b),
    op, a, b)
FORWARD(STORE_WANT_PUT, want_put, (COMMON, int64_t a, const struct slice *b,
    size_t c, int64_t d, int64_t e), op, a, b, c, d, e)
FORWARD(STORE_WANT_DROP, want_drop, (COMMON, int64_t a, struct slice b),
    op, a, b)
FORWARD(STORE_WANTS_BEHIND, wants_behind, (COMMON, int64_t a,
    struct topic_rows *b), op, a, b)
FORWARD(STORE_TOPIC_DELIVER, topic_deliver, (COMMON,
    const struct topic_deliver *a, const struct stream_caps *b,
    struct topic_delivered *c), op, a, b, c)
FORWARD(STORE_CALL_OPEN, call_open, (COMMON, struct call_row *a,
    const struct call_limits *b, enum call_opened *c, int64_t *d),
    op, a, b, c, d)
FORWARD(STORE_CALL_GET, call_get, (COMMON, int64_t a, struct call_row *b),
    op, a, b)
FORWARD(STORE_CALL_LOOK, call_look, (COMMON, int64_t a, struct call_news *b),
    op, a, b)
FORWARD(STORE_CALL_GROUP, call_group, (COMMON, int64_t a, int64_t b, int64_t c,
    int64_t d), op, a, b, c, d)
FORWARD(STORE_CALL_FINISH, call_finish, (COMMON, const struct call_finish *a,
    struct appended *b), op, a, b)
FORWARD(STORE_CALL_CLAIM, call_claim, (COMMON, int64_t a, int64_t b,
    struct slice c, struct call_row *d), op, a, b, c, d)
FORWARD(STORE_CALL_CANCEL, call_cancel, (COMMON, int64_t a, struct slice b,
    int64_t *c), op, a, b, c)
FORWARD(STORE_CALL_STOP, call_stop, (COMMON, int64_t a), op, a)
FORWARD(STORE_CALLS_LIST, calls_list, (COMMON, const struct call_filter *a,
    struct call_rows *b), op, a, b)
FORWARD(STORE_QUESTION_PUT, question_put, (COMMON, const struct question_row *a,
    size_t b, int64_t c, const struct call_limits *d, struct appended *e),
    op, a, b, c, d, e)
FORWARD(STORE_QUESTION_ANSWER, question_answer, (COMMON,
    const struct question_name *a, struct slice b, bool c), op, a, b, c)
FORWARD(STORE_QUESTIONS_GET, questions_get, (COMMON, int64_t a,
    struct question_rows *b), op, a, b)
FORWARD(STORE_QUESTIONS_CLOSE, questions_close, (COMMON, int64_t a, int64_t b),
    op, a, b)
FORWARD(STORE_QUESTION_SEND, question_send, (COMMON,
    const struct question_name *a, int64_t b, struct slice c,
    struct appended *d), op, a, b, c, d)
FORWARD(STORE_QUESTIONS_RETURN, questions_return, (COMMON, int64_t a), op, a)
FORWARD(STORE_TASK_OPEN, task_open, (COMMON, struct task_row *a,
    struct call_row *b, const struct call_limits *c, enum call_opened *d),
    op, a, b, c, d)
FORWARD(STORE_TASK_GET, task_get, (COMMON, const unsigned char a[TASK_ID_BYTES],
    const unsigned char b[DIGEST_BYTES], struct task_row *c), op, a, b, c)
FORWARD(STORE_TASK_FIND, task_find, (COMMON, int64_t a, struct task_row *b),
    op, a, b)
FORWARD(STORE_TASK_CANCEL, task_cancel, (COMMON, int64_t a, struct task_row *b),
    op, a, b)
FORWARD(STORE_TASKS_LIST, tasks_list, (COMMON, const struct task_filter *a,
    struct task_rows *b), op, a, b)
FORWARD(STORE_HOST_BEAT, host_beat, (COMMON, struct slice a), op, a)
FORWARD(STORE_HOST_DRAIN, host_drain, (COMMON, struct slice a, bool b),
    op, a, b)
FORWARD(STORE_HOSTS, hosts, (COMMON, struct host_rows *a), op, a)
FORWARD(STORE_NONCE_USE, nonce_use, (COMMON,
    const unsigned char a[DIGEST_BYTES], int64_t b), op, a, b)
FORWARD(STORE_REVS, revs, (COMMON, int64_t a[STORE_SHARDS], uint32_t *b),
    op, a, b)
FORWARD(STORE_RENEW, renew, (COMMON), op)
FORWARD(STORE_CHECK, check, (COMMON), op)
/* NOLINTEND(readability-function-size) */
/* clang-format on */

static void
close_store(struct store *base)
{
	struct store *in = ((struct store_count *)base)->inner;

	in->ops->close(in);
}

static const struct store_ops ops = {
	.info = info,
	.keys = keys,
	.key_add = key_add,
	.key_end = key_end,
	.session_get = session_get,
	.session_put = session_put,
	.session_set = session_set,
	.session_negotiate = session_negotiate,
	.session_end = session_end,
	.session_list = session_list,
	.sweep = sweep,
	.stream_open = stream_open,
	.stream_attach = stream_attach,
	.stream_detach = stream_detach,
	.stream_find = stream_find,
	.stream_read = stream_read,
	.streams_sent = streams_sent,
	.event_append = event_append,
	.changes = changes,
	.owner_gone = owner_gone,
	.owners = owners,
	.topic_raise = topic_raise,
	.topics_get = topics_get,
	.topic_find = topic_find,
	.want_put = want_put,
	.want_drop = want_drop,
	.wants_behind = wants_behind,
	.topic_deliver = topic_deliver,
	.call_open = call_open,
	.call_get = call_get,
	.call_look = call_look,
	.call_group = call_group,
	.call_finish = call_finish,
	.call_claim = call_claim,
	.call_cancel = call_cancel,
	.call_stop = call_stop,
	.calls_list = calls_list,
	.question_put = question_put,
	.question_answer = question_answer,
	.questions_get = questions_get,
	.questions_close = questions_close,
	.question_send = question_send,
	.questions_return = questions_return,
	.task_open = task_open,
	.task_get = task_get,
	.task_find = task_find,
	.task_cancel = task_cancel,
	.tasks_list = tasks_list,
	.host_beat = host_beat,
	.host_drain = host_drain,
	.hosts = hosts,
	.nonce_use = nonce_use,
	.revs = revs,
	.renew = renew,
	.check = check,
	.close = close_store,
};

void
store_count_init(struct store_count *c, struct store *inner)
{
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
	static const enum store_call reads[] = {
		STORE_INFO,
		STORE_KEYS,
		STORE_SESSION_GET,
		STORE_SESSION_LIST,
		STORE_STREAM_READ,
		STORE_CHANGES,
		STORE_OWNERS,
		STORE_TOPICS_GET,
		STORE_TOPIC_FIND,
		STORE_WANTS_BEHIND,
		STORE_CALL_GET,
		STORE_CALL_LOOK,
		STORE_CALLS_LIST,
		STORE_QUESTIONS_GET,
		STORE_TASK_GET,
		STORE_TASK_FIND,
		STORE_TASKS_LIST,
		STORE_HOSTS,
		STORE_CHECK,
	};
	size_t n = store_count_total(c);

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		n -= c->calls[reads[i]];
	return n;
}
