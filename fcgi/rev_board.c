#define _DEFAULT_SOURCE /* flock */
#include "rev_board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
/* Not looked for again before, where there is none or an old one. */
#define RETRY_MS 50
/* Attempts to read while somebody writes. */
#define ATTEMPTS 16
#define MAGIC "mcprevs1"

/* What lies in the file.  `turn` is odd while it is written. */
struct page {
	char magic[8];
	char boot[BOOT_ID_LEN + 4];
	atomic_ullong turn;
	atomic_llong t0_mono;
	atomic_llong incarnation;
	atomic_llong rev[STORE_SHARDS];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share no lock");

struct rev_board {
	struct cache_revs revs; /* first, so that a cache_revs * is one */
	const struct clock *clock;
	char *path;
	char *new_path; /* a file that does not have its name yet */
	char boot[BOOT_ID_LEN + 1];
	struct page *page; /* NULL: not mapped */
	int fd;            /* of a publisher; -1 */
	int64_t retry_mono;
};

static void
unmap(struct rev_board *b)
{
	if (b->page != NULL)
		(void)munmap(b->page, sizeof(*b->page));
	if (b->fd >= 0)
		(void)close(b->fd);
	b->page = NULL;
	b->fd = -1;
}

static bool
is_of_this_boot(const struct rev_board *b, const struct page *page)
{
	return memcmp(page->magic, MAGIC, sizeof(page->magic)) == 0 &&
	    memcmp(page->boot, b->boot, sizeof(b->boot)) == 0;
}

/* Map a whole file of this boot, for reading or also for writing. */
static enum rc
map(struct rev_board *b, int fd, int protection)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != (off_t)sizeof(struct page))
		return RC_NOTFOUND;
	p = mmap(NULL, sizeof(struct page), protection, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return RC_IO;
	if (!is_of_this_boot(b, p)) {
		(void)munmap(p, sizeof(struct page));
		return RC_NOTFOUND;
	}
	b->page = p;
	return RC_OK;
}

/* -------------------------------------------------------------- readers */

/* The file as it is now; again, if what is mapped was given up by those who
 * publish. */
static bool
find_page(struct rev_board *b)
{
	int64_t now = clock_mono_ms(b->clock);
	int fd;

	if (now < b->retry_mono || b->boot[0] == '\0')
		return b->page != NULL;
	b->retry_mono = now + RETRY_MS;
	/* Who publishes sees to its own. */
	if (b->fd >= 0)
		return true;
	unmap(b);
	fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	(void)(map(b, fd, PROT_READ) == RC_OK);
	(void)close(fd);
	return b->page != NULL;
}

