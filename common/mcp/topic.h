#ifndef MCP_TOPIC_H
#define MCP_TOPIC_H

#include "buf.h"
#include "rc.h"
#include "server.h"
#include "slice.h"
#include "store.h"

/*
 * What changes for many at once: lists and resources, each a topic with a
 * version.  Whoever sees a change raises the version; whoever holds streams
 * tells those who want to know.
 */

/* Names of the list topics; a resource's topic is "resource:" and its URI. */
#define TOPIC_TOOLS "tools"
#define TOPIC_PROMPTS "prompts"
#define TOPIC_RESOURCES "resources"
#define TOPIC_RESOURCE "resource:"

/* A URI longer than this cannot be subscribed to. */
#define TOPIC_URI_MAX (TOPIC_NAME_MAX - (sizeof(TOPIC_RESOURCE) - 1))

/*
 * Append the notification about a topic as one JSON-RPC message; `tag` is the
 * id of the listen request it belongs to (JSON text), or absent.  Nothing
 * for a topic that has none.
 */
void topic_put_message(struct buf *b, struct slice topic, struct slice tag);

/*
 * Has a list changed, or a resource that the toolbox watches?  Then raise its
 * topic.  To be called often by the process that keeps house, which looks once
 * per second; others do not, since looking at many resources takes its time.
 */
MUST_CHECK enum rc topic_tick(struct server *s, const struct op *op);

/* TOPIC_LISTS of them. */
extern const struct slice topic_lists[TOPIC_LISTS];

/*
 * Put the message about this CHANGE_TOPIC into the streams of sessions that
 * `owner` reads and that want it: into some of them, and *more says whether to
 * call it again, or (more is NULL) into all.  RC_OK also for a topic that is
 * gone.
 */
MUST_CHECK enum rc topics_deliver(struct server *s, const struct op *op,
    struct slice owner, const struct change *change, bool *more);

/* The same for everything that one session has missed. */
MUST_CHECK enum rc topics_catch_up(
    struct server *s, const struct op *op, int64_t session);

#endif
