#ifndef MCP_CLOCK_H
#define MCP_CLOCK_H

#include <stdint.h>

/*
 * Time as a value, so that tests can hold it still.  Everything that needs
 * the time is handed one of these and asks nobody else.
 */
struct clock {
	int64_t (*wall_ms)(void *ctx); /* since 1970, may jump */
	int64_t (*mono_ms)(void *ctx); /* never goes back; for deadlines */
	int64_t (*mono_us)(void *ctx); /* the same, finer; for measuring */
	void *ctx;
};

static inline int64_t
clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

static inline int64_t
clock_mono_ms(const struct clock *c)
{
	return c->mono_ms(c->ctx);
}

static inline int64_t
clock_mono_us(const struct clock *c)
{
	return c->mono_us(c->ctx);
}

/* The clock of the machine. */
extern const struct clock clock_system;

#endif
