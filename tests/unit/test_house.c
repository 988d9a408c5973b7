#define _GNU_SOURCE /* pipe2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "crew_worker.h"
#include "host_watch.h"
#include "house.h"
#include "house_dead.h"
#include "process_bench.h"
#include "rng.h"
#include "scratch_folder.h"
#include "store_count.h"
#include "store_scratch.h"

#define DEADLINE_MS 20000

struct rig {
	struct scratch_folder at;
	struct store_scratch files;
	struct run_dir *dir;
	struct crew *crew;
	struct server server;
	struct config config;
	struct arena arena;
	struct log log;
	struct house_dead dead;
	int64_t session;
	int orders; /* where orders arrive; -1: nobody takes them */
};

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static struct op
op_of(struct rig *r)
{
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) + DEADLINE_MS,
		.arena = &r->arena };
}

static void
open_session(struct rig *r)
{
	struct session_row row = { .key.created = clock_wall_ms(&clock_system),
		.principal_name = SLICE(""),
		.revision = SLICE("2025-06-18"),
		.client = SLICE("{}"),
		.log_level = -1 };
	const struct session_caps caps = { 0, 0, 0 };
	struct op op = op_of(r);
	struct store *store = r->server.store;

	assert_int_equal(
	    store->ops->session_put(store, &op, &row, &caps, &r->session),
	    RC_OK);
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	scratch_folder_init(&r->at);
	store_scratch_init(&r->files);
	r->arena = ARENA_INIT((size_t)8 * 1024 * 1024);
	r->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	r->orders = -1;
	assert_int_equal(config_init(&r->config, r->at.path), RC_OK);
	r->dir = scratch_folder_run_dir(r->at.path);
	assert_int_equal(crew_worker_new(NULL, r->dir, &r->crew), RC_OK);
	server_init(&r->server);
	r->server.clock = &clock_system;
	r->server.rng = &rng_system;
	r->server.log = &r->log;
	r->server.crew = r->crew;
	assert_int_equal(
	    store_scratch_fresh(&r->files, &clock_system, 1, &r->server.store),
	    RC_OK);
	assert_int_equal(house_dead_init(&r->dead, &r->log, r->dir), RC_OK);
	open_session(r);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	if (r->orders >= 0)
		(void)close(r->orders);
	house_dead_release(&r->dead);
	r->server.store->ops->close(r->server.store);
	server_release(&r->server);
	crew_worker_free(r->crew);
	run_dir_free(r->dir);
	config_release(&r->config);
	arena_release(&r->arena);
	log_release(&r->log);
	store_scratch_release(&r->files);
	scratch_folder_release(&r->at);
	free(r);
	return 0;
}

static void
take_orders(struct rig *r)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(
	    at.sun_path, sizeof(at.sun_path), "%s/run/orders", r->at.path);
	r->orders =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(r->orders >= 0);
	assert_int_equal(
	    bind(r->orders, (const struct sockaddr *)&at, sizeof(at)), 0);
}

