/*
 * Under any program, by LD_PRELOAD: the clock on the wall is wrong by
 * $MCP_CLOCK_OFFSET seconds, and the other clocks are right.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_fn(clockid_t, struct timespec *);

/* Before main(); nobody changes it later. */
static long offset;
static clock_fn *next;

/* Somebody may ask for the time before that, and is told the right one. */
__attribute__((constructor)) static void
find(void)
{
	void *found = dlsym(RTLD_NEXT, "clock_gettime");
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *text = getenv("MCP_CLOCK_OFFSET");

	if (found == NULL)
		abort();
	memcpy(&next, &found, sizeof(next));
	offset = text == NULL ? 0 : strtol(text, NULL, 10);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs
 * are reserved names */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc;

	if (next == NULL)
		find();
	rc = next(clock, now);
	if (rc == 0 &&
	    (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset;
	return rc;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	now->tv_sec = t.tv_sec;
	now->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *now)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	if (now != NULL)
		*now = t.tv_sec;
	return t.tv_sec;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
