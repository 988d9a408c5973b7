#include "remote_ops.h"

#include <stddef.h>

/* Who adds an area adds its operations here and its texts below. */
const struct store_ops remote_ops = {
	/* remote_upkeep.c */
	.info = remote_info,
	.keys = remote_keys,
	.key_add = remote_key_add,
	.key_end = remote_key_end,
	.check = remote_check,
	.revs = remote_revs,
	.renew = remote_renew,
	.host_beat = remote_host_beat,
	.host_drain = remote_host_drain,
	.hosts = remote_hosts,
	.nonce_use = remote_nonce_use,
	/* remote_session.c */
	.session_get = remote_session_get,
	.session_put = remote_session_put,
	.session_set = remote_session_set,
	.session_negotiate = remote_session_negotiate,
	.session_end = remote_session_end,
	.session_list = remote_session_list,
	/* remote_sweep.c */
	.sweep = remote_sweep,
	/* remote_stream.c */
	.stream_open = remote_stream_open,
	.stream_attach = remote_stream_attach,
	.stream_detach = remote_stream_detach,
	.stream_find = remote_stream_find,
	.stream_read = remote_stream_read,
	.streams_sent = remote_streams_sent,
	.event_append = remote_event_append,
	/* remote_change.c */
	.changes = remote_changes,
	.owner_gone = remote_owner_gone,
	.owners = remote_owners,
	/* remote_topic.c */
	.topic_raise = remote_topic_raise,
	.topics_get = remote_topics_get,
	.topic_find = remote_topic_find,
	.want_put = remote_want_put,
	.want_drop = remote_want_drop,
	.wants_behind = remote_wants_behind,
	.topic_deliver = remote_topic_deliver,
	/* remote_call.c */
	.call_open = remote_call_open,
	.call_get = remote_call_get,
	.call_look = remote_call_look,
	.call_group = remote_call_group,
	.call_finish = remote_call_finish,
	.call_claim = remote_call_claim,
	.call_cancel = remote_call_cancel,
	.call_stop = remote_call_stop,
	.calls_list = remote_calls_list,
	/* remote_question.c */
	.question_put = remote_question_put,
	.question_answer = remote_question_answer,
	.questions_get = remote_questions_get,
	.questions_close = remote_questions_close,
	.question_send = remote_question_send,
	.questions_return = remote_questions_return,
	/* remote_task.c */
	.task_open = remote_task_open,
	.task_get = remote_task_get,
	.task_find = remote_task_find,
	.task_cancel = remote_task_cancel,
	.tasks_list = remote_tasks_list,
	/* remote_store.c */
	.doubt = remote_doubt,
	.rest = remote_rest,
	.close = remote_close,
};

static const struct remote_text *const tables[] = {
	/* remote_store.c */
	remote_store_texts,
	/* remote_upkeep.c */
	remote_upkeep_texts,
	/* remote_session.c */
	remote_session_texts,
	/* remote_sweep.c */
	remote_sweep_texts,
	/* remote_stream.c */
	remote_stream_texts,
	/* remote_change.c */
	remote_change_texts,
	/* remote_topic.c */
	remote_topic_texts,
	/* remote_call.c */
	remote_call_texts,
	/* remote_question.c */
	remote_question_texts,
	/* remote_task.c */
	remote_task_texts,
};

const struct remote_routine *
remote_routine(enum remote_sql which)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct remote_text *t = tables[i];
		     t->routine.name != NULL; t++) {
			if (t->which == which)
				return &t->routine;
		}
	}
	return NULL;
}
