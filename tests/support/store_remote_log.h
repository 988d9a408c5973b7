#ifndef MCP_STORE_REMOTE_LOG_H
#define MCP_STORE_REMOTE_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The event log of a store in a database server among several processes: what
 * becomes of two operations of which one begins while the other is in the
 * midst of it, and of many at once.  How many cases failed; 77: no database of
 * that scheme. */
int store_remote_log_run(const char *scheme, const char *name);

/* A part of it. */
extern const struct CMUnitTest store_remote_storm[];

#endif
