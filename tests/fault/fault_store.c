/* Every store with the first, second, third ... allocation refused. */
#include <stdio.h>

#include "clock.h"
#include "failalloc.h"
#include "store_scratch.h"
#include "store_suite.h"

/* More rows than any first piece of memory has room for. */
#define ROWS 40

struct scene {
	struct store_scratch *scratch;
	struct store *store;
	struct arena arena;
	struct op op;
	int64_t put; /* rows that were acknowledged */
};

static enum rc
open_scene(struct scene *s)
{
	struct store_sqlite_options options;

	options = store_scratch_options(s->scratch);
	return store_scratch_open(s->scratch, &options, &s->store);
}

static enum rc
put_rows(struct scene *s)
{
	const struct session_caps caps = { ROWS / 2, 0, 9999 };
	enum rc rc = RC_OK;

	for (uint32_t n = 0; n < ROWS && rc == RC_OK; n++) {
		const struct session_row row = store_row(n, 1, 2000);
		int64_t id;

		rc = s->store->ops->session_put(
		    s->store, &s->op, &row, &caps, &id);
		s->put += rc == RC_OK;
	}
	return rc;
}

static enum rc
work(struct scene *s)
{
	const struct session_key last = store_row(ROWS - 1, 1, 0).key;
	const struct session_key none = store_row(ROWS + 1, 1, 0).key;
	const struct session_filter any = { 0 };
	const struct sweep_rules rules = { .idle_before = 9999, .limit = 5 };
	const struct key_row key = { .id = 1 };
	struct session_rows rows;
	struct session_row row;
	struct sweep_done done;
	struct key_rows keys;
	const struct store_ops *ops;
	enum rc rc = open_scene(s);

	if (rc != RC_OK)
		return rc;
	ops = s->store->ops;
	rc = put_rows(s);
	if (rc == RC_OK)
		rc = ops->key_add(s->store, &s->op, &key);
	if (rc == RC_OK)
		rc = ops->keys(s->store, &s->op, &keys);
	if (rc == RC_OK)
		rc = ops->session_get(s->store, &s->op, &last, &row, NULL);
	if (rc == RC_OK)
		rc = ops->session_list(s->store, &s->op, &any, &rows);
	if (rc == RC_OK)
		rc = ops->session_end(s->store, &s->op, &last, END_DELETED);
	if (rc == RC_OK)
		rc = ops->session_end(s->store, &s->op, &none, END_DELETED);
	if (rc == RC_OK)
		rc = ops->sweep(s->store, &s->op, &rules, &done);
	return rc;
}

/* What was refused left no trace: the facts agree, and what was not put is
 * not there. */
static bool
is_sound(struct scene *s)
{
	const struct session_key next = store_row((uint32_t)s->put, 1, 0).key;
	struct session_row row;

	return s->store == NULL ||
	    (s->store->ops->check(s->store, &s->op) == RC_OK &&
		s->store->ops->session_get(
		    s->store, &s->op, &next, &row, NULL) == RC_NOTFOUND);
}

/* One run; false if it ended as it must not. */
static bool
run(const char *name, long nth, struct store_scratch *scratch, bool *refused)
{
	struct scene s = { .scratch = scratch,
		.arena = ARENA_INIT((size_t)1024 * 1024) };
	bool ok;
	enum rc rc;

	s.op = (struct op){ .now_ms = 5000,
		.relaxed = true,
		.give_up_mono = clock_mono_ms(&clock_system) + 5000,
		.arena = &s.arena };
	failalloc_arm(nth);
	rc = work(&s);
	*refused = failalloc_disarm();
	ok = rc == (*refused ? RC_NOMEM : RC_OK) && is_sound(&s);
	if (!ok)
		(void)fprintf(stderr, "%s %ld: %s\n", name, nth, rc_name(rc));
	if (s.store != NULL)
		s.store->ops->close(s.store);
	arena_release(&s.arena);
	return ok;
}

int
main(void)
{
	struct store_scratch scratch;
	bool refused = true;
	long nth;

	for (nth = 0; refused; nth++) {
		bool ok;

		store_scratch_init(&scratch);
		ok = run("sqlite", nth, &scratch, &refused);
		store_scratch_release(&scratch);
		if (!ok)
			return 1;
	}
	return nth < 5 ? 2 : 0;
}
