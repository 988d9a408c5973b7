#include "tool_program.h"

#include <signal.h>
#include <string.h>

#include "program_env.h"
#include "program_job.h"
#include "program_run.h"

#define SENTENCE_MAX ((size_t)8 * 1024)
/* EX_NOINPUT: there is no such resource. */
#define STATUS_MISSING 66

/* ------------------------------------------------------------ sentences */

enum rc
program_job_say(struct program_job *j)
{
	enum rc rc = buf_finish(&j->sentence);

	if (rc == RC_OK)
		rc = tool_fail(j->call, buf_slice(&j->sentence));
	buf_release(&j->sentence);
	return rc;
}

void
program_job_begin(struct program_job *j)
{
	j->sentence = BUF_INIT(SENTENCE_MAX);
	buf_put_slice(&j->sentence, j->call->tool->name);
	buf_put_char(&j->sentence, ' ');
}

/* The name of what is run, without the folders of this machine. */
static struct slice
base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slice_of(slash == NULL ? file : slash + 1);
}

static enum rc
say_no_start(struct program_job *j, int number)
{
	struct slice name = base_name(j->program->argv[0]);
	char reason[128];

	if (strerror_r(number, reason, sizeof(reason)) != 0)
		reason[0] = '\0';
	program_job_begin(j);
	buf_put_slice(&j->sentence,
	    j->outcome.end == PROGRAM_NO_FOLDER
		? SLICE("could not enter the folder to run the program ")
		: SLICE("could not start the program "));
	buf_put_slice(&j->sentence, name);
	buf_printf(&j->sentence, ": %s", reason);
	return program_job_say(j);
}

static enum rc
say_late(struct program_job *j)
{
	program_job_begin(j);
	buf_put_slice(&j->sentence, SLICE("was stopped: it took more than "));
	if (j->limit_ms % 1000 == 0) {
		buf_put_i64(&j->sentence, j->limit_ms / 1000);
		buf_put_slice(&j->sentence, SLICE(" s"));
	} else {
		buf_put_i64(&j->sentence, j->limit_ms);
		buf_put_slice(&j->sentence, SLICE(" ms"));
	}
	return program_job_say(j);
}

static enum rc
say_too_long(struct program_job *j)
{
	program_job_begin(j);
	buf_put_slice(
	    &j->sentence, SLICE("was stopped: it printed more than "));
	buf_put_u64(&j->sentence, j->output_max);
	buf_put_slice(&j->sentence, SLICE(" bytes"));
	return program_job_say(j);
}

static enum rc
say_cancelled(struct program_job *j)
{
	program_job_begin(j);
	buf_put_slice(&j->sentence, SLICE("was cancelled"));
	return program_job_say(j);
}

/* The end of standard error, without the line break behind it. */
static struct slice
last_words(const struct program_job *j)
{
	struct slice s = { j->outcome.tail, j->outcome.tail_len };

	while (
	    s.len > 0 && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
		s.len--;
	/* Cut at the front, it may begin within a character. */
	while (j->outcome.tail_len == PROGRAM_TAIL_MAX && s.len > 0 &&
	    ((unsigned char)s.ptr[0] & 0xC0) == 0x80)
		s = slice_from(s, 1);
	return s;
}

static enum rc
say_status(struct program_job *j)
{
	struct slice words = last_words(j);

	if (words.len > 0)
		return tool_fail(j->call, words);
	program_job_begin(j);
	buf_put_slice(&j->sentence, SLICE("ended with status "));
	buf_put_i64(&j->sentence, j->outcome.number);
	buf_put_slice(
	    &j->sentence, SLICE(" and said nothing on standard error"));
	return program_job_say(j);
}

static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGABRT, " (abort)" },
	{ SIGBUS, " (bus error)" },
	{ SIGFPE, " (arithmetic error)" },
	{ SIGILL, " (illegal instruction)" },
	{ SIGKILL, " (killed; out of memory?)" },
	{ SIGSEGV, " (segmentation fault)" },
	{ SIGTERM, " (terminated)" },
	{ SIGXCPU, " (processor time)" },
};

static enum rc
say_signal(struct program_job *j)
{
	struct slice words = last_words(j);

	program_job_begin(j);
	buf_put_slice(&j->sentence, SLICE("was ended by signal "));
	buf_put_i64(&j->sentence, j->outcome.number);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].number == j->outcome.number)
			buf_put_slice(&j->sentence, slice_of(signals[i].name));
	if (words.len > 0) {
		buf_put(&j->sentence, ": ", 2);
		buf_put_slice(&j->sentence, words);
	}
	return program_job_say(j);
}

