#ifndef MCP_FAKE_CLOCK_H
#define MCP_FAKE_CLOCK_H

#include <stdint.h>

#include "clock.h"

/* A clock that moves only when it is told to.  Do not copy it after init:
 * `clock` points back into it. */
struct fake_clock {
	struct clock clock;
	int64_t wall; /* ms since 1970 */
	int64_t mono; /* microseconds; starts at one hour */
};

/* Stand still at this wall time. */
void fake_clock_init(struct fake_clock *c, int64_t wall_ms);

/* Let time pass for both clocks. */
void fake_clock_advance(struct fake_clock *c, int64_t ms);

#endif
