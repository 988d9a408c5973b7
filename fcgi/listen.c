#define _DEFAULT_SOURCE /* initgroups */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "slice.h"
#include "text.h"

/* Requests that wait while all workers are busy or being replaced. */
#define BACKLOG 1024
/* The first descriptor of sd_listen_fds(3). */
#define LISTEN_FDS_START 3

static enum rc
failed(struct buf *why, const char *where, const char *what)
{
	char reason[128] = "";

	(void)strerror_r(errno, reason, sizeof(reason));
	buf_printf(why, "%s: cannot %s: %s", where, what, reason);
	return RC_IO;
}

static enum rc
refuse(struct buf *why, const char *where, const char *sentence)
{
	buf_printf(why, "%s: %s", where, sentence);
	return RC_IO;
}

static bool
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* ---------------------------------------------------------- inherited */

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 &&
	    yes != 0;
}

/* Was it us whom a service manager gave sockets (sd_listen_fds(3))? */
static bool
has_listen_fds(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	const char *pid = getenv("LISTEN_PID");
	const char *n = getenv("LISTEN_FDS");
	/* NOLINTEND(concurrency-mt-unsafe) */
	uint64_t number;

	return pid != NULL && n != NULL &&
	    text_u64(slice_of(pid), INT32_MAX, &number) == RC_OK &&
	    number == (uint64_t)getpid() &&
	    text_u64(slice_of(n), INT32_MAX, &number) == RC_OK && number > 0;
}

bool
process_has_socket(void)
{
	return has_listen_fds() || is_listening(STDIN_FILENO);
}

static enum rc
listen_inherited(int *fd, struct buf *why)
{
	int from = has_listen_fds() ? LISTEN_FDS_START : STDIN_FILENO;
	int null;

	if (!is_listening(from))
		return refuse(why, "server.socket",
		    "none was given, and none was inherited");
	*fd = fcntl(from, F_DUPFD_CLOEXEC, LISTEN_FDS_START);
	if (*fd < 0 || !set_flags(*fd))
		return failed(why, "inherited socket", "be used");
	if (from == LISTEN_FDS_START) {
		(void)close(from);
		return RC_OK;
	}
	/* Not left free: the next file opened would become standard input. */
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return failed(why, "/dev/null", "be opened");
	(void)close(null);
	return RC_OK;
}

/* --------------------------------------------------------------- user */

struct identity {
	char user[256];
	uid_t uid;
	gid_t gid;
};

static enum rc
find_identity(const char *user, const char *group, struct identity *id)
{
	char space[4096];
	struct passwd pw;
	struct passwd *found = NULL;
	struct group gr;
	struct group *found_group = NULL;

	if (getpwnam_r(user, &pw, space, sizeof(space), &found) != 0 ||
	    found == NULL)
		return RC_NOTFOUND;
	id->uid = pw.pw_uid;
	id->gid = pw.pw_gid;
	if (group == NULL)
		return RC_OK;
	if (getgrnam_r(group, &gr, space, sizeof(space), &found_group) != 0 ||
	    found_group == NULL)
		return RC_NOTFOUND;
	id->gid = gr.gr_gid;
	return RC_OK;
}

/* user, or user:group */
static enum rc
read_identity(const char *text, struct identity *id, struct buf *why)
{
	char *colon;

	if (strlen(text) >= sizeof(id->user))
		return refuse(why, text, "the name is too long");
	memcpy(id->user, text, strlen(text) + 1);
	colon = strchr(id->user, ':');
	if (colon != NULL)
		*colon++ = '\0';
	if (find_identity(id->user, colon, id) != RC_OK)
		return refuse(why, text, "no such user or group");
	return RC_OK;
}

/* --------------------------------------------------------------- unix */

/* Does anybody listen there?  RC_OK: no. */
static enum rc
check_stale(
    const char *where, const struct sockaddr_un *address, struct buf *why)
{
	struct stat st;
	int error;
	int fd;

	if (lstat(where, &st) != 0)
		return errno == ENOENT ? RC_OK : failed(why, where, "look");
	if (!S_ISSOCK(st.st_mode))
		return refuse(why, where, "is there, and is no socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(why, where, "make a socket");
	error = 0;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) !=
	    0)
		error = errno;
	(void)close(fd);
	if (error == ECONNREFUSED || error == ENOENT)
		return RC_OK;
	return refuse(why, where, "another process listens there");
}

