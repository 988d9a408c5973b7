/*
 * After a DELETE was answered no host serves the session, whatever memcached
 * does.  Two hosts read, half of the time sessions whose DELETE was just
 * answered, while somebody ends about a hundred a second, and memcached is cut
 * off again and again and comes back with what it had.  The same with plain
 * deletes must fail, or this shows nothing.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuzz.h"
#include "kv_memcached.h"
#include "memcached_bench.h"
#include "rev_board.h"
#include "scratch_folder.h"
#include "store_cached.h"
#include "store_open.h"
#include "store_scratch.h"
#include "store_suite.h"

#define SKIPPED 77
#define HOSTS 2
#define LIVE 200
/* Sessions whose end was answered last. */
#define ENDED 256
/* Reads of those, in all. */
#define READS 100000
/* Copies must have been in use. */
#define HITS 10000
#define CUTS 5
#define CUT_MS 400
#define OPEN_MS 1000
#define PUBLISH_MS 50
#define END_EVERY_MS 10
#define DEADLINE_MS 90000

static struct memcached_bench memcached;

/* What all processes see. */
struct field {
	atomic_uint live[LIVE];   /* numbers of sessions */
	atomic_uint ended[ENDED]; /* those whose end was answered */
	atomic_uint n_ended;      /* so many were, in all */
	atomic_ulong aimed;       /* reads of ended ones */
	atomic_ulong reads;       /* all reads */
	atomic_ulong served;      /* ended ones that were live for a reader */
	atomic_ulong wrong;       /* rows of another session */
	atomic_ulong hits[HOSTS]; /* copies that were used */
	atomic_int stops;
};

struct fire {
	struct field *field;
	enum cache_scheme scheme;
	struct store_scratch scratch;
	struct scratch_folder folder[HOSTS];
	struct log log;
	struct arena arena;
	struct op op;
	pid_t pid[2 * HOSTS + 1];
	size_t n;
};

static int64_t
now(void)
{
	return clock_mono_ms(&clock_system);
}

static struct session_row
row_of(const struct fire *f, uint32_t n)
{
	/* Both schemes may meet in one database. */
	struct session_row row =
	    store_row(n | (uint32_t)f->scheme << 24, 1, 2000);

	row.initialized = true;
	return row;
}

/* In the database server that the test was given, or in a file. */
static struct store *
open_store(struct fire *f)
{
	const struct store_open_options remote = {
		.url = getenv("MCP_STORE_URL"),
		.create = true,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &f->log,
	};
	struct store_sqlite_options file = store_scratch_options(&f->scratch);
	struct store *store;

	law((remote.url != NULL
		    ? store_open(&remote, &store, &f->scratch.why)
		    : store_scratch_open(&f->scratch, &file, &store)) == RC_OK);
	return store;
}

/* As a process of that host has it. */
static struct store *
open_cached(struct fire *f, struct rev_board *board)
{
	static const unsigned char secret[STORE_KEY_BYTES] = { 5 };
	static const char *const servers[] = { memcached.address };
	const struct kv_memcached_options kv = { .servers = servers,
		.n = 1,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &f->log };
	struct store_cached_options options = { .clock = &clock_system,
		.rng = &rng_system,
		.revs = rev_board_revs(board),
		.secret = secret,
		.waits = true,
		.scheme = f->scheme };
	struct store *store;

	options.prefix = f->scheme == CACHE_REVISIONS ? "revisions" : "plain";
	options.under = open_store(f);
	law(kv_memcached_open(&kv, &options.kv) == RC_OK);
	law(store_cached_open(&options, &store) == RC_OK);
	return store;
}

static struct rev_board *
open_board(struct fire *f, size_t host)
{
	struct rev_board *board;

	law(rev_board_open(f->folder[host].path, &clock_system, &board) ==
	    RC_OK);
	return board;
}

static bool
goes_on(const struct fire *f)
{
	return atomic_load(&f->field->stops) == 0;
}

/* -------------------------------------------------------------- processes */

static void
publish(struct fire *f, size_t host)
{
	struct rev_board *board = open_board(f, host);
	struct store *store = open_store(f);
	int64_t rev[STORE_SHARDS];
	uint32_t incarnation;

	while (goes_on(f)) {
		int64_t t0 = now();

		arena_reset(&f->arena);
		if (store->ops->revs(store, &f->op, rev, &incarnation) == RC_OK)
			law(rev_board_publish(board, t0, incarnation, rev) ==
			    RC_OK);
		(void)poll(NULL, 0, PUBLISH_MS);
	}
	store->ops->close(store);
	rev_board_free(board);
}

