#ifndef MCP_STORE_COUNT_H
#define MCP_STORE_COUNT_H

#include <stddef.h>

#include "store.h"

/* The functions of a store, in the order of struct store_ops. */
enum store_call {
	STORE_INFO,
	STORE_KEYS,
	STORE_KEY_ADD,
	STORE_KEY_END,
	STORE_SESSION_GET,
	STORE_SESSION_PUT,
	STORE_SESSION_SET,
	STORE_SESSION_NEGOTIATE,
	STORE_SESSION_END,
	STORE_SESSION_LIST,
	STORE_SWEEP,
	STORE_STREAM_OPEN,
	STORE_STREAM_ATTACH,
	STORE_STREAM_DETACH,
	STORE_STREAM_FIND,
	STORE_STREAM_READ,
	STORE_STREAMS_SENT,
	STORE_EVENT_APPEND,
	STORE_CHANGES,
	STORE_OWNER_GONE,
	STORE_OWNERS,
	STORE_TOPIC_RAISE,
	STORE_TOPICS_GET,
	STORE_TOPIC_FIND,
	STORE_WANT_PUT,
	STORE_WANT_DROP,
	STORE_WANTS_BEHIND,
	STORE_TOPIC_DELIVER,
	STORE_CALL_OPEN,
	STORE_CALL_GET,
	STORE_CALL_LOOK,
	STORE_CALL_GROUP,
	STORE_CALL_FINISH,
	STORE_CALL_CLAIM,
	STORE_CALL_CANCEL,
	STORE_CALL_STOP,
	STORE_CALLS_LIST,
	STORE_QUESTION_PUT,
	STORE_QUESTION_ANSWER,
	STORE_QUESTIONS_GET,
	STORE_QUESTIONS_CLOSE,
	STORE_QUESTION_SEND,
	STORE_QUESTIONS_RETURN,
	STORE_TASK_OPEN,
	STORE_TASK_GET,
	STORE_TASK_FIND,
	STORE_TASK_CANCEL,
	STORE_TASKS_LIST,
	STORE_HOST_BEAT,
	STORE_HOST_DRAIN,
	STORE_HOSTS,
	STORE_NONCE_USE,
	STORE_REVS,
	STORE_RENEW,
	STORE_CHECK,
	STORE_CALLS
};

/*
 * A store that forwards every call to another one, after it counted it and
 * asked `before`, if there is one: what is not RC_OK is answered in the inner
 * store's place, and nothing is forwarded.
 */
struct store_count {
	struct store base; /* first, so that a store * is one of these */
	struct store *inner;
	size_t calls[STORE_CALLS];
	enum rc (*before)(void *ctx, enum store_call);
	void *ctx;
};

/* Wrap `inner`; closing &c->base closes it.  The caller owns *c. */
void store_count_init(struct store_count *c, struct store *inner);

/* All calls but close. */
size_t store_count_total(const struct store_count *c);

/* Those about sessions: get, put, set, end, list, sweep. */
size_t store_count_sessions(const struct store_count *c);

/* Those that may change something. */
size_t store_count_writes(const struct store_count *c);

#endif