/* Who may connect, if not our own user and group. */
static enum rc
give(const char *path, const char *owner, struct buf *why)
{
	struct identity id;
	enum rc rc;

	if (owner == NULL)
		return RC_OK;
	rc = read_identity(owner, &id, why);
	if (rc == RC_OK && chown(path, id.uid, id.gid) != 0)
		rc = failed(why, path, "be given away");
	return rc;
}

/* Listen under another name first: under its own it must work at once. */
static enum rc
bind_unix(int fd, const char *where, const char *owner, struct buf *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t before;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s.%ld",
	    where, (long)getpid());
	enum rc rc;
	int bound;

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return refuse(why, where, "the path is too long");
	(void)unlink(address.sun_path);
	before = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(before);
	if (bound != 0)
		return failed(why, where, "bind");
	rc = give(address.sun_path, owner, why);
	if (rc == RC_OK &&
	    (listen(fd, BACKLOG) != 0 || rename(address.sun_path, where) != 0))
		rc = failed(why, where, "listen");
	if (rc != RC_OK)
		(void)unlink(address.sun_path);
	return rc;
}

/* Keep others that want to start there at the same time waiting; the lock
 * ends with the descriptor.  -1 if it cannot be had. */
static int
lock_folder(const char *where)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	size_t n = (size_t)(strrchr(where, '/') - where);
	int fd;

	memcpy(folder, where, n);
	folder[n] = '\0';
	fd = open(n == 0 ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	return fd;
}

static enum rc
listen_unix(const char *where, const char *owner, int *fd, struct buf *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int lock;
	enum rc rc;

	if (strlen(where) >= sizeof(address.sun_path))
		return refuse(why, where, "the path is too long");
	memcpy(address.sun_path, where, strlen(where));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return failed(why, where, "make a socket");
	lock = lock_folder(where);
	rc = check_stale(where, &address, why);
	if (rc == RC_OK)
		rc = bind_unix(*fd, where, owner, why);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

/* ---------------------------------------------------------------- tcp */

static enum rc
bind_tcp(const char *where, const struct addrinfo *ai, int *fd, struct buf *why)
{
	const int yes = 1;

	*fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
	if (*fd < 0)
		return failed(why, where, "make a socket");
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(*fd, ai->ai_addr, ai->ai_addrlen) != 0)
		return failed(why, where, "bind");
	if (listen(*fd, BACKLOG) != 0)
		return failed(why, where, "listen");
	return RC_OK;
}

static enum rc
listen_tcp(const char *where, int *fd, struct buf *why)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	const char *port = strrchr(where, ':') + 1;
	struct slice name = { where, (size_t)(port - 1 - where) };
	struct addrinfo *list = NULL;
	char host[256];
	uint64_t number;
	enum rc rc;
	int error;

	if (name.len > 1 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
		name = (struct slice){ name.ptr + 1, name.len - 2 };
	if (name.len >= sizeof(host) ||
	    text_u64(slice_of(port), 65535, &number) != RC_OK)
		return refuse(why, where, "is no path and no host:port");
	memcpy(host, name.ptr, name.len);
	host[name.len] = '\0';
	/* Without a name: the loopback address, not all of them. */
	error = getaddrinfo(
	    name.len == 0 ? "127.0.0.1" : host, port, &hints, &list);
	if (error != 0)
		return refuse(why, where, gai_strerror(error));
	rc = bind_tcp(where, list, fd, why);
	freeaddrinfo(list);
	return rc;
}

enum rc
process_listen(const char *where, const char *owner, int *fd, struct buf *why)
{
	enum rc rc;

	*fd = -1;
	if (where == NULL)
		rc = listen_inherited(fd, why);
	else if (strchr(where, '/') != NULL)
		rc = listen_unix(where, owner, fd, why);
	else if (strchr(where, ':') != NULL)
		rc = listen_tcp(where, fd, why);
	else
		rc = refuse(why, where, "is no path and no host:port");
	if (rc != RC_OK && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}

enum rc
process_become(const char *user, struct buf *why)
{
	struct identity id;
	enum rc rc = read_identity(user, &id, why);

	if (rc != RC_OK || (geteuid() == id.uid && geteuid() != 0))
		return rc;
	if (initgroups(id.user, id.gid) != 0 || setgid(id.gid) != 0 ||
	    setuid(id.uid) != 0)
		return failed(why, user, "become that user");
	return RC_OK;
}
