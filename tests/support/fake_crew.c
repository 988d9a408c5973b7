#include "fake_crew.h"

static enum rc
begin(struct crew *base, enum crew_work work)
{
	struct fake_crew *c = (struct fake_crew *)base;

	c->asked++;
	if (c->is_full)
		return RC_FULL;
	c->begun++;
	c->held += work == CREW_HELD;
	return RC_OK;
}

static void
end(struct crew *base)
{
	((struct fake_crew *)base)->ended++;
}

static enum rc
name(struct crew *base, struct slice *out)
{
	*out = ((struct fake_crew *)base)->name;
	return RC_OK;
}

static void
forsake(struct crew *base)
{
	((struct fake_crew *)base)->forsaken++;
}

static void
wait_until(struct crew *base, int64_t until_mono)
{
	struct fake_crew *c = (struct fake_crew *)base;

	c->waits++;
	c->waited_until = until_mono;
	c->waited_begun = c->begun - c->ended;
}

void
fake_crew_init(struct fake_crew *c)
{
	static const struct crew_ops ops = { begin, end, name, forsake,
		wait_until };

	*c = (struct fake_crew){ .base.ops = &ops, .name = SLICE("host.proc") };
}
