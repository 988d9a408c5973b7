#define _GNU_SOURCE /* O_PATH */
#include "bell_socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

#define PREFIX "bell-"
#define NAME_MAX_LEN 80
/* Processes of one host that listen; more are found by their own looks. */
#define BELLS_MAX 16
#define LOOK_MS 1000
/* Nobody has rung so often since the last look. */
#define HEAR_MAX 1024

struct bell_socket {
	struct bell base; /* first */
	char *folder;
	int folder_fd;
	int fd;
	int64_t look_at;
	struct sockaddr_un at[BELLS_MAX];
	size_t n;
};

/*
 * The address of a file there.  A folder with a long path is reached by its
 * descriptor, since an address takes some hundred bytes only.
 */
static bool
address_of(const char *folder, int folder_fd, const char *name,
    struct sockaddr_un *out)
{
	const size_t max = sizeof(out->sun_path);
	int n;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(out->sun_path, max, "%s/%s", folder, name);
	if (n > 0 && (size_t)n < max)
		return true;
	n = snprintf(
	    out->sun_path, max, "/proc/self/fd/%d/%s", folder_fd, name);
	return n > 0 && (size_t)n < max;
}

/* -------------------------------------------------------------- ringing */

static void
look(struct bell_socket *b)
{
	/* Not a copy of ours: it would share the position. */
	DIR *dir = opendir(b->folder);
	const struct dirent *e;

	b->n = 0;
	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while (b->n < BELLS_MAX && (e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    strlen(e->d_name) < NAME_MAX_LEN &&
		    address_of(
			b->folder, b->folder_fd, e->d_name, &b->at[b->n]))
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
		ssize_t n = sendto(b->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&b->at[i], sizeof(b->at[i]));

		if (n < 0 && (errno == ECONNREFUSED || errno == ENOENT)) {
			/* Its process is gone. */
			if (errno == ECONNREFUSED)
				(void)unlink(b->at[i].sun_path);
			b->at[i] = b->at[--b->n];
		} else {
			i++;
		}
	}
}

static const struct bell_ops bell_ops = { ring };

enum rc
bell_socket_ringer(struct run_dir *dir, struct bell **out)
{
	struct bell_socket *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return RC_NOMEM;
	b->base.ops = &bell_ops;
	b->look_at = INT64_MIN;
	b->folder_fd = -1;
	b->fd = -1;
	b->folder = run_dir_path(dir, ".");
	if (b->folder == NULL) {
		bell_socket_free(&b->base);
		return RC_NOMEM;
	}
	b->folder_fd = open(b->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	b->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (b->folder_fd < 0 || b->fd < 0) {
		bell_socket_free(&b->base);
		return RC_IO;
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
	if (b->folder_fd >= 0)
		(void)close(b->folder_fd);
	if (b->fd >= 0)
		(void)close(b->fd);
	free(b->folder);
	free(b);
}

/* ------------------------------------------------------------ listening */

static int
bind_in(const char *folder, const char *name)
{
	struct sockaddr_un address;
	int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_bound = folder_fd >= 0 && fd >= 0 &&
	    address_of(folder, folder_fd, name, &address) &&
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	if (folder_fd >= 0)
		(void)close(folder_fd);
	if (is_bound)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

enum rc
bell_socket_listen(struct run_dir *dir, struct slice process, int *fd)
{
	char *folder = run_dir_path(dir, ".");
	char name[NAME_MAX_LEN];
	int n = snprintf(name, sizeof(name), PREFIX "%.*s", SLICE_FMT(process));

	*fd = -1;
	if (folder == NULL)
		return RC_NOMEM;
	if (n > 0 && (size_t)n < sizeof(name))
		*fd = bind_in(folder, name);
	free(folder);
	return *fd >= 0 ? RC_OK : RC_IO;
}

void
bell_socket_hear(int fd)
{
	char waste[16];

	for (int i = 0; i < HEAR_MAX; i++) {
		if (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) < 0)
			return;
	}
}
