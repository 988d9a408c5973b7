#ifndef MCP_TRACE_H
#define MCP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "http.h"
#include "log.h"
#include "slice.h"

/*
 * What goes over the wire, in a file, for who looks for a fault.  Each line is
 * a JSON object with `ms` (wall clock), `pid`, `connection` (counted by the
 * process) and `what`:
 *
 *     request  method, target, session, user, headers, body
 *     answer   status, session, headers, body: its first bytes
 *     more     body: further bytes of a stream
 *     end      the connection was given back; `cut`: without an end
 *
 * Many processes may share the file: each line is one write at its end.  A
 * session is shown as its short hash, as in the log, wherever its id stands in
 * an address or a header; an Authorization is not shown.  Of a long body only
 * the beginning is, and `bytes` says how long it was.
 *
 * Nothing here fails: what cannot be written is lost, and the first of
 * several losses is logged.  One struct belongs to one thread.
 */
struct trace;

/* The file is made if it is not there, for this user alone.  NULL after it was
 * logged why it cannot be used; file NULL: nothing is traced, and NULL. */
struct trace *trace_open(
    const char *file, const struct clock *clock, struct log *log);

/* A number for its connection; 0 if trace is NULL. */
uint64_t trace_request(struct trace *trace, const struct http_request *request);

/* What follows does nothing for connection 0. */

/* The first bytes of an answer, with its head, as a CGI program prints it. */
void trace_answer(struct trace *trace, uint64_t connection, struct slice bytes);
void trace_more(struct trace *trace, uint64_t connection, struct slice bytes);
void trace_end(struct trace *trace, uint64_t connection, bool is_cut);

/* NULL is allowed. */
void trace_free(struct trace *trace);

#endif
