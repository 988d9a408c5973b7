#define _GNU_SOURCE /* pipe2, close_range */

#include "program_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* Where close_range(2) is unknown, as many descriptors are closed one by one
 * at most: a loop up to a limit of a billion would take minutes. */
#define CLOSE_MAX 65536

/* Where the program finds them; the channel for control has none. */
static const int numbers[CHANNELS] = {
	[CHANNEL_INPUT] = STDIN_FILENO,
	[CHANNEL_OUTPUT] = STDOUT_FILENO,
	[CHANNEL_ERROR] = STDERR_FILENO,
	[CHANNEL_SAY] = 3,
	[CHANNEL_ANSWER] = 4,
	[CHANNEL_CONTROL] = -1,
};
#define NUMBER_MAX 4

struct pair {
	int ours;
	int theirs;
};

/* ------------------------------------------------------------- the child */

/*
 * Everything from here to the parent's part runs after fork in a process that
 * shares the parent's memory image: only async-signal-safe calls.
 */
static void
signals_default(void)
{
	struct sigaction dfl = { 0 };
	sigset_t none;

	dfl.sa_handler = SIG_DFL;
	(void)sigemptyset(&dfl.sa_mask);
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static struct rlimit
lowered(struct rlimit now, rlim_t value)
{
	if (now.rlim_max == RLIM_INFINITY || value < now.rlim_max)
		now.rlim_max = value;
	now.rlim_cur = now.rlim_max;
	return now;
}

static void
set_limits(uint64_t memory)
{
	struct rlimit l;

	/* Arguments may be secret; a core file would keep them. */
	if (getrlimit(RLIMIT_CORE, &l) == 0) {
		l = lowered(l, 0);
		(void)setrlimit(RLIMIT_CORE, &l);
	}
	if (memory > 0 && getrlimit(RLIMIT_AS, &l) == 0) {
		l = lowered(l, (rlim_t)memory);
		(void)setrlimit(RLIMIT_AS, &l);
	}
}

static void
close_on_exec_from(int first, int last)
{
	if (close_range((unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = first; fd < last; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

_Noreturn static void
give_up(int control, enum program_end end)
{
	struct program_trouble trouble = { .end = end, .number = errno };

	(void)!write(control, &trouble, sizeof(trouble));
	_exit(127);
}

static bool
wait_for_go(int control)
{
	char go;
	ssize_t n;

	do
		n = read(control, &go, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static bool
put_in_place(const struct pair *pairs)
{
	for (int i = 0; i < CHANNELS; i++)
		if (numbers[i] >= 0 && dup2(pairs[i].theirs, numbers[i]) < 0)
			return false;
	return true;
}

_Noreturn static void
child_main(const struct program_child *c, const struct pair *pairs,
    pid_t parent, int last)
{
	const int control = pairs[CHANNEL_CONTROL].theirs;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the line above. */
	if (getppid() != parent)
		_exit(127);
	/* Or else our own copy would keep the parent's end alive. */
	for (int i = 0; i < CHANNELS; i++)
		(void)close(pairs[i].ours);
	signals_default();
	if (!wait_for_go(control))
		_exit(127);
	if (!put_in_place(pairs))
		give_up(control, PROGRAM_NO_START);
	close_on_exec_from(NUMBER_MAX + 1, last);
	if (chdir(c->folder) != 0)
		give_up(control, PROGRAM_NO_FOLDER);
	set_limits(c->memory);
	(void)execve(c->file, c->argv, c->env);
	give_up(control, PROGRAM_NO_START);
}

/* ------------------------------------------------------------ the parent */

/* A worker may run with some of the first ones closed; a pipe there would be
 * overwritten by the dup2() of its neighbour. */
static int
above_all(int fd)
{
	int moved;

	if (fd < 0 || fd > NUMBER_MAX)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, NUMBER_MAX + 1);
	(void)close(fd);
	return moved;
}

static bool
pair_open(struct pair *p, enum program_channel channel)
{
	int fd[2] = { -1, -1 };
	int rc = channel == CHANNEL_CONTROL
	    ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)
	    : pipe2(fd, O_CLOEXEC);
	const int ours = channel <= CHANNEL_ANSWER ? 1 : 0;

	if (rc != 0)
		return false;
	p->ours = above_all(fd[ours]);
	p->theirs = above_all(fd[1 - ours]);
	return p->ours >= 0 && p->theirs >= 0 &&
	    fcntl(p->ours, F_SETFL, O_NONBLOCK) == 0;
}

static void
pair_close(struct pair *p)
{
	if (p->ours >= 0)
		(void)close(p->ours);
	if (p->theirs >= 0)
		(void)close(p->theirs);
	*p = (struct pair){ -1, -1 };
}

/* No handler of ours may run in the child. */
static pid_t
fork_quietly(void)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int
descriptors_max(void)
{
	long n = sysconf(_SC_OPEN_MAX);

	return n < 0 || n > CLOSE_MAX ? CLOSE_MAX : (int)n;
}

enum rc
program_start(const struct program_child *c, struct program_process *out)
{
	struct pair pairs[CHANNELS];
	const pid_t self = getpid();
	const int last = descriptors_max();
	bool ok = true;

	out->pid = -1;
	for (int i = 0; i < CHANNELS; i++)
		pairs[i] = (struct pair){ -1, -1 };
	for (int i = 0; ok && i < CHANNELS; i++)
		ok = pair_open(&pairs[i], (enum program_channel)i);
	if (ok)
		out->pid = fork_quietly();
	if (out->pid == 0)
		child_main(c, pairs, self, last);
	for (int i = 0; i < CHANNELS; i++) {
		out->fd[i] = pairs[i].ours;
		if (out->pid > 0)
			pairs[i].ours = -1;
		pair_close(&pairs[i]);
	}
	if (out->pid < 0)
		return RC_IO;
	/* Both sides do it, so that the group exists whoever comes first. */
	(void)setpgid(out->pid, out->pid);
	return RC_OK;
}

void
program_go(const struct program_process *p)
{
	(void)send(p->fd[CHANNEL_CONTROL], "g", 1, MSG_NOSIGNAL);
}

void
program_close(struct program_process *p, enum program_channel channel)
{
	if (p->fd[channel] >= 0)
		(void)close(p->fd[channel]);
	p->fd[channel] = -1;
}
