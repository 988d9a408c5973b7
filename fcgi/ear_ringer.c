#define _DEFAULT_SOURCE /* flock */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ear_name.h"
#include "ear_socket.h"
#include "host_socket.h"
#include "slice.h"

struct ear_ringer {
	struct host_sockets sockets;
	int lock;
	bool is_needed;
	bool has_followers;
};

/* --------------------------------------------------------- who listens */

static bool
has_form(const char *name, const char *prefix)
{
	const struct slice suffix = SLICE(EAR_SUFFIX);
	struct slice s = slice_of(name);

	if (!slice_starts(s, slice_of(prefix)) || s.len >= EAR_NAME_MAX ||
	    s.len < suffix.len)
		return false;
	return slice_eq(
	    (struct slice){ s.ptr + s.len - suffix.len, suffix.len }, suffix);
}

/* Each socket of calls there, until visit() is false. */
static void
each(const struct host_sockets *h, const char *prefix,
    bool (*visit)(const struct host_sockets *, const struct sockaddr_un *))
{
	/* Not a copy of ours: it would share the position. */
	DIR *dir = opendir(h->folder);
	const struct dirent *e;
	bool goes_on = true;

	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while (goes_on && (e = readdir(dir)) != NULL) {
		struct sockaddr_un at;

		if (has_form(e->d_name, prefix) &&
		    host_sockets_address(h, e->d_name, &at))
			goes_on = visit(h, &at);
	}
	(void)closedir(dir);
}

static bool
ring(const struct host_sockets *h, const struct sockaddr_un *at)
{
	if (host_sockets_ring(h, at) == HOST_SOCKET_DEAD)
		(void)unlink(at->sun_path);
	return true;
}

static bool
sweep(const struct host_sockets *h, const struct sockaddr_un *at)
{
	if (host_sockets_is_dead(h, at))
		(void)unlink(at->sun_path);
	return true;
}

void
ear_sockets_sweep(struct run_dir *dir)
{
	struct host_sockets sockets;

	if (host_sockets_open(&sockets, dir) == RC_OK) {
		each(&sockets, EAR_CALL, sweep);
		each(&sockets, EAR_STREAM, sweep);
		each(&sockets, EAR_FOLLOW, sweep);
	}
	host_sockets_release(&sockets);
}

/* ------------------------------------------------------------- ringing */

bool
ear_ringer_look(struct ear_ringer *r)
{
	DIR *dir = opendir(r->sockets.folder);
	const struct dirent *e;

	r->is_needed = false;
	r->has_followers = false;
	if (dir == NULL)
		return false;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while (!r->has_followers && (e = readdir(dir)) != NULL) {
		r->has_followers = has_form(e->d_name, EAR_FOLLOW);
		r->is_needed = r->is_needed || r->has_followers ||
		    has_form(e->d_name, EAR_CALL);
	}
	(void)closedir(dir);
	return r->is_needed;
}

bool
ear_ringer_is_needed(const struct ear_ringer *r)
{
	return r->is_needed;
}

/* Whatever the last look said: it may have begun to listen since, and a name
 * that is not there costs a few microseconds. */
static void
ring_name(struct ear_ringer *r, const char *prefix, int64_t number)
{
	char name[EAR_NAME_MAX];
	struct sockaddr_un at;

	ear_name(name, prefix, number);
	if (host_sockets_address(&r->sockets, name, &at))
		(void)ring(&r->sockets, &at);
}

void
ear_ringer_call(struct ear_ringer *r, int64_t call)
{
	ring_name(r, EAR_CALL, call);
}

void
ear_ringer_stream(struct ear_ringer *r, int64_t stream)
{
	ring_name(r, EAR_STREAM, stream);
}

void
ear_ringer_all(struct ear_ringer *r)
{
	each(&r->sockets, EAR_CALL, ring);
	each(&r->sockets, EAR_FOLLOW, ring);
}

void
ear_ringer_followers(struct ear_ringer *r)
{
	if (r->has_followers)
		each(&r->sockets, EAR_FOLLOW, ring);
}

/* ------------------------------------------------------- open and free */

/* Who only asks whether it is locked holds it for a moment, and may not be
 * waited for with LOCK_NB. */
static int
take_lock(const struct run_dir *dir)
{
	char *path = run_dir_path(dir, EAR_RINGER);
	int fd = -1;

	if (path != NULL)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (fd < 0 || flock(fd, LOCK_SH) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

enum rc
ear_ringer_open(struct run_dir *dir, struct ear_ringer **out)
{
	struct ear_ringer *r = calloc(1, sizeof(*r));
	enum rc rc;

	*out = NULL;
	if (r == NULL)
		return RC_NOMEM;
	r->lock = -1;
	rc = host_sockets_open(&r->sockets, dir);
	if (rc == RC_OK) {
		r->lock = take_lock(dir);
		rc = r->lock >= 0 ? RC_OK : RC_IO;
	}
	if (rc != RC_OK) {
		ear_ringer_free(r);
		return rc;
	}
	*out = r;
	return RC_OK;
}

void
ear_ringer_free(struct ear_ringer *r)
{
	if (r == NULL)
		return;
	host_sockets_release(&r->sockets);
	if (r->lock >= 0)
		(void)close(r->lock);
	free(r);
}
