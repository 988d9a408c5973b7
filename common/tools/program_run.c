#define _GNU_SOURCE /* syscall */

#include "program_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program_say.h"
#include "program_start.h"
#include "program_stat.h"

/* How long a cancelled call may go unnoticed, and, where the kernel has no
 * pidfd_open(2), an ended program. */
#define TICK_MS 50
/* More often than this nobody is asked, however much a program says. */
#define TICK_LEAST_MS 20
/* What a program has to leave whose questions are pending. */
#define LEAVE_MS 1000
#define CHUNK ((size_t)16 * 1024)
/* What is read after the end: no more than a pipe can hold, because somebody
 * who left the group may go on writing. */
#define DRAIN_CHUNKS 64

struct run {
	const struct program_child *child;
	struct program_outcome *out;
	struct program_process process;
	struct program_say say;
	int pidfd; /* readable when the leader has ended; -1: unknown */
	size_t fed;
	int64_t deadline;
	int64_t calls_deadline; /* when we looked last */
	int64_t ticked;
	bool is_stopped; /* out->end is decided */
	enum rc rc;
};

static void
stop(struct run *r, enum program_end end, int number)
{
	if (r->is_stopped)
		return;
	r->is_stopped = true;
	r->out->end = end;
	r->out->number = number;
}

/* -------------------------------------------------------------- the pipes */

static void
feed(struct run *r)
{
	const struct slice input = r->child->input;
	const int fd = r->process.fd[CHANNEL_INPUT];

	while (r->fed < input.len) {
		ssize_t n = write(fd, input.ptr + r->fed, input.len - r->fed);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		/* It does not want to know: that is its own affair. */
		if (n < 0)
			break;
		r->fed += (size_t)n;
	}
	program_close(&r->process, CHANNEL_INPUT);
}

/* What fits, now; the rest when it reads. */
static void
answer(struct run *r)
{
	const struct slice s = program_say_answer(&r->say);
	ssize_t n;

	do
		n = write(r->process.fd[CHANNEL_ANSWER], s.ptr, s.len);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		program_say_sent(&r->say, (size_t)n);
	else if (errno != EAGAIN)
		program_say_deafen(&r->say);
}

static void
take_output(struct run *r, const char *bytes, size_t n)
{
	struct buf *output = &r->out->output;

	if (n > r->child->output_max - output->len) {
		stop(r, PROGRAM_TOO_LONG, 0);
		return;
	}
	buf_put(output, bytes, n);
	if (output->failed) {
		r->rc = RC_NOMEM;
		stop(r, PROGRAM_TOO_LONG, 0);
	}
}

/* Keep the end of what was said. */
static void
take_error(struct run *r, const char *bytes, size_t n)
{
	struct program_outcome *out = r->out;
	size_t old = out->tail_len;

	if (n > PROGRAM_TAIL_MAX) {
		bytes += n - PROGRAM_TAIL_MAX;
		n = PROGRAM_TAIL_MAX;
	}
	if (old > PROGRAM_TAIL_MAX - n) {
		size_t gone = old - (PROGRAM_TAIL_MAX - n);

		memmove(out->tail, out->tail + gone, old - gone);
		old -= gone;
	}
	memcpy(out->tail + old, bytes, n);
	out->tail_len = old + n;
}

static void
take_said(struct run *r, const char *bytes, size_t n)
{
	program_say_take(&r->say, (struct slice){ bytes, n });
}

static void
take_trouble(struct run *r, const char *bytes, size_t n)
{
	struct program_trouble trouble;

	if (n != sizeof(trouble))
		return;
	memcpy(&trouble, bytes, n);
	stop(r, trouble.end, trouble.number);
}

static void (*const take[CHANNELS])(struct run *, const char *, size_t) = {
	[CHANNEL_OUTPUT] = take_output,
	[CHANNEL_ERROR] = take_error,
	[CHANNEL_SAY] = take_said,
	[CHANNEL_CONTROL] = take_trouble,
};

