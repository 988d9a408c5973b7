/* Several processes at the same calls, questions and tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "store_scratch.h"
#include "store_suite.h"

/* No store is open in the parent when it forks: handles do not travel. */

enum { RUNNERS = 4, ITEMS = 40, ROOM = 17 };

/* One process at the store; what it finds there was made before. */
struct runner {
	struct store *store;
	struct arena arena;
	struct op op;
	int64_t session;
	int number;
	char owner[16]; /* all are of one host */
};

static void
begin(struct runner *r, struct store_scratch *scratch, int number)
{
	const struct store_sqlite_options options =
	    store_scratch_options(scratch);

	*r = (struct runner){
		.arena = ARENA_INIT(1 << 22), .session = 1, .number = number
	};
	(void)snprintf(r->owner, sizeof(r->owner), "h.%d", number);
	if (store_scratch_open(scratch, &options, &r->store) != RC_OK)
		_exit(255);
	r->op = (struct op){ .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + 60000,
		.arena = &r->arena };
}

static void
end(struct runner *r)
{
	r->store->ops->close(r->store);
	arena_release(&r->arena);
}

/* Item n is call n of a store that was empty, and its request id. */
static struct call_row
a_call(struct runner *r, int64_t n)
{
	char *id = arena_bytes(&r->arena, 24);

	if (id == NULL)
		_exit(255);
	(void)snprintf(id, 24, "%lld", (long long)n);
	return (struct call_row){ .session = r->session,
		.request_id = slice_of(id),
		.digest = { 1 },
		.owner = slice_of(r->owner),
		.runs_max = 2 };
}

static enum rc
open_call(struct runner *r, int64_t n, const struct call_limits *limits,
    enum call_opened *opened)
{
	struct call_row call = a_call(r, n);
	int64_t reader;

	return r->store->ops->call_open(
	    r->store, &r->op, &call, limits, opened, &reader);
}

/* ------------------------------------- what each process tries with item n:
 * RC_OK if it was the one, RC_CONFLICT if another was */

static enum rc
try_open(struct runner *r, int64_t n)
{
	enum call_opened opened = CALL_IS_OTHER;
	enum rc rc = open_call(r, n, &store_no_call_limits, &opened);

	if (rc != RC_OK || opened == CALL_IS_NEW)
		return rc;
	return opened == CALL_IS_JOINED ? RC_CONFLICT : RC_BUG;
}

static enum rc
try_room(struct runner *r, int64_t n)
{
	const struct call_limits limits = { ROOM, 0, 0, false };
	enum call_opened opened = CALL_IS_OTHER;
	enum rc rc = open_call(r, n * RUNNERS + r->number, &limits, &opened);

	if (rc != RC_OK || opened == CALL_IS_NEW)
		return rc;
	return opened == CALL_HAS_NO_ROOM ? RC_CONFLICT : RC_BUG;
}

static enum rc
try_claim(struct runner *r, int64_t n)
{
	struct call_row row;

	return r->store->ops->call_claim(
	    r->store, &r->op, n, 1, slice_of(r->owner), &row);
}

static enum rc
try_finish(struct runner *r, int64_t n)
{
	const struct call_finish finish = {
		.call = n, .epoch = 1, .data = SLICE("done")
	};
	struct appended out;

	return r->store->ops->call_finish(r->store, &r->op, &finish, &out);
}

/* The owner finishes while others claim. */
static enum rc
try_either(struct runner *r, int64_t n)
{
	return r->number == 0 ? try_finish(r, n) : try_claim(r, n);
}

static enum rc
try_answer(struct runner *r, int64_t n)
{
	const struct question_name name = { .call = n, .key = SLICE("k") };
	enum rc rc = r->store->ops->question_answer(
	    r->store, &r->op, &name, slice_of(r->owner), false);

	return rc == RC_NOTFOUND ? RC_CONFLICT : rc;
}

/* Each on a stream of its own: that of a call behind the items. */
static enum rc
try_send(struct runner *r, int64_t n)
{
	const struct question_name name = { .call = n, .key = SLICE("k") };
	const int64_t stream = ITEMS + 1 + r->number;
	struct appended out;

	return r->store->ops->question_send(
	    r->store, &r->op, &name, stream, SLICE("ask"), &out);
}

static enum rc
try_cancel_task(struct runner *r, int64_t n)
{
	struct task_row row;

	return r->store->ops->task_cancel(r->store, &r->op, n, &row);
}

/* ------------------------------------------------------------ beforehand */

