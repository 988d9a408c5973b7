#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bell_socket.h"
#include "scratch_folder.h"

/* Longer than the address of a socket can be. */
#define LONG_NAME 120

static bool
rings(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
check_all(const char *state)
{
	struct run_dir *dir = scratch_folder_run_dir(state);
	struct bell *bell;
	char *gone;
	int fd[2];

	assert_int_equal(
	    bell_socket_listen(dir, SLICE("host.one"), &fd[0]), RC_OK);
	assert_int_equal(
	    bell_socket_listen(dir, SLICE("host.two"), &fd[1]), RC_OK);
	assert_int_equal(bell_socket_ringer(dir, &bell), RC_OK);
	assert_false(rings(fd[0]));
	/* More than a socket keeps: nobody waits for anybody. */
	for (int i = 0; i < 2000; i++)
		bell_ring(bell);
	for (int i = 0; i < 2; i++) {
		assert_true(rings(fd[i]));
		bell_socket_hear(fd[i]);
		assert_false(rings(fd[i]));
	}
	/* One that is gone does not keep the other from hearing. */
	assert_int_equal(close(fd[0]), 0);
	bell_ring(bell);
	assert_true(rings(fd[1]));
	gone = run_dir_path(dir, "bell-host.one");
	assert_non_null(gone);
	assert_int_not_equal(access(gone, F_OK), 0);
	free(gone);
	(void)close(fd[1]);
	bell_ring(bell);
	bell_socket_free(bell);
	run_dir_free(dir);
}

static void
all_who_listen_hear_it(void **state)
{
	struct scratch_folder at;

	(void)state;
	scratch_folder_init(&at);
	check_all(at.path);
	scratch_folder_release(&at);
}

static void
the_folder_may_have_a_long_name(void **state)
{
	struct scratch_folder at;
	char path[sizeof(at.path) + LONG_NAME + 2];
	char name[LONG_NAME + 1];

	(void)state;
	scratch_folder_init(&at);
	memset(name, 'x', LONG_NAME);
	name[LONG_NAME] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", at.path, name);
	assert_int_equal(mkdir(path, 0700), 0);
	check_all(path);
	scratch_folder_release(&at);
}

static void
nobody_has_to_listen(void **state)
{
	struct scratch_folder at;
	struct run_dir *dir;
	struct bell *bell;

	(void)state;
	scratch_folder_init(&at);
	dir = scratch_folder_run_dir(at.path);
	assert_int_equal(bell_socket_ringer(dir, &bell), RC_OK);
	bell_ring(bell);
	bell_ring(NULL);
	bell_socket_free(bell);
	bell_socket_free(NULL);
	run_dir_free(dir);
	scratch_folder_release(&at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_who_listen_hear_it),
		cmocka_unit_test(the_folder_may_have_a_long_name),
		cmocka_unit_test(nobody_has_to_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
