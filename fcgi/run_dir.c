#define _DEFAULT_SOURCE /* flock, dirfd */
#include "run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define RANDOM_BYTES 8
/* In hex, which is what names of hosts and processes are. */
#define NAME_LEN ((size_t)2 * RANDOM_BYTES)
/* Attempts to make a file that others keep taking away. */
#define ATTEMPTS 1000

#define HOST_FILE "host"
#define HOUSE_FILE "housekeeper"
#define DRAIN_FILE "draining"
/* A file that does not have its name yet begins with it. */
#define NEW_PREFIX ".new-"

struct run_dir {
	char *path;
	int folder;
	const struct rng *rng;
	char host[NAME_LEN + 1];
	char process[2 * NAME_LEN + 2]; /* "<host>.<process>"; "": none yet */
	int own;                        /* its file; -1: none yet */
	int house;                      /* the housekeeper's; -1: not we */
};

static bool
is_name(struct slice s)
{
	unsigned char bytes[RANDOM_BYTES];

	return s.len == NAME_LEN && text_hex(s, bytes, sizeof(bytes)) == RC_OK;
}

static enum rc
random_name(const struct rng *rng, char name[NAME_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[RANDOM_BYTES];
	enum rc rc = rng_fill(rng, bytes, sizeof(bytes));

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		name[2 * i] = digits[bytes[i] >> 4];
		name[2 * i + 1] = digits[bytes[i] & 15];
	}
	name[NAME_LEN] = '\0';
	return RC_OK;
}

/* A file under a name that nobody looks for; its descriptor, or -1. */
static int
make_new(const struct run_dir *d, char name[sizeof(NEW_PREFIX) + NAME_LEN])
{
	char random[NAME_LEN + 1];

	if (random_name(d->rng, random) != RC_OK)
		return -1;
	(void)snprintf(
	    name, sizeof(NEW_PREFIX) + NAME_LEN, "%s%s", NEW_PREFIX, random);
	return openat(
	    d->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* ----------------------------------------------------------- the host */

/* RC_NOTFOUND, or RC_SYNTAX if it holds something else. */
static enum rc
read_host(struct run_dir *d)
{
	int fd = openat(d->folder, HOST_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? RC_NOTFOUND : RC_IO;
	n = read(fd, d->host, NAME_LEN);
	(void)close(fd);
	if (n < 0)
		return RC_IO;
	d->host[n] = '\0';
	return is_name(slice_of(d->host)) ? RC_OK : RC_SYNTAX;
}

/* Whole or not at all, and only one of those who try at once.  RC_NOTFOUND:
 * somebody took the file for one that was left behind. */
static enum rc
make_host(const struct run_dir *d)
{
	char file[sizeof(NEW_PREFIX) + NAME_LEN];
	char name[NAME_LEN + 1];
	int fd;
	enum rc rc = RC_IO;

	if (random_name(d->rng, name) != RC_OK)
		return RC_IO;
	fd = make_new(d, file);
	if (fd < 0)
		return RC_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    write(fd, name, NAME_LEN) == (ssize_t)NAME_LEN && fsync(fd) == 0 &&
	    (linkat(d->folder, file, d->folder, HOST_FILE, 0) == 0 ||
		errno == EEXIST))
		rc = RC_OK;
	else if (errno == ENOENT || errno == EWOULDBLOCK)
		rc = RC_NOTFOUND;
	(void)unlinkat(d->folder, file, 0);
	(void)close(fd);
	return rc;
}

static enum rc
find_host(struct run_dir *d)
{
	enum rc rc = read_host(d);

	for (int i = 0; i < ATTEMPTS && rc == RC_NOTFOUND; i++) {
		rc = make_host(d);
		if (rc == RC_OK || rc == RC_NOTFOUND)
			rc = read_host(d);
	}
	return rc;
}

static enum rc
open_folder(struct run_dir *d, struct buf *why)
{
	char reason[128] = "";
	enum rc rc = RC_IO;

	if (mkdir(d->path, 0700) == 0 || errno == EEXIST)
		d->folder = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->folder >= 0)
		rc = find_host(d);
	if (rc == RC_SYNTAX) {
		buf_printf(why, "%s/" HOST_FILE ": no name of a host", d->path);
		return RC_IO;
	}
	if (rc != RC_OK) {
		(void)strerror_r(errno, reason, sizeof(reason));
		buf_printf(why, "%s: %s", d->path, reason);
		return RC_IO;
	}
	return RC_OK;
}

enum rc
run_dir_open(const char *state, const struct rng *rng, struct run_dir **out,
    struct buf *why)
{
	struct run_dir *d = calloc(1, sizeof(*d));
	size_t len = strlen(state) + sizeof("/run");
	enum rc rc;

	if (d == NULL)
		return RC_NOMEM;
	*d = (struct run_dir){
		.folder = -1, .own = -1, .house = -1, .rng = rng
	};
	d->path = malloc(len);
	if (d->path == NULL) {
		free(d);
		return RC_NOMEM;
	}
	(void)snprintf(d->path, len, "%s/run", state);
	rc = open_folder(d, why);
	if (rc != RC_OK) {
		run_dir_free(d);
		return rc;
	}
	*out = d;
	return RC_OK;
}

struct slice
run_dir_host(const struct run_dir *d)
{
	return slice_of(d->host);
}

/* ------------------------------------------------------- this process */

/*
 * One attempt.  Whoever finds the file without a lock, before we have it,
 * takes it away: then there is nothing to rename, or to lock.
 */
static enum rc
make_own(struct run_dir *d)
{
	char file[sizeof(NEW_PREFIX) + NAME_LEN];
	const char *process = file + strlen(NEW_PREFIX);
	int fd = make_new(d, file);

	if (fd < 0)
		return RC_IO;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 ||
	    renameat(d->folder, file, d->folder, process) != 0) {
		(void)unlinkat(d->folder, file, 0);
		(void)close(fd);
		return RC_IO;
	}
	d->own = fd;
	(void)snprintf(
	    d->process, sizeof(d->process), "%s.%s", d->host, process);
	return RC_OK;
}

