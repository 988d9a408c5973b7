#define _GNU_SOURCE /* pipe2, sched_getaffinity */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "process_slot.h"

/* A worker that ends within this time of its start was not worth it. */
#define QUICK_MS 1000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
/* While workers are replaced, old ones may still be at a long call. */
#define SLOTS_PER_WORKER 4
/* Who is one too many stays so long: calls come one after another. */
#define THIN_MS 1000
/* What the parent watches besides its children. */
#define N_OWN 2

static int64_t
now_ms(void)
{
	return clock_mono_ms(&clock_system);
}

/* While there are too many; true if one was told to leave. */
static bool
thin_out(struct parent *p, const struct census *c)
{
	if (c->serving <= p->o->workers || c->spare == NULL) {
		p->thin_at = 0;
		return false;
	}
	if (p->thin_at == 0)
		p->thin_at = now_ms() + THIN_MS;
	if (now_ms() < p->thin_at)
		return false;
	slot_leave(c->spare);
	return true;
}

/* One step towards the workers there should be; false: nothing to do now. */
static bool
balance_once(struct parent *p)
{
	struct census c = slots_count(p);
	bool one_by_one = !p->is_first_done || c.old != NULL;

	if (p->is_stopping || (c.starting > 0 && one_by_one))
		return false;
	if (c.old != NULL && c.serving > p->o->workers) {
		slot_leave(c.old);
		return true;
	}
	if (c.old == NULL && thin_out(p, &c))
		return true;
	if ((c.serving >= p->o->workers && c.old == NULL) ||
	    now_ms() < p->fork_at || (c.serving > 0 && now_ms() < p->spare_at))
		return false;
	if (slot_start(p, NULL))
		return true;
	p->fork_at = now_ms() + BACKOFF_MIN_MS;
	return false;
}

/* ------------------------------------------------------------- deaths */

static void
back_off(struct parent *p)
{
	int64_t wait = BACKOFF_MIN_MS;

	/* The first death may be bad luck. */
	for (int i = 2; i < p->quick && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (p->quick > 1)
		p->fork_at =
		    now_ms() + (wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait);
}

/*
 * The first worker of all said itself that it cannot serve: neither can the
 * next, and whoever started us should know instead of waiting for an answer.
 */
static void
give_up_if_first(struct parent *p, const struct slot *s, int status)
{
	if (p->is_first_done || s->is_ready || p->is_stopping ||
	    !WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return;
	log_event(p->o->log, LOG_ERROR, "cannot-start",
	    "why=the first worker could not serve");
	p->has_failed = true;
	p->is_stopping = true;
	p->stop_at = now_ms();
}

static void
bury(struct parent *p, struct slot *s, int status)
{
	bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	/* Killed from outside: that says nothing about the next one. */
	bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	bool is_quick = now_ms() - s->started < QUICK_MS &&
	    !((is_clean || is_killed) && s->is_ready) && !p->is_stopping;

	slot_drain(p, s);
	slot_kill_groups(p, s);
	log_event(p->o->log, is_clean ? LOG_DEBUG : LOG_WARNING, "worker-ended",
	    "pid=%d status=%d signal=%d", (int)s->pid,
	    WIFEXITED(status) ? WEXITSTATUS(status) : 0,
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	slot_close(s);
	s->pid = 0;
	/* Whoever it was, it may have left something behind. */
	slots_wake_one(p);
	/* A call that cannot be run says nothing about those who serve. */
	if (s->order.call != 0)
		return;
	give_up_if_first(p, s, status);
	p->is_first_done = true;
	p->quick = is_quick ? p->quick + 1 : 0;
	back_off(p);
}

/* Workers, and the orphans that came to us as their subreaper. */
static void
reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < p->n_slots; i++) {
			if (p->slot[i].pid == pid)
				bury(p, &p->slot[i], status);
		}
	}
}

/* ------------------------------------------------------------ signals */

static void
stop(struct parent *p)
{
	if (p->is_stopping)
		return;
	log_event(p->o->log, LOG_INFO, "stopping", "grace_ms=%lld",
	    (long long)p->o->grace_ms);
	p->is_stopping = true;
	p->stop_at = now_ms() + p->o->grace_ms;
	for (size_t i = 0; i < p->n_slots; i++)
		slot_leave(&p->slot[i]);
}

static void
replace_all(struct parent *p)
{
	if (p->is_stopping)
		return;
	if (p->o->reload != NULL && !p->o->reload(p->o->ctx))
		return;
	log_event(
	    p->o->log, LOG_INFO, "reloading", "workers=%d", p->o->workers);
	for (size_t i = 0; i < p->n_slots; i++) {
		p->slot[i].is_old = true;
		/* Nobody waits for what it would do next. */
		if (p->slot[i].work != SLOT_SERVES)
			slot_leave(&p->slot[i]);
	}
	p->quick = 0;
	p->fork_at = 0;
}

