#include "tell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* The server's own limit (program_say.h): more would be left out. */
#define LINE_MAX_OUT ((size_t)64 * 1024)
#define LINE_MAX_IN ((size_t)16 * 1024 * 1024)

enum descriptor { SAY = 3, HEAR = 4 };

enum tell_status
tell_complain(enum tell_status status, const char *format, ...)
{
	va_list args;

	(void)fputs("mcp-tell: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}

static enum tell_status
nobody(void)
{
	return tell_complain(TELL_NOBODY,
	    "nobody listens: this works only in a tool that the server runs");
}

static bool
is_open(enum descriptor fd)
{
	return fcntl((int)fd, F_GETFD) != -1;
}

enum tell_status
tell_send(struct tell *t)
{
	struct slice rest;

	buf_put_char(&t->line, '\n');
	if (buf_finish(&t->line) != RC_OK || t->line.len > LINE_MAX_OUT)
		return tell_complain(
		    TELL_USAGE, "that is too long: 64 KiB at most");
	if (!is_open(SAY))
		return nobody();
	/* A server that is gone is told below, not by a signal. */
	(void)signal(SIGPIPE, SIG_IGN);
	for (rest = buf_slice(&t->line); rest.len > 0;) {
		ssize_t n = write(SAY, rest.ptr, rest.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nobody();
		rest = slice_from(rest, (size_t)n);
	}
	return TELL_OK;
}

/* One line, and no byte of the next: it may be for another process. */
static enum tell_status
read_line(struct tell *t)
{
	char c = '\0';

	buf_reset(&t->line);
	while (c != '\n') {
		ssize_t n = read(HEAR, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return nobody();
		buf_put_char(&t->line, c);
	}
	arena_reset(&t->arena);
	if (buf_finish(&t->line) != RC_OK ||
	    json_read(&t->arena, buf_slice(&t->line), &json_limits_default,
		&t->reply, NULL) != RC_OK)
		return tell_complain(TELL_NOBODY, "the answer is unreadable");
	return TELL_OK;
}

static const struct {
	struct slice name;
	enum tell_status status;
	const char *sentence;
} kinds[] = {
	{ SLICE_INIT("pending"), TELL_PENDING, NULL },
	{ SLICE_INIT("unsupported"), TELL_UNSUPPORTED,
	    "this client cannot be asked that" },
	{ SLICE_INIT("declined"), TELL_DECLINED,
	    "the client refused to answer" },
	{ SLICE_INIT("timeout"), TELL_TIMEOUT, "nobody answered in time" },
};

static enum tell_status
without_answer(const struct json *reply)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_member(reply, kinds[i].name) == NULL)
			continue;
		if (kinds[i].sentence == NULL)
			return kinds[i].status;
		return tell_complain(kinds[i].status, "%s", kinds[i].sentence);
	}
	return tell_complain(TELL_NOBODY, "the answer is of no known kind");
}

enum tell_status
tell_ask(struct tell *t, const char *key)
{
	enum tell_status status;

	if (!is_open(HEAR))
		return nobody();
	status = tell_send(t);
	t->line.max = LINE_MAX_IN;
	while (status == TELL_OK) {
		const struct json *answers;

		status = read_line(t);
		if (status != TELL_OK)
			break;
		answers = json_get(t->reply, "answers");
		if (answers == NULL)
			return without_answer(t->reply);
		t->reply = answers;
		/* Or else it was for somebody who did not wait for it. */
		if (key == NULL || json_member(answers, slice_of(key)) != NULL)
			break;
	}
	return status;
}
