#ifndef MCP_SAID_ENV_H
#define MCP_SAID_ENV_H

#include "buf.h"
#include "tool.h"

/*
 * Surroundings of a call that write down what they are told, one line each:
 *
 *     progress 3/10 third file
 *     log 1 LOGGER DATA
 *     ask KEY METHOD PARAMS, KEY METHOD PARAMS
 *     look
 *     wait 50
 *     let_go
 *     changed TOPIC
 *     elicited ID
 *
 * and answer as the test says.
 */
struct said_env {
	struct tool_env_ops ops; /* first: a call's env is one of these */
	struct buf text;
	enum tool_ask answer; /* to every round, ... */
	int waits;            /* ... after so many looks */
	const char *json;     /* the answer to each question; NULL: none */
	int64_t moves_ms;     /* the call's deadline, with each look */
	bool is_cancelled;
	bool is_cancelled_by_ask; /* as soon as it asks */
	/* The process group: how often it came and went, and the last one. */
	int groups;
	int groups_gone;
	int64_t group;
	int64_t start;
};

void said_env_init(struct said_env *);

/* What was written down so far. */
const char *said_env_text(const struct said_env *);

void said_env_release(struct said_env *);

#endif
