#include "store_scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "clock.h"
#include "rng.h"

#define IN_MEMORY "/dev/shm"
/* All stores are of one run of the machine. */
#define BOOT_ID "one"

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static void
init_in(struct store_scratch *s, const char *place)
{
	*s = (struct store_scratch){ .log = LOG_INIT(swallow, NULL, LOG_DEBUG),
		.why = BUF_INIT(4096) };
	(void)snprintf(
	    s->folder, sizeof(s->folder), "%.90s/mcp-store-XXXXXX", place);
	if (mkdtemp(s->folder) == NULL) {
		perror(s->folder);
		abort();
	}
	(void)snprintf(s->file, sizeof(s->file), "%s/store.db", s->folder);
	counted_rng_init(&s->rng, 1);
}

static const char *
usual_place(void)
{
	/* Tests have one thread. */
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe) */

	return tmp == NULL ? "/tmp" : tmp;
}

void
store_scratch_init(struct store_scratch *s)
{
	init_in(s, usual_place());
}

void
store_scratch_init_fast(struct store_scratch *s)
{
	init_in(s, access(IN_MEMORY, W_OK) == 0 ? IN_MEMORY : usual_place());
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

static enum rc
read_file(const char *path, struct buf *out)
{
	char part[8192];
	FILE *file = fopen(path, "re");
	size_t n;

	if (file == NULL)
		return RC_IO;
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_put(out, part, n);
	return fclose(file) == 0 ? buf_finish(out) : RC_IO;
}

static enum rc
write_file(const char *path, struct slice bytes)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	ssize_t n;

	if (fd < 0)
		return RC_IO;
	n = write(fd, bytes.ptr, bytes.len);
	return close(fd) == 0 && n == (ssize_t)bytes.len ? RC_OK : RC_IO;
}

static enum rc
make_template(struct buf *out)
{
	struct store_scratch s;
	struct store_sqlite_options options;
	struct store *store;
	enum rc rc;

	store_scratch_init_fast(&s);
	options = store_scratch_options(&s);
	options.boot_id = BOOT_ID;
	rc = store_scratch_open(&s, &options, &store);
	if (rc == RC_OK) {
		store->ops->close(store);
		rc = read_file(s.file, out);
	}
	store_scratch_release(&s);
	return rc;
}

static enum rc
set_incarnation(const char *path, uint32_t incarnation)
{
	sqlite3 *db = NULL;
	char sql[96];
	int code = sqlite3_open(path, &db);

	(void)snprintf(sql, sizeof(sql),
	    "UPDATE meta SET v = %u WHERE k = 'incarnation'",
	    (unsigned)incarnation);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return sqlite3_close(db) == SQLITE_OK && code == SQLITE_OK ? RC_OK
								   : RC_IO;
}

enum rc
store_scratch_fresh(struct store_scratch *s, const struct clock *clock,
    uint32_t incarnation, struct store **out)
{
	/* Made once; they stay until the test ends. */
	static struct buf empty = { .max = (size_t)16 * 1024 * 1024 };
	static uint32_t has;
	struct store_sqlite_options options = store_scratch_options(s);
	enum rc rc = RC_OK;

	options.clock = clock;
	options.rng = &s->rng.rng;
	options.boot_id = BOOT_ID;
	options.create = false;
	if (empty.len == 0)
		rc = make_template(&empty);
	if (rc == RC_OK)
		rc = write_file(s->file, buf_slice(&empty));
	if (rc == RC_OK && incarnation != has)
		rc = set_incarnation(s->file, incarnation);
	/* Most ask for the same one. */
	if (rc == RC_OK && has == 0) {
		buf_reset(&empty);
		has = incarnation;
		rc = read_file(s->file, &empty);
	}
	return rc == RC_OK ? store_scratch_open(s, &options, out) : rc;
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

static enum rc
maker_open(void *ctx, struct store **out)
{
	struct store_scratch *s = ctx;
	struct store_sqlite_options options;

	store_scratch_init_fast(s);
	options = store_scratch_options(s);
	return store_scratch_open(s, &options, out);
}

static void
maker_clear(void *ctx)
{
	store_scratch_release(ctx);
}

struct store_maker
store_scratch_maker(struct store_scratch *s, const char *name)
{
	return (struct store_maker){ name, maker_open, maker_clear, s };
}
