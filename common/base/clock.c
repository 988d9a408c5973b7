#include "clock.h"

#include <stddef.h>
#include <time.h>

static int64_t
now_us(clockid_t which)
{
	struct timespec t;

	if (clock_gettime(which, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
wall_ms(void *ctx)
{
	(void)ctx;
	return now_us(CLOCK_REALTIME) / 1000;
}

static int64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return now_us(CLOCK_MONOTONIC) / 1000;
}

static int64_t
mono_us(void *ctx)
{
	(void)ctx;
	return now_us(CLOCK_MONOTONIC);
}

const struct clock clock_system = { wall_ms, mono_ms, mono_us, NULL };
