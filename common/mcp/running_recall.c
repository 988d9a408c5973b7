#include <math.h>

#include "running_part.h"

/* How running_flush() begins one. */
static const struct slice begins =
    SLICE_INIT("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",");

static void
note(struct running *r, struct slice data)
{
	struct running_progress *p = &r->progress;
	const struct json *root;
	double done;

	if (!slice_starts(data, begins) ||
	    json_read(&r->scratch, data, &json_limits_default, &root, NULL) !=
		RC_OK ||
	    json_double(
		json_get(json_get(root, "params"), "progress"), &done) != RC_OK)
		return;
	p->done = p->has_done && p->done > done ? p->done : done;
	p->has_done = true;
}

/* All of its stream; false if that cannot be had. */
static bool
read_log(struct running *r)
{
	const struct server *s = r->x->server;
	struct stream_row stream = { 0 };
	struct event_rows events;
	int64_t after = 0;

	do {
		struct op op = running_op(r);

		if (s->store->ops->stream_read(s->store, &op, r->row.stream,
			after, &s->rules.read, &stream, &events) != RC_OK ||
		    stream.purged > 0)
			return false;
		for (size_t i = 0; i < events.n; i++)
			note(r, events.row[i].data);
		if (events.n > 0)
			after = events.row[events.n - 1].seq;
	} while (events.n > 0 && after < stream.head);
	return true;
}

void
running_recall(struct running *r)
{
	struct running_progress *p = &r->progress;

	if (r->token.ptr == NULL || r->row.stream == 0)
		return;
	/* On a stream of many calls much may be gone already. */
	if (r->x->transport->answers_on_post && read_log(r))
		return;
	/* Nothing is above it. */
	p->done = HUGE_VAL;
	p->has_done = true;
}
