/* Bells of running calls. */
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

#include "ear_socket.h"
#include "host_socket.h"
#include "scratch_folder.h"

struct rig {
	struct scratch_folder at;
	struct run_dir *dir;
	struct ear *ear;
	struct ear *other;
	struct ear_ringer *ringer; /* NULL: none */
};

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	scratch_folder_init(&r->at);
	r->dir = scratch_folder_run_dir(r->at.path);
	assert_int_equal(ear_socket_open(r->dir, &r->ear), RC_OK);
	assert_int_equal(ear_socket_open(r->dir, &r->other), RC_OK);
	assert_int_equal(ear_ringer_open(r->dir, &r->ringer), RC_OK);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	ear_socket_free(r->ear);
	ear_socket_free(r->other);
	ear_socket_free(NULL);
	ear_ringer_free(r->ringer);
	ear_ringer_free(NULL);
	run_dir_free(r->dir);
	scratch_folder_release(&r->at);
	free(r);
	return 0;
}

static bool
heard(struct ear *ear)
{
	return ear->ops->heard(ear);
}

static bool
has_file(struct rig *r, const char *name)
{
	char *path = run_dir_path(r->dir, name);
	struct stat st;
	bool found;

	assert_non_null(path);
	found = lstat(path, &st) == 0;
	if (found)
		assert_int_equal(st.st_mode & 07777, 0600);
	free(path);
	return found;
}

static void
a_call_hears_what_is_about_it(void **state)
{
	struct rig *r = *state;

	assert_false(ear_ringer_look(r->ringer));
	assert_int_equal(r->ear->ops->listen(r->ear, 7, 70), RC_OK);
	assert_int_equal(r->other->ops->listen(r->other, 8, 0), RC_OK);
	assert_true(ear_ringer_look(r->ringer));
	assert_true(ear_ringer_is_needed(r->ringer));
	assert_false(heard(r->ear));
	ear_ringer_call(r->ringer, 7);
	assert_true(heard(r->ear));
	assert_false(heard(r->ear));
	assert_false(heard(r->other));
	ear_ringer_stream(r->ringer, 70);
	assert_true(heard(r->ear));
	assert_false(heard(r->other));
	/* Those of other hosts. */
	ear_ringer_call(r->ringer, 70);
	ear_ringer_stream(r->ringer, 7);
	ear_ringer_stream(r->ringer, 8);
	assert_false(heard(r->ear) || heard(r->other));
	ear_ringer_all(r->ringer);
	assert_true(heard(r->ear) && heard(r->other));
}

static void
who_holds_a_stream_hears_of_everything(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->ear->ops->listen(r->ear, 0, 0), RC_OK);
	assert_int_equal(r->other->ops->listen(r->other, 7, 0), RC_OK);
	ear_ringer_followers(r->ringer);
	assert_false(heard(r->ear)); /* it was not seen yet */
	assert_true(ear_ringer_look(r->ringer));
	ear_ringer_followers(r->ringer);
	assert_true(heard(r->ear));
	assert_false(heard(r->other));
	ear_ringer_all(r->ringer);
	assert_true(heard(r->ear) && heard(r->other));
	r->ear->ops->leave(r->ear);
	assert_true(ear_ringer_look(r->ringer));
	ear_ringer_followers(r->ringer);
	assert_false(heard(r->other));
}

static void
a_ring_wakes_who_waits(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };

	assert_int_equal(r->ear->ops->descriptor(r->ear), -1);
	assert_int_equal(r->ear->ops->listen(r->ear, 7, 0), RC_OK);
	p.fd = r->ear->ops->descriptor(r->ear);
	assert_int_equal(poll(&p, 1, 0), 0);
	(void)ear_ringer_look(r->ringer);
	/* More than it keeps; nobody waits. */
	for (int i = 0; i < 2000; i++)
		ear_ringer_call(r->ringer, 7);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(heard(r->ear));
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void
nothing_is_left_of_a_call_that_ended(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->ear->ops->listen(r->ear, 7, 70), RC_OK);
	assert_true(has_file(r, "call-7.sock"));
	assert_true(has_file(r, "events-70.sock"));
	r->ear->ops->leave(r->ear);
	r->ear->ops->leave(r->ear);
	assert_false(has_file(r, "call-7.sock"));
	assert_false(has_file(r, "events-70.sock"));
	assert_false(heard(r->ear));
	assert_false(ear_ringer_look(r->ringer));
	assert_int_equal(r->ear->ops->listen(r->ear, 8, 70), RC_OK);
	(void)ear_ringer_look(r->ringer);
	ear_ringer_stream(r->ringer, 70);
	assert_true(heard(r->ear));
}

/* As a process leaves them that is killed. */
static void
leave_dead(struct rig *r, const char *name)
{
	struct host_sockets sockets;
	int fd;

	assert_int_equal(host_sockets_open(&sockets, r->dir), RC_OK);
	fd = host_sockets_bind(&sockets, name);
	assert_true(fd >= 0);
	(void)close(fd);
	host_sockets_release(&sockets);
	assert_true(has_file(r, name));
}

static void
sockets_of_the_dead_are_swept(void **state)
{
	struct rig *r = *state;

	leave_dead(r, "call-1.sock");
	leave_dead(r, "events-2.sock");
	assert_int_equal(r->ear->ops->listen(r->ear, 7, 70), RC_OK);
	ear_sockets_sweep(r->dir);
	assert_false(has_file(r, "call-1.sock"));
	assert_false(has_file(r, "events-2.sock"));
	assert_true(has_file(r, "call-7.sock"));
	assert_true(has_file(r, "events-70.sock"));
	/* Nobody was woken by that. */
	assert_false(heard(r->ear));
}

static void
a_call_that_runs_again_takes_the_place_of_the_dead(void **state)
{
	struct rig *r = *state;

	leave_dead(r, "call-7.sock");
	leave_dead(r, "events-70.sock");
	assert_int_equal(r->ear->ops->listen(r->ear, 7, 70), RC_OK);
	/* But not of the living. */
	assert_int_equal(r->other->ops->listen(r->other, 7, 0), RC_IO);
	(void)ear_ringer_look(r->ringer);
	ear_ringer_stream(r->ringer, 70);
	assert_true(heard(r->ear));
}

static void
it_is_seen_whether_somebody_rings(void **state)
{
	struct rig *r = *state;

	assert_true(r->ear->ops->is_tended(r->ear));
	ear_ringer_free(r->ringer);
	r->ringer = NULL;
	/* The first answer is good for a while; another asks anew. */
	assert_false(r->other->ops->is_tended(r->other));
	assert_int_equal(ear_ringer_open(r->dir, &r->ringer), RC_OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_call_hears_what_is_about_it),
		CASE(who_holds_a_stream_hears_of_everything),
		CASE(a_ring_wakes_who_waits),
		CASE(nothing_is_left_of_a_call_that_ended),
		CASE(sockets_of_the_dead_are_swept),
		CASE(a_call_that_runs_again_takes_the_place_of_the_dead),
		CASE(it_is_seen_whether_somebody_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
