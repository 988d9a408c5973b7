#ifndef MCP_PROGRAM_STAT_H
#define MCP_PROGRAM_STAT_H

#include <stdint.h>

/* When a process began, in the kernel's ticks since boot: with its id that
 * names one process for ever.  0: unknown, or there is none. */
int64_t program_stat_start(int64_t pid);

#endif