static void
no_order_came(const struct rig *r)
{
	char text[64];

	assert_int_equal(recv(r->orders, text, sizeof(text), 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
an_order_came(const struct rig *r, int64_t call)
{
	char text[64] = "";
	char want[64];

	(void)snprintf(want, sizeof(want), "run %lld 1", (long long)call);
	assert_int_equal(
	    recv(r->orders, text, sizeof(text) - 1, 0), strlen(want));
	assert_string_equal(text, want);
}

/* The name of a process that had one and was killed. */
static struct slice
dead_process(struct rig *r)
{
	char *name = arena_alloc(&r->arena, 64);
	struct buf why = BUF_INIT(4096);
	int say[2];
	pid_t pid;

	assert_non_null(name);
	assert_int_equal(pipe2(say, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct run_dir *d;
		struct slice own;

		if (run_dir_open(r->at.path, &rng_system, &d, &why) == RC_OK &&
		    run_dir_own(d, &own) == RC_OK)
			(void)!write(say[1], own.ptr, own.len);
		(void)raise(SIGKILL);
	}
	(void)close(say[1]);
	assert_true(read(say[0], name, 63) > 0);
	(void)close(say[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return slice_of(name);
}

static struct call_row
a_call(const struct rig *r, struct slice owner)
{
	return (struct call_row){ .session = r->session,
		.principal_name = SLICE(""),
		.request_id = SLICE("1"),
		.request = SLICE("{}"),
		.tool = SLICE("echo"),
		.revision = SLICE("2025-06-18"),
		.runs_max = 2,
		.owner = owner };
}

static int64_t
open_call(struct rig *r, struct call_row *row)
{
	const struct call_limits limits = { 0, 0, 0, false };
	struct store *store = r->server.store;
	enum call_opened opened = CALL_HAS_NO_ROOM;
	struct op op = op_of(r);
	int64_t reader;

	assert_int_equal(
	    store->ops->call_open(store, &op, row, &limits, &opened, &reader),
	    RC_OK);
	assert_int_equal(opened, CALL_IS_NEW);
	return row->number;
}

static struct call_row
get_call(struct rig *r, int64_t number)
{
	struct store *store = r->server.store;
	struct op op = op_of(r);
	struct call_row row;

	assert_int_equal(store->ops->call_get(store, &op, number, &row), RC_OK);
	return row;
}

static void
look(struct rig *r)
{
	struct op op = op_of(r);

	house_dead_here(&r->dead, &r->server, &op);
}

static void
a_call_whose_process_died_ends(void **state)
{
	struct rig *r = *state;
	struct slice owner = dead_process(r);
	struct call_row row = a_call(r, owner);
	struct event_rows events;
	struct stream_row stream;
	struct op op = op_of(r);
	const struct event_limits all = { 100, 65536 };

	take_orders(r);
	(void)open_call(r, &row);
	look(r);
	no_order_came(r);
	assert_int_equal(get_call(r, row.number).state, CALL_ENDED);
	assert_int_equal(r->server.store->ops->stream_read(r->server.store, &op,
			     row.stream, 0, &all, &stream, &events),
	    RC_OK);
	assert_int_equal(events.n, 1);
	assert_false(stream.is_open);
	/* With nothing left of it its file goes, too. */
	look(r);
	assert_false(run_dir_is_alive(r->dir, owner));
	look(r);
}

static void
a_call_of_a_living_process_is_left_alone(void **state)
{
	struct rig *r = *state;
	struct slice own;
	struct call_row row;

	assert_int_equal(run_dir_own(r->dir, &own), RC_OK);
	row = a_call(r, own);
	(void)open_call(r, &row);
	look(r);
	assert_int_equal(get_call(r, row.number).state, CALL_RUNNING);
	assert_int_equal(get_call(r, row.number).epoch, 1);
}

static void
a_process_without_a_file_is_dead_too(void **state)
{
	struct rig *r = *state;
	struct slice owner = dead_process(r);
	struct call_row row = a_call(r, owner);

	run_dir_forget(r->dir, owner);
	(void)open_call(r, &row);
	look(r);
	assert_int_equal(get_call(r, row.number).state, CALL_ENDED);
}

static void
what_may_be_run_again_is_ordered(void **state)
{
	struct rig *r = *state;
	struct call_row row = a_call(r, dead_process(r));

	row.is_repeatable = true;
	take_orders(r);
	(void)open_call(r, &row);
	look(r);
	an_order_came(r, row.number);
	no_order_came(r);
	assert_int_equal(get_call(r, row.number).state, CALL_RUNNING);
	/* Until somebody has taken it over. */
	look(r);
	an_order_came(r, row.number);
}

static void
an_order_that_nobody_takes_ends_the_call(void **state)
{
	struct rig *r = *state;
	struct call_row row = a_call(r, dead_process(r));

	row.is_repeatable = true;
	(void)open_call(r, &row);
	/* A parent that died is started again. */
	for (int i = 0; i < 3; i++) {
		look(r);
		assert_int_equal(get_call(r, row.number).state, CALL_RUNNING);
	}
	look(r);
	assert_int_equal(get_call(r, row.number).state, CALL_ENDED);
}

static void
more_orders_than_a_parent_has_read_wait_for_it(void **state)
{
	enum { CALLS = 24, LOOKS = 4 };
	struct rig *r = *state;
	struct call_row row[CALLS];
	char id[CALLS][4];
	char text[64];
	int n = 0;

	take_orders(r);
	for (int i = 0; i < CALLS; i++) {
		/* Each call has a process of its own. */
		row[i] = a_call(r, dead_process(r));
		(void)snprintf(id[i], sizeof(id[i]), "%d", i + 1);
		row[i].request_id = slice_of(id[i]);
		row[i].is_repeatable = true;
		(void)open_call(r, &row[i]);
	}
	for (int i = 0; i < LOOKS; i++)
		look(r);
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(
		    get_call(r, row[i].number).state, CALL_RUNNING);
	while (recv(r->orders, text, sizeof(text), 0) > 0)
		n++;
	/* Otherwise this has tried nothing. */
	assert_in_range(n, 1, CALLS * LOOKS - 1);
}

static void
orders_that_nobody_follows_come_to_an_end(void **state)
{
	struct rig *r = *state;
	struct call_row row = a_call(r, dead_process(r));
	int n = 0;

	row.is_repeatable = true;
	take_orders(r);
	(void)open_call(r, &row);
	for (; get_call(r, row.number).state == CALL_RUNNING; n++) {
		char text[64];

		assert_true(n < 100);
		look(r);
		while (recv(r->orders, text, sizeof(text), 0) > 0)
			continue;
	}
	assert_true(n > 5);
}

static void
nobody_runs_a_call_that_was_cancelled_or_has_no_client(void **state)
{
	struct rig *r = *state;
	struct slice owner = dead_process(r);
	struct call_row cancelled = a_call(r, owner);
	struct call_row alone = a_call(r, owner);
	struct store *store = r->server.store;
	struct op op = op_of(r);

	take_orders(r);
	cancelled.is_repeatable = true;
	(void)open_call(r, &cancelled);
	assert_int_equal(
	    store->ops->call_stop(store, &op, cancelled.number), RC_OK);
	alone.is_repeatable = true;
	alone.session = 0;
	alone.request_id = SLICE("2");
	(void)open_call(r, &alone);
	look(r);
	no_order_came(r);
	assert_int_equal(get_call(r, cancelled.number).state, CALL_ENDED);
	assert_int_equal(get_call(r, alone.number).state, CALL_ENDED);
}

static int64_t
start_time(pid_t pid)
{
	char path[64];
	char text[1024] = "";
	const char *at;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	/* The 22nd field, behind a second one that ends with a bracket. */
	at = strrchr(text, ')');
	for (int field = 2; field < 22; field++) {
		assert_non_null(at);
		at = strchr(at + 1, ' ');
	}
	assert_non_null(at);
	return (int64_t)strtoll(at, NULL, 10);
}

static void
note_group(struct rig *r, const struct call_row *row, pid_t pid, int64_t start)
{
	struct store *store = r->server.store;
	struct op op = op_of(r);

	assert_int_equal(
	    store->ops->call_group(store, &op, row->number, 1, pid, start),
	    RC_OK);
}

static void
its_tool_is_killed_and_no_other(void **state)
{
	struct rig *r = *state;
	struct slice owner = dead_process(r);
	struct call_row row = a_call(r, owner);
	struct call_row other = a_call(r, owner);
	pid_t tool = process_bench_tool();
	pid_t stranger = process_bench_tool();
	int status = 0;

	(void)open_call(r, &row);
	other.request_id = SLICE("2");
	(void)open_call(r, &other);
	note_group(r, &row, tool, start_time(tool));
	/* The number was once that of a tool of ours. */
	note_group(r, &other, stranger, start_time(stranger) - 1);
	look(r);
	assert_int_equal(waitpid(tool, &status, 0), tool);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
	assert_int_equal(kill(stranger, SIGKILL), 0);
	assert_int_equal(waitpid(stranger, &status, 0), stranger);
}

static void
of_a_dead_host_the_calls_end_and_no_process_is_killed(void **state)
{
	struct rig *r = *state;
	struct call_row row = a_call(r, SLICE("0123456789abcdef.x"));
	pid_t stranger = process_bench_tool();
	struct op op = op_of(r);
	int status = 0;

	(void)open_call(r, &row);
	note_group(r, &row, stranger, start_time(stranger));
	look(r);
	assert_int_equal(get_call(r, row.number).state, CALL_RUNNING);
	house_dead_host(&r->dead, &r->server, &op, SLICE("0123456789abcdef"));
	assert_int_equal(get_call(r, row.number).state, CALL_ENDED);
	assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
	assert_int_equal(kill(stranger, SIGKILL), 0);
	assert_int_equal(waitpid(stranger, &status, 0), stranger);
}

static size_t
count_hosts(struct rig *r)
{
	struct store *store = r->server.store;
	struct op op = op_of(r);
	struct host_rows rows;

	assert_int_equal(store->ops->hosts(store, &op, &rows), RC_OK);
	return rows.n;
}

static void
a_tick_beats_and_buries_once_in_a_second(void **state)
{
	struct rig *r = *state;
	struct call_row row = a_call(r, dead_process(r));
	struct house *h = NULL;
	int64_t number = open_call(r, &row);

	assert_int_equal(house_open(&r->config, &r->log, r->dir, &h), RC_OK);
	house_visit(h, &r->server, &r->arena);
	assert_int_equal(get_call(r, number).state, CALL_ENDED);
	/* A visitor does not stay, so it promises nothing. */
	assert_int_equal(count_hosts(r), 0);
	house_tick(h, &r->server, &r->arena);
	assert_int_equal(count_hosts(r), 1);
	assert_true(house_due(h) > clock_mono_ms(&clock_system));
	house_free(h);
}

/* Everybody's beats stand still, as far as can be seen here. */
static enum rc
no_beats(void *ctx, enum store_call call)
{
	(void)ctx;
	return call == STORE_HOST_BEAT ? RC_BUSY : RC_OK;
}

static void
who_cannot_beat_himself_takes_no_other_for_dead(void **state)
{
	static const struct slice host = SLICE_INIT("0123456789abcdef");
	struct rig *r = *state;
	struct call_row row = a_call(r, SLICE("0123456789abcdef.x"));
	struct store *inner = r->server.store;
	struct house *h = NULL;
	struct store_count count;
	struct op op = op_of(r);
	int64_t number = open_call(r, &row);
	int64_t begun = clock_mono_ms(&clock_system);

	assert_int_equal(inner->ops->host_beat(inner, &op, host), RC_OK);
	store_count_init(&count, inner);
	count.before = no_beats;
	r->server.store = &count.base;
	assert_int_equal(house_open(&r->config, &r->log, r->dir, &h), RC_OK);
	while (clock_mono_ms(&clock_system) - begun < HOST_DEAD_MS + 1500) {
		house_tick(h, &r->server, &r->arena);
		(void)poll(NULL, 0, 20);
	}
	assert_true(count.calls[STORE_HOST_BEAT] > 3);
	/* Now both can; the other one just has not yet. */
	count.before = NULL;
	(void)poll(NULL, 0, 1000);
	house_tick(h, &r->server, &r->arena);
	house_free(h);
	r->server.store = inner;
	assert_int_equal(get_call(r, number).state, CALL_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_whose_process_died_ends),
		TEST(a_call_of_a_living_process_is_left_alone),
		TEST(a_process_without_a_file_is_dead_too),
		TEST(what_may_be_run_again_is_ordered),
		TEST(an_order_that_nobody_takes_ends_the_call),
		TEST(more_orders_than_a_parent_has_read_wait_for_it),
		TEST(orders_that_nobody_follows_come_to_an_end),
		TEST(nobody_runs_a_call_that_was_cancelled_or_has_no_client),
		TEST(its_tool_is_killed_and_no_other),
		TEST(of_a_dead_host_the_calls_end_and_no_process_is_killed),
		TEST(a_tick_beats_and_buries_once_in_a_second),
		TEST(who_cannot_beat_himself_takes_no_other_for_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