static void
read_one(struct fire *f, struct store *store, uint32_t n, bool is_ended)
{
	const struct session_row want = row_of(f, n);
	struct session_row row;
	enum rc rc;

	arena_reset(&f->arena);
	rc = store->ops->session_get(store, &f->op, &want.key, &row, NULL);
	if (rc == RC_OK && memcmp(row.key.sid, want.key.sid, SID_BYTES) != 0)
		atomic_fetch_add(&f->field->wrong, 1);
	if (is_ended && rc == RC_OK && row.state == SESSION_LIVE)
		atomic_fetch_add(&f->field->served, 1);
	if (is_ended && (rc == RC_OK || rc == RC_NOTFOUND))
		atomic_fetch_add(&f->field->aimed, 1);
	atomic_fetch_add(&f->field->reads, 1);
}

static void
read_all(struct fire *f, size_t host)
{
	struct rev_board *board = open_board(f, host);
	struct store *store = open_cached(f, board);
	uint32_t chance = (uint32_t)host + 1;

	for (unsigned i = 0; goes_on(f); i++) {
		unsigned n_ended = atomic_load(&f->field->n_ended);
		unsigned among = n_ended < ENDED ? n_ended : ENDED;
		atomic_uint *one;
		bool is_ended;

		chance = chance * 1664525 + 1013904223;
		is_ended = i % 2 == 0 && among > 0;
		one = is_ended ? &f->field->ended[(chance >> 8) % among]
			       : &f->field->live[(chance >> 8) % LIVE];
		read_one(f, store, atomic_load(one), is_ended);
		atomic_store(&f->field->hits[host],
		    (unsigned long)store_cached_counted(store).hits);
	}
	store->ops->close(store);
	rev_board_free(board);
}

static void
put(struct fire *f, struct store *store, uint32_t n)
{
	const struct session_row row = row_of(f, n);
	struct op op = f->op;
	int64_t id;

	op.relaxed = true;
	law(store->ops->session_put(store, &op, &row, &store_no_caps, &id) ==
	    RC_OK);
}

/* An end that waits until it may be answered. */
struct waiting {
	uint32_t n;
	int64_t at;
};

/* Those that may be answered now: from here on nobody may serve them. */
static size_t
answer(struct fire *f, struct waiting *w, size_t n)
{
	size_t done = 0;

	while (done < n && w[done].at <= now()) {
		unsigned i = atomic_load(&f->field->n_ended);

		atomic_store(&f->field->ended[i % ENDED], w[done++].n);
		atomic_store(&f->field->n_ended, i + 1);
	}
	memmove(w, w + done, (n - done) * sizeof(*w));
	return n - done;
}

static void
end_some(struct fire *f)
{
	struct rev_board *board = open_board(f, 0);
	struct store *store = open_cached(f, board);
	struct waiting waiting[256];
	size_t n = 0;
	uint32_t next = LIVE;

	while (goes_on(f)) {
		atomic_uint *slot = &f->field->live[next * 7 % LIVE];
		uint32_t old = atomic_load(slot);
		const struct session_row row = row_of(f, old);

		arena_reset(&f->arena);
		put(f, store, next);
		law(store->ops->session_end(
			store, &f->op, &row.key, END_DELETED) == RC_OK);
		law(n < sizeof(waiting) / sizeof(waiting[0]));
		waiting[n++] =
		    (struct waiting){ old, store->ops->settled_mono(store) };
		atomic_store(slot, next++);
		n = answer(f, waiting, n);
		(void)poll(NULL, 0, END_EVERY_MS);
	}
	store->ops->close(store);
	rev_board_free(board);
}

/* ------------------------------------------------------------------- fire */

static bool
is_child(struct fire *f)
{
	pid_t pid = fork();

	law(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		return true;
	}
	f->pid[f->n++] = pid;
	return false;
}

static void
start(struct fire *f)
{
	for (size_t host = 0; host < HOSTS; host++) {
		if (is_child(f)) {
			publish(f, host);
			_exit(0);
		}
		if (is_child(f)) {
			read_all(f, host);
			_exit(0);
		}
	}
	if (is_child(f)) {
		end_some(f);
		_exit(0);
	}
}

