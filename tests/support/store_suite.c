#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clock.h"
#include "store_suite_calls.h"
#include "store_suite_part.h"

/* More than there are. */
#define CASES_MAX 64
/* For one case, also where connections break all the time. */
#define SUITE_MS 60000

const struct session_caps store_no_caps = { 0, 0, 0 };
const struct stream_caps store_no_stream_caps = { 0, 0 };
const struct call_limits store_no_call_limits = { 0, 0, 0, false };

struct session_row
store_row(uint32_t n, unsigned char who, int64_t touched)
{
	struct session_row row = {
		.key = { .created = 1000, .incarnation = 1 },
		.principal_name = SLICE("user:somebody"),
		.transport = 2,
		.revision = SLICE("2025-06-18"),
		.caps = 0x80000005,
		.client = SLICE("{\"name\":\"c\"}"),
		.log_level = -1,
		.touched = touched,
	};

	for (size_t i = 0; i < 4; i++)
		row.key.sid[i] = (unsigned char)(n >> (8 * i));
	row.key.sid[SID_BYTES - 1] = 0xff;
	row.key.principal[0] = who;
	return row;
}

struct call_row
store_call_row(int64_t session, const char *id)
{
	return (struct call_row){
		.session = session,
		.principal = { 1, 2, 3 },
		.principal_name = SLICE("user:somebody"),
		.request_id = slice_of(id),
		.digest = { 9 },
		.request = SLICE("{\"id\":1}"),
		.tool = SLICE("echo"),
		.revision = SLICE("2025-11-25"),
		.transport = 2,
		.caps = 0x80000005,
		.is_repeatable = true,
		.runs_max = 2,
		.owner = SLICE("h1.a"),
		.deadline = 99000,
	};
}

int
suite_setup(void **state)
{
	const struct store_maker *maker = *state;
	struct suite *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	*state = f;
	f->maker = maker;
	f->arena = ARENA_INIT((size_t)64 * 1024 * 1024);
	f->op = (struct op){ .now_ms = 5000, .arena = &f->arena };
	f->op.give_up_mono = clock_mono_ms(&clock_system) + SUITE_MS;
	if (maker->open(maker->ctx, &f->store) != RC_OK)
		return -1;
	f->ops = f->store->ops;
	return 0;
}

int
suite_teardown(void **state)
{
	struct suite *f = *state;
	enum rc rc = f->ops->check(f->store, &f->op);

	f->ops->close(f->store);
	f->maker->clear(f->maker->ctx);
	arena_release(&f->arena);
	free(f);
	return rc == RC_OK ? 0 : -1;
}

enum rc
suite_put(
    struct suite *f, struct session_row row, const struct session_caps *caps)
{
	int64_t id = 0;

	return f->ops->session_put(f->store, &f->op, &row, caps, &id);
}

enum rc
suite_get(
    struct suite *f, const struct session_key *key, struct session_row *row)
{
	return f->ops->session_get(f->store, &f->op, key, row, NULL);
}

bool
suite_has(struct suite *f, uint32_t n, unsigned char who)
{
	const struct session_key key = store_row(n, who, 0).key;
	struct session_row row;
	enum rc rc = suite_get(f, &key, &row);

	assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	return rc == RC_OK;
}

enum rc
suite_end(struct suite *f, uint32_t n, unsigned char who)
{
	const struct session_key key = store_row(n, who, 0).key;

	return f->ops->session_end(f->store, &f->op, &key, END_DELETED);
}

struct store_info
suite_info(struct suite *f)
{
	struct store_info info;

	assert_int_equal(f->ops->info(f->store, &f->op, &info), RC_OK);
	return info;
}

static void
assert_slice(struct slice a, struct slice b)
{
	assert_int_equal(a.ptr == NULL, b.ptr == NULL);
	assert_int_equal(a.len, b.len);
	if (a.ptr != NULL && b.ptr != NULL)
		assert_memory_equal(a.ptr, b.ptr, a.len);
}

void
suite_assert_same_row(const struct session_row *a, const struct session_row *b)
{
	assert_memory_equal(a->key.sid, b->key.sid, SID_BYTES);
	assert_memory_equal(
	    a->key.principal, b->key.principal, PRINCIPAL_BYTES);
	assert_int_equal(a->key.created, b->key.created);
	assert_int_equal(a->key.incarnation, b->key.incarnation);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->caps, b->caps);
	assert_int_equal(a->log_level, b->log_level);
	assert_int_equal(a->initialized, b->initialized);
	assert_int_equal(a->lists, b->lists);
	assert_int_equal(a->touched, b->touched);
	assert_slice(a->principal_name, b->principal_name);
	assert_slice(a->revision, b->revision);
	assert_slice(a->client, b->client);
}

void
suite_fill(struct suite *f, uint32_t from, uint32_t n, unsigned char who)
{
	for (uint32_t i = from; i < from + n; i++) {
		assert_int_equal(
		    suite_put(f, store_row(i, who, 2000 + i), &store_no_caps),
		    RC_OK);
	}
}

int
suite_run(
    struct store_maker *maker, const struct CMUnitTest *const *parts, size_t n)
{
	struct CMUnitTest tests[CASES_MAX];
	size_t all = 0;

	for (size_t i = 0; i < n; i++) {
		for (const struct CMUnitTest *t = parts[i];
		     t->name != NULL && all < CASES_MAX; t++) {
			tests[all] = *t;
			tests[all++].initial_state = maker;
		}
	}
	/* The macros of cmocka want an array of the right length. */
	return _cmocka_run_group_tests(maker->name, tests, all, NULL, NULL);
}

int
store_suite_run(struct store_maker *maker)
{
	static const struct CMUnitTest *const parts[] = { suite_rows,
		suite_caps, suite_lists, suite_revs };

	return suite_run(maker, parts, COUNT(parts));
}

int
store_suite_calls_run(struct store_maker *maker)
{
	static const struct CMUnitTest *const parts[] = { suite_calls,
		suite_call_ends, suite_questions, suite_tasks, suite_renewals };

	return suite_run(maker, parts, COUNT(parts));
}
