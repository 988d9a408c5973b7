#include "program_say.h"

#include "json.h"

/* A person has to answer each. */
#define QUESTIONS_MAX 16
#define KEY_MAX 256
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --------------------------------------------------------------- mistakes */

enum mistake {
	GARBAGE,
	TOO_LONG,
	TOO_MANY,
	UNFINISHED,
	IMPATIENT,
	UNHEARD,
	NO_ROOM,
	MISTAKES
};

static const char *const mistakes[MISTAKES] = {
	[GARBAGE] = "no_such_line",
	[TOO_LONG] = "line_too_long",
	[TOO_MANY] = "too_many_lines",
	[UNFINISHED] = "half_a_line",
	[IMPATIENT] = "question_before_the_answer",
	[UNHEARD] = "question_without_listener",
	[NO_ROOM] = "no_memory",
};

static void
note(struct program_say *s, enum mistake m)
{
	const unsigned bit = 1U << (unsigned)m;

	if ((s->told & bit) != 0)
		return;
	s->told |= bit;
	if (s->log != NULL) {
		log_event(s->log, LOG_WARNING, "tool",
		    "tool=%.*s descriptor=3 ignored=%s",
		    SLICE_FMT(s->call->tool->name), mistakes[m]);
	}
}

/* ---------------------------------------------------------------- answers */

/* The line is whole, or is not there. */
static bool
finish_line(struct program_say *s, size_t before)
{
	buf_put_char(&s->answer, '\n');
	if (buf_finish(&s->answer) == RC_OK)
		return true;
	buf_truncate(&s->answer, before);
	return false;
}

static void
put_word(struct program_say *s, const char *line)
{
	const size_t before = s->answer.len;

	buf_put_slice(&s->answer, slice_of(line));
	if (finish_line(s, before))
		return;
	/* It asks on and on and never reads, or there is no memory. */
	note(s, NO_ROOM);
	program_say_deafen(s);
}

static void
refuse(struct program_say *s)
{
	put_word(s, "{\"unsupported\":true}");
}

static void
put_answers(struct program_say *s)
{
	const size_t before = s->answer.len;
	bool is_json = true;

	buf_put_slice(&s->answer, SLICE("{\"answers\":{"));
	for (size_t i = 0; is_json && i < s->n; i++) {
		const struct tool_question *q = &s->questions[i];
		const struct json *root = NULL;

		/* Compact it may fit, but so little room is not normal. */
		is_json = q->answer.ptr != NULL &&
		    q->answer.len < PROGRAM_ANSWER_MAX - s->answer.len &&
		    json_read(&s->arena, q->answer, &json_limits_default, &root,
			NULL) == RC_OK;
		json_put_name(&s->answer, q->key);
		/* Whatever it is, it must stay one line. */
		if (is_json)
			json_put_compact(&s->answer, root);
	}
	buf_put_slice(&s->answer, SLICE("}}"));
	if (finish_line(s, before) && is_json)
		return;
	buf_truncate(&s->answer, before);
	note(s, NO_ROOM);
	refuse(s);
}

static void
hear(struct program_say *s, enum tool_ask said)
{
	s->is_waiting = said == ASK_WAITING;
	switch (said) {
	case ASK_ANSWERED:
		put_answers(s);
		break;
	case ASK_PENDING:
		s->is_pending = true;
		put_word(s, "{\"pending\":true}");
		break;
	case ASK_UNSUPPORTED:
		refuse(s);
		break;
	case ASK_DECLINED:
		put_word(s, "{\"declined\":true}");
		break;
	case ASK_TIMEOUT:
		put_word(s, "{\"timeout\":true}");
		break;
	case ASK_WAITING:
		break;
	}
}

/* -------------------------------------------------------------- questions */

/* A copy that outlives the line; absent if there is no memory. */
static struct slice
keep(struct program_say *s, struct slice text)
{
	struct slice out = SLICE_NONE;

	return arena_copy(&s->round, text, &out) == RC_OK ? out : SLICE_NONE;
}

static struct slice
keep_compact(struct program_say *s, const struct json *value)
{
	struct buf text = BUF_INIT(PROGRAM_LINE_MAX);
	struct slice out = SLICE_NONE;

	json_put_compact(&text, value);
	if (buf_finish(&text) == RC_OK)
		out = keep(s, buf_slice(&text));
	buf_release(&text);
	return out;
}

static bool
read_question(
    struct program_say *s, const struct json *m, struct tool_question *out)
{
	const struct json *params = json_get(m, "params");
	const struct slice method = json_text(json_get(m, "method"));

	if (m->name.len == 0 || m->name.len > KEY_MAX || method.len == 0 ||
	    (params != NULL && params->type != JSON_OBJECT))
		return false;
	*out = (struct tool_question){
		.key = keep(s, m->name),
		.method = keep(s, method),
		.params =
		    params == NULL ? SLICE("{}") : keep_compact(s, params),
	};
	return out->key.ptr != NULL && out->method.ptr != NULL &&
	    out->params.ptr != NULL;
}