/* One read; false if there was nothing (yet, or any more). */
static bool
hear(struct run *r, enum program_channel channel)
{
	char chunk[CHUNK];
	ssize_t n;

	if (r->process.fd[channel] < 0)
		return false;
	do
		n = read(r->process.fd[channel], chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		program_close(&r->process, channel);
		return false;
	}
	take[channel](r, chunk, (size_t)n);
	return true;
}

/* ---------------------------------------------------------------- the loop */

static int64_t
now_ms(const struct run *r)
{
	return clock_mono_ms(r->child->host->clock);
}

/* What its surroundings have to say; they do their own work then, too. */
static void
look_around(struct run *r)
{
	struct tool_call *call = r->child->call;

	if (call->env->is_cancelled(call))
		stop(r, PROGRAM_CANCELLED, 0);
	else
		program_say_look(&r->say);
	if (call->deadline_mono > r->calls_deadline && !r->out->is_pending)
		r->deadline += call->deadline_mono - r->calls_deadline;
	r->calls_deadline = call->deadline_mono;
}

static void
check_limits(struct run *r)
{
	int64_t now = now_ms(r);

	if (now - r->ticked >= TICK_LEAST_MS) {
		look_around(r);
		now = now_ms(r);
		r->ticked = now;
	}
	if (r->say.is_pending && !r->out->is_pending) {
		r->out->is_pending = true;
		if (r->deadline > now + LEAVE_MS)
			r->deadline = now + LEAVE_MS;
	}
	if (now >= r->deadline)
		stop(r, PROGRAM_LATE, 0);
}

static bool
has_ended(const struct run *r)
{
	siginfo_t info = { 0 };

	/* Left as a zombie: its number, and so the group's, stays taken until
	 * the group was killed. */
	if (waitid(P_PID, (id_t)r->process.pid, &info,
		WEXITED | WNOHANG | WNOWAIT) != 0)
		return errno != EINTR;
	return info.si_pid != 0;
}

static void
wait_and_serve(struct run *r)
{
	const bool has_answer = program_say_answer(&r->say).len > 0;
	struct tool_call *call = r->child->call;
	struct pollfd fds[CHANNELS + 2];
	int64_t left = r->deadline - now_ms(r);

	/* It reads the end of file where it would wait in vain. */
	if (r->say.is_deaf)
		program_close(&r->process, CHANNEL_ANSWER);
	for (int i = 0; i < CHANNELS; i++) {
		fds[i] = (struct pollfd){
			.fd = r->process.fd[i],
			.events = i <= CHANNEL_ANSWER ? POLLOUT : POLLIN,
		};
	}
	if (!has_answer)
		fds[CHANNEL_ANSWER].fd = -1;
	fds[CHANNELS] = (struct pollfd){ .fd = r->pidfd, .events = POLLIN };
	fds[CHANNELS + 1] = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (call->env->alarm != NULL)
		fds[CHANNELS + 1].fd = call->env->alarm(call);
	if (left < 0)
		left = 0;
	if (poll(fds, CHANNELS + 2, left < TICK_MS ? (int)left : TICK_MS) <= 0)
		return;
	if (fds[CHANNEL_INPUT].revents != 0)
		feed(r);
	if (fds[CHANNEL_ANSWER].revents != 0)
		answer(r);
	/* At once. */
	if (fds[CHANNELS + 1].revents != 0)
		r->ticked = now_ms(r) - TICK_LEAST_MS;
	for (int i = CHANNEL_OUTPUT; i < CHANNELS; i++)
		if (fds[i].revents != 0)
			(void)hear(r, (enum program_channel)i);
}

/* What the leader wrote before it ended lies in the pipes; who else holds
 * them is not waited for. */
