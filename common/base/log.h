#ifndef MCP_LOG_H
#define MCP_LOG_H

#include <stddef.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * Where log lines go.  One line per event: `what key=value ...`.  Values are
 * made safe: control characters never reach the sink, so nothing a client
 * sends can forge a line.
 *
 * Lines wait in `pending` and reach the sink in whole lines, when 8 KiB have
 * gathered, at log_flush(), and at once for LOG_WARNING and worse.  A sink
 * writes in one go or loses the lines; logging never fails and never blocks a
 * request for long.
 */
struct log {
	void (*sink)(void *ctx, struct slice lines);
	void *ctx;
	enum log_level level; /* what is less important is dropped */
	struct buf pending;
};

#define LOG_PENDING_MAX ((size_t)64 * 1024)
#define LOG_INIT(sink_fn, context, min_level)                                  \
	((struct log){ .sink = (sink_fn),                                      \
	    .ctx = (context),                                                  \
	    .level = (min_level),                                              \
	    .pending = BUF_INIT(LOG_PENDING_MAX) })

/* Would a line of this level be written? */
static inline bool
log_wants(const struct log *l, enum log_level level)
{
	return level <= l->level;
}

/*
 * Write one line: `what` and then printf-style `key=value` pairs.  Bytes below
 * 0x20, 0x7F and above 0x7E in the result are written as \xNN.
 */
void log_event(struct log *l, enum log_level level, const char *what,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Hand a finished line (without newline, already safe) to the log. */
void log_line(struct log *l, enum log_level level, struct slice line);

/* Append value to a line under construction: quoted and escaped if needed. */
void log_put_value(struct buf *line, struct slice value);

/* Give what is pending to the sink. */
void log_flush(struct log *l);

/* Flush and give the memory back. */
void log_release(struct log *l);

/* A sink that writes to standard error with a <n> priority in front
 * (sd-daemon(3)) when ctx is not NULL, plain otherwise. */
void log_sink_stderr(void *ctx, struct slice lines);

#endif