enum rc
run_dir_own(struct run_dir *d, struct slice *name)
{
	for (int i = 0; i < ATTEMPTS && d->own < 0; i++) {
		if (make_own(d) != RC_OK && errno != ENOENT &&
		    errno != EWOULDBLOCK)
			break;
	}
	if (d->own < 0)
		return RC_IO;
	*name = slice_of(d->process);
	return RC_OK;
}

void
run_dir_disown(struct run_dir *d)
{
	if (d->own < 0)
		return;
	/* Gone before it can be seen without a lock. */
	(void)unlinkat(d->folder, d->process + NAME_LEN + 1, 0);
	(void)close(d->own);
	d->own = -1;
}

/* ------------------------------------------------------------- others */

/* The part that names the file; absent for a process of another host. */
static struct slice
process_of(const struct run_dir *d, struct slice name)
{
	struct slice process = { NULL, 0 };
	struct slice host = slice_cut(name, '.', &process);

	if (slice_eq(host, slice_of(d->host)) && is_name(process))
		return process;
	return (struct slice){ NULL, 0 };
}

/* Is the file locked by somebody?  True when unsure. */
static bool
is_locked(const struct run_dir *d, const char *file)
{
	int fd = openat(d->folder, file, O_RDONLY | O_CLOEXEC);
	bool is_free;

	if (fd < 0)
		return errno != ENOENT;
	is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
	(void)close(fd);
	return !is_free;
}

bool
run_dir_is_alive(struct run_dir *d, struct slice name)
{
	struct slice process = process_of(d, name);
	char file[NAME_LEN + 1];

	if (process.ptr == NULL)
		return true;
	(void)snprintf(file, sizeof(file), "%.*s", SLICE_FMT(process));
	return is_locked(d, file);
}

void
run_dir_forget(struct run_dir *d, struct slice name)
{
	struct slice process = process_of(d, name);
	char file[NAME_LEN + 1];

	if (process.ptr == NULL || run_dir_is_alive(d, name))
		return;
	(void)snprintf(file, sizeof(file), "%.*s", SLICE_FMT(process));
	(void)unlinkat(d->folder, file, 0);
}

/* What somebody began who died before it had its name. */
static void
remove_new(const struct run_dir *d, const char *file)
{
	int fd = openat(d->folder, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(d->folder, file, 0);
	(void)close(fd);
}

static enum rc
put_dead(const struct run_dir *d, struct arena *a, const char *file,
    struct slice *out)
{
	size_t len = strlen(d->host) + 1 + NAME_LEN;
	char *name = arena_bytes(a, len + 1);

	if (name == NULL)
		return RC_NOMEM;
	(void)snprintf(name, len + 1, "%s.%s", d->host, file);
	*out = (struct slice){ name, len };
	return RC_OK;
}

enum rc
run_dir_dead(struct run_dir *d, struct arena *a, struct slice *name, size_t max,
    size_t *n)
{
	/* Not a copy of ours: it would share the position. */
	DIR *dir = opendir(d->path);
	const struct dirent *e;
	enum rc rc = RC_OK;

	*n = 0;
	if (dir == NULL)
		return RC_IO;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while (rc == RC_OK && *n < max && (e = readdir(dir)) != NULL) {
		struct slice file = slice_of(e->d_name);

		if (slice_starts(file, slice_of(NEW_PREFIX)))
			remove_new(d, e->d_name);
		if (!is_name(file) || is_locked(d, e->d_name))
			continue;
		rc = put_dead(d, a, e->d_name, &name[*n]);
		if (rc == RC_OK)
			(*n)++;
	}
	(void)closedir(dir);
	return rc;
}

bool
run_dir_keep_house(struct run_dir *d)
{
	int fd;

	if (d->house >= 0)
		return true;
	fd = openat(d->folder, HOUSE_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd);
		return false;
	}
	d->house = fd;
	return true;
}

bool
run_dir_keeps_house(const struct run_dir *d)
{
	return d->house >= 0;
}

void
run_dir_leave_house(struct run_dir *d)
{
	if (d->house >= 0)
		(void)close(d->house);
	d->house = -1;
}

enum rc
run_dir_drain(const struct run_dir *d, bool drain)
{
	int fd;

	if (!drain && unlinkat(d->folder, DRAIN_FILE, 0) != 0 &&
	    errno != ENOENT)
		return RC_IO;
	if (!drain)
		return RC_OK;
	fd = openat(d->folder, DRAIN_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return RC_IO;
	(void)close(fd);
	return RC_OK;
}

bool
run_dir_is_draining(const struct run_dir *d)
{
	return faccessat(d->folder, DRAIN_FILE, F_OK, 0) == 0;
}

char *
run_dir_path(const struct run_dir *d, const char *name)
{
	size_t len = strlen(d->path) + strlen(name) + 2;
	char *path = malloc(len);

	if (path != NULL)
		(void)snprintf(path, len, "%s/%s", d->path, name);
	return path;
}

void
run_dir_free(struct run_dir *d)
{
	if (d == NULL)
		return;
	run_dir_disown(d);
	run_dir_leave_house(d);
	if (d->folder >= 0)
		(void)close(d->folder);
	free(d->path);
	free(d);
}
