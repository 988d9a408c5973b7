#ifndef MCP_MEMCACHED_BENCH_H
#define MCP_MEMCACHED_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A memcached of a test's own on a socket in a folder, and a relay in front of
 * it on a TCP port: while that is cut nothing gets through, in either
 * direction, and memcached keeps what it has.
 */
struct memcached_bench {
	char folder[64];
	char socket[96];    /* of memcached itself */
	char address[32];   /* of the relay: 127.0.0.1:port */
	pid_t server;       /* 0: not running */
	pid_t relay;        /* 0: none */
	atomic_int *is_cut; /* shared with the relay */
};

/* False: memcached is not installed.  Ends the test if it cannot be
 * started. */
bool memcached_bench_start(struct memcached_bench *m);

/* Start it again, empty. */
void memcached_bench_restart(struct memcached_bench *m);

/* It is gone, with all it had. */
void memcached_bench_kill(struct memcached_bench *m);

/* It hangs, and goes on. */
void memcached_bench_stop(struct memcached_bench *m, bool stops);

void memcached_bench_cut(struct memcached_bench *m, bool is_cut);

/* Ends everything and removes the folder. */
void memcached_bench_release(struct memcached_bench *m);

#endif