static void
init(struct fire *f, enum cache_scheme scheme)
{
	struct store *store;

	*f = (struct fire){ .scheme = scheme,
		.arena = ARENA_INIT((size_t)1024 * 1024),
		.op = {
		    .now_ms = 5000, .give_up_mono = now() + 2 * DEADLINE_MS } };
	f->op.arena = &f->arena;
	store_scratch_init_fast(&f->scratch);
	f->log = f->scratch.log;
	for (size_t i = 0; i < HOSTS; i++) {
		char path[128];

		scratch_folder_init(&f->folder[i]);
		(void)snprintf(path, sizeof(path), "%s/run", f->folder[i].path);
		law(mkdir(path, 0700) == 0);
	}
	f->field = mmap(NULL, sizeof(*f->field), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	law(f->field != MAP_FAILED);
	store = open_store(f);
	for (uint32_t n = 0; n < LIVE; n++) {
		put(f, store, n);
		atomic_store(&f->field->live[n], n);
	}
	store->ops->close(store);
}

static void
release(struct fire *f)
{
	for (size_t i = 0; i < HOSTS; i++)
		scratch_folder_release(&f->folder[i]);
	store_scratch_release(&f->scratch);
	log_release(&f->log);
	arena_release(&f->arena);
	(void)munmap(f->field, sizeof(*f->field));
}

static unsigned long
hits_of(struct field *field)
{
	unsigned long n = 0;

	for (size_t i = 0; i < HOSTS; i++)
		n += atomic_load(&field->hits[i]);
	return n;
}

static void
tell(const struct fire *f, int cuts)
{
	struct field *field = f->field;

	(void)printf("%s: %d cuts, %u ended, %lu reads, %lu of ended ones, %lu "
		     "copies used, %lu served after the answer\n",
	    f->scheme == CACHE_REVISIONS ? "revisions" : "plain deletes", cuts,
	    atomic_load(&field->n_ended), atomic_load(&field->reads),
	    atomic_load(&field->aimed), hits_of(field),
	    atomic_load(&field->served));
}

/* Cut and mend until enough was read, or, where that is hoped for, an ended
 * session was served; what was seen. */
static struct field *
burn(struct fire *f, bool until_served)
{
	struct field *field = f->field;
	int64_t deadline = now() + DEADLINE_MS;
	int cuts = 0;

	start(f);
	for (;;) {
		memcached_bench_cut(&memcached, true);
		(void)poll(NULL, 0, CUT_MS);
		memcached_bench_cut(&memcached, false);
		(void)poll(NULL, 0, OPEN_MS);
		cuts++;
		if (until_served && atomic_load(&field->served) > 0)
			break;
		if (!until_served && cuts >= CUTS &&
		    atomic_load(&field->aimed) >= READS &&
		    hits_of(field) >= HITS)
			break;
		if (now() >= deadline)
			tell(f, cuts);
		assert_true(now() < deadline);
	}
	atomic_store(&field->stops, 1);
	for (size_t i = 0; i < f->n; i++) {
		int status;

		assert_int_equal(waitpid(f->pid[i], &status, 0), f->pid[i]);
		assert_int_equal(status, 0);
	}
	tell(f, cuts);
	return field;
}

static void
nothing_is_served_after_the_answer(void **state)
{
	struct fire f;
	const struct field *field;

	(void)state;
	init(&f, CACHE_REVISIONS);
	field = burn(&f, false);
	assert_int_equal(atomic_load(&field->served), 0);
	assert_int_equal(atomic_load(&field->wrong), 0);
	release(&f);
}

static void
with_plain_deletes_ended_sessions_are_served(void **state)
{
	struct fire f;
	const struct field *field;

	(void)state;
	init(&f, CACHE_PLAIN_DELETES);
	field = burn(&f, true);
	assert_true(atomic_load(&field->served) > 0);
	release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_served_after_the_answer),
		cmocka_unit_test(with_plain_deletes_ended_sessions_are_served),
	};
	int failed;

	if (!memcached_bench_start(&memcached)) {
		(void)fprintf(stderr, "memcached is not installed\n");
		return SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	memcached_bench_release(&memcached);
	return failed;
}
