/* What has become, meanwhile, of what was done though nobody was told; and of
 * what hosts tell each other whose clocks differ. */
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "store_remote.h"
#include "store_suite_calls.h"

enum {
	WAIT_MS = 30000,
	/* What comes out of a process: an rc, or this, and the epoch. */
	OPENED = 32
};

static struct cut_proxy proxy;

/* Through the proxy. */
static int
open_call(struct store_remote *remote, int64_t session)
{
	struct arena arena = ARENA_INIT(1 << 22);
	const struct op op = { .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + WAIT_MS,
		.arena = &arena };
	struct call_row call = store_call_row(session, "1");
	struct store *store = NULL;
	enum call_opened opened = CALL_IS_OTHER;
	int64_t reader;
	enum rc rc = store_remote_open(remote, false, &store);

	if (rc == RC_OK)
		rc = store->ops->call_open(
		    store, &op, &call, &store_no_call_limits, &opened, &reader);
	if (rc == RC_OK && opened == CALL_IS_NEW)
		return OPENED + (int)call.epoch;
	return rc == RC_OK ? -1 : (int)rc;
}

static pid_t
start(struct store_remote *remote, int64_t session)
{
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(open_call(remote, session));
	return child;
}

/* As soon as it is there. */
static int64_t
find_call(struct suite *f, struct store *direct, int64_t session)
{
	const int64_t late = clock_mono_ms(&clock_system) + WAIT_MS;
	const struct call_filter filter = { .session = session };
	struct call_rows rows = { NULL, 0 };

	while (rows.n == 0 && clock_mono_ms(&clock_system) < late) {
		(void)poll(NULL, 0, 5);
		assert_int_equal(
		    direct->ops->calls_list(direct, &f->op, &filter, &rows),
		    RC_OK);
	}
	assert_int_equal(rows.n, 1);
	return rows.row[0].number;
}

/* The opener is told only after `claims` others have claimed its call. */
static int
came_of_opening(struct suite *f, int64_t session, int64_t claims)
{
	struct store_remote *remote = f->maker->ctx;
	struct store *direct = NULL;
	struct call_row row;
	int64_t call;
	int status = 0;
	pid_t child;

	assert_int_equal(
	    store_remote_open_at(remote, remote->url, false, &direct), RC_OK);
	cut_proxy_set(&proxy, CUT_ANSWER, 1);
	child = start(remote, session);
	call = find_call(f, direct, session);
	for (int64_t epoch = 1; epoch <= claims; epoch++) {
		assert_int_equal(direct->ops->call_claim(direct, &f->op, call,
				     epoch, SLICE("h2.claimer"), &row),
		    RC_OK);
	}
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	direct->ops->close(direct);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_call_that_was_claimed_before_its_opener_knew_of_it_is_not_its(void **state)
{
	struct suite *f = *state;

	assert_int_equal(
	    came_of_opening(f, suite_session(f, 1), 0), OPENED + 1);
	assert_int_equal(
	    came_of_opening(f, suite_session(f, 2), 1), (int)RC_BUSY);
	assert_int_equal(
	    came_of_opening(f, suite_session(f, 3), 2), (int)RC_BUSY);
}

/* A host ten minutes ahead seals; another one, which is right, notes the use
 * and its end; and the first one sweeps. */
static void
what_was_used_once_is_known_while_a_slow_clock_would_take_it(void **state)
{
	struct suite *f = *state;
	const int64_t minute = 60000;
	const int64_t valid = 15 * minute;
	const int64_t skew = 10 * minute;
	const int64_t sealed = 100 * minute;
	const struct sweep_rules rules = { .limit = 10 };
	const unsigned char nonce[DIGEST_BYTES] = "n";
	struct sweep_done done;

	f->op.now_ms = sealed;
	assert_int_equal(
	    f->ops->nonce_use(f->store, &f->op, nonce, sealed + valid), RC_OK);
	/* The right clock takes it until here, which is later by the other. */
	f->op.now_ms = sealed + skew + valid;
	f->op.now_ms += skew;
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	f->op.now_ms -= skew;
	assert_int_equal(
	    f->ops->nonce_use(f->store, &f->op, nonce, f->op.now_ms + valid),
	    RC_CONFLICT);
}

static void
come_back(struct suite *f)
{
	const int64_t late = clock_mono_ms(&clock_system) + WAIT_MS;
	struct store_info info;
	enum rc rc = RC_BUSY;

	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	f->op.give_up_mono = late;
	while (rc == RC_BUSY && clock_mono_ms(&clock_system) < late) {
		(void)poll(NULL, 0, 10);
		rc = f->ops->info(f->store, &f->op, &info);
	}
	assert_int_equal(rc, RC_OK);
	f->op.give_up_mono = clock_mono_ms(&clock_system) + 1000;
}

/* Otherwise it is the owner of a stream that nobody reads as long as it lives,
 * and the session is never idle. */
static void
who_may_have_become_a_reader_doubts_it(void **state)
{
	struct suite *f = *state;
	const struct stream_attach attach = { .session = suite_session(f, 1),
		.after = -1,
		.owner = SLICE("h1.1") };
	const struct session_change touch = { SESSION_TOUCHED, 5 };
	struct stream_row row;
	enum rc rc[2];
	bool doubts[3];

	come_back(f);
	cut_proxy_set(&proxy, CUT_ANSWER, 1);
	rc[0] = f->ops->session_set(f->store, &f->op, attach.session, &touch);
	doubts[0] = f->ops->doubt(f->store);
	come_back(f);
	cut_proxy_set(&proxy, CUT_ANSWER, 1);
	rc[1] = f->ops->stream_attach(f->store, &f->op, &attach, &row);
	doubts[1] = f->ops->doubt(f->store);
	doubts[2] = f->ops->doubt(f->store);
	come_back(f);
	assert_int_equal(rc[0], RC_BUSY);
	assert_false(doubts[0]);
	assert_int_equal(rc[1], RC_BUSY);
	assert_true(doubts[1]);
	assert_false(doubts[2]);
	f->op.give_up_mono = clock_mono_ms(&clock_system) + WAIT_MS;
}

static const struct CMUnitTest cases[] = {
	SUITE_CASE(who_may_have_become_a_reader_doubts_it),
	SUITE_CASE(
	    what_was_used_once_is_known_while_a_slow_clock_would_take_it),
	SUITE_CASE(
	    a_call_that_was_claimed_before_its_opener_knew_of_it_is_not_its),
	SUITE_END,
};

int
main(void)
{
	static const struct CMUnitTest *const parts[] = { cases };
	struct store_remote remote;
	struct store_maker maker = store_remote_maker(&remote, "recall");
	int failed;

	if (!store_remote_init(&remote, ""))
		return 77;
	store_remote_proxy(&remote, &proxy,
	    strncmp(remote.url, "mariadb:", 8) == 0 ? cut_is_mariadb_run
						    : cut_is_postgresql_run);
	failed = suite_run(&maker, parts, 1);
	cut_proxy_stop(&proxy);
	store_remote_release(&remote);
	return failed;
}
