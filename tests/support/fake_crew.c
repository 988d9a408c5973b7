#include "fake_crew.h"

static enum rc
crew_begin(struct crew *base, enum crew_work work)
{
	struct fake_crew *c = (struct fake_crew *)base;

	(void)work;
	if (c->is_full) {
		c->refusals++;
		return RC_FULL;
	}
	c->begins++;
	c->held++;
	return RC_OK;
}

static void
crew_end(struct crew *base)
{
	((struct fake_crew *)base)->held--;
}

static enum rc
crew_name(struct crew *base, struct slice *name)
{
	*name = ((struct fake_crew *)base)->name;
	return RC_OK;
}

void
fake_crew_init(struct fake_crew *c, struct slice name)
{
	static const struct crew_ops ops = { crew_begin, crew_end, crew_name };

	*c = (struct fake_crew){ .base = { &ops }, .name = name };
}