static bool
read_questions(struct program_say *s, const struct json *ask)
{
	s->n = 0;
	arena_reset(&s->round);
	if (ask->type != JSON_OBJECT || ask->count == 0 ||
	    ask->count > QUESTIONS_MAX)
		return false;
	s->questions =
	    arena_alloc(&s->round, ask->count * sizeof(*s->questions));
	if (s->questions == NULL)
		return false;
	for (const struct json *m = ask->child; m != NULL; m = m->next)
		if (!read_question(s, m, &s->questions[s->n++]))
			return false;
	return true;
}

/* It waits for a line now, so it gets one if that is possible at all. */
static bool
take_ask(struct program_say *s, const struct json *ask)
{
	if (s->is_deaf) {
		note(s, UNHEARD);
	} else if (s->is_waiting) {
		note(s, IMPATIENT);
	} else if (s->is_pending) {
		hear(s, ASK_PENDING);
	} else if (read_questions(s, ask)) {
		hear(s, s->call->env->ask_begin(s->call, s->questions, s->n));
	} else {
		refuse(s);
		return false;
	}
	return true;
}

/* ----------------------------------------------------------- other lines */

static bool
number_of(const struct json *value, double *out)
{
	return json_is(value, JSON_NUMBER) && json_double(value, out) == RC_OK;
}

static bool
take_progress(struct program_say *s, const struct json *value)
{
	/* The line itself: its other members belong to it. */
	const struct json *total = json_get(value, "total");
	const struct json *message = json_get(value, "message");
	double done = 0, all = 0;

	if (!number_of(json_get(value, "progress"), &done) ||
	    (total != NULL && !number_of(total, &all)) ||
	    (message != NULL && message->type != JSON_STRING))
		return false;
	s->call->env->progress(s->call, done, all, json_text(message));
	return true;
}

/* As RFC 5424 counts them, from the least important. */
static const struct slice levels[] = {
	SLICE_INIT("debug"),
	SLICE_INIT("info"),
	SLICE_INIT("notice"),
	SLICE_INIT("warning"),
	SLICE_INIT("error"),
	SLICE_INIT("critical"),
	SLICE_INIT("alert"),
	SLICE_INIT("emergency"),
};

static int
level_of(const struct json *name)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (json_text_is(name, levels[i]))
			return (int)i;
	return -1;
}

static bool
take_log(struct program_say *s, const struct json *value)
{
	const struct json *logger = json_get(value, "logger");
	const struct json *data = json_get(value, "data");
	const int level = level_of(json_get(value, "level"));
	struct buf text = BUF_INIT(PROGRAM_LINE_MAX);
	bool is_room;

	if (level < 0 || data == NULL ||
	    (logger != NULL && logger->type != JSON_STRING))
		return false;
	json_put_compact(&text, data);
	is_room = buf_finish(&text) == RC_OK;
	if (is_room) {
		s->call->env->log(
		    s->call, level, json_text(logger), buf_slice(&text));
	} else {
		note(s, NO_ROOM);
	}
	buf_release(&text);
	return true;
}

static bool
take_close(struct program_say *s, const struct json *value)
{
	if (value->type != JSON_TRUE)
		return false;
	s->call->env->let_go(s->call);
	return true;
}

static bool
take_changed(struct program_say *s, const struct json *value)
{
	static const struct slice lists[] = { SLICE_INIT("tools"),
		SLICE_INIT("prompts"), SLICE_INIT("resources") };
	const struct slice what = json_text(value);
	struct slice rest;
	struct buf topic = BUF_INIT(PROGRAM_LINE_MAX);

	if (what.len == 0)
		return false;
	for (size_t i = 0; i < COUNT(lists); i++) {
		if (!slice_eq(what, lists[i]))
			continue;
		s->call->env->changed(s->call, what);
		return true;
	}
	/* Every URI has a scheme, and none of those words has. */
	(void)slice_cut(what, ':', &rest);
	if (rest.ptr == NULL)
		return false;
	buf_put_slice(&topic, SLICE("resource:"));
	buf_put_slice(&topic, what);
	if (buf_finish(&topic) == RC_OK)
		s->call->env->changed(s->call, buf_slice(&topic));
	else
		note(s, NO_ROOM);
	buf_release(&topic);
	return true;
}

static bool
take_elicited(struct program_say *s, const struct json *value)
{
	const struct slice id = json_text(value);

	if (id.len == 0)
		return false;
	s->call->env->elicited(s->call, id);
	return true;
}

static bool
take_task(struct program_say *s, const struct json *value)
{
	if (!json_is(value, JSON_TRUE))
		return false;
	s->call->env->become_task(s->call);
	return true;
}

