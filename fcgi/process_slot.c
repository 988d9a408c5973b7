#define _GNU_SOURCE /* pipe2 */
#include "process_slot.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "worker.h"

/* Most calls are over by then, and need nobody in their place. */
#define SPARE_MS 30

static bool
is_live(const struct slot *s)
{
	return s->pid != 0 && s->lifetime >= 0;
}

static bool
is_serving(const struct slot *s)
{
	return is_live(s) && s->work == SLOT_SERVES;
}

struct census
slots_count(const struct parent *p)
{
	struct census c = { 0, 0, NULL, NULL, 0, 0 };

	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *s = &p->slot[i];

		if (s->pid == 0)
			continue;
		c.calls += s->work == SLOT_CALL;
		c.held += s->work == SLOT_HELD;
		if (!is_serving(s))
			continue;
		c.serving++;
		if (s->is_old)
			c.old = s;
		if (!s->is_ready)
			c.starting++;
		else if (c.spare == NULL || s->started > c.spare->started)
			c.spare = s;
	}
	return c;
}

void
slot_leave(struct slot *s)
{
	if (s->lifetime >= 0)
		(void)close(s->lifetime);
	s->lifetime = -1;
}

void
slot_close(struct slot *s)
{
	slot_leave(s);
	if (s->talk >= 0)
		(void)close(s->talk);
	s->talk = -1;
}

/* -------------------------------------------------------------- births */

/* In the child: keep what is its own. */
static int
be_child(struct parent *p, const struct worker_options *w)
{
	int status;

	for (size_t i = 0; i < p->n_slots; i++)
		slot_close(&p->slot[i]);
	(void)close(p->signals);
	if (p->orders >= 0)
		(void)close(p->orders);
	status = worker_run(w);
	log_flush(p->o->log);
	free(p->slot);
	free(p->watch);
	return status;
}

static void
fork_into(struct parent *p, struct slot *s, const struct call_order *order,
    int lifetime[2], int talk[2])
{
	const struct call_order none = { 0, 0 };
	const struct worker_options w = { .socket = p->o->socket,
		.lifetime = lifetime[0],
		.talk = talk[1],
		.is_first = !p->has_forked,
		.call = order == NULL ? none : *order,
		.work = p->o->work,
		.order = p->o->order,
		.ctx = p->o->ctx };
	pid_t pid;

	log_flush(p->o->log);
	pid = fork();
	if (pid == 0) {
		(void)close(lifetime[1]);
		(void)close(talk[0]);
		_exit(be_child(p, &w));
	}
	(void)close(lifetime[0]);
	(void)close(talk[1]);
	*s = (struct slot){ .pid = pid < 0 ? 0 : pid,
		.lifetime = lifetime[1],
		.talk = talk[0],
		.started = clock_mono_ms(&clock_system),
		.work = order == NULL ? SLOT_SERVES : SLOT_CALL,
		.order = w.call };
	if (pid < 0)
		slot_close(s);
}

bool
slot_start(struct parent *p, const struct call_order *order)
{
	struct slot *s = p->slot;
	int lifetime[2];
	int talk[2];

	while (s < p->slot + p->n_slots && s->pid != 0)
		s++;
	if (s == p->slot + p->n_slots)
		return false;
	if (pipe2(lifetime, O_CLOEXEC) != 0)
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk) != 0) {
		(void)close(lifetime[0]);
		(void)close(lifetime[1]);
		return false;
	}
	fork_into(p, s, order, lifetime, talk);
	if (s->pid == 0)
		return false;
	p->has_forked = true;
	log_event(
	    p->o->log, LOG_DEBUG, "worker-started", "pid=%d", (int)s->pid);
	return true;
}

/* ------------------------------------------------------------- reports */

static void
say(const struct slot *s, char word)
{
	/* Never waits; who is gone needs no answer. */
	(void)!send(s->talk, &word, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
change_group(struct slot *s, pid_t from, pid_t to)
{
	for (size_t i = 0; i < GROUPS_MAX; i++) {
		if (s->group[i] == from) {
			s->group[i] = to;
			return;
		}
	}
}

/* The limits of the host, and somebody who takes the next request. */
static bool
may_stay(struct parent *p, const struct slot *s, enum slot_work work)
{
	struct census c = slots_count(p);
	bool has_room =
	    work == SLOT_CALL ? c.calls < p->o->calls : c.held < p->o->held;
	int others = c.serving - (is_serving(s) ? 1 : 0);

	if (!has_room)
		return false;
	/* No next request is to be taken. */
	if (p->is_stopping)
		return true;
	return others > 0 ||
	    (clock_mono_ms(&clock_system) >= p->fork_at && slot_start(p, NULL));
}

static void
ask(struct parent *p, struct slot *s, enum slot_work work)
{
	bool may = s->work == SLOT_SERVES && may_stay(p, s, work);
	int64_t now = clock_mono_ms(&clock_system);

	if (may)
		s->work = work;
	if (may && p->spare_at <= now)
		p->spare_at = now + SPARE_MS;
	if (!may)
		log_event(p->o->log, LOG_WARNING, "no-room", "worker=%d for=%s",
		    (int)s->pid, work == SLOT_CALL ? "call" : "stream");
	say(s, may ? WORD_YES : WORD_NO);
}

static void
take(struct parent *p, struct slot *s, const struct report *r)
{
	/* Never a pid that kill() understands in another way. */
	bool is_group = r->group > 1;

	if (r->kind == REPORT_READY) {
		s->is_ready = true;
		p->is_first_done = true;
	} else if (r->kind == REPORT_STARTED && is_group) {
		change_group(s, 0, r->group);
	} else if (r->kind == REPORT_ENDED && is_group) {
		change_group(s, r->group, 0);
	} else if (r->kind == REPORT_CALL) {
		ask(p, s, SLOT_CALL);
	} else if (r->kind == REPORT_HELD) {
		ask(p, s, SLOT_HELD);
	} else if (r->kind == REPORT_BACK && s->order.call == 0) {
		s->work = SLOT_SERVES;
	}
}

void
slot_drain(struct parent *p, struct slot *s)
{
	struct report r;

	while (recv(s->talk, &r, sizeof(r), MSG_DONTWAIT) == (ssize_t)sizeof(r))
		take(p, s, &r);
}

void
slots_wake_one(const struct parent *p)
{
	struct census c = slots_count(p);

	if (c.spare != NULL)
		say(c.spare, WORD_WAKE);
}

void
slot_kill_groups(struct parent *p, struct slot *s)
{
	for (size_t i = 0; i < GROUPS_MAX; i++) {
		if (s->group[i] == 0)
			continue;
		log_event(p->o->log, LOG_WARNING, "tool-killed",
		    "worker=%d group=%d", (int)s->pid, (int)s->group[i]);
		(void)kill(-s->group[i], SIGKILL);
		s->group[i] = 0;
	}
}
