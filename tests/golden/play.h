#ifndef MCP_GOLDEN_PLAY_H
#define MCP_GOLDEN_PLAY_H

#include <stdbool.h>

#include "depth.h"
#include "script.h"

/* Play a script at a depth.  False: a line "FILE:LINE: ..." was appended. */
bool play(struct depth *d, const struct script *s, struct buf *why);

#endif