/* What a program that went well said on standard error is for its owner. */
static void
log_words(const struct program_job *j)
{
	struct slice words = last_words(j);

	if (words.len == 0 || j->program->host->log == NULL)
		return;
	log_event(j->program->host->log, LOG_INFO, "tool",
	    "tool=%.*s stderr=%.*s", SLICE_FMT(j->call->tool->name),
	    SLICE_FMT(words));
}

/* It ended by itself. */
static enum rc
end_well(struct program_job *j)
{
	const int number = j->outcome.number;

	if (number == 0)
		return program_job_take(j, buf_slice(&j->outcome.output));
	if (number == STATUS_MISSING && j->call->makes == MAKES_CONTENTS) {
		tool_miss(j->call);
		return RC_OK;
	}
	return say_status(j);
}

static enum rc
answer(struct program_job *j)
{
	if (j->outcome.end == PROGRAM_EXITED && j->outcome.number == 0)
		log_words(j);
	switch (j->outcome.end) {
	case PROGRAM_EXITED:
		return end_well(j);
	case PROGRAM_KILLED:
		return say_signal(j);
	case PROGRAM_LATE:
		return say_late(j);
	case PROGRAM_TOO_LONG:
		return say_too_long(j);
	case PROGRAM_CANCELLED:
		return say_cancelled(j);
	case PROGRAM_NO_FOLDER:
	case PROGRAM_NO_START:
		return say_no_start(j, j->outcome.number);
	}
	return RC_BUG;
}

/* -------------------------------------------------------------- the call */

static int64_t
first_of(int64_t own, int64_t hosts, int64_t otherwise)
{
	if (own > 0)
		return own;
	return hosts > 0 ? hosts : otherwise;
}

size_t
program_output_max(const struct program_host *host)
{
	return host->output_max > 0 ? host->output_max : PROGRAM_OUTPUT_MAX;
}

/* The time it gets: the least of three. */
static int64_t
time_for(const struct program *p, const struct tool_call *call, int64_t now)
{
	const struct program_host *host = p->host;
	int64_t ms =
	    first_of(p->timeout_ms, host->timeout_ms, PROGRAM_TIMEOUT_MS);

	if (host->timeout_max_ms > 0 && ms > host->timeout_max_ms)
		ms = host->timeout_max_ms;
	if (ms > call->deadline_mono - now)
		ms = call->deadline_mono - now;
	return ms < 0 ? 0 : ms;
}

/* Whatever it did then; nobody waits for the answers to a cancelled call. */
static bool
is_pending(const struct program_job *j)
{
	return j->outcome.is_pending && j->outcome.end != PROGRAM_CANCELLED;
}

static enum rc
run(struct program_job *j)
{
	const struct program *p = j->program;
	const struct program_host *host = p->host;
	const int64_t now = clock_mono_ms(host->clock);
	struct program_child child = {
		.argv = p->argv,
		.folder = p->folder,
		.memory = p->memory > 0 ? p->memory : host->memory,
		.input = j->call->arguments->raw,
		.host = host,
		.call = j->call,
	};
	enum rc rc;

	j->limit_ms = time_for(p, j->call, now);
	j->output_max =
	    p->output_max > 0 ? p->output_max : program_output_max(host);
	child.deadline_mono = now + j->limit_ms;
	child.output_max = j->output_max;
	rc = program_find(p, j->call->arena, &child.file);
	if (rc == RC_NOTFOUND) {
		program_job_begin(j);
		buf_put_slice(
		    &j->sentence, SLICE("could not find the program "));
		buf_put_slice(&j->sentence, base_name(p->argv[0]));
		return program_job_say(j);
	}
	if (rc == RC_OK)
		rc = program_env(p, j->call, &child.env);
	if (rc == RC_OK)
		rc = program_run(&child, &j->outcome);
	if (rc == RC_OK && !is_pending(j))
		rc = answer(j);
	buf_release(&j->outcome.output);
	return rc;
}

enum tool_done
program_done(struct tool_call *call, enum rc rc)
{
	if (rc == RC_OK)
		rc = tool_finish(call);
	if (rc == RC_OK) {
		return call->result.is_error || call->result.is_missing
		    ? TOOL_FAILED
		    : TOOL_DONE;
	}
	if (call->failed == RC_OK)
		call->failed = rc;
	return TOOL_FAILED;
}

enum tool_done
program_serve(const struct program *program, struct tool_call *call)
{
	struct program_job j = { .program = program, .call = call };
	enum rc rc = run(&j);

	if (rc == RC_OK && is_pending(&j)) {
		call->result = (struct tool_result){ 0 };
		return TOOL_AGAIN;
	}
	return program_done(call, rc);
}

enum tool_done
program_call(const struct tool *tool, struct tool_call *call)
{
	return program_serve(tool->ctx, call);
}
