#include "crew_worker.h"

#include <poll.h>
#include <stdlib.h>

#include "clock.h"

/* Of one sleep. */
#define NAP_MAX_MS 1000

struct crew_worker {
	struct crew crew; /* first, so that a crew * is one of these */
	struct worker *worker;
	struct run_dir *dir;
	int stays; /* begin() without end() */
};

static enum rc
crew_begin(struct crew *crew, enum crew_work work)
{
	struct crew_worker *c = (struct crew_worker *)crew;
	enum rc rc = RC_OK;

	if (c->stays == 0 && c->dir != NULL && run_dir_is_draining(c->dir))
		return RC_FULL;
	if (c->worker != NULL)
		rc = worker_begin(c->worker, work == CREW_HELD);
	if (rc == RC_OK && c->dir != NULL)
		run_dir_leave_house(c->dir);
	c->stays += rc == RC_OK;
	return rc;
}

static void
crew_end(struct crew *crew)
{
	struct crew_worker *c = (struct crew_worker *)crew;

	c->stays--;
	if (c->worker != NULL)
		worker_end(c->worker);
}

static enum rc
crew_name(struct crew *crew, struct slice *name)
{
	const struct crew_worker *c = (const struct crew_worker *)crew;

	return c->dir == NULL ? RC_IO : run_dir_own(c->dir, name);
}

static void
crew_forsake(struct crew *crew)
{
	const struct crew_worker *c = (const struct crew_worker *)crew;

	if (c->dir != NULL)
		run_dir_disown(c->dir);
}

static void
crew_wait(struct crew *crew, int64_t until_mono)
{
	int64_t left = until_mono - clock_mono_ms(&clock_system);

	(void)crew;
	while (left > 0) {
		(void)poll(NULL, 0, left < NAP_MAX_MS ? (int)left : NAP_MAX_MS);
		left = until_mono - clock_mono_ms(&clock_system);
	}
}

enum rc
crew_worker_new(struct worker *worker, struct run_dir *dir, struct crew **out)
{
	static const struct crew_ops ops = { .begin = crew_begin,
		.end = crew_end,
		.name = crew_name,
		.forsake = crew_forsake,
		.wait = crew_wait };
	struct crew_worker *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return RC_NOMEM;
	*c = (struct crew_worker){ { &ops }, worker, dir, 0 };
	*out = &c->crew;
	return RC_OK;
}

void
crew_worker_free(struct crew *crew)
{
	free(crew);
}
