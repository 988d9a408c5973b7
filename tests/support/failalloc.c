#include "failalloc.h"

#include <stddef.h>
#include <stdio.h>

/* What the linker makes of the names; see ld(1), --wrap. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

/* A wrapped function has no context: this is the one place for it. */
static struct {
	bool armed;
	bool refused;
	long left; /* allocations that still succeed */
} state;

static bool
refuses(void)
{
	if (!state.armed || state.refused)
		return false;
	if (state.left > 0) {
		state.left--;
		return false;
	}
	state.refused = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return refuses() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refuses() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return refuses() ? NULL : __real_realloc(p, n);
}

void
failalloc_arm(long nth)
{
	state.armed = true;
	state.refused = false;
	state.left = nth;
}

bool
failalloc_disarm(void)
{
	state.armed = false;
	return state.refused;
}

int
failalloc_each(const char *name, enum rc (*scenario)(void))
{
	bool refused = true;

	for (long nth = 0; refused; nth++) {
		enum rc rc;

		failalloc_arm(nth);
		rc = scenario();
		refused = failalloc_disarm();
		if (nth == 0 && !refused) {
			(void)fprintf(stderr, "%s: allocates nothing\n", name);
			return 1;
		}
		if (rc != (refused ? RC_NOMEM : RC_OK)) {
			(void)fprintf(stderr, "%s: allocation %ld %s: %s\n",
			    name, nth, refused ? "refused" : "reached",
			    rc_name(rc));
			return 1;
		}
	}
	return 0;
}

int
failalloc_repeat(const char *name, enum rc (*scenario)(long nth, bool *refused))
{
	bool refused = true;

	for (long nth = 0; refused; nth++) {
		enum rc rc = scenario(nth, &refused);

		if (rc != RC_OK) {
			(void)fprintf(
			    stderr, "%s: %ld: %s\n", name, nth, rc_name(rc));
			return 1;
		}
	}
	return 0;
}
