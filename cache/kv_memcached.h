#ifndef MCP_KV_MEMCACHED_H
#define MCP_KV_MEMCACHED_H

#include <stdbool.h>
#include <stddef.h>

#include "clock.h"
#include "kv.h"
#include "log.h"
#include "rc.h"
#include "rng.h"

/*
 * memcached servers as one kv.  Every name has its home on one of them, found
 * by consistent hashing of the list, which must be the same on all hosts; a
 * server that fails keeps what is at home there, so that nothing lives twice.
 *
 * One kv belongs to one thread.  Connections are made by the first call, and
 * anew by the first call after fork: two processes on one connection would
 * take each other's answers.  A server that does not answer within 20 ms is
 * left alone as breaker.h says.
 */
#define KV_MEMCACHED_SERVERS_MAX 64

struct kv_memcached_options {
	const char *const *servers; /* host:port, or the path of a socket */
	size_t n;                   /* at least 1 */
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
};

/* Is that the address of a server? */
bool kv_memcached_is_address(const char *text);

/* Nothing is connected yet.  RC_NOMEM; RC_SYNTAX: a bad address, or too many
 * of them.  What the options point to must outlive it. */
MUST_CHECK enum rc kv_memcached_open(
    const struct kv_memcached_options *options, struct kv **out);

#endif
