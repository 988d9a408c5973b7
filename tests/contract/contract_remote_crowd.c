/* Several hosts at the same calls at once, whose clocks differ. */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "store_remote.h"
#include "store_suite_calls.h"

enum { LOST = 100, OP_MS = 60000 };
enum { PROCESSES = 4, CALLS = 12, TURNS = 3 };

/* What all processes count, by request. */
struct tally {
	atomic_int made[CALLS];
	atomic_int finished[CALLS];
	atomic_int asked[CALLS];
	atomic_int answered[CALLS];
	atomic_int went_wrong;
	atomic_int ready;
};

static struct tally *
make_tally(void)
{
	FILE *file = tmpfile();
	struct tally *tally;

	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), sizeof(*tally)), 0);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fileno(file), 0);
	assert_true(tally != MAP_FAILED);
	(void)fclose(file);
	return tally;
}

struct runner {
	struct store *store;
	struct op op;
	struct slice owner;
	int64_t session;
	struct tally *tally;
	int number;
};

static void
note(struct runner *r, enum rc rc)
{
	if (rc != RC_OK && rc != RC_CONFLICT && rc != RC_NOTFOUND)
		(void)atomic_fetch_add(&r->tally->went_wrong, 1);
}

static bool
count(struct runner *r, atomic_int *counter, enum rc rc)
{
	note(r, rc);
	if (rc == RC_OK)
		(void)atomic_fetch_add(counter, 1);
	return rc == RC_OK;
}

/* One of them asks, all answer. */
static void
ask(struct runner *r, const struct call_row *call, int n)
{
	const struct store_ops *ops = r->store->ops;
	const struct question_name name = { .call = call->number,
		.key = SLICE("k") };
	struct question_row q = suite_question(call, "k");
	struct appended out;

	if (n % PROCESSES == r->number) {
		(void)count(r, &r->tally->asked[n],
		    ops->question_put(r->store, &r->op, &q, 1, call->epoch,
			&store_no_call_limits, &out));
	}
	(void)count(r, &r->tally->answered[n],
	    ops->question_answer(r->store, &r->op, &name, SLICE("{}"), false));
}

static void
finish(struct runner *r, const struct call_row *call, int64_t epoch, int n)
{
	const struct call_finish finish = {
		.call = call->number, .epoch = epoch, .data = SLICE("done")
	};
	struct appended out;

	(void)count(r, &r->tally->finished[n],
	    r->store->ops->call_finish(r->store, &r->op, &finish, &out));
}

/* Everything that may happen to request n. */
static void
one_turn(struct runner *r, int n, bool is_last)
{
	const struct store_ops *ops = r->store->ops;
	enum call_opened opened = CALL_HAS_NO_ROOM;
	struct call_row call, claimed;
	int64_t reader, number;
	char id[16];

	(void)snprintf(id, sizeof(id), "%d", n);
	call = store_call_row(r->session, id);
	call.owner = r->owner;
	note(r,
	    ops->call_open(r->store, &r->op, &call, &store_no_call_limits,
		&opened, &reader));
	if (opened == CALL_IS_NEW)
		(void)atomic_fetch_add(&r->tally->made[n], 1);
	if (call.number == 0)
		return; /* it was cancelled before */
	if ((n + r->number) % 3 == 0 &&
	    ops->call_claim(r->store, &r->op, call.number, call.epoch, r->owner,
		&claimed) == RC_OK)
		call = claimed;
	ask(r, &call, n);
	if ((n + r->number) % 4 == 0) {
		note(r,
		    ops->call_cancel(r->store, &r->op, call.session,
			call.request_id, &number));
	}
	if (is_last || (n + r->number) % 2 == 0)
		finish(r, &call, call.epoch, n);
}

/* All begin at once. */
static void
run(struct runner *r)
{
	(void)atomic_fetch_add(&r->tally->ready, 1);
	while (atomic_load(&r->tally->ready) < PROCESSES &&
	    clock_mono_ms(&clock_system) < r->op.give_up_mono)
		(void)poll(NULL, 0, 1);
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < CALLS; i++) {
			one_turn(r, i, turn == TURNS - 1);
			arena_reset(r->op.arena);
		}
	}
}

static pid_t
start_runner(struct suite *f, int64_t session, struct tally *tally, int number)
{
	struct arena arena = ARENA_INIT(1 << 22);
	char owner[16];
	struct runner r = { .session = session,
		.op = f->op,
		.tally = tally,
		.number = number };
	pid_t child = fork();

	if (child != 0)
		return child;
	(void)snprintf(owner, sizeof(owner), "h%d.r", number);
	r.owner = slice_of(owner);
	r.op.arena = &arena;
	r.op.give_up_mono = clock_mono_ms(&clock_system) + OP_MS;
	if (store_remote_open(f->maker->ctx, false, &r.store) != RC_OK)
		_exit(LOST);
	run(&r);
	_exit(0);
}

