#include "tool_program.h"

#include <signal.h>
#include <string.h>

#include "program_env.h"
#include "program_run.h"
#include "revision.h"
#include "text.h"

#define SENTENCE_MAX ((size_t)8 * 1024)

/* One call of one program. */
struct job {
	const struct program *program;
	struct tool_call *call;
	int64_t limit_ms; /* time it was given */
	size_t output_max;
	struct program_outcome outcome;
	struct buf sentence;
};

/* ------------------------------------------------------------ sentences */

static enum rc
say(struct job *j)
{
	enum rc rc = buf_finish(&j->sentence);

	if (rc == RC_OK)
		rc = tool_fail(j->call, buf_slice(&j->sentence));
	buf_release(&j->sentence);
	return rc;
}

static void
begin(struct job *j)
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
say_no_start(struct job *j, int number)
{
	struct slice name = base_name(j->program->argv[0]);
	char reason[128];

	if (strerror_r(number, reason, sizeof(reason)) != 0)
		reason[0] = '\0';
	begin(j);
	buf_put_slice(&j->sentence,
	    j->outcome.end == PROGRAM_NO_FOLDER
		? SLICE("could not enter the folder to run the program ")
		: SLICE("could not start the program "));
	buf_put_slice(&j->sentence, name);
	buf_printf(&j->sentence, ": %s", reason);
	return say(j);
}

static enum rc
say_late(struct job *j)
{
	begin(j);
	buf_put_slice(&j->sentence, SLICE("was stopped: it took more than "));
	if (j->limit_ms % 1000 == 0) {
		buf_put_i64(&j->sentence, j->limit_ms / 1000);
		buf_put_slice(&j->sentence, SLICE(" s"));
	} else {
		buf_put_i64(&j->sentence, j->limit_ms);
		buf_put_slice(&j->sentence, SLICE(" ms"));
	}
	return say(j);
}

static enum rc
say_too_long(struct job *j)
{
	begin(j);
	buf_put_slice(
	    &j->sentence, SLICE("was stopped: it printed more than "));
	buf_put_u64(&j->sentence, j->output_max);
	buf_put_slice(&j->sentence, SLICE(" bytes"));
	return say(j);
}

static enum rc
say_cancelled(struct job *j)
{
	begin(j);
	buf_put_slice(&j->sentence, SLICE("was cancelled"));
	return say(j);
}

/* The end of standard error, without the line break behind it. */
static struct slice
last_words(const struct job *j)
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
say_status(struct job *j)
{
	struct slice words = last_words(j);

	if (words.len > 0)
		return tool_fail(j->call, words);
	begin(j);
	buf_put_slice(&j->sentence, SLICE("ended with status "));
	buf_put_i64(&j->sentence, j->outcome.number);
	buf_put_slice(
	    &j->sentence, SLICE(" and said nothing on standard error"));
	return say(j);
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
say_signal(struct job *j)
{
	struct slice words = last_words(j);

	begin(j);
	buf_put_slice(&j->sentence, SLICE("was ended by signal "));
	buf_put_i64(&j->sentence, j->outcome.number);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].number == j->outcome.number)
			buf_put_slice(&j->sentence, slice_of(signals[i].name));
	if (words.len > 0) {
		buf_put(&j->sentence, ": ", 2);
		buf_put_slice(&j->sentence, words);
	}
	return say(j);
}

/* -------------------------------------------------------------- results */

static enum rc
take_text(struct job *j, struct slice output)
{
	if (text_utf8_ok(output))
		return tool_add_text(j->call, output);
	begin(j);
	buf_put_slice(
	    &j->sentence, SLICE("printed bytes that are not UTF-8 text"));
	return say(j);
}

/* The tree, or NULL and an error for the client (or an rc). */
static enum rc
read_json(struct job *j, struct slice output, const struct json **root)
{
	struct json_error error = { 0, "" };
	enum rc rc = json_read(
	    j->call->arena, output, &json_limits_default, root, &error);

	if (rc != RC_SYNTAX)
		return rc;
	*root = NULL;
	begin(j);
	buf_printf(&j->sentence, "printed invalid JSON: %s at byte %zu",
	    error.why, error.offset);
	return say(j);
}

