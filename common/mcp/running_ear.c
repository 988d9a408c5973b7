#include "running_part.h"

/* A call that is over sooner is not worth a socket; it looks itself. */
#define YOUNG_MS 500
/* Between two looks at the row of a call: where nobody rings, and where
 * somebody does and only a ring that got lost is to be made up for. */
#define LONE_MS 100
#define TENDED_MS 5000

bool
running_hears(struct running *r)
{
	struct ear *ear = r->x->server->ear;

	return r->listens && ear->ops->heard(ear);
}

int
running_alarm(struct tool_call *call)
{
	const struct running *r = (const struct running *)(const void *)call;
	struct ear *ear = r->x->server->ear;

	return r->listens ? ear->ops->descriptor(ear) : -1;
}

void
running_listen(struct running *r)
{
	struct server *s = r->x->server;
	const int64_t now = running_now(r);

	if (s->ear == NULL || r->listens || r->is_deaf)
		return;
	if (r->listens_from == 0)
		r->listens_from = now + YOUNG_MS;
	if (now < r->listens_from)
		return;
	if (s->ear->ops->listen(s->ear, r->row.number, r->row.stream) !=
	    RC_OK) {
		r->is_deaf = true;
		return;
	}
	r->listens = true;
	/* What came before it listened is looked for once more, and whoever
	 * rings shall know. */
	r->next_row = 0;
	bell_ring(s->bell);
}

void
running_deafen(struct running *r)
{
	struct ear *ear = r->x->server->ear;

	if (r->listens)
		ear->ops->leave(ear);
	r->listens = false;
}

bool
running_is_tended(const struct running *r)
{
	struct ear *ear = r->x->server->ear;

	return r->listens && ear->ops->is_tended(ear);
}

bool
running_row_is_due(const struct running *r)
{
	const int64_t now = running_now(r);
	int64_t pause = RUNNING_LOOK_MS;

	if (now < r->next_row)
		return false;
	if (r->listens || r->is_deaf)
		pause = running_is_tended(r) ? TENDED_MS : LONE_MS;
	return now - r->row_seen >= pause;
}
