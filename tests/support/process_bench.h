#ifndef MCP_PROCESS_BENCH_H
#define MCP_PROCESS_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "log.h"
#include "process.h"
#include "socket_bench.h"

/* A parent with workers that do what single bytes tell them. */

/* A condition that does not come true within this time is a failure. */
#define BENCH_DEADLINE_MS 20000

/* What workers and the parent tell the test, in the order it happens. */
enum event_kind {
	EVENT_FIRST = 1,
	EVENT_OTHER,
	EVENT_READY,
	EVENT_RELOAD,
	EVENT_IDLE,
	EVENT_ORDER
};

struct event {
	int kind;
	pid_t pid;
	int64_t call; /* of EVENT_ORDER */
};

struct process_bench {
	struct socket_bench at;
	char orders[96];
	int events[2];
	pid_t parent;
	bool dies_at_once;
	bool others_die;
	bool refuses_reload;
	bool tells_idle;  /* every 5 ms */
	bool orders_hang; /* until they are told to leave */
	int calls;
	int held;
	struct log log;
};

/* cmocka's setup and teardown; the state is a struct process_bench. */
int process_bench_setup(void **state);
int process_bench_teardown(void **state);

#define PROCESS_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(                                       \
	    f, process_bench_setup, process_bench_teardown)

void process_bench_start(
    struct process_bench *b, int workers, int64_t grace_ms);

/* False at the end of the pipe: all processes have gone. */
bool process_bench_next(const struct process_bench *b, struct event *e);

/* Skip to the next event of a kind; its process. */
pid_t process_bench_await(const struct process_bench *b, enum event_kind kind);

/*
 * Send a command on a new connection:
 *   p  who are you?
 *   h  the same, then wait for a byte and answer again
 *   t  start a tool, name it, and hang
 *   x  die
 *   c  stay with a call: who you are (0 if you may not), then as h
 *   s  stay with a stream: likewise
 *   l  stay with a call; who you are, and again when told to leave
 */
int process_bench_dial(const struct process_bench *b, char command);

/* Send this to the control socket. */
void process_bench_post(const struct process_bench *b, const char *order);

/* What it says next. */
pid_t process_bench_hear(int fd);

/* One command and one answer. */
pid_t process_bench_ask(const struct process_bench *b, char command);

/* A process that never ends by itself, in a group of its own. */
pid_t process_bench_tool(void);

void process_bench_await_gone(pid_t pid);

/* The parent ends well on this signal. */
void process_bench_await_end(struct process_bench *b, int signal_number);

#endif
