#ifndef MCP_PROGRAM_SAY_H
#define MCP_PROGRAM_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "slice.h"
#include "tool.h"

/*
 * What a program says on descriptor 3 while it runs, one JSON object per
 * line, and what it is answered on descriptor 4, one line for each question:
 *
 *     {"progress":3,"total":10,"message":"third file"}
 *     {"log":{"level":"info","logger":"import","data":"any JSON"}}
 *     {"ask":{"KEY":{"method":"elicitation/create","params":{..}},..}}
 *     {"changed":"tools"} (or prompts, resources, or a URI)
 *     {"elicited":"ID"}
 *     {"task":true}
 *     {"close":true}
 *
 *     {"answers":{"KEY":{..},..}}, {"pending":true}, {"unsupported":true},
 *     {"declined":true} or {"timeout":true}
 *
 * What is nothing of this is left out, with one log line for each kind of
 * mistake, and is never an error of the call.  Only bytes are known here,
 * neither descriptors nor time; how they were cut makes no difference.
 */

/* Of one line, and of one run; what is beyond is left out. */
#define PROGRAM_LINE_MAX ((size_t)64 * 1024)
#define PROGRAM_LINES_MAX ((size_t)65536)
/* All answers that it has not read. */
#define PROGRAM_ANSWER_MAX ((size_t)8 * 1024 * 1024)

struct program_say {
	struct tool_call *call;
	struct log *log;
	struct buf line;    /* the beginning of one */
	bool is_too_long;   /* the rest of the line is left out */
	size_t lines;       /* that ended so far */
	unsigned told;      /* mistakes that are in the log already */
	struct arena arena; /* of one line, or one round of answers */
	struct arena round; /* of the questions */
	struct buf answer;  /* for the program ... */
	size_t sent;        /* ... of which it has so much */
	struct tool_question *questions;
	size_t n;
	bool is_waiting; /* for the answers to these */
	bool is_pending; /* it was told to leave */
	bool is_deaf;    /* nobody reads answers (any more) */
};

/* For one run of a program.  The log may be NULL.  Release it. */
void program_say_init(
    struct program_say *, struct tool_call *call, struct log *log);

/* It said so much more. */
void program_say_take(struct program_say *, struct slice bytes);

/* Time has passed: have its questions been answered? */
void program_say_look(struct program_say *);

/* What is to be written to it, and what of that was. */
struct slice program_say_answer(const struct program_say *);
void program_say_sent(struct program_say *, size_t n);

/* Nobody listens: its questions are left out from now on. */
void program_say_deafen(struct program_say *);

/* It says nothing more. */
void program_say_end(struct program_say *);

void program_say_release(struct program_say *);

#endif
