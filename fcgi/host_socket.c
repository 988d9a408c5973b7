#define _GNU_SOURCE /* O_PATH */
#include "host_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nobody has rung so often since the last look. */
#define HEAR_MAX 1024

static int
make_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum rc
host_sockets_open(struct host_sockets *h, const struct run_dir *dir)
{
	*h = HOST_SOCKETS_NONE;
	h->folder = run_dir_path(dir, ".");
	if (h->folder == NULL)
		return RC_NOMEM;
	h->folder_fd = open(h->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	h->fd = make_socket();
	return h->folder_fd >= 0 && h->fd >= 0 ? RC_OK : RC_IO;
}

void
host_sockets_release(struct host_sockets *h)
{
	if (h->folder_fd >= 0)
		(void)close(h->folder_fd);
	if (h->fd >= 0)
		(void)close(h->fd);
	free(h->folder);
	*h = HOST_SOCKETS_NONE;
}

/*
 * A folder with a long path is reached by its descriptor, since an address
 * takes some hundred bytes only.
 */
bool
host_sockets_address(
    const struct host_sockets *h, const char *name, struct sockaddr_un *out)
{
	const size_t max = sizeof(out->sun_path);
	int n;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(out->sun_path, max, "%s/%s", h->folder, name);
	if (n > 0 && (size_t)n < max)
		return true;
	n = snprintf(
	    out->sun_path, max, "/proc/self/fd/%d/%s", h->folder_fd, name);
	return n > 0 && (size_t)n < max;
}

int
host_sockets_bind(const struct host_sockets *h, const char *name)
{
	struct sockaddr_un at;
	int fd = make_socket();

	if (fd < 0)
		return -1;
	/* The folder is ours alone; the file says so too. */
	if (host_sockets_address(h, name, &at) && fchmod(fd, 0600) == 0 &&
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

enum host_socket_said
host_sockets_ring(const struct host_sockets *h, const struct sockaddr_un *at)
{
	ssize_t n = sendto(h->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)at, sizeof(*at));

	if (n >= 0 || (errno != ECONNREFUSED && errno != ENOENT))
		return HOST_SOCKET_TOLD;
	return errno == ENOENT ? HOST_SOCKET_ABSENT : HOST_SOCKET_DEAD;
}

bool
host_sockets_is_dead(const struct host_sockets *h, const struct sockaddr_un *at)
{
	int fd = make_socket();
	bool is_dead;

	(void)h;
	if (fd < 0)
		return false;
	is_dead = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
	    errno == ECONNREFUSED;
	(void)close(fd);
	return is_dead;
}

bool
host_socket_hear(int fd)
{
	char waste[16];
	int n = 0;

	while (
	    n < HEAR_MAX && recv(fd, waste, sizeof(waste), MSG_DONTWAIT) >= 0)
		n++;
	return n > 0;
}
