#include "fake_clock.h"

static int64_t
wall_ms(void *ctx)
{
	const struct fake_clock *c = ctx;

	return c->wall;
}

static int64_t
mono_ms(void *ctx)
{
	const struct fake_clock *c = ctx;

	return c->mono / 1000;
}

static int64_t
mono_us(void *ctx)
{
	const struct fake_clock *c = ctx;

	return c->mono;
}

void
fake_clock_init(struct fake_clock *c, int64_t wall)
{
	*c = (struct fake_clock){
		.clock = { wall_ms, mono_ms, mono_us, c },
		.wall = wall,
		.mono = INT64_C(3600) * 1000 * 1000,
	};
}

void
fake_clock_advance(struct fake_clock *c, int64_t ms)
{
	c->wall += ms;
	c->mono += ms * 1000;
}
