#ifndef MCP_GOLDEN_SCRIPT_H
#define MCP_GOLDEN_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"

/* A golden file as a list of steps.  The format is described in README.md. */
enum depth_bit { DEPTH_CORE = 1, DEPTH_FCGI = 2, DEPTH_WEB = 4 };

/* A header line, a CGI variable or a configuration key. */
struct field {
	struct slice name;
	struct slice value;
	struct field *next;
};

struct message {
	struct slice first; /* what stands behind >>> or <<< */
	struct field *fields;
	struct slice body;
};

struct expectation {
	unsigned depths; /* which it is for; 0: those without their own */
	int line;
	int status;
	struct message message;
	struct expectation *next;
};

enum step_kind {
	STEP_EXCHANGE, /* request and expectations */
	STEP_SESSION,  /* open a session: revision, name */
	STEP_HAS,      /* the last body has this text in it */
	STEP_CONTROL   /* moves or asks the world; only at depth core */
};

struct step {
	enum step_kind kind;
	int line;
	struct message request;
	struct expectation *expect;
	struct slice words; /* of a directive, behind the '!' */
	struct step *next;
};

struct script {
	struct arena arena;
	char *file;
	unsigned depths;
	struct slice row;
	struct slice time; /* absent: the usual */
	struct field *config;
	struct slice config_text; /* as an ini file, for comparing */
	struct step *steps;
};

/* Read a whole file into the script.  RC_SYNTAX and RC_IO with a sentence.
 * Release it whatever came back. */
MUST_CHECK enum rc script_read(
    const char *file, struct script *out, struct buf *why);

void script_release(struct script *s);

/* Cut the first word off *rest; empty at the end. */
struct slice script_word(struct slice *rest);

/* The mask of one depth's name, or 0. */
unsigned script_depth(struct slice name);

#endif
