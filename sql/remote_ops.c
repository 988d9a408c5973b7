#include "remote_ops.h"

#include <stddef.h>

/* Who adds an area adds its operations here and its texts below. */
const struct store_ops remote_ops = {
	/* remote_upkeep.c */
	/* remote_session.c */
	/* remote_sweep.c */
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
	/* remote_session.c */
	/* remote_sweep.c */
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