static const struct {
	struct slice name;
	bool (*take)(struct program_say *, const struct json *);
	bool is_line; /* wants the whole of it */
} lines[] = {
	{ SLICE_INIT("progress"), take_progress, true },
	{ SLICE_INIT("log"), take_log, false },
	{ SLICE_INIT("ask"), take_ask, false },
	{ SLICE_INIT("changed"), take_changed, false },
	{ SLICE_INIT("elicited"), take_elicited, false },
	{ SLICE_INIT("task"), take_task, false },
	{ SLICE_INIT("close"), take_close, false },
};

static bool
take_object(struct program_say *s, const struct json *root)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct json *value = json_member(root, lines[i].name);

		if (value != NULL)
			return lines[i].take(
			    s, lines[i].is_line ? root : value);
	}
	return false;
}

/* ------------------------------------------------------------- the stream */

static bool
is_blank(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != ' ' && line.ptr[i] != '\t' &&
		    line.ptr[i] != '\r')
			return false;
	}
	return true;
}

/* Who asks in a line that cannot be read would wait for ever. */
static void
refuse_unread(struct program_say *s, struct slice line)
{
	if (slice_starts(line, SLICE("{\"ask\"")) && !s->is_deaf &&
	    !s->is_waiting)
		refuse(s);
}

static void
take_line(struct program_say *s, struct slice line)
{
	const struct json *root = NULL;
	enum rc rc;

	if (is_blank(line))
		return;
	arena_reset(&s->arena);
	rc = json_read(&s->arena, line, &json_limits_default, &root, NULL);
	if (rc != RC_OK) {
		note(s, rc == RC_NOMEM ? NO_ROOM : GARBAGE);
		refuse_unread(s, line);
	} else if (!json_is(root, JSON_OBJECT) || !take_object(s, root)) {
		note(s, GARBAGE);
	}
}

/* A part of a line that is not yet whole. */
static void
take_part(struct program_say *s, struct slice part)
{
	if (s->is_too_long)
		return;
	if (part.len <= PROGRAM_LINE_MAX - s->line.len) {
		buf_put_slice(&s->line, part);
		if (buf_finish(&s->line) == RC_OK)
			return;
		note(s, NO_ROOM);
		/* It may have been a question; who asked sees the end. */
		program_say_deafen(s);
	} else {
		part.len = PROGRAM_LINE_MAX - s->line.len;
		buf_put_slice(&s->line, part);
		note(s, TOO_LONG);
	}
	s->is_too_long = true;
	refuse_unread(s, buf_slice(&s->line));
	buf_truncate(&s->line, 0);
}

static void
end_line(struct program_say *s, struct slice last)
{
	const bool is_whole = s->line.len == 0 && last.len <= PROGRAM_LINE_MAX;

	s->lines++;
	if (is_whole && !s->is_too_long) {
		take_line(s, last);
		return;
	}
	take_part(s, last);
	if (!s->is_too_long)
		take_line(s, buf_slice(&s->line));
	s->is_too_long = false;
	buf_reset(&s->line);
}

void
program_say_take(struct program_say *s, struct slice bytes)
{
	while (bytes.len > 0 && s->lines < PROGRAM_LINES_MAX) {
		struct slice rest;
		struct slice line = slice_cut(bytes, '\n', &rest);

		if (rest.ptr == NULL) {
			take_part(s, line);
			return;
		}
		end_line(s, line);
		bytes = rest;
	}
	if (bytes.len == 0)
		return;
	note(s, TOO_MANY);
	program_say_deafen(s);
}

void
program_say_look(struct program_say *s)
{
	if (!s->is_waiting)
		return;
	arena_reset(&s->arena);
	hear(s, s->call->env->ask_look(s->call, s->questions, s->n));
}

struct slice
program_say_answer(const struct program_say *s)
{
	const struct slice all = buf_slice(&s->answer);

	return s->sent < all.len ? slice_from(all, s->sent) : SLICE_NONE;
}

void
program_say_sent(struct program_say *s, size_t n)
{
	s->sent += n;
	if (s->sent < s->answer.len)
		return;
	s->sent = 0;
	buf_reset(&s->answer);
}

void
program_say_deafen(struct program_say *s)
{
	s->is_deaf = true;
	s->is_waiting = false;
	s->sent = 0;
	buf_reset(&s->answer);
}

void
program_say_end(struct program_say *s)
{
	if (s->line.len > 0 || s->is_too_long)
		note(s, UNFINISHED);
}

void
program_say_init(struct program_say *s, struct tool_call *call, struct log *log)
{
	*s = (struct program_say){ .call = call,
		.log = log,
		.line = BUF_INIT(PROGRAM_LINE_MAX),
		.arena = ARENA_INIT(ARENA_MAX),
		.round = ARENA_INIT(ARENA_MAX),
		.answer = BUF_INIT(PROGRAM_ANSWER_MAX) };
}

void
program_say_release(struct program_say *s)
{
	buf_release(&s->line);
	buf_release(&s->answer);
	arena_release(&s->arena);
	arena_release(&s->round);
}
