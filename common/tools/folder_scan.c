#include "folder_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content.h"
#include "text.h"

struct level {
	DIR *dir;
	size_t len; /* of its path, with the '/' behind it */
};

struct walk {
	const char *const *patterns;
	size_t n_patterns;
	struct arena *arena;
	struct folder_scan *out;
	struct level level[FOLDER_DEPTH_MAX];
	size_t depth; /* levels that are open */
	size_t entries;
	char path[PATH_MAX]; /* of the entry that is looked at */
};

static enum rc
enter(struct walk *w, int fd, size_t len)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return RC_IO;
	}
	w->level[w->depth++] = (struct level){ dir, len };
	return RC_OK;
}

static bool
is_wanted(const struct walk *w, const char *name)
{
	if (!text_utf8_ok(slice_of(name)))
		return false;
	for (size_t i = 0; i < w->n_patterns; i++)
		if (fnmatch(w->patterns[i], name, 0) == 0)
			return true;
	return w->n_patterns == 0;
}

static enum rc
add_file(struct walk *w)
{
	struct folder_scan *out = w->out;
	const char *path;

	if (out->n == FOLDER_FILES_MAX) {
		out->is_cut = true;
		return RC_OK;
	}
	path = arena_string(w->arena, slice_of(w->path));
	if (path == NULL)
		return RC_NOMEM;
	out->path[out->n++] = path;
	return RC_OK;
}

/* A link may lead to a file of the folder, and nowhere else. */
static bool
is_file_inside(const struct walk *w)
{
	struct file_mark mark;

	return content_mark(dirfd(w->level[0].dir), w->path, &mark) == RC_OK;
}

/* A folder that may not be entered, or is gone, has no files for us.  One that
 * could be entered another time must not look empty. */
static enum rc
enter_below(struct walk *w, int folder, const char *name, size_t len)
{
	static const int closed[] = { EACCES, ELOOP, ENOENT, ENOTDIR };
	const int fd = openat(
	    folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; fd < 0 && i < sizeof(closed) / sizeof(closed[0]);
	     i++)
		if (errno == closed[i])
			return RC_OK;
	return enter(w, fd, len);
}

static enum rc
look_at(struct walk *w, const char *name)
{
	const struct level *level = &w->level[w->depth - 1];
	const size_t len = strlen(name);
	const int folder = dirfd(level->dir);
	struct stat st;

	if (name[0] == '.' || level->len + len + 2 > sizeof(w->path) ||
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return RC_OK;
	memcpy(w->path + level->len, name, len + 1);
	if (S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && is_file_inside(w)))
		return is_wanted(w, name) ? add_file(w) : RC_OK;
	if (!S_ISDIR(st.st_mode) || w->depth == FOLDER_DEPTH_MAX ||
	    !text_utf8_ok(slice_of(name)))
		return RC_OK;
	w->path[level->len + len] = '/';
	return enter_below(w, folder, name, level->len + len + 1);
}

/* The next entry, of whatever level. */
static enum rc
step(struct walk *w)
{
	struct level *level = &w->level[w->depth - 1];
	const struct dirent *entry;

	errno = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a DIR of our own */
	entry = readdir(level->dir);
	if (entry != NULL) {
		if (++w->entries > FOLDER_ENTRIES_MAX)
			w->out->is_cut = true;
		return look_at(w, entry->d_name);
	}
	/* Half a list would look as if the other half had been removed. */
	if (errno != 0)
		return RC_IO;
	(void)closedir(level->dir);
	w->depth--;
	return RC_OK;
}

static int
by_path(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

enum rc
folder_scan(const char *folder, const char *const *patterns, size_t n_patterns,
    struct arena *a, struct folder_scan *out)
{
	struct walk w = {
		.patterns = patterns,
		.n_patterns = n_patterns,
		.arena = a,
		.out = out,
	};
	enum rc rc;

	*out = (struct folder_scan){ 0 };
	out->path = arena_alloc(a, FOLDER_FILES_MAX * sizeof(*out->path));
	if (out->path == NULL)
		return RC_NOMEM;
	rc = enter(&w, content_folder(folder), 0);
	while (rc == RC_OK && w.depth > 0 && !out->is_cut)
		rc = step(&w);
	while (w.depth > 0)
		(void)closedir(w.level[--w.depth].dir);
	if (rc == RC_OK && out->n > 0)
		qsort(out->path, out->n, sizeof(*out->path), by_path);
	return rc;
}
