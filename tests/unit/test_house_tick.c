#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>

#include <cmocka.h>

#include "clock.h"
#include "house.h"
#include "rng.h"
#include "scratch_folder.h"
#include "store_scratch.h"

#define DEADLINE_MS 20000

struct rig {
	struct scratch_folder at;
	struct store_scratch files;
	struct run_dir *dir;
	struct server server;
	struct config config;
	struct arena arena;
	struct log log;
};

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	scratch_folder_init(&r->at);
	store_scratch_init(&r->files);
	r->arena = ARENA_INIT((size_t)1024 * 1024);
	r->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	assert_int_equal(config_init(&r->config, r->at.path), RC_OK);
	r->dir = scratch_folder_run_dir(r->at.path);
	server_init(&r->server);
	r->server.clock = &clock_system;
	r->server.rng = &rng_system;
	r->server.log = &r->log;
	assert_int_equal(
	    store_scratch_fresh(&r->files, &clock_system, 1, &r->server.store),
	    RC_OK);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	r->server.store->ops->close(r->server.store);
	server_release(&r->server);
	run_dir_free(r->dir);
	config_release(&r->config);
	arena_release(&r->arena);
	log_release(&r->log);
	store_scratch_release(&r->files);
	scratch_folder_release(&r->at);
	free(r);
	return 0;
}

static struct op
op_of(struct rig *r)
{
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) + DEADLINE_MS,
		.arena = &r->arena };
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

static int64_t
beat_of(struct rig *r)
{
	struct store *store = r->server.store;
	struct op op = op_of(r);
	struct host_rows rows;

	assert_int_equal(store->ops->hosts(store, &op, &rows), RC_OK);
	assert_int_equal(rows.n, 1);
	return rows.row[0].beat;
}

/* Otherwise every other beat would be left out. */
static void
who_comes_a_little_early_beats_all_the_same(void **state)
{
	struct rig *r = *state;
	struct house *h = NULL;
	int64_t beat;

	assert_int_equal(house_open(&r->config, &r->log, r->dir, &h), RC_OK);
	house_tick(h, &r->server, &r->arena);
	beat = beat_of(r);
	house_tick(h, &r->server, &r->arena);
	assert_int_equal(beat_of(r), beat);
	while (clock_mono_ms(&clock_system) < house_due(h) - 100)
		(void)poll(NULL, 0, 5);
	house_tick(h, &r->server, &r->arena);
	assert_int_equal(beat_of(r), beat + 1);
	house_free(h);
}

static void
who_does_not_keep_the_house_does_nothing(void **state)
{
	struct rig *r = *state;
	struct run_dir *other = scratch_folder_run_dir(r->at.path);
	struct house *h = NULL;

	assert_true(run_dir_keep_house(other));
	assert_int_equal(house_open(&r->config, &r->log, r->dir, &h), RC_OK);
	house_tick(h, &r->server, &r->arena);
	assert_int_equal(count_hosts(r), 0);
	house_free(h);
	run_dir_free(other);
}

static void
what_the_store_says_of_draining_is_told_to_the_host(void **state)
{
	struct rig *r = *state;
	struct store *store = r->server.store;

	for (int drain = 1; drain >= 0; drain--) {
		struct op op = op_of(r);
		struct house *h = NULL;

		assert_int_equal(store->ops->host_drain(store, &op,
				     run_dir_host(r->dir), drain == 1),
		    RC_OK);
		assert_int_equal(
		    house_open(&r->config, &r->log, r->dir, &h), RC_OK);
		house_tick(h, &r->server, &r->arena);
		assert_int_equal(house_is_draining(h), drain == 1);
		assert_int_equal(run_dir_is_draining(r->dir), drain == 1);
		house_free(h);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_comes_a_little_early_beats_all_the_same),
		TEST(who_does_not_keep_the_house_does_nothing),
		TEST(what_the_store_says_of_draining_is_told_to_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
