#ifndef MCP_HOST_SOCKET_H
#define MCP_HOST_SOCKET_H

#include <stdbool.h>
#include <sys/un.h>

#include "rc.h"
#include "run_dir.h"

/*
 * Datagram sockets in <state>/run, by which processes of one host wake each
 * other.  Nobody ever waits for one.
 */
struct host_sockets {
	char *folder;
	int folder_fd;
	int fd; /* to send from */
};

#define HOST_SOCKETS_NONE ((struct host_sockets){ NULL, -1, -1 })

/* RC_NOMEM, RC_IO.  Release it whatever comes back. */
MUST_CHECK enum rc host_sockets_open(
    struct host_sockets *h, const struct run_dir *dir);
void host_sockets_release(struct host_sockets *h);

/* The address of that name; false if it is too long. */
bool host_sockets_address(
    const struct host_sockets *h, const char *name, struct sockaddr_un *out);

/* A socket that listens there (mode 0600), non-blocking and close-on-exec; -1
 * if that name is taken or it cannot be made. */
int host_sockets_bind(const struct host_sockets *h, const char *name);

enum host_socket_said {
	HOST_SOCKET_TOLD,   /* or its queue is full, which is as good */
	HOST_SOCKET_ABSENT, /* there is none */
	HOST_SOCKET_DEAD    /* whose process is gone */
};

/* One datagram that means nothing. */
enum host_socket_said host_sockets_ring(
    const struct host_sockets *h, const struct sockaddr_un *at);

/* Is its process gone?  Without ringing; false when unsure. */
bool host_sockets_is_dead(
    const struct host_sockets *h, const struct sockaddr_un *at);

/* Take what has come; true if there was something. */
bool host_socket_hear(int fd);

#endif
