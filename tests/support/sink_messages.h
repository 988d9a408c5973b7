#ifndef MCP_SINK_MESSAGES_H
#define MCP_SINK_MESSAGES_H

#include "arena.h"
#include "json.h"
#include "sink_mem.h"

/*
 * The JSON-RPC messages of a reply, whether they came as JSON (the elements,
 * if an array), or as events.  *event is the id of the event, or absent.
 * False: something in there is no JSON, or no event.
 */
struct sink_messages {
	void (*message)(
	    void *ctx, const struct json *message, struct slice event);
	void *ctx;
};

bool sink_messages_read(const struct sink_mem *sink, struct arena *a,
    const struct sink_messages *to);

#endif