static enum rc
take_json(struct job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	return tool_set_structured(j->call, root);
}

static enum rc
take_result(struct job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	begin(j);
	buf_put_slice(&j->sentence, SLICE("printed no valid result: "));
	rc = tool_set_result(j->call, root, &j->sentence);
	if (rc == RC_SYNTAX)
		return say(j);
	if (rc == RC_OK)
		rc = buf_finish(&j->sentence);
	buf_release(&j->sentence);
	return rc;
}

static enum rc
take_media(struct job *j, struct slice output)
{
	struct slice mime = j->program->mime;
	struct buf uri = BUF_INIT(256);
	bool is_text;
	enum rc rc;

	if (slice_starts(mime, SLICE("image/")))
		return tool_add_media(j->call, CONTENT_IMAGE, output, mime);
	if (slice_starts(mime, SLICE("audio/")))
		return tool_add_media(j->call, CONTENT_AUDIO, output, mime);
	is_text = slice_starts(mime, SLICE("text/")) && text_utf8_ok(output);
	buf_put_slice(&uri, SLICE("tool:"));
	buf_put_slice(&uri, j->call->tool->name);
	rc = buf_finish(&uri);
	if (rc == RC_OK)
		rc = tool_add_resource(
		    j->call, buf_slice(&uri), mime, output, !is_text);
	buf_release(&uri);
	return rc;
}

static enum rc
take_output(struct job *j)
{
	struct slice output = buf_slice(&j->outcome.output);

	switch (j->program->output) {
	case PROGRAM_TEXT:
		return take_text(j, output);
	case PROGRAM_JSON:
		return take_json(j, output);
	case PROGRAM_MEDIA:
		return take_media(j, output);
	case PROGRAM_RESULT:
		return take_result(j, output);
	}
	return RC_BUG;
}

/* What a program that went well said on standard error is for its owner. */
static void
log_words(const struct job *j)
{
	struct slice words = last_words(j);

	if (words.len == 0 || j->program->host->log == NULL)
		return;
	log_event(j->program->host->log, LOG_INFO, "tool",
	    "tool=%.*s stderr=%.*s", SLICE_FMT(j->call->tool->name),
	    SLICE_FMT(words));
}

static enum rc
answer(struct job *j)
{
	if (j->outcome.end == PROGRAM_EXITED && j->outcome.number == 0)
		log_words(j);
	switch (j->outcome.end) {
	case PROGRAM_EXITED:
		return j->outcome.number == 0 ? take_output(j) : say_status(j);
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
is_pending(const struct job *j)
{
	return j->outcome.is_pending && j->outcome.end != PROGRAM_CANCELLED;
}

static enum rc
run(struct job *j)
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
	j->output_max = p->output_max > 0 ? p->output_max : host->output_max;
	if (j->output_max == 0)
		j->output_max = PROGRAM_OUTPUT_MAX;
	child.deadline_mono = now + j->limit_ms;
	child.output_max = j->output_max;
	rc = program_find(p, j->call->arena, &child.file);
	if (rc == RC_NOTFOUND) {
		begin(j);
		buf_put_slice(
		    &j->sentence, SLICE("could not find the program "));
		buf_put_slice(&j->sentence, base_name(p->argv[0]));
		return say(j);
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
program_call(const struct tool *tool, struct tool_call *call)
{
	struct job j = { .program = tool->ctx, .call = call };
	enum rc rc = run(&j);

	if (rc == RC_OK && is_pending(&j)) {
		call->result = (struct tool_result){ 0 };
		return TOOL_AGAIN;
	}
	if (rc == RC_OK)
		rc = tool_finish(call);
	if (rc == RC_OK)
		return call->result.is_error ? TOOL_FAILED : TOOL_DONE;
	if (call->failed == RC_OK)
		call->failed = rc;
	return TOOL_FAILED;
}