static enum rc
make_call(struct runner *r, int64_t n)
{
	enum call_opened opened;

	return open_call(r, n, &store_no_call_limits, &opened);
}

static enum rc
make_question(struct runner *r, int64_t n)
{
	const struct question_row q = {
		.key = SLICE("k"), .call = n, .session = r->session
	};
	struct appended out;
	enum rc rc = make_call(r, n);

	return rc == RC_OK && n <= ITEMS
	    ? r->store->ops->question_put(
		  r->store, &r->op, &q, 1, 1, &store_no_call_limits, &out)
	    : rc;
}

static enum rc
make_task(struct runner *r, int64_t n)
{
	struct task_row task = { .id = { (unsigned char)n } };
	struct call_row call = a_call(r, n);
	enum call_opened opened;

	return r->store->ops->task_open(
	    r->store, &r->op, &task, &call, &store_no_call_limits, &opened);
}

static enum rc
make_nothing(struct runner *r, int64_t n)
{
	(void)r;
	(void)n;
	return RC_OK;
}

/* ------------------------------------------------------------------ races */

static const struct race {
	const char *name;
	enum rc (*make)(struct runner *, int64_t n);
	enum rc (*try)(struct runner *, int64_t n);
	int winners;
} races[] = {
	{ "of the same requests one is new, the others join", make_nothing,
	    try_open, ITEMS },
	{ "limits are exact", make_nothing, try_room, ROOM },
	{ "of several claimers one has the call", make_call, try_claim, ITEMS },
	{ "a call is finished once", make_call, try_finish, ITEMS },
	{ "a call is finished or claimed", make_call, try_either, ITEMS },
	{ "of several answers one is it", make_question, try_answer, ITEMS },
	{ "a question is sent once", make_question, try_send, ITEMS },
	{ "a task is cancelled once", make_task, try_cancel_task, ITEMS },
};

static void
prepare(struct store_scratch *scratch, const struct race *race)
{
	const struct session_row session = store_row(1, 1, 2000);
	struct runner r;
	int64_t id = 0;

	begin(&r, scratch, 0);
	assert_int_equal(r.store->ops->session_put(
			     r.store, &r.op, &session, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(id, r.session);
	for (int64_t n = 1; n <= ITEMS + RUNNERS; n++)
		assert_int_equal(race->make(&r, n), RC_OK);
	end(&r);
}

/* How many were won; 255: something broke. */
static int
take_part(struct store_scratch *scratch, const struct race *race, int number,
    int gate)
{
	struct runner r;
	int won = 0;
	char c;

	begin(&r, scratch, number);
	if (read(gate, &c, 1) != 1)
		return 255;
	for (int64_t n = 1; n <= ITEMS; n++) {
		enum rc rc = race->try(&r, n);

		if (rc != RC_OK && rc != RC_CONFLICT)
			return 255;
		won += rc == RC_OK;
	}
	end(&r);
	return won;
}

static int
run(struct store_scratch *scratch, const struct race *race)
{
	pid_t pid[RUNNERS];
	int gate[2];
	int won = 0;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < RUNNERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(take_part(scratch, race, i, gate[0]));
	}
	assert_int_equal(write(gate[1], "....", RUNNERS), RUNNERS);
	for (size_t i = 0; i < RUNNERS; i++) {
		int status = 0;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 255);
		won += WEXITSTATUS(status);
	}
	(void)close(gate[0]);
	(void)close(gate[1]);
	return won;
}

static void
only_one_wins(void **state)
{
	const struct race *race = *state;
	struct store_scratch scratch;
	struct runner r;

	store_scratch_init(&scratch);
	prepare(&scratch, race);
	assert_int_equal(run(&scratch, race), race->winners);
	begin(&r, &scratch, 0);
	assert_int_equal(r.store->ops->check(r.store, &r.op), RC_OK);
	end(&r);
	store_scratch_release(&scratch);
}

int
main(void)
{
	struct CMUnitTest tests[sizeof(races) / sizeof(races[0])];
	const size_t n = sizeof(races) / sizeof(races[0]);

	for (size_t i = 0; i < n; i++) {
		/* cmocka hands it on as it is. */
		const union {
			const struct race *race;
			void *state;
		} initial = { .race = &races[i] };

		tests[i] = (struct CMUnitTest){ races[i].name, only_one_wins,
			NULL, NULL, initial.state };
	}
	return _cmocka_run_group_tests("races", tests, n, NULL, NULL);
}
