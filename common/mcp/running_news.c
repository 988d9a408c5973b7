#include "running_part.h"
#include "text.h"
#include "topic.h"
#include "uri_template.h"

/*
 * What a call says of things that are not its own: for whoever wants to know
 * that something changed, and for its client about what was done elsewhere.
 */

/* So often on the average of a second; who says more waits for it, because
 * nothing of this is said twice. */
#define NEWS_MS 10
#define NEWS_BURST_MS 1000

#define ELICITATION_ID_MAX 256

static struct running *
running_of(struct tool_call *call)
{
	return (struct running *)(void *)call;
}

/* Is it its turn?  Not any more when it is cancelled, or too late. */
static bool
take_turn(struct running *r)
{
	const int64_t now = running_now(r);
	int64_t ms;

	if (running_is_cancelled(&r->call))
		return false;
	if (r->news_mono < now - NEWS_BURST_MS)
		r->news_mono = now - NEWS_BURST_MS;
	ms = r->news_mono > now ? r->news_mono - now : 0;
	/* Who says much at once is not looked after until all is taken. */
	if (now + ms > r->call.deadline_mono ||
	    (ms > 0 && r->call.env->wait(&r->call, ms)))
		return false;
	r->news_mono += NEWS_MS;
	return true;
}

static bool
is_topic(struct slice topic)
{
	static const struct slice lists[] = { SLICE_INIT(TOPIC_TOOLS),
		SLICE_INIT(TOPIC_PROMPTS), SLICE_INIT(TOPIC_RESOURCES) };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (slice_eq(topic, lists[i]))
			return true;
	}
	return topic.len <= TOPIC_NAME_MAX &&
	    slice_starts(topic, SLICE(TOPIC_RESOURCE)) &&
	    uri_is_absolute(slice_from(topic, SLICE(TOPIC_RESOURCE).len));
}

void
running_changed(struct tool_call *call, struct slice topic)
{
	struct running *r = running_of(call);
	struct server *s = r->x->server;
	const struct topic_raise raise = { .name = topic };
	int64_t version;
	bool raised = false;
	struct op op;
	enum rc rc = RC_SYNTAX;

	/* Nor may nonsense flood the log. */
	if (!take_turn(r))
		return;
	if (s->store == NULL)
		rc = RC_BUSY;
	else if (is_topic(topic))
		rc = RC_OK;
	if (rc == RC_OK) {
		op = running_op(r);
		rc = s->store->ops->topic_raise(
		    s->store, &op, &raise, &version, &raised);
	}
	if (rc == RC_OK && raised)
		bell_ring(s->bell);
	else if (rc != RC_OK)
		running_log(r, LOG_WARNING, "change lost", rc);
}

void
running_elicited(struct tool_call *call, struct slice id)
{
	struct running *r = running_of(call);
	struct buf *b = &r->message;

	/* The only revision that has such a thing. */
	if (r->x->revision->name != REVISION_2025_11_25 ||
	    (call->caps & CAP_ELICITATION_URL) == 0)
		return;
	if (!take_turn(r))
		return;
	if (id.len == 0 || id.len > ELICITATION_ID_MAX || !text_utf8_ok(id)) {
		running_log(r, LOG_WARNING, "no elicitationId", RC_SYNTAX);
		return;
	}
	if (!running_become(r))
		return;
	running_flush(r);
	buf_reset(b);
	buf_put_slice(b,
	    SLICE("{\"jsonrpc\":\"2.0\",\"method\":"
		  "\"notifications/elicitation/complete\",\"params\":{"));
	json_put_key(b, "elicitationId");
	json_put_string(b, id);
	buf_put_slice(b, SLICE("}}"));
	running_say(r, false);
}
