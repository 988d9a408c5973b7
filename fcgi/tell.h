#ifndef MCP_TELL_H
#define MCP_TELL_H

#include "arena.h"
#include "buf.h"
#include "json.h"

/*
 * mcp-tell: lets a shell script say what a tool can say while it runs.
 * Its commands build one line; these functions send it and read the answer.
 */
enum tell_status { /* of the program (mcp-tell(1)) */
	TELL_OK = 0,
	TELL_DECLINED = 1,
	TELL_USAGE = 2,
	TELL_UNSUPPORTED = 3,
	TELL_TIMEOUT = 4,
	TELL_NOBODY = 69,
	TELL_PENDING = 75
};

struct tell {
	struct arena arena;
	struct buf line;          /* to be sent */
	const struct json *reply; /* that was read last */
};

/* Complain, mcp-tell: in front, and return the status. */
enum tell_status tell_complain(enum tell_status, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Send the line; TELL_NOBODY when there is no server, TELL_USAGE when it is
 * too long. */
enum tell_status tell_send(struct tell *);

/*
 * Send the line, which asks, and wait.  TELL_OK: `reply` is the object with
 * the answers; that to `key` is among them unless it is NULL.
 */
enum tell_status tell_ask(struct tell *, const char *key);

/*
 * Append the schema of a form with these fields, NAME[:TYPE][!] each; TYPE is
 * string (the default), integer, number, boolean or A|B|C, and ! makes it
 * required.  TELL_USAGE with a complaint.
 */
enum tell_status tell_put_form(struct buf *, char *const *fields, int n);

/* The name in such a field. */
struct slice tell_field_name(const char *field);

#endif
