#include "store_scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "rng.h"

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

void
store_scratch_init(struct store_scratch *s)
{
	/* Tests have one thread. */
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe) */

	*s = (struct store_scratch){ .log = LOG_INIT(swallow, NULL, LOG_DEBUG),
		.why = BUF_INIT(4096) };
	(void)snprintf(s->folder, sizeof(s->folder), "%.90s/mcp-store-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(s->folder) == NULL) {
		perror(s->folder);
		abort();
	}
	(void)snprintf(s->file, sizeof(s->file), "%s/store.db", s->folder);
}

struct store_sqlite_options
store_scratch_options(struct store_scratch *s)
{
	return (struct store_sqlite_options){
		.path = s->file,
		.create = true,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &s->log,
		.ballast = -1,
	};
}

enum rc
store_scratch_open(struct store_scratch *s,
    const struct store_sqlite_options *options, struct store **out)
{
	buf_reset(&s->why);
	return store_sqlite_open(options, out, &s->why);
}

void
store_scratch_release(struct store_scratch *s)
{
	DIR *dir = opendir(s->folder);
	struct dirent *entry;
	char path[512];

	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", s->folder, entry->d_name);
		/* The two dots are folders and stay. */
		(void)unlink(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(s->folder);
	log_release(&s->log);
	buf_release(&s->why);
}
