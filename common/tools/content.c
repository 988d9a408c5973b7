#define _GNU_SOURCE /* syscall, O_PATH */

#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media_type.h"
#include "text.h"

/* The kernel gives up when somebody renames folders meanwhile. */
#define AGAIN_MAX 8

int
content_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The next name of a path, and what is behind it; false if it is too long or
 * leads elsewhere. */
static bool
next_name(const char **path, char *name, size_t size)
{
	const size_t len = strcspn(*path, "/");

	if (len == 0 || len >= size)
		return false;
	memcpy(name, *path, len);
	name[len] = '\0';
	*path += len;
	if (**path == '/')
		(*path)++;
	return strcmp(name, "..") != 0;
}

/* Where the kernel cannot do it: name by name, following no link at all. */
static int
open_by_names(int folder, const char *path, int flags)
{
	char name[256];
	int at = folder;

	while (next_name(&path, name, sizeof(name))) {
		const bool is_last = *path == '\0';
		int fd = openat(at, name,
		    is_last ? flags | O_NOFOLLOW
			    : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (at != folder)
			(void)close(at);
		if (fd < 0 || is_last)
			return fd;
		at = fd;
	}
	if (at != folder)
		(void)close(at);
	errno = ENOENT;
	return -1;
}

int
content_open(int folder, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	errno = EAGAIN;
	for (int i = 0; fd < 0 && errno == EAGAIN && i < AGAIN_MAX; i++)
		fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return (int)fd;
	return open_by_names(folder, path, flags | O_CLOEXEC);
}

/* It is not there, or not for us: to a client that is the same. */
static enum rc
trouble(int number)
{
	static const int nothing[] = { ENOENT, ENOTDIR, EXDEV, ELOOP };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (number == nothing[i])
			return RC_NOTFOUND;
	return RC_IO;
}

enum rc
content_read(int folder, const char *path, struct buf *out)
{
	/* Not to wait for a writer, should it be a fifo. */
	int fd = content_open(folder, path, O_RDONLY | O_NONBLOCK);
	enum rc rc;

	if (fd < 0)
		return trouble(errno);
	rc = files_read_fd(fd, out);
	(void)close(fd);
	return rc;
}

enum rc
content_mark(int folder, const char *path, struct file_mark *out)
{
	int fd = content_open(folder, path, O_PATH);
	struct stat st;
	enum rc rc = RC_OK;

	if (fd < 0)
		return trouble(errno);
	if (fstat(fd, &st) != 0)
		rc = RC_IO;
	else if (!S_ISREG(st.st_mode))
		rc = RC_NOTFOUND;
	else
		*out = file_mark_of(&st);
	(void)close(fd);
	return rc;
}

static const struct {
	struct slice start;
	bool is_text;
} types[] = {
	{ SLICE_INIT("image/svg+xml"), true },
	{ SLICE_INIT("image/"), false },
	{ SLICE_INIT("audio/"), false },
	{ SLICE_INIT("video/"), false },
	{ SLICE_INIT("font/"), false },
	{ SLICE_INIT("application/octet-stream"), false },
	{ SLICE_INIT("application/pdf"), false },
	{ SLICE_INIT("application/zip"), false },
	{ SLICE_INIT("application/gzip"), false },
};

bool
content_is_text(struct slice bytes, struct slice mime)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct slice start = { mime.ptr,
			mime.len < types[i].start.len ? mime.len
						      : types[i].start.len };

		if (!slice_ieq(start, types[i].start))
			continue;
		if (!types[i].is_text)
			return false;
		break;
	}
	return text_utf8_ok(bytes) &&
	    (bytes.len == 0 || memchr(bytes.ptr, '\0', bytes.len) == NULL);
}

struct slice
content_mime(struct slice name, struct slice bytes)
{
	struct slice mime = media_type_of(name);

	if (mime.ptr != NULL)
		return mime;
	return content_is_text(bytes, SLICE_NONE)
	    ? SLICE("text/plain")
	    : SLICE("application/octet-stream");
}
