#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "depth.h"
#include "play.h"

/*
 * Play golden files: golden_main core|fcgi|web FOLDER|FILE...
 *
 * Status 0: all fit; 1: some did not (one finding each on standard error);
 * 2: could not run; 77: something that this depth needs is not installed.
 */
#define FILES_MAX 2000
#define NAME_BYTES 1024

struct files {
	char *name[FILES_MAX];
	size_t n;
};

static int
add_file(struct files *f, const char *folder, const char *name)
{
	char *path;

	if (f->n == FILES_MAX)
		return -1;
	path = calloc(1, NAME_BYTES);
	if (path == NULL)
		return -1;
	f->name[f->n++] = path;
	if (folder == NULL)
		return snprintf(path, NAME_BYTES, "%s", name) < NAME_BYTES ? 0
									   : -1;
	return snprintf(path, NAME_BYTES, "%s/%s", folder, name) < NAME_BYTES
	    ? 0
	    : -1;
}

static int
add_folder(struct files *f, const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	int status = 0;

	if (d == NULL) /* a file, then */
		return add_file(f, NULL, folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((e = readdir(d)) != NULL && status == 0) {
		if (slice_ends(slice_of(e->d_name), SLICE(".txt")))
			status = add_file(f, folder, e->d_name);
	}
	(void)closedir(d);
	return status;
}

static int
by_config(const void *a, const void *b)
{
	const struct script *x = *(const struct script *const *)a;
	const struct script *y = *(const struct script *const *)b;
	int order = slice_cmp(x->config_text, y->config_text);

	return order != 0 ? order : strcmp(x->file, y->file);
}

static struct script *
read_one(const char *file)
{
	struct script *s = calloc(1, sizeof(*s));
	struct buf why = BUF_INIT(4096);

	if (s != NULL && script_read(file, s, &why) != RC_OK) {
		(void)fprintf(
		    stderr, "%s: %.*s\n", file, SLICE_FMT(buf_slice(&why)));
		script_release(s);
		free(s);
		s = NULL;
	}
	buf_release(&why);
	return s;
}

struct tally {
	unsigned played;
	unsigned wrong;
	unsigned unreadable;
};

/* Files of one configuration stand together: one server for all of them. */
static void
play_all(struct depth *d, struct script **s, size_t n, struct tally *t)
{
	struct buf why = BUF_INIT((size_t)1024 * 1024);

	qsort(s, n, sizeof(struct script *), by_config);
	for (size_t i = 0; i < n; i++) {
		if ((s[i]->depths & d->ops->bit) == 0)
			continue;
		t->played++;
		if (play(d, s[i], &why))
			continue;
		t->wrong++;
		(void)fprintf(stderr, "%.*s", SLICE_FMT(buf_slice(&why)));
		buf_reset(&why);
	}
	buf_release(&why);
}

static struct depth *
open_depth(const char *name, bool *is_missing)
{
	struct buf why = BUF_INIT(4096);
	struct depth *d = NULL;

	switch (script_depth(slice_of(name))) {
	case DEPTH_CORE:
		d = depth_core_open(&why);
		break;
	case DEPTH_FCGI:
		d = depth_fcgi_open(&why, is_missing);
		break;
	case DEPTH_WEB:
		d = depth_web_open(&why, is_missing);
		break;
	default:
		buf_printf(&why, "unknown depth");
		break;
	}
	if (d == NULL)
		(void)fprintf(
		    stderr, "%s: %.*s\n", name, SLICE_FMT(buf_slice(&why)));
	buf_release(&why);
	return d;
}

static void
run(struct depth *d, const struct files *files, struct tally *t)
{
	struct script **s = calloc(files->n + 1, sizeof(struct script *));
	size_t n = 0;

	for (size_t i = 0; s != NULL && i < files->n; i++) {
		s[n] = read_one(files->name[i]);
		if (s[n] == NULL)
			t->unreadable++;
		else
			n++;
	}
	if (s != NULL)
		play_all(d, s, n, t);
	for (size_t i = 0; i < n; i++) {
		script_release(s[i]);
		free(s[i]);
	}
	free(s);
}

int
main(int argc, char **argv)
{
	static struct files files;
	struct tally t = { 0 };
	struct depth *d;
	bool is_missing = false;
	int status = 0;

	if (argc < 3) {
		(void)fprintf(stderr,
		    "usage: golden_main core|fcgi|web FOLDER|FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (add_folder(&files, argv[i]) != 0)
			status = 2;
	}
	d = open_depth(argv[1], &is_missing);
	if (d == NULL)
		status = is_missing ? 77 : 2;
	if (status == 0) {
		run(d, &files, &t);
		(void)printf("%s: %u played, %u wrong, %u unreadable\n",
		    argv[1], t.played, t.wrong, t.unreadable);
		status = t.wrong + t.unreadable > 0 || t.played == 0 ? 1 : 0;
	}
	if (d != NULL && !d->ops->free(d))
		status = 1;
	for (size_t i = 0; i < files.n; i++)
		free(files.name[i]);
	return status;
}
