#ifndef MCP_SINK_CLOSED_H
#define MCP_SINK_CLOSED_H

#include "sink.h"

/* A connection that was given back long ago: nothing can be written, and time
 * passes as one asks.  Copy it: it keeps nothing. */
extern const struct sink sink_closed;

#endif
