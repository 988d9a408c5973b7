#include "level.h"
#include "method.h"
#include "reply.h"
#include "session.h"

enum rc
method_set_level(struct exchange *x)
{
	struct store *store = x->server->store;
	int level = level_read(json_text(json_get(x->message.params, "level")));
	struct session_change change = { SESSION_LOG_LEVEL, level };
	bool is_new = x->has_session && x->session.row.log_level != level;
	enum rc rc = RC_OK;

	if (level == LEVEL_NONE) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "level is not a log level", SLICE_NONE);
		return RC_OK;
	}
	/* Without a session there is nobody to remember it for. */
	if (is_new)
		rc = store->ops->session_set(
		    store, &x->op, x->session.row.id, &change);
	/* Ended meanwhile: nothing will be sent to it. */
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	if (is_new && rc == RC_OK)
		session_settle(x);
	if (x->has_session)
		x->session.row.log_level = level;
	x->log_level = level;
	(void)answer_begin(x);
	answer_end(x, false, NULL);
	return RC_OK;
}