/* One attempt; false if somebody writes. */
static bool
read_page(struct page *page, size_t shard, struct cache_rev *out)
{
	unsigned long long turn =
	    atomic_load_explicit(&page->turn, memory_order_acquire);

	if (turn % 2 != 0)
		return false;
	out->t0_mono =
	    atomic_load_explicit(&page->t0_mono, memory_order_relaxed);
	out->incarnation = (uint32_t)atomic_load_explicit(
	    &page->incarnation, memory_order_relaxed);
	out->rev =
	    atomic_load_explicit(&page->rev[shard], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return turn == atomic_load_explicit(&page->turn, memory_order_relaxed);
}

static bool
get(struct cache_revs *revs, size_t shard, struct cache_rev *out)
{
	struct rev_board *b = (struct rev_board *)revs;

	for (int round = 0; round < 2; round++) {
		bool is_whole = false;

		for (int i = 0; b->page != NULL && !is_whole && i < ATTEMPTS;
		     i++)
			is_whole = read_page(b->page, shard, out);
		/* An old one may be one that has been replaced. */
		if (is_whole &&
		    clock_mono_ms(b->clock) - out->t0_mono < CACHE_DELTA_MS)
			return true;
		if (round > 0 || !find_page(b))
			return is_whole;
	}
	return false;
}

/* ----------------------------------------------------------- publishers */

/* Whole, and then under its name. */
static enum rc
make_file(struct rev_board *b)
{
	struct page page = { .magic = MAGIC };
	int fd;
	bool is_made;

	memcpy(page.boot, b->boot, sizeof(b->boot));
	(void)unlink(b->new_path);
	fd = open(b->new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return RC_IO;
	is_made = write(fd, &page, sizeof(page)) == (ssize_t)sizeof(page) &&
	    rename(b->new_path, b->path) == 0;
	if (!is_made)
		(void)unlink(b->new_path);
	(void)close(fd);
	return is_made ? RC_OK : RC_IO;
}

static enum rc
open_file(struct rev_board *b)
{
	enum rc rc;

	unmap(b);
	b->fd = open(b->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (b->fd < 0)
		return errno == ENOENT ? RC_NOTFOUND : RC_IO;
	rc = map(b, b->fd, PROT_READ | PROT_WRITE);
	if (rc != RC_OK)
		unmap(b);
	return rc;
}

static bool
is_in_place(const struct rev_board *b)
{
	struct stat st;

	return b->fd >= 0 && b->page != NULL && fstat(b->fd, &st) == 0 &&
	    st.st_nlink > 0;
}

static enum rc
need_file(struct rev_board *b)
{
	enum rc rc;

	if (is_in_place(b))
		return RC_OK;
	rc = open_file(b);
	if (rc != RC_NOTFOUND)
		return rc;
	rc = make_file(b);
	if (rc == RC_OK)
		rc = open_file(b);
	return rc == RC_NOTFOUND ? RC_IO : rc;
}

static void
write_page(struct page *page, int64_t t0_mono, uint32_t incarnation,
    const int64_t rev[STORE_SHARDS])
{
	/* Odd already if somebody died here. */
	unsigned long long turn =
	    atomic_load_explicit(&page->turn, memory_order_relaxed) | 1;

	atomic_store_explicit(&page->turn, turn, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&page->t0_mono, t0_mono, memory_order_relaxed);
	atomic_store_explicit(
	    &page->incarnation, incarnation, memory_order_relaxed);
	for (size_t i = 0; i < STORE_SHARDS; i++)
		atomic_store_explicit(
		    &page->rev[i], rev[i], memory_order_relaxed);
	atomic_store_explicit(&page->turn, turn + 1, memory_order_release);
}

/* Did somebody publish what was read later?  What is of the future is none. */
static bool
is_newer_there(const struct rev_board *b, int64_t t0_mono)
{
	struct cache_rev rev;

	return read_page(b->page, 0, &rev) && rev.t0_mono >= t0_mono &&
	    rev.t0_mono <= clock_mono_ms(b->clock);
}

enum rc
rev_board_publish(struct rev_board *b, int64_t t0_mono, uint32_t incarnation,
    const int64_t rev[STORE_SHARDS])
{
	enum rc rc = b->boot[0] == '\0' ? RC_IO : need_file(b);

	if (rc != RC_OK)
		return rc;
	/* Somebody else is at it, with a reading as new as ours. */
	if (flock(b->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? RC_OK : RC_IO;
	if (!is_newer_there(b, t0_mono))
		write_page(b->page, t0_mono, incarnation, rev);
	(void)flock(b->fd, LOCK_UN);
	return RC_OK;
}

/* -------------------------------------------------------- open and free */

/* Empty where there is none: then nothing is published or believed. */
static void
read_boot_id(char boot[BOOT_ID_LEN + 1])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, boot, BOOT_ID_LEN);
		(void)close(fd);
	}
	boot[n == BOOT_ID_LEN ? BOOT_ID_LEN : 0] = '\0';
}

static char *
path_of(const char *state, const char *name, long number)
{
	size_t len = strlen(state) + strlen(name) + 64;
	char *path = malloc(len);

	if (path != NULL && number < 0)
		(void)snprintf(path, len, "%s/run/%s", state, name);
	else if (path != NULL)
		(void)snprintf(path, len, "%s/run/%s-%ld", state, name, number);
	return path;
}

enum rc
rev_board_open(
    const char *state, const struct clock *clock, struct rev_board **out)
{
	struct rev_board *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return RC_NOMEM;
	*b = (struct rev_board){ .revs = { get }, .clock = clock, .fd = -1 };
	b->retry_mono = INT64_MIN;
	b->path = path_of(state, "revs", -1);
	b->new_path = path_of(state, "revs", (long)getpid());
	if (b->path == NULL || b->new_path == NULL) {
		rev_board_free(b);
		return RC_NOMEM;
	}
	read_boot_id(b->boot);
	*out = b;
	return RC_OK;
}

struct cache_revs *
rev_board_revs(struct rev_board *b)
{
	return &b->revs;
}

void
rev_board_free(struct rev_board *b)
{
	if (b == NULL)
		return;
	unmap(b);
	free(b->path);
	free(b->new_path);
	free(b);
}