static int
reap(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static size_t
request_of(const struct call_row *call)
{
	size_t n = 0;

	for (size_t i = 0; i < call->request_id.len; i++)
		n = n * 10 + (size_t)(call->request_id.ptr[i] - '0');
	assert_true(n < CALLS);
	return n;
}

/* End what its runners have left running. */
static void
end_rest(struct suite *f, const struct call_row *call, struct tally *tally)
{
	if (call->state != CALL_RUNNING)
		return;
	assert_int_equal(
	    suite_finish(f, call->number, call->epoch, "done"), RC_OK);
	(void)atomic_fetch_add(&tally->finished[request_of(call)], 1);
}

static size_t
responses(struct suite *f, int64_t stream)
{
	struct event_rows events;
	size_t n = 0;

	(void)suite_read(f, stream, 0, &events);
	for (size_t i = 0; i < events.n; i++)
		n += slice_eq(events.row[i].data, SLICE("done"));
	return n;
}

static void
every_call_ends_once_whoever_is_at_it(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_filter filter = { .session = session };
	struct tally *tally = make_tally();
	pid_t child[PROCESSES];
	struct call_rows rows;

	for (int i = 0; i < PROCESSES; i++)
		child[i] = start_runner(f, session, tally, i);
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(reap(child[i]), 0);
	assert_int_equal(atomic_load(&tally->went_wrong), 0);
	assert_int_equal(
	    f->ops->calls_list(f->store, &f->op, &filter, &rows), RC_OK);
	assert_int_equal(rows.n, CALLS);
	for (size_t i = 0; i < rows.n; i++) {
		end_rest(f, &rows.row[i], tally);
		assert_int_equal(responses(f, rows.row[i].stream), 1);
	}
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(atomic_load(&tally->made[i]), 1);
		assert_int_equal(atomic_load(&tally->finished[i]), 1);
		assert_true(atomic_load(&tally->answered[i]) <=
		    atomic_load(&tally->asked[i]));
	}
	(void)munmap(tally, sizeof(*tally));
}

/* -------------------------------------------------------------- clocks */

/* The age of a wish to cancel is measured by the host that is furthest ahead,
 * not by those who leave and take it. */
static void
clocks_of_hosts_may_differ_by_minutes(void **state)
{
	static const struct {
		int64_t leaves; /* the clock of who leaves it, */
		int64_t takes;  /* and of who takes it, */
		int64_t after;  /* so much later */
		enum call_opened opened;
	} rows[] = {
		{ 0, 0, 9000, CALL_IS_CANCELLED },
		{ 0, 0, 10000, CALL_IS_NEW },
		{ 0, 300000, 9000, CALL_IS_CANCELLED },
		{ 0, 300000, 10000, CALL_IS_NEW },
		{ 300000, 0, 9000, CALL_IS_CANCELLED },
		{ 300000, 0, 10000, CALL_IS_NEW },
		{ 100000, 200000, 10000, CALL_IS_NEW },
	};
	enum { AHEAD = 300000 };
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	int64_t now = 1000000;
	int64_t call;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct call_row row = store_call_row(session, "1");

		/* One without a clock is not listened to. */
		f->op.now_ms = now + 99000000;
		assert_int_equal(
		    f->ops->host_beat(f->store, &f->op, SLICE("mad")), RC_OK);
		f->op.now_ms = now + AHEAD;
		assert_int_equal(
		    f->ops->host_beat(f->store, &f->op, SLICE("h3")), RC_OK);
		f->op.now_ms = now + rows[i].leaves;
		assert_int_equal(f->ops->call_cancel(f->store, &f->op, session,
				     SLICE("1"), &call),
		    RC_OK);
		now += rows[i].after;
		f->op.now_ms = now + AHEAD;
		assert_int_equal(
		    f->ops->host_beat(f->store, &f->op, SLICE("h3")), RC_OK);
		f->op.now_ms = now + rows[i].takes;
		assert_int_equal(
		    suite_open(f, &row, &store_no_call_limits), rows[i].opened);
		if (rows[i].opened == CALL_IS_NEW)
			assert_int_equal(
			    suite_finish(f, row.number, 1, NULL), RC_OK);
		now += 60000;
	}
}

static const struct CMUnitTest cases[] = {
	SUITE_CASE(every_call_ends_once_whoever_is_at_it),
	SUITE_CASE(clocks_of_hosts_may_differ_by_minutes),
	SUITE_END,
};

int
main(void)
{
	static const struct CMUnitTest *const parts[] = { cases };
	struct store_remote remote;
	struct store_maker maker =
	    store_remote_maker(&remote, "calls of several hosts");
	int failed;

	if (!store_remote_init(&remote, ""))
		return 77;
	failed = suite_run(&maker, parts, 1);
	store_remote_release(&remote);
	return failed;
}
