/* realpath(3) is POSIX, but the C library shows it to X/Open only. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "sqlite_private.h"

/* For sessions ended and swept on a disk that is full but for the ballast;
 * measured: an end takes about 40 KiB of log. */
#define ROOM_MIN ((uint64_t)256 * 1024)

const char *
store_sqlite_network_fs(uint32_t magic)
{
	/* Values of linux/magic.h and of the file systems' own sources.  9p and
	 * the shared folders of virtual machines are in: the shared memory of
	 * WAL is not the same memory on both sides of them. */
	static const struct {
		uint32_t magic;
		const char *name;
	} known[] = {
		{ 0x00006969, "NFS" },
		{ 0x0000517b, "SMB" },
		{ 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB2" },
		{ 0x65735546, "FUSE" }, /* GlusterFS, sshfs, s3fs ... */
		{ 0x00c36400, "Ceph" },
		{ 0x01021997, "9p" },
		{ 0x5346414f, "AFS" },
		{ 0x6b414653, "AFS" },
		{ 0x73757245, "Coda" },
		{ 0x0000564c, "NCP" },
		{ 0x0bd00bd0, "Lustre" },
		{ 0x47504653, "GPFS" },
		{ 0x01161970, "GFS2" },
		{ 0x7461636f, "OCFS2" },
		{ 0x20030528, "OrangeFS" },
		{ 0x19830326, "BeeGFS" },
		{ 0xaad7aaea, "PanFS" },
		{ 0x786f4256, "VirtualBox shared folders" },
		{ 0xbacbacbc, "VMware shared folders" },
		{ 0x7c7c6673, "Parallels shared folders" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].magic == magic)
			return known[i].name;
	}
	return NULL;
}

static enum rc
refuse(struct sqlite_store *s, struct buf *why, int error)
{
	/* The two that have an owner's remedy; the number for the rest. */
	if (error == EACCES || error == EPERM || error == EROFS)
		buf_printf(why, "%s: no permission", s->path);
	else if (error == ENOENT || error == ENOTDIR)
		buf_printf(why, "%s: no such file or folder", s->path);
	else
		buf_printf(why, "%s: error %d of the system", s->path, error);
	return error == ENOMEM ? RC_NOMEM : RC_IO;
}

enum rc
sqlite_file_create(struct sqlite_store *s, struct buf *why)
{
	int fd = open(
	    s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return errno == EEXIST ? RC_OK : refuse(s, why, errno);
	/* Nobody has it open yet, so that closing it drops no lock. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || close(fd) != 0)
		return refuse(s, why, errno);
	return RC_OK;
}

static char *
joined(const char *path, const char *tail)
{
	size_t n = strlen(path) + strlen(tail) + 1;
	char *p = malloc(n);

	if (p != NULL)
		(void)snprintf(p, n, "%s%s", path, tail);
	return p;
}

static enum rc
set_paths(struct sqlite_store *s, struct buf *why)
{
	free(s->real);
	free(s->lock_path);
	free(s->ballast_path);
	s->lock_path = NULL;
	s->ballast_path = NULL;
	errno = 0;
	s->real = realpath(s->path, NULL);
	if (s->real == NULL)
		return refuse(s, why, errno);
	s->lock_path = joined(s->real, "-lock");
	s->ballast_path = joined(s->real, "-ballast");
	if (s->lock_path == NULL || s->ballast_path == NULL)
		return RC_NOMEM;
	return RC_OK;
}

enum rc
sqlite_file_find(struct sqlite_store *s, struct buf *why)
{
	const char *network;
	struct statfs fs;
	struct stat st;

	if (stat(s->path, &st) != 0) {
		if (errno != ENOENT)
			return refuse(s, why, errno);
		buf_printf(why, "%s: no such file", s->path);
		return RC_NOTFOUND;
	}
	if (!S_ISREG(st.st_mode)) {
		buf_printf(why, "%s: not a plain file", s->path);
		return RC_IO;
	}
	if (statfs(s->path, &fs) != 0)
		return refuse(s, why, errno);
	network = store_sqlite_network_fs((uint32_t)fs.f_type);
	if (network != NULL && !s->options.allow_network_fs) {
		buf_printf(why,
		    "%s: lies on a network file system (%s), where SQLite "
		    "loses data; use a local disk",
		    s->path, network);
		return RC_IO;
	}
	return set_paths(s, why);
}

enum rc
sqlite_lock_open(struct sqlite_store *s)
{
	const mode_t mode = S_IRUSR | S_IWUSR;
	struct stat st;

	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	s->lock_fd = open(s->lock_path,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (s->lock_fd < 0) {
		s->lock_fd =
		    open(s->lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		return s->lock_fd < 0 ? RC_IO : RC_OK;
	}
	if (fchmod(s->lock_fd, mode) != 0)
		return RC_IO;
	/* Made by root for a server that is not root: it is the server's. */
	if (geteuid() == 0 && stat(s->real, &st) == 0 &&
	    fchown(s->lock_fd, st.st_uid, st.st_gid) != 0)
		return RC_IO;
	return RC_OK;
}

enum rc
sqlite_lock(struct sqlite_store *s)
{
	struct stat st;

	if (s->lock_fd < 0 || s->locked)
		return RC_OK;
	for (;;) {
		while (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno != EWOULDBLOCK && errno != EINTR)
				return RC_IO;
			if (!sqlite_nap(s))
				return RC_BUSY;
		}
		/* A lock on a file that somebody removed locks out nobody. */
		if (fstat(s->lock_fd, &st) == 0 && st.st_nlink > 0)
			break;
		if (sqlite_lock_open(s) != RC_OK)
			return RC_IO;
	}
	s->locked = true;
	return RC_OK;
}

void
sqlite_unlock(struct sqlite_store *s)
{
	if (s->locked)
		(void)flock(s->lock_fd, LOCK_UN);
	s->locked = false;
}

bool
sqlite_nap(struct sqlite_store *s)
{
	struct timespec nap = { 0, 0 };

	if (clock_mono_ms(s->options.clock) >= s->give_up)
		return false;
	/* 50 to 250 us, not the same for all who wait (xorshift). */
	s->noise ^= s->noise << 13;
	s->noise ^= s->noise >> 7;
	s->noise ^= s->noise << 17;
	nap.tv_nsec = 50000 + (long)(s->noise % 200000);
	(void)nanosleep(&nap, NULL);
	return true;
}

static uint64_t
room(const struct sqlite_store *s)
{
	struct statvfs fs;

	if (statvfs(s->real, &fs) != 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

bool
sqlite_has_room(const struct sqlite_store *s)
{
	return room(s) >= ROOM_MIN;
}

void
sqlite_ballast_add(struct sqlite_store *s)
{
	const int64_t size = s->options.ballast;
	int fd;

	/* Where allocating means writing it all, over a network, it is not
	 * worth it. */
	if (size <= 0 || s->options.allow_network_fs ||
	    access(s->ballast_path, F_OK) == 0 || room(s) / 2 < (uint64_t)size)
		return;
	fd = open(s->ballast_path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    S_IRUSR | S_IWUSR);
	if (fd < 0)
		return;
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
	    posix_fallocate(fd, 0, (off_t)size) != 0)
		(void)unlink(s->ballast_path);
	(void)close(fd);
}

void
sqlite_ballast_drop(struct sqlite_store *s)
{
	if (s->ballast_path != NULL && unlink(s->ballast_path) == 0)
		log_event(s->options.log, LOG_WARNING, "store",
		    "ballast=dropped file=%s", s->real);
}
