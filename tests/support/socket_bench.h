#ifndef MCP_SOCKET_BENCH_H
#define MCP_SOCKET_BENCH_H

/* A socket that process_listen() made, in a folder of its own. */
struct socket_bench {
	char folder[64];
	char path[96];
	int socket;
};

void socket_bench_init(struct socket_bench *b);

/* Close the socket and remove the folder, where nothing else may be left. */
void socket_bench_release(struct socket_bench *b);

/* A new connection to it. */
int socket_bench_dial(const struct socket_bench *b);

#endif
