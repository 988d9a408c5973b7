#ifndef MCP_LEVEL_H
#define MCP_LEVEL_H

#include "slice.h"

/*
 * Levels of messages to clients: those of syslog by name, numbered upwards,
 * so that a message is wanted if its number is not below the one asked for.
 */
#define LEVEL_NONE (-1)

/* 0 (debug) to 7 (emergency), or LEVEL_NONE for anything else. */
int level_read(struct slice name);

/* The name of a level; absent if there is none of that number. */
struct slice level_name(int level);

#endif
