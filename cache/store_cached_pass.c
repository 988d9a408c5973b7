#include "store_cached_private.h"

/* All functions alike: PASS passes an operation on; TELL raises the counter
 * after it, because others may wait for it. */
#define COMMON struct store *base, const struct op *op
#define PASS(name, params, ...)                                                \
	static enum rc name params                                             \
	{                                                                      \
		struct store *under = CACHED(base)->o.under;                   \
                                                                               \
		return under->ops->name(under, __VA_ARGS__);                   \
	}
#define TELL(name, params, ...)                                                \
	static enum rc name params                                             \
	{                                                                      \
		struct store *under = CACHED(base)->o.under;                   \
		enum rc rc = under->ops->name(under, __VA_ARGS__);             \
                                                                               \
		if (rc == RC_OK)                                               \
			store_cached_tell(CACHED(base));                       \
		return rc;                                                     \
	}

/* clang-format off */
/* NOLINTBEGIN(readability-function-size): the parameters are those of store.h */
PASS(info, (COMMON, struct store_info *a), op, a)
PASS(keys, (COMMON, struct key_rows *a), op, a)
PASS(key_add, (COMMON, const struct key_row *a), op, a)
PASS(key_end, (COMMON, uint32_t a, int64_t b), op, a, b)
PASS(session_put, (COMMON, const struct session_row *a,
    const struct session_caps *b, int64_t *c), op, a, b, c)
PASS(session_negotiate, (COMMON, int64_t a, const struct session_terms *b),
    op, a, b)
PASS(session_list, (COMMON, const struct session_filter *a,
    struct session_rows *b), op, a, b)
PASS(stream_open, (COMMON, const struct stream_open *a, struct stream_row *b),
    op, a, b)
TELL(stream_attach, (COMMON, const struct stream_attach *a,
    struct stream_row *b), op, a, b)
TELL(stream_detach, (COMMON, const struct stream_sent *a), op, a)
PASS(stream_find, (COMMON, int64_t a, enum stream_kind b,
    struct stream_row *c), op, a, b, c)
PASS(stream_read, (COMMON, int64_t a, int64_t b, const struct event_limits *c,
    struct stream_row *d, struct event_rows *e), op, a, b, c, d, e)
PASS(streams_sent, (COMMON, const struct stream_sent *a, size_t b), op, a, b)
TELL(event_append, (COMMON, const struct event_append *a,
    const struct stream_caps *b, struct appended *c), op, a, b, c)
TELL(owner_gone, (COMMON, struct slice a), op, a)
PASS(owners, (COMMON, struct slice a, struct slice **b, size_t *c),
    op, a, b, c)
PASS(topics_get, (COMMON, const struct slice *a, size_t b,
    struct topic_row *c), op, a, b, c)
PASS(topic_find, (COMMON, int64_t a, struct topic_row *b), op, a, b)
PASS(want_put, (COMMON, int64_t a, const struct slice *b, size_t c, int64_t d,
    int64_t e), op, a, b, c, d, e)
PASS(want_drop, (COMMON, int64_t a, struct slice b), op, a, b)
PASS(wants_behind, (COMMON, int64_t a, struct topic_rows *b), op, a, b)
PASS(call_open, (COMMON, struct call_row *a, const struct call_limits *b,
    enum call_opened *c, int64_t *d), op, a, b, c, d)
PASS(call_get, (COMMON, int64_t a, struct call_row *b), op, a, b)
PASS(call_look, (COMMON, int64_t a, struct call_news *b), op, a, b)
PASS(call_group, (COMMON, int64_t a, int64_t b, int64_t c, int64_t d),
    op, a, b, c, d)
TELL(call_finish, (COMMON, const struct call_finish *a, struct appended *b),
    op, a, b)
TELL(call_claim, (COMMON, int64_t a, int64_t b, struct slice c,
    struct call_row *d), op, a, b, c, d)
TELL(call_cancel, (COMMON, int64_t a, struct slice b, int64_t *c),
    op, a, b, c)
TELL(call_stop, (COMMON, int64_t a), op, a)
PASS(calls_list, (COMMON, const struct call_filter *a, struct call_rows *b),
    op, a, b)
