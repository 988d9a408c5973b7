/* What a memcached may say that is none of what one hopes for: it is left
 * alone only if it does not answer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kv_memcached.h"

/* What it says to each command; the value behind `set` is passed over. */
struct manner {
	const char *name;
	const char *to_get;
	const char *to_set;
	const char *to_incr;
	long pause_us; /* between two bytes of it */
};

struct rude {
	pid_t server;
	char address[32];
	const char *servers[1];
	struct log log;
	struct arena arena;
	struct kv *kv;
};

static void
say(int fd, const char *text, long pause_us)
{
	const struct timespec pause = { 0, pause_us * 1000 };
	size_t n = strlen(text);

	for (size_t at = 0; at<n; at += pause_us> 0 ? 1 : n) {
		if (write(fd, text + at, pause_us > 0 ? 1 : n) < 0)
			return;
		if (pause_us > 0)
			(void)nanosleep(&pause, NULL);
	}
}

static void
talk(int fd, const struct manner *m)
{
	FILE *in = fdopen(fd, "r");
	char line[300];

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		if (strncmp(line, "get ", 4) == 0) {
			say(fd, m->to_get, m->pause_us);
		} else if (strncmp(line, "set ", 4) == 0) {
			(void)fgets(line, sizeof(line), in);
			say(fd, m->to_set, m->pause_us);
		} else if (strncmp(line, "incr ", 5) == 0) {
			say(fd, m->to_incr, m->pause_us);
		} else if (strncmp(line, "add ", 4) == 0) {
			(void)fgets(line, sizeof(line), in);
			say(fd, "STORED\r\n", 0);
		} else {
			say(fd, "NOT_FOUND\r\n", 0);
		}
	}
	if (in != NULL)
		(void)fclose(in);
}

static void
serve(int listening, const struct manner *m)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd >= 0)
			talk(fd, m);
	}
}

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static void
begin(struct rude *r, const struct manner *m)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct kv_memcached_options o = { .n = 1,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &r->log };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*r = (struct rude){ .arena = ARENA_INIT((size_t)1024 * 1024),
		.log = LOG_INIT(swallow, NULL, LOG_DEBUG) };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	r->server = fork();
	assert_true(r->server >= 0);
	if (r->server == 0)
		serve(fd, m);
	(void)close(fd);
	(void)snprintf(
	    r->address, sizeof(r->address), "127.0.0.1:%d", ntohs(at.sin_port));
	r->servers[0] = r->address;
	o.servers = r->servers;
	assert_int_equal(kv_memcached_open(&o, &r->kv), RC_OK);
}

static void
end(struct rude *r)
{
	r->kv->ops->close(r->kv);
	(void)kill(r->server, SIGKILL);
	assert_int_equal(waitpid(r->server, NULL, 0), r->server);
	arena_release(&r->arena);
	log_release(&r->log);
}

static enum rc
get(struct rude *r)
{
	struct slice value;

	return r->kv->ops->get(r->kv, SLICE("a"), &r->arena, &value);
}

/* Is it asked still?  A busy machine may have been too slow; then once more,
 * after the pause. */
static bool
is_asked(struct rude *r)
{
	const int64_t until = clock_mono_ms(&clock_system) + 30000;

	while (get(r) == RC_BUSY)
		assert_true(clock_mono_ms(&clock_system) < until);
	return get(r) != RC_BUSY;
}

static void
who_refuses_is_asked_again(void **state)
{
	static const struct manner table[] = {
		{ "no room", "END\r\n",
		    "SERVER_ERROR out of memory storing object\r\n",
		    "NOT_FOUND\r\n", 0 },
		{ "too large", "END\r\n",
		    "SERVER_ERROR object too large for cache\r\n",
		    "NOT_FOUND\r\n", 0 },
		{ "no number, and gone then", "END\r\n", "STORED\r\n",
		    "CLIENT_ERROR cannot increment or decrement non-numeric "
		    "value\r\n",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rude r;
		bool was_left = true;

		begin(&r, &table[i]);
		for (int n = 0; was_left && n < 20; n++) {
			assert_true(is_asked(&r));
			r.kv->ops->put(r.kv, SLICE("a"), SLICE("value"), 60);
			r.kv->ops->raise(r.kv, SLICE("n"), 1);
			was_left = get(&r) == RC_BUSY;
		}
		if (was_left)
			fail_msg("%s: left alone", table[i].name);
		end(&r);
	}
}

static void
who_answers_bit_by_bit_is_left_alone(void **state)
{
	static const struct manner m = { "slow",
		"VALUE a 0 30\r\n012345678901234567890123456789\r\nEND\r\n",
		"STORED\r\n", "1\r\n", 3000 };
	const int64_t until = clock_mono_ms(&clock_system) + 30000;
	struct rude r;

	(void)state;
	begin(&r, &m);
	/* On a busy machine one of the pauses is too long already. */
	for (int i = 0; i < 3; i++) {
		while (get(&r) != RC_OK)
			assert_true(clock_mono_ms(&clock_system) < until);
		assert_int_equal(get(&r), RC_BUSY);
	}
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_refuses_is_asked_again),
		cmocka_unit_test(who_answers_bit_by_bit_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
