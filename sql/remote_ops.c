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
	/* remote_change.c */
	/* remote_topic.c */
	/* remote_call.c */
	/* remote_question.c */
	/* remote_task.c */
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
	/* remote_change.c */
	/* remote_topic.c */
	/* remote_call.c */
	/* remote_question.c */
	/* remote_task.c */
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
