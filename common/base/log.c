#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Lines are handed over when this much has gathered. */
#define BATCH 8192
/* What one event may say; the rest is cut off. */
#define LINE_MAX_BYTES 2048

static const char hex[] = "0123456789abcdef";

static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static void
put_safe(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (is_plain(s.ptr[i])) {
			buf_put_char(b, s.ptr[i]);
			continue;
		}
		buf_put(b, "\\x", 2);
		buf_put_char(b, hex[c >> 4]);
		buf_put_char(b, hex[c & 15]);
	}
}

void
log_put_value(struct buf *line, struct slice value)
{
	bool quote = value.len == 0;

	for (size_t i = 0; i < value.len && !quote; i++) {
		char c = value.ptr[i];

		quote =
		    c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7f;
	}
	if (!quote) {
		buf_put_slice(line, value);
		return;
	}
	buf_put_char(line, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_put_char(line, '\\');
		put_safe(line, (struct slice){ value.ptr + i, 1 });
	}
	buf_put_char(line, '"');
}

void
log_flush(struct log *l)
{
	if (l->pending.len > 0)
		l->sink(l->ctx, buf_slice(&l->pending));
	buf_reset(&l->pending);
}

void
log_line(struct log *l, enum log_level level, struct slice line)
{
	/* Priorities of syslog(3): err, warning, info, debug. */
	static const char priority[] = { '3', '4', '6', '7' };
	size_t before = l->pending.len;

	if (!log_wants(l, level))
		return;
	buf_put_char(&l->pending, '<');
	buf_put_char(&l->pending, priority[level]);
	buf_put_char(&l->pending, '>');
	buf_put_slice(&l->pending, line);
	buf_put_char(&l->pending, '\n');
	if (buf_finish(&l->pending) != RC_OK)
		buf_truncate(&l->pending, before);
	if (level <= LOG_WARNING || l->pending.len >= BATCH)
		log_flush(l);
}

void
log_event(
    struct log *l, enum log_level level, const char *what, const char *fmt, ...)
{
	/* Every byte may become four; the rest is for `what`. */
	struct buf line = BUF_INIT((size_t)5 * LINE_MAX_BYTES);
	char text[LINE_MAX_BYTES];
	va_list ap;
	int n;

	if (!log_wants(l, level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	buf_put_slice(&line, slice_of(what));
	if (n > 0)
		buf_put_char(&line, ' ');
	put_safe(&line, (struct slice){ text, (size_t)n });
	if (buf_finish(&line) == RC_OK)
		log_line(l, level, buf_slice(&line));
	buf_release(&line);
}

void
log_release(struct log *l)
{
	log_flush(l);
	buf_release(&l->pending);
}

/* Take one line off the front, without the <n> in front of it. */
static struct slice
plain_line(struct slice *lines)
{
	struct slice line = slice_cut(*lines, '\n', lines);

	return line.len > 3 ? slice_from(line, 3) : line;
}

void
log_sink_stderr(void *ctx, struct slice lines)
{
	struct buf plain = BUF_INIT(LOG_PENDING_MAX);

	if (ctx == NULL) {
		while (lines.len > 0) {
			buf_put_slice(&plain, plain_line(&lines));
			buf_put_char(&plain, '\n');
		}
		lines = buf_slice(&plain);
	}
	/* A full pipe or disk loses lines, never requests. */
	if (write(STDERR_FILENO, lines.ptr, lines.len) < 0)
		(void)0;
	buf_release(&plain);
}