TELL(question_put, (COMMON, const struct question_row *a, size_t b, int64_t c,
    const struct call_limits *d, struct appended *e), op, a, b, c, d, e)
TELL(question_answer, (COMMON, const struct question_name *a, struct slice b,
    bool c), op, a, b, c)
PASS(questions_get, (COMMON, int64_t a, struct question_rows *b), op, a, b)
TELL(questions_close, (COMMON, int64_t a, int64_t b), op, a, b)
TELL(question_send, (COMMON, const struct question_name *a, int64_t b,
    struct slice c, struct appended *d), op, a, b, c, d)
PASS(questions_return, (COMMON, int64_t a), op, a)
TELL(task_open, (COMMON, struct task_row *a, struct call_row *b,
    const struct call_limits *c, enum call_opened *d), op, a, b, c, d)
PASS(task_get, (COMMON, const unsigned char a[TASK_ID_BYTES],
    const unsigned char b[DIGEST_BYTES], struct task_row *c), op, a, b, c)
PASS(task_find, (COMMON, int64_t a, struct task_row *b), op, a, b)
TELL(task_cancel, (COMMON, int64_t a, struct task_row *b), op, a, b)
PASS(tasks_list, (COMMON, const struct task_filter *a, struct task_rows *b),
    op, a, b)
PASS(host_beat, (COMMON, struct slice a), op, a)
PASS(host_drain, (COMMON, struct slice a, bool b), op, a, b)
PASS(hosts, (COMMON, struct host_rows *a), op, a)
PASS(nonce_use, (COMMON, const unsigned char a[DIGEST_BYTES], int64_t b),
    op, a, b)
PASS(revs, (COMMON, int64_t a[STORE_SHARDS], uint32_t *b), op, a, b)
PASS(check, (COMMON), op)
/* NOLINTEND(readability-function-size) */
/* clang-format on */

/* Only if something was done: these are called again and again. */

static enum rc
told(struct store *base, enum rc rc, bool is_news)
{
	if (rc == RC_OK && is_news)
		store_cached_tell(CACHED(base));
	return rc;
}

static enum rc
sweep(COMMON, const struct sweep_rules *rules, struct sweep_done *done)
{
	struct store *under = CACHED(base)->o.under;
	enum rc rc = under->ops->sweep(under, op, rules, done);

	return told(base, rc, done->forgotten > 0 || done->removed > 0);
}

static enum rc
topic_raise(
    COMMON, const struct topic_raise *raise, int64_t *version, bool *raised)
{
	struct store *under = CACHED(base)->o.under;
	enum rc rc = under->ops->topic_raise(under, op, raise, version, raised);

	return told(base, rc, *raised);
}

static enum rc
topic_deliver(COMMON, const struct topic_deliver *deliver,
    const struct stream_caps *caps, struct topic_delivered *done)
{
	struct store *under = CACHED(base)->o.under;
	enum rc rc = under->ops->topic_deliver(under, op, deliver, caps, done);

	return told(base, rc, done->sessions > 0);
}

static enum rc
renew(struct store *base, const struct op *op)
{
	struct store *under = CACHED(base)->o.under;
	enum rc rc = under->ops->renew(under, op);

	if (rc == RC_OK)
		store_cached_tell(CACHED(base));
	return rc;
}

static bool
doubt(struct store *base)
{
	struct store *under = CACHED(base)->o.under;

	return under->ops->doubt != NULL && under->ops->doubt(under);
}

static void
rest(struct store *base)
{
	struct store *under = CACHED(base)->o.under;

	if (under->ops->rest != NULL)
		under->ops->rest(under);
}

void
store_cached_fill(struct store_ops *ops)
{
	*ops = (struct store_ops){ .info = info,
		.keys = keys,
		.key_add = key_add,
		.key_end = key_end,
		.session_put = session_put,
		.session_negotiate = session_negotiate,
		.session_list = session_list,
		.sweep = sweep,
		.stream_open = stream_open,
		.stream_attach = stream_attach,
		.stream_detach = stream_detach,
		.stream_find = stream_find,
		.stream_read = stream_read,
		.streams_sent = streams_sent,
		.event_append = event_append,
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
		.doubt = doubt,
		.rest = rest,
		.check = check };
}
