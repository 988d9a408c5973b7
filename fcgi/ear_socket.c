#define _DEFAULT_SOURCE /* flock */
#include "ear_socket.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "ear_name.h"
#include "host_socket.h"

/* So long an answer whether somebody rings is good. */
#define TENDED_MS 500

struct ear_socket {
	struct ear base; /* first */
	struct host_sockets sockets;
	char call[EAR_NAME_MAX];
	char stream[EAR_NAME_MAX]; /* "": none */
	int fd;                    /* -1: it does not listen */
	char *ringer;
	bool is_tended;
	int64_t ask_at;
};

static void
remove_name(const struct ear_socket *e, const char *name)
{
	struct sockaddr_un at;

	if (name[0] != '\0' && host_sockets_address(&e->sockets, name, &at))
		(void)unlink(at.sun_path);
}

static void
ear_leave(struct ear *ear)
{
	struct ear_socket *e = (struct ear_socket *)ear;

	if (e->fd < 0)
		return;
	remove_name(e, e->stream);
	remove_name(e, e->call);
	(void)close(e->fd);
	e->fd = -1;
}

/* A second name of the socket, for what is only known of its stream. */
static void
name_stream(struct ear_socket *e, int64_t stream)
{
	struct sockaddr_un call, other;

	e->stream[0] = '\0';
	if (stream == 0)
		return;
	ear_name(e->stream, EAR_STREAM, stream);
	/* Of one that died, or of one that has been fenced. */
	remove_name(e, e->stream);
	if (!host_sockets_address(&e->sockets, e->call, &call) ||
	    !host_sockets_address(&e->sockets, e->stream, &other) ||
	    link(call.sun_path, other.sun_path) != 0)
		e->stream[0] = '\0';
}

static enum rc
ear_listen(struct ear *ear, int64_t call, int64_t stream)
{
	struct ear_socket *e = (struct ear_socket *)ear;
	struct sockaddr_un at;

	ear_leave(ear);
	ear_name(e->call, call == 0 ? EAR_FOLLOW : EAR_CALL,
	    call == 0 ? getpid() : call);
	if (!host_sockets_address(&e->sockets, e->call, &at))
		return RC_IO;
	if (host_sockets_is_dead(&e->sockets, &at))
		(void)unlink(at.sun_path);
	e->fd = host_sockets_bind(&e->sockets, e->call);
	if (e->fd < 0)
		return RC_IO;
	name_stream(e, stream);
	return RC_OK;
}

static bool
ear_heard(struct ear *ear)
{
	const struct ear_socket *e = (const struct ear_socket *)ear;

	return e->fd >= 0 && host_socket_hear(e->fd);
}

static int
ear_descriptor(struct ear *ear)
{
	return ((const struct ear_socket *)ear)->fd;
}

static bool
is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_free;

	if (fd < 0)
		return false;
	is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	(void)close(fd);
	return !is_free;
}

static bool
ear_is_tended(struct ear *ear)
{
	struct ear_socket *e = (struct ear_socket *)ear;
	int64_t now = clock_mono_ms(&clock_system);

	if (now >= e->ask_at) {
		e->is_tended = is_locked(e->ringer);
		e->ask_at = now + TENDED_MS;
	}
	return e->is_tended;
}

enum rc
ear_socket_open(struct run_dir *dir, struct ear **out)
{
	static const struct ear_ops ops = { .listen = ear_listen,
		.heard = ear_heard,
		.is_tended = ear_is_tended,
		.descriptor = ear_descriptor,
		.leave = ear_leave };
	struct ear_socket *e = calloc(1, sizeof(*e));
	enum rc rc;

	*out = NULL;
	if (e == NULL)
		return RC_NOMEM;
	e->base.ops = &ops;
	e->fd = -1;
	rc = host_sockets_open(&e->sockets, dir);
	e->ringer = run_dir_path(dir, EAR_RINGER);
	if (rc == RC_OK && e->ringer == NULL)
		rc = RC_NOMEM;
	if (rc != RC_OK) {
		ear_socket_free(&e->base);
		return rc;
	}
	*out = &e->base;
	return RC_OK;
}

void
ear_socket_free(struct ear *ear)
{
	struct ear_socket *e = (struct ear_socket *)ear;

	if (e == NULL)
		return;
	ear_leave(ear);
	host_sockets_release(&e->sockets);
	free(e->ringer);
	free(e);
}