static void
drain(struct run *r)
{
	program_say_deafen(&r->say);
	for (int i = CHANNEL_OUTPUT; i < CHANNELS; i++) {
		for (int n = 0; n < DRAIN_CHUNKS && !r->is_stopped; n++)
			if (!hear(r, (enum program_channel)i))
				break;
	}
}

/* The end of the group: killed, then the leader reaped. */
static void
bury(struct run *r)
{
	const pid_t pid = r->process.pid;
	int status = 0;
	pid_t got;

	(void)kill(-pid, SIGKILL);
	/* In case the group was never made. */
	(void)kill(pid, SIGKILL);
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got == pid && WIFSIGNALED(status))
		stop(r, PROGRAM_KILLED, WTERMSIG(status));
	else {
		/* Without a status (somebody else reaped it) it failed. */
		stop(r, PROGRAM_EXITED,
		    got == pid && WIFEXITED(status) ? WEXITSTATUS(status)
						    : 255);
	}
}

static void
serve(struct run *r)
{
	check_limits(r);
	while (!r->is_stopped) {
		wait_and_serve(r);
		if (r->is_stopped)
			return;
		if (has_ended(r))
			break;
		check_limits(r);
	}
	if (!r->is_stopped) {
		(void)kill(-r->process.pid, SIGKILL);
		drain(r);
	}
}

/* -------------------------------------------------------------- SIGPIPE */

/* A program that does not read must not kill us: the signal is held back
 * while we write, and swallowed if it was ours. */
struct pipe_guard {
	sigset_t before;
	bool was_pending;
};

static void
pipe_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGPIPE);
}

static void
pipe_guard_take(struct pipe_guard *g)
{
	sigset_t pipe, pending;

	pipe_set(&pipe);
	(void)sigemptyset(&pending);
	(void)sigpending(&pending);
	g->was_pending = sigismember(&pending, SIGPIPE) == 1;
	(void)pthread_sigmask(SIG_BLOCK, &pipe, &g->before);
}

static void
pipe_guard_drop(const struct pipe_guard *g)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t pipe;

	pipe_set(&pipe);
	if (!g->was_pending)
		(void)sigtimedwait(&pipe, NULL, &at_once);
	(void)pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

/* -------------------------------------------------------------- the whole */

static void
tell(const struct program_host *host, void (*event)(void *, pid_t), pid_t pid)
{
	if (event != NULL)
		event(host->ctx, pid);
}

static void
begin(struct run *r)
{
	struct tool_call *call = r->child->call;

	r->pidfd = (int)syscall(SYS_pidfd_open, r->process.pid, 0);
	r->deadline = r->child->deadline_mono;
	r->calls_deadline = call->deadline_mono;
	r->ticked = now_ms(r) - TICK_MS;
	program_say_init(&r->say, call, r->child->host->log);
	tell(r->child->host, r->child->host->started, r->process.pid);
	call->env->group(
	    call, r->process.pid, program_stat_start(r->process.pid));
	program_go(&r->process);
}

static void
end(struct run *r)
{
	struct tool_call *call = r->child->call;

	bury(r);
	call->env->group(call, 0, 0);
	tell(r->child->host, r->child->host->ended, r->process.pid);
	r->out->is_pending = r->say.is_pending;
	program_say_end(&r->say);
	program_say_release(&r->say);
	for (int i = 0; i < CHANNELS; i++)
		program_close(&r->process, (enum program_channel)i);
	if (r->pidfd >= 0)
		(void)close(r->pidfd);
}

enum rc
program_run(const struct program_child *c, struct program_outcome *out)
{
	struct run r = { .child = c, .out = out };
	struct pipe_guard guard;
	enum rc rc;

	out->output = BUF_INIT(c->output_max);
	out->tail_len = 0;
	out->is_pending = false;
	rc = program_start(c, &r.process);
	if (rc != RC_OK)
		return rc;
	begin(&r);
	pipe_guard_take(&guard);
	serve(&r);
	pipe_guard_drop(&guard);
	end(&r);
	return r.rc;
}
