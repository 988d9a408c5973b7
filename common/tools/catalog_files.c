#define _GNU_SOURCE /* O_PATH */
#include "catalog_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)16 * 1024)
#define TEMP_NAMES 16

static bool
is_definition(const char *name)
{
	struct slice s = slice_of(name);

	return s.len > 5 && s.ptr[0] != '.' && slice_ends(s, SLICE(".json"));
}

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static enum rc
add_name(struct file_names *names, size_t *cap, const char *name)
{
	if (names->n == FILES_MAX)
		return RC_FULL;
	if (names->n == *cap) {
		size_t more = *cap == 0 ? 16 : *cap * 2;
		char **p = realloc(names->name, more * sizeof(*p));

		if (p == NULL)
			return RC_NOMEM;
		names->name = p;
		*cap = more;
	}
	names->name[names->n] = strdup(name);
	if (names->name[names->n] == NULL)
		return RC_NOMEM;
	names->n++;
	return RC_OK;
}

static enum rc
list(DIR *dir, struct file_names *out)
{
	const struct dirent *entry;
	enum rc rc = RC_OK;
	size_t cap = 0;

	rewinddir(dir);
	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a DIR of our own */
	while (rc == RC_OK && (entry = readdir(dir)) != NULL) {
		if (is_definition(entry->d_name))
			rc = add_name(out, &cap, entry->d_name);
		errno = 0;
	}
	/* Half a list would look as if the other half had been removed. */
	if (rc == RC_OK && errno != 0)
		rc = RC_IO;
	return rc;
}

enum rc
files_folder(const char *root, const char *name, int *fd)
{
	const int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool is_absent = false;
	struct stat st;

	*fd = -1;
	if (at < 0)
		return RC_IO;
	*fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A link that leads nowhere leads out of reach. */
	if (*fd < 0 && errno == ENOENT)
		is_absent = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
		    errno == ENOENT;
	(void)close(at);
	return *fd >= 0 || is_absent ? RC_OK : RC_IO;
}

enum rc
files_list(int folder, struct file_names *out)
{
	int fd = fcntl(folder, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	enum rc rc;

	*out = (struct file_names){ 0 };
	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return RC_IO;
	}
	rc = list(dir, out);
	(void)closedir(dir);
	if (rc != RC_OK)
		file_names_release(out);
	else if (out->n > 0)
		qsort(out->name, out->n, sizeof(*out->name), by_name);
	return rc;
}

void
file_names_release(struct file_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct file_names){ 0 };
}

struct file_mark
file_mark_of(const struct stat *st)
{
	return (struct file_mark){
		.mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 +
		    st->st_mtim.tv_nsec / 1000000,
		.mtime_ns = st->st_mtim.tv_nsec,
		.size = st->st_size,
		.inode = st->st_ino,
	};
}

enum rc
files_mark(int folder, const char *name, struct file_mark *out)
{
	struct stat st;

	if (fstatat(folder, name, &st, 0) != 0)
		return errno == ENOENT ? RC_NOTFOUND : RC_IO;
	if (!S_ISREG(st.st_mode))
		return RC_NOTFOUND;
	*out = file_mark_of(&st);
	return RC_OK;
}

bool
file_mark_eq(const struct file_mark *a, const struct file_mark *b)
{
	return a->mtime_ms == b->mtime_ms && a->mtime_ns == b->mtime_ns &&
	    a->size == b->size && a->inode == b->inode;
}

static enum rc
read_all(int fd, struct buf *out)
{
	char chunk[CHUNK];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RC_IO;
		if (n == 0)
			return buf_finish(out);
		if ((size_t)n > out->max - out->len)
			return RC_FULL;
		buf_put(out, chunk, (size_t)n);
	}
}

enum rc
files_read_fd(int fd, struct buf *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return RC_IO;
	return read_all(fd, out);
}

enum rc
files_read(int folder, const char *name, struct buf *out)
{
	/* Not to wait for a writer, should it be a fifo. */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? RC_NOTFOUND : RC_IO;
	rc = files_read_fd(fd, out);
	(void)close(fd);
	return rc;
}

/* A name that nobody else uses at this moment, opened for writing. */
static int
open_temp(int folder, const char *name, char *temp, size_t size)
{
	for (int i = 0; i < TEMP_NAMES; i++) {
		int n =
		    snprintf(temp, size, ".%s.%ld.%d", name, (long)getpid(), i);
		int fd;

		if (n < 0 || (size_t)n >= size)
			return -1;
		fd = openat(folder, temp,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static enum rc
write_all(int fd, struct slice content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.ptr, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RC_IO;
		content = slice_from(content, (size_t)n);
	}
	return RC_OK;
}

enum rc
files_write(int folder, const char *name, struct slice content)
{
	char temp[300];
	int fd = open_temp(folder, name, temp, sizeof(temp));
	enum rc rc;

	if (fd < 0)
		return RC_IO;
	rc = write_all(fd, content);
	if (close(fd) != 0)
		rc = RC_IO;
	if (rc == RC_OK && renameat(folder, temp, folder, name) != 0)
		rc = RC_IO;
	if (rc != RC_OK)
		(void)unlinkat(folder, temp, 0);
	return rc;
}
