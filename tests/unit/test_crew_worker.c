#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crew_worker.h"
#include "scratch_folder.h"

/* With a parent to ask: see test_process_calls.c. */

static void
without_a_parent_the_answer_is_yes(void **state)
{
	struct crew *crew = NULL;

	(void)state;
	assert_int_equal(crew_worker_new(NULL, NULL, &crew), RC_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(crew->ops->begin(crew, CREW_CALL), RC_OK);
	assert_int_equal(crew->ops->begin(crew, CREW_HELD), RC_OK);
	for (int i = 0; i < 4; i++)
		crew->ops->end(crew);
	crew_worker_free(crew);
}

static void
without_a_folder_there_is_no_name(void **state)
{
	struct crew *crew = NULL;
	struct slice name;

	(void)state;
	assert_int_equal(crew_worker_new(NULL, NULL, &crew), RC_OK);
	assert_int_equal(crew->ops->name(crew, &name), RC_IO);
	crew_worker_free(crew);
	crew_worker_free(NULL);
}

static void
its_name_is_that_of_a_living_process(void **state)
{
	struct scratch_folder at;
	struct run_dir *dir;
	struct crew *crew = NULL;
	struct arena arena = ARENA_INIT(4096);
	struct slice name;
	struct slice next;

	(void)state;
	scratch_folder_init(&at);
	dir = scratch_folder_run_dir(at.path);
	assert_int_equal(crew_worker_new(NULL, dir, &crew), RC_OK);
	assert_int_equal(crew->ops->name(crew, &name), RC_OK);
	assert_true(slice_starts(name, run_dir_host(dir)));
	assert_true(run_dir_is_alive(dir, name));
	/* And it has no time to keep the house. */
	assert_true(run_dir_keep_house(dir));
	assert_int_equal(crew->ops->begin(crew, CREW_CALL), RC_OK);
	assert_false(run_dir_keeps_house(dir));
	crew->ops->end(crew);
	/* What it forsakes is that of a dead one; it lives on as another. */
	assert_int_equal(arena_copy(&arena, name, &name), RC_OK);
	crew->ops->forsake(crew);
	crew->ops->forsake(crew);
	assert_false(run_dir_is_alive(dir, name));
	assert_int_equal(crew->ops->name(crew, &next), RC_OK);
	assert_false(slice_eq(name, next));
	assert_true(run_dir_is_alive(dir, next));
	arena_release(&arena);
	crew_worker_free(crew);
	run_dir_free(dir);
	scratch_folder_release(&at);
}

static void
on_a_drained_host_nobody_begins_to_stay(void **state)
{
	struct scratch_folder at;
	struct run_dir *dir;
	struct crew *crew = NULL;

	(void)state;
	scratch_folder_init(&at);
	dir = scratch_folder_run_dir(at.path);
	assert_int_equal(crew_worker_new(NULL, dir, &crew), RC_OK);
	assert_int_equal(crew->ops->begin(crew, CREW_CALL), RC_OK);
	assert_int_equal(run_dir_drain(dir, true), RC_OK);
	assert_int_equal(run_dir_drain(dir, true), RC_OK);
	assert_true(run_dir_is_draining(dir));
	/* Who stays already may need it. */
	assert_int_equal(crew->ops->begin(crew, CREW_HELD), RC_OK);
	crew->ops->end(crew);
	crew->ops->end(crew);
	assert_int_equal(crew->ops->begin(crew, CREW_CALL), RC_FULL);
	assert_int_equal(crew->ops->begin(crew, CREW_HELD), RC_FULL);
	assert_int_equal(run_dir_drain(dir, false), RC_OK);
	assert_int_equal(run_dir_drain(dir, false), RC_OK);
	assert_false(run_dir_is_draining(dir));
	assert_int_equal(crew->ops->begin(crew, CREW_HELD), RC_OK);
	crew->ops->end(crew);
	crew_worker_free(crew);
	run_dir_free(dir);
	scratch_folder_release(&at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_parent_the_answer_is_yes),
		cmocka_unit_test(without_a_folder_there_is_no_name),
		cmocka_unit_test(its_name_is_that_of_a_living_process),
		cmocka_unit_test(on_a_drained_host_nobody_begins_to_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
