/* What a process does whose store does not know what it has done, and when it
 * has nothing to ask of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rng.h"
#include "scratch_folder.h"
#include "server.h"
#include "service.h"

struct fake_store {
	struct store base; /* first */
	bool is_doubtful;
	int asked;
	int rests;
};

struct fake_crew {
	struct crew base; /* first */
	int forsaken;
};

static bool
doubt(struct store *store)
{
	struct fake_store *f = (struct fake_store *)store;
	bool was = f->is_doubtful;

	f->is_doubtful = false;
	f->asked++;
	return was;
}

static void
rest(struct store *store)
{
	((struct fake_store *)store)->rests++;
}

static void
forsake(struct crew *crew)
{
	((struct fake_crew *)crew)->forsaken++;
}

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static void
a_doubt_costs_the_name_once(void **state)
{
	static const struct crew_ops crew_ops = { .forsake = forsake };
	static const struct store_ops ops = { .doubt = doubt };
	static const struct store_ops sure = { .doubt = NULL };
	struct fake_store store = { .base = { &ops } };
	struct fake_crew crew = { .base = { &crew_ops } };
	struct log log = LOG_INIT(no_log, NULL, LOG_ERROR);
	struct server s;

	(void)state;
	server_init(&s);
	s.log = &log;
	s.crew = &crew.base;
	/* While it cannot be opened. */
	server_settle(&s);
	s.store = &store.base;
	server_settle(&s);
	assert_int_equal(crew.forsaken, 0);
	store.is_doubtful = true;
	server_settle(&s);
	server_settle(&s);
	assert_int_equal(store.asked, 3);
	assert_int_equal(crew.forsaken, 1);
	/* Without a name there is nothing to lose. */
	store.is_doubtful = true;
	s.crew = NULL;
	server_settle(&s);
	store.base.ops = &sure;
	server_settle(&s);
	assert_int_equal(crew.forsaken, 1);
	server_release(&s);
	log_release(&log);
}

/* ------------------------------------------------------------ at rest */

struct rig {
	struct scratch_folder at;
	struct config config;
	struct log log;
	struct service service;
	struct store *real;
	struct fake_store fake;
	struct run_dir *other; /* another process, which keeps house */
};

static int
setup(void **state)
{
	static const struct store_ops ops = { .rest = rest };
	struct rig *r = calloc(1, sizeof(*r));
	struct service_options options;
	struct buf why = BUF_INIT(1024);

	assert_non_null(r);
	scratch_folder_init(&r->at);
	r->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	assert_int_equal(config_init(&r->config, r->at.path), RC_OK);
	assert_int_equal(
	    config_set(&r->config, "server.state", r->at.path, &why), RC_OK);
	assert_int_equal(
	    config_set(&r->config, "store.url", "sqlite:store.db", &why),
	    RC_OK);
	assert_int_equal(
	    config_set(&r->config, "store.idle", "1m", &why), RC_OK);
	r->other = scratch_folder_run_dir(r->at.path);
	assert_true(run_dir_keep_house(r->other));
	options = (struct service_options){ .config = &r->config,
		.log = &r->log,
		.socket = -1,
		.may_create = true };
	assert_true(service_init(&r->service, &options));
	r->real = wiring_server(r->service.wiring)->store;
	assert_non_null(r->real);
	r->fake.base.ops = &ops;
	wiring_server(r->service.wiring)->store = &r->fake.base;
	buf_release(&why);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	wiring_server(r->service.wiring)->store = r->real;
	service_release(&r->service);
	run_dir_free(r->other);
	config_release(&r->config);
	log_release(&r->log);
	scratch_folder_release(&r->at);
	free(r);
	return 0;
}

static void
who_is_idle_gives_its_connection_back_once(void **state)
{
	struct rig *r = *state;

	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 0);
	r->service.served_mono -= 59000;
	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 0);
	r->service.served_mono -= 1000;
	(void)service_tidy(&r->service);
	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 1);
	/* After another request. */
	r->service.is_resting = false;
	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 2);
}

static void
it_keeps_it_where_that_is_wished(void **state)
{
	static const struct store_ops none = { .rest = NULL };
	struct rig *r = *state;

	r->service.served_mono -= 86400000;
	r->config.store_idle_ms = 0;
	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 0);
	r->config.store_idle_ms = 60000;
	r->fake.base.ops = &none;
	(void)service_tidy(&r->service);
	assert_int_equal(r->fake.rests, 0);
}

static void
who_keeps_house_keeps_it(void **state)
{
	struct rig *r = *state;

	run_dir_leave_house(r->other);
	assert_true(run_dir_keep_house(r->service.dir));
	r->service.served_mono -= 86400000;
	/* It does not come to that here. */
	r->config.store_idle_ms = 60000;
	wiring_server(r->service.wiring)->store = r->real;
	(void)service_tidy(&r->service);
	assert_false(r->service.is_resting);
	wiring_server(r->service.wiring)->store = &r->fake.base;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_doubt_costs_the_name_once),
		cmocka_unit_test_setup_teardown(
		    who_is_idle_gives_its_connection_back_once, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    it_keeps_it_where_that_is_wished, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    who_keeps_house_keeps_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
