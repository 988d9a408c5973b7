#define _GNU_SOURCE /* pipe2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rng.h"
#include "run_dir.h"
#include "scratch_folder.h"

#define DEADLINE_MS 20000

struct rig {
	struct scratch_folder at;
	struct run_dir *d;
	struct arena arena;
	struct buf why;
	pid_t child;
	int say; /* from the child */
};

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	scratch_folder_init(&r->at);
	r->why = BUF_INIT(4096);
	r->arena = ARENA_INIT(65536);
	r->say = -1;
	r->d = scratch_folder_run_dir(r->at.path);
	*state = r;
	return 0;
}

static void
end_child(struct rig *r)
{
	if (r->child <= 0)
		return;
	(void)kill(r->child, SIGKILL);
	assert_int_equal(waitpid(r->child, NULL, 0), r->child);
	if (r->say >= 0)
		(void)close(r->say);
	r->child = 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	end_child(r);
	run_dir_free(r->d);
	scratch_folder_release(&r->at);
	arena_release(&r->arena);
	buf_release(&r->why);
	free(r);
	return 0;
}

/* In the child: have a name and perhaps the house, say so, and hang. */
static void
live(struct rig *r, bool keeps_house, int say)
{
	struct slice name;
	char line[64] = "";

	if (run_dir_open(r->at.path, &rng_system, &r->d, &r->why) != RC_OK ||
	    run_dir_own(r->d, &name) != RC_OK || name.len >= sizeof(line) ||
	    (keeps_house && !run_dir_keep_house(r->d)))
		_exit(1);
	memcpy(line, name.ptr, name.len);
	if (write(say, line, sizeof(line)) != (ssize_t)sizeof(line))
		_exit(1);
	for (;;)
		(void)pause();
}

static struct slice
start_child(struct rig *r, bool keeps_house)
{
	struct pollfd p = { .events = POLLIN };
	char *line = arena_alloc(&r->arena, 64);
	int say[2];

	assert_non_null(line);
	assert_int_equal(pipe2(say, O_CLOEXEC), 0);
	r->child = fork();
	assert_true(r->child >= 0);
	if (r->child == 0)
		live(r, keeps_house, say[1]);
	(void)close(say[1]);
	r->say = say[0];
	p.fd = r->say;
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(read(r->say, line, 64), 64);
	return slice_of(line);
}

static size_t
count_dead(struct rig *r, struct slice *name, size_t max)
{
	size_t n = 99;

	assert_int_equal(run_dir_dead(r->d, &r->arena, name, max, &n), RC_OK);
	return n;
}

