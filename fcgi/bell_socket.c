#include "bell_socket.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host_socket.h"

#define PREFIX "bell-"
#define NAME_MAX_LEN 80
/* Processes of one host that listen; more are found by their own looks. */
#define BELLS_MAX 16
#define LOOK_MS 1000

struct bell_socket {
	struct bell base; /* first */
	struct host_sockets sockets;
	int64_t look_at;
	struct sockaddr_un at[BELLS_MAX];
	size_t n;
};

/* -------------------------------------------------------------- ringing */

static void
look(struct bell_socket *b)
{
	/* Not a copy of ours: it would share the position. */
	DIR *dir = opendir(b->sockets.folder);
	const struct dirent *e;

	b->n = 0;
	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while (b->n < BELLS_MAX && (e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    strlen(e->d_name) < NAME_MAX_LEN &&
		    host_sockets_address(&b->sockets, e->d_name, &b->at[b->n]))
			b->n++;
	}
	(void)closedir(dir);
}

static void
ring(struct bell *bell)
{
	struct bell_socket *b = (struct bell_socket *)bell;
	int64_t now = clock_mono_ms(&clock_system);
	size_t i = 0;

	if (now >= b->look_at) {
		look(b);
		b->look_at = now + LOOK_MS;
	}
	while (i < b->n) {
		enum host_socket_said said =
		    host_sockets_ring(&b->sockets, &b->at[i]);

		if (said == HOST_SOCKET_TOLD) {
			i++;
			continue;
		}
		/* Its process is gone. */
		if (said == HOST_SOCKET_DEAD)
			(void)unlink(b->at[i].sun_path);
		b->at[i] = b->at[--b->n];
	}
}

static const struct bell_ops bell_ops = { ring };

enum rc
bell_socket_ringer(struct run_dir *dir, struct bell **out)
{
	struct bell_socket *b = calloc(1, sizeof(*b));
	enum rc rc;

	*out = NULL;
	if (b == NULL)
		return RC_NOMEM;
	b->base.ops = &bell_ops;
	b->look_at = INT64_MIN;
	rc = host_sockets_open(&b->sockets, dir);
	if (rc != RC_OK) {
		bell_socket_free(&b->base);
		return rc;
	}
	*out = &b->base;
	return RC_OK;
}

void
bell_socket_free(struct bell *bell)
{
	struct bell_socket *b = (struct bell_socket *)bell;

	if (b == NULL)
		return;
	host_sockets_release(&b->sockets);
	free(b);
}

/* ------------------------------------------------------------ listening */

enum rc
bell_socket_listen(struct run_dir *dir, struct slice process, int *fd)
{
	struct host_sockets sockets;
	char name[NAME_MAX_LEN];
	int n = snprintf(name, sizeof(name), PREFIX "%.*s", SLICE_FMT(process));
	enum rc rc = host_sockets_open(&sockets, dir);

	*fd = -1;
	if (rc == RC_OK && n > 0 && (size_t)n < sizeof(name))
		*fd = host_sockets_bind(&sockets, name);
	host_sockets_release(&sockets);
	if (rc == RC_OK && *fd < 0)
		rc = RC_IO;
	return rc;
}

void
bell_socket_hear(int fd)
{
	(void)host_socket_hear(fd);
}
