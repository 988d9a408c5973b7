#ifndef MCP_FAILALLOC_H
#define MCP_FAILALLOC_H

#include <stdbool.h>

#include "rc.h"

/*
 * Allocations that fail on demand, for programs linked with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc.
 *
 * The nth allocation from now on (from 0) is refused, once; those before and
 * behind it succeed.  Made for one thread.
 */
void failalloc_arm(long nth);

/* No more refusals; was one refused since failalloc_arm()? */
bool failalloc_disarm(void);

/*
 * Run the scenario with the first, second, third ... allocation refused until
 * none is.  It must answer RC_NOMEM whenever one was refused and RC_OK in the
 * end.  0, or 1 after saying on standard error what happened instead.
 */
int failalloc_each(const char *name, enum rc (*scenario)(void));

/*
 * The same for one that arms the allocations itself, says whether one was
 * refused, and answers RC_OK if all was as it should be.
 */
int failalloc_repeat(
    const char *name, enum rc (*scenario)(long nth, bool *refused));

#endif