static void
the_name_of_a_host_is_kept(void **state)
{
	struct rig *r = *state;
	struct run_dir *other = scratch_folder_run_dir(r->at.path);
	struct stat st;
	char path[128];

	assert_int_equal(run_dir_host(r->d).len, 16);
	assert_true(slice_eq(run_dir_host(r->d), run_dir_host(other)));
	run_dir_free(other);
	(void)snprintf(path, sizeof(path), "%s/run", r->at.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
a_process_has_one_name_and_others_have_others(void **state)
{
	struct rig *r = *state;
	struct run_dir *other = scratch_folder_run_dir(r->at.path);
	struct slice first;
	struct slice again;
	struct slice theirs;

	assert_int_equal(run_dir_own(r->d, &first), RC_OK);
	assert_int_equal(run_dir_own(r->d, &again), RC_OK);
	assert_int_equal(run_dir_own(other, &theirs), RC_OK);
	assert_true(slice_eq(first, again));
	assert_false(slice_eq(first, theirs));
	assert_true(slice_starts(first, run_dir_host(r->d)));
	assert_int_equal(first.ptr[16], '.');
	assert_true(run_dir_is_alive(r->d, first));
	assert_true(run_dir_is_alive(other, first));
	run_dir_free(other);
}

static void
a_process_is_alive_until_it_is_killed(void **state)
{
	struct rig *r = *state;
	struct slice dead[4];
	struct slice name = start_child(r, false);

	assert_true(run_dir_is_alive(r->d, name));
	assert_int_equal(count_dead(r, dead, 4), 0);
	run_dir_forget(r->d, name);
	assert_true(run_dir_is_alive(r->d, name));
	end_child(r);
	assert_false(run_dir_is_alive(r->d, name));
	assert_int_equal(count_dead(r, dead, 4), 1);
	assert_true(slice_eq(dead[0], name));
	assert_int_equal(count_dead(r, dead, 0), 0);
	run_dir_forget(r->d, name);
	assert_int_equal(count_dead(r, dead, 4), 0);
	assert_false(run_dir_is_alive(r->d, name));
}

static void
a_clean_end_leaves_no_file(void **state)
{
	struct rig *r = *state;
	struct run_dir *other = scratch_folder_run_dir(r->at.path);
	struct slice name;
	struct slice copy;
	struct slice dead[4];

	assert_int_equal(run_dir_own(other, &name), RC_OK);
	assert_int_equal(arena_copy(&r->arena, name, &copy), RC_OK);
	run_dir_free(other);
	assert_int_equal(count_dead(r, dead, 4), 0);
	assert_false(run_dir_is_alive(r->d, copy));
}

static void
of_names_that_are_not_ours_nobody_is_called_dead(void **state)
{
	struct rig *r = *state;
	static const char *const others[] = { "", "x", "0123456789abcdef",
		"0123456789abcdef.0123456789abcdef", "../../etc/passwd",
		"local.0" };
	struct buf name = BUF_INIT(256);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_true(run_dir_is_alive(r->d, slice_of(others[i])));
	buf_put_slice(&name, run_dir_host(r->d));
	buf_put_slice(&name, SLICE(".housekeeper/..."));
	assert_true(run_dir_is_alive(r->d, buf_slice(&name)));
	buf_release(&name);
}

static void
the_house_goes_to_the_next_when_its_keeper_dies(void **state)
{
	struct rig *r = *state;

	(void)start_child(r, true);
	assert_false(run_dir_keep_house(r->d));
	assert_false(run_dir_keep_house(r->d));
	end_child(r);
	assert_true(run_dir_keep_house(r->d));
	assert_true(run_dir_keep_house(r->d));
	assert_true(run_dir_keeps_house(r->d));
}

static void
who_has_no_time_gives_the_house_up(void **state)
{
	struct rig *r = *state;
	struct run_dir *other = scratch_folder_run_dir(r->at.path);

	assert_true(run_dir_keep_house(r->d));
	assert_false(run_dir_keep_house(other));
	run_dir_leave_house(r->d);
	assert_false(run_dir_keeps_house(r->d));
	assert_true(run_dir_keep_house(other));
	assert_false(run_dir_keep_house(r->d));
	run_dir_free(other);
	assert_true(run_dir_keep_house(r->d));
}

static void
what_was_begun_and_not_named_is_removed(void **state)
{
	struct rig *r = *state;
	struct slice dead[4];
	char path[128];
	int fd;

	(void)snprintf(
	    path, sizeof(path), "%s/run/.new-0011223344556677", r->at.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(count_dead(r, dead, 4), 0);
	assert_int_equal(access(path, F_OK), -1);
}

/* As the housekeeper of the host does, only all the time. */
static void
tidy_for_ever(struct rig *r)
{
	struct slice name[8];
	size_t n;

	do
		arena_reset(&r->arena);
	while (run_dir_dead(r->d, &r->arena, name, 8, &n) == RC_OK);
	_exit(EXIT_FAILURE);
}

static void
what_is_being_begun_is_made_all_the_same(void **state)
{
	struct rig *r = *state;
	char path[sizeof(r->at.path) + sizeof("/run/host")];

	(void)snprintf(path, sizeof(path), "%s/run/host", r->at.path);
	r->child = fork();
	assert_true(r->child >= 0);
	if (r->child == 0)
		tidy_for_ever(r);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(unlink(path), 0);
		run_dir_free(scratch_folder_run_dir(r->at.path));
	}
	/* It was at it all the time. */
	assert_int_equal(waitpid(r->child, NULL, WNOHANG), 0);
}

static void
a_host_without_a_proper_name_is_refused(void **state)
{
	struct rig *r = *state;
	struct run_dir *d = NULL;
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/run/host", r->at.path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "../../../../../x", 16), 16);
	(void)close(fd);
	assert_int_equal(
	    run_dir_open(r->at.path, &rng_system, &d, &r->why), RC_IO);
	assert_non_null(strstr(r->why.ptr, "no name of a host"));
	assert_null(d);
	buf_reset(&r->why);
	assert_int_equal(
	    run_dir_open("/dev/null", &rng_system, &d, &r->why), RC_IO);
	assert_non_null(strstr(r->why.ptr, "/dev/null/run"));
}

static void
a_path_is_one_in_the_folder(void **state)
{
	struct rig *r = *state;
	char want[128];
	char *path = run_dir_path(r->d, "orders");

	(void)snprintf(want, sizeof(want), "%s/run/orders", r->at.path);
	assert_non_null(path);
	assert_string_equal(path, want);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_name_of_a_host_is_kept),
		TEST(a_process_has_one_name_and_others_have_others),
		TEST(a_process_is_alive_until_it_is_killed),
		TEST(a_clean_end_leaves_no_file),
		TEST(of_names_that_are_not_ours_nobody_is_called_dead),
		TEST(the_house_goes_to_the_next_when_its_keeper_dies),
		TEST(who_has_no_time_gives_the_house_up),
		TEST(what_was_begun_and_not_named_is_removed),
		TEST(what_is_being_begun_is_made_all_the_same),
		TEST(a_host_without_a_proper_name_is_refused),
		TEST(a_path_is_one_in_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
