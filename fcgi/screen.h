#ifndef MCP_SCREEN_H
#define MCP_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/*
 * Look at a FastCGI request before libfcgi does: it believes the lengths of
 * names and values, ends the process when it cannot have so much memory, and
 * waits for each byte anew.  Where one process has thousands of connections
 * that is too much to lose.
 *
 * Nothing is taken from the socket.
 */
#define SCREEN_MAX ((size_t)64 * 1024)

/* Is the head of a request there, whole, well-formed and not too long, before
 * this monotonic ms? */
bool screen_head(int fd, const struct clock *clock, int64_t until);

#endif