static void
take_signals(struct parent *p)
{
	struct signalfd_siginfo info;
	bool must_reload = false;
	bool must_stop = false;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		must_reload = must_reload || info.ssi_signo == SIGHUP;
		must_stop = must_stop || info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGINT;
	}
	/* A stop is known before the deaths it may have caused. */
	if (must_stop)
		stop(p);
	reap(p);
	if (must_reload)
		replace_all(p);
}

/* --------------------------------------------------------------- loop */

static void
kill_rest(struct parent *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *s = &p->slot[i];

		if (s->pid == 0)
			continue;
		log_event(p->o->log, LOG_WARNING, "worker-killed", "pid=%d",
		    (int)s->pid);
		(void)kill(s->pid, SIGKILL);
	}
	p->stop_at = INT64_MAX;
}

/* What was due when it was looked at has been done. */
static int64_t
sooner(const struct parent *p, int64_t at, int64_t other)
{
	return other > p->looked && other < at ? other : at;
}

static int
timeout_of(const struct parent *p)
{
	int64_t at = p->is_stopping ? p->stop_at : INT64_MAX;
	int64_t left;

	if (!p->is_stopping) {
		at = sooner(p, at, p->fork_at);
		at = sooner(p, at, p->spare_at);
		at = sooner(p, at, p->thin_at);
	}
	if (at == INT64_MAX)
		return -1;
	left = at - now_ms();
	if (left > 60000)
		return 60000;
	return left < 0 ? 0 : (int)left;
}

static void
hear(struct parent *p, struct slot *s, int talk, short revents)
{
	/* The slot may be another child's by now. */
	if (revents == 0 || s->talk != talk)
		return;
	slot_drain(p, s);
	/* At its end it says so again and again; the death of the worker is
	 * told by SIGCHLD. */
	if ((revents & POLLHUP) != 0) {
		(void)close(s->talk);
		s->talk = -1;
	}
}

static void
wait_for_news(struct parent *p)
{
	int timeout = timeout_of(p);
	struct pollfd *slots = p->watch + N_OWN;

	p->watch[0] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	p->watch[1] = (struct pollfd){ .fd = p->orders, .events = POLLIN };
	for (size_t i = 0; i < p->n_slots; i++)
		slots[i] =
		    (struct pollfd){ .fd = p->slot[i].talk, .events = POLLIN };
	if (poll(p->watch, (nfds_t)(p->n_slots + N_OWN), timeout) <= 0)
		return;
	for (size_t i = 0; i < p->n_slots; i++)
		hear(p, &p->slot[i], slots[i].fd, slots[i].revents);
	if (p->watch[0].revents != 0)
		take_signals(p);
	if (p->watch[1].revents != 0)
		orders_take(p);
}

static bool
is_empty(const struct parent *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		if (p->slot[i].pid != 0)
			return false;
	}
	return true;
}

static bool
parent_init(struct parent *p, const struct process_options *o)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t handled;

	*p = (struct parent){ .o = o,
		.signals = -1,
		.orders = -1,
		.n_slots = (size_t)o->workers * SLOTS_PER_WORKER + 1 +
		    (size_t)o->calls + (size_t)o->held };
	p->slot = calloc(p->n_slots, sizeof(*p->slot));
	p->watch = calloc(p->n_slots + N_OWN, sizeof(*p->watch));
	if (p->slot == NULL || p->watch == NULL)
		return false;
	for (size_t i = 0; i < p->n_slots; i++)
		p->slot[i] = (struct slot){ .lifetime = -1, .talk = -1 };
	(void)sigemptyset(&handled);
	(void)sigaddset(&handled, SIGCHLD);
	(void)sigaddset(&handled, SIGHUP);
	(void)sigaddset(&handled, SIGINT);
	(void)sigaddset(&handled, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &handled, NULL) != 0)
		return false;
	p->signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals >= 0 && sigaction(SIGCHLD, &usual, NULL) == 0 &&
	    prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) == 0;
}

static void
parent_release(struct parent *p)
{
	for (size_t i = 0; p->slot != NULL && i < p->n_slots; i++)
		slot_close(&p->slot[i]);
	orders_close(p);
	if (p->signals >= 0)
		(void)close(p->signals);
	free(p->slot);
	free(p->watch);
}

int
process_run(const struct process_options *o)
{
	struct parent p;
	int status = EXIT_SUCCESS;

	if (!parent_init(&p, o)) {
		log_event(o->log, LOG_ERROR, "cannot-start", "error=%d", errno);
		status = EXIT_FAILURE;
		goto out;
	}
	orders_open(&p);
	while (!p.is_stopping || !is_empty(&p)) {
		p.looked = now_ms();
		while (balance_once(&p))
			continue;
		log_flush(o->log);
		wait_for_news(&p);
		if (p.is_stopping && now_ms() >= p.stop_at)
			kill_rest(&p);
	}
	/* Tools whose workers were killed have been killed with them. */
	reap(&p);
	if (p.has_failed)
		status = EXIT_FAILURE;
out:
	parent_release(&p);
	return status;
}

int
process_processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return CPU_COUNT(&set) < 1 ? 1 : CPU_COUNT(&set);
}
