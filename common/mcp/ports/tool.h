#ifndef MCP_TOOL_H
#define MCP_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "schema.h"
#include "slice.h"

/*
 * What the server can do for a client: tools, and prompts and resources, which
 * are served in the same ways.  The core calls them through this and never
 * learns whether a program, a C module, a file or a fake stands behind one.
 */
struct tool_call;
struct uri_template;

/* What a server offers, each kind in a list of its own. */
enum offer {
	OFFER_TOOL,
	OFFER_PROMPT,
	OFFER_RESOURCE,
	OFFER_TEMPLATE, /* of resources that are not listed */
	OFFERS
};

enum tool_flag {
	TOOL_DETACHED = 1, /* may take long or speak back: gets a call row */
	TOOL_ONCE = 2,     /* its completing round must not run twice */
	TOOL_COSTLY = 4,   /* worth a look whether the client still waits */
	TOOL_REPEAT = 8,   /* may be run again after its process died */
	/* execution.taskSupport of its definition; neither: forbidden */
	TOOL_TASK_OPTIONAL = 16,
	TOOL_TASK_REQUIRED = 32,
	/* Where the server decides (2026-07-28) a task only when it says so:
	 * what it asks before that is asked without one. */
	TOOL_TASK_LATER = 64,
	TOOL_COMPLETES_LONG = 128 /* complete() may take long */
};

/* Client capabilities; also bits of session_row.caps and session ids. */
enum client_cap {
	CAP_ROOTS = 1,
	CAP_SAMPLING = 2,
	CAP_SAMPLING_TOOLS = 4,
	CAP_SAMPLING_CONTEXT = 8,
	CAP_ELICITATION = 16, /* form mode */
	CAP_ELICITATION_URL = 32,
	CAP_TASKS = 64, /* the extension; legacy: task-augmented requests */
	CAP_ROOTS_CHANGED = 128
};

enum tool_done {
	TOOL_DONE,  /* the result is complete */
	TOOL_AGAIN, /* a question is pending; the result is discarded */
	TOOL_FAILED /* it could not; what was built of the result says why */
};

/* A property of the input schema that is mirrored in a header (2026-07-28). */
struct tool_param {
	struct slice suffix;      /* of Mcp-Param- */
	const struct slice *path; /* member names from the arguments down */
	size_t depth;
	struct tool_param *next;
};

/* How long clients of 2026-07-28 may keep what it says (caching). */
struct tool_cache {
	int64_t ttl_ms;
	bool is_public; /* the same for every caller */
};

struct tool {
	enum offer kind;
	/* What it is asked for by, unique in its kind: a name; of a resource
	 * its uri, of a template its uriTemplate. */
	struct slice name;
	const struct json *definition; /* the MCP object clients see, compact */
	/* Of the arguments, never NULL.  Of a prompt: an object of strings,
	 * made from its list; of resources: anything. */
	const struct schema *input;
	const struct schema *output; /* NULL if there is no outputSchema */
	const struct tool_param *params;
	const struct uri_template *uris; /* of a template; else NULL */
	struct tool_cache cache;         /* of a resource's contents */
	unsigned flags;                  /* enum tool_flag */
	uint32_t needs; /* enum client_cap: refused without them */
	enum tool_done (*call)(const struct tool *, struct tool_call *);
	/*
	 * Propose values for an argument of a prompt or a variable of a
	 * template; NULL: none are known.  The call MAKES_VALUES and its
	 * arguments are the params of completion/complete.  May propose
	 * whatever it likes: those that do not begin with what was typed are
	 * not left out again.
	 */
	enum tool_done (*complete)(const struct tool *, struct tool_call *);
	void *ctx; /* its own */
};

/* ------------------------------------------------------------ results */

/* What a call builds of what it is given below. */
enum tool_makes {
	MAKES_CONTENT,  /* blocks of a CallToolResult */
	MAKES_MESSAGES, /* of a prompt: each block is a message */
	MAKES_CONTENTS, /* of a resource: items with a uri; text and media are
			 * of the uri that was asked for */
	MAKES_VALUES    /* of a completion: only text, a value each */
};

/* One content block, finished JSON.  Of a resource an item of contents, of a
 * completion a JSON string. */
struct tool_block {
	unsigned type;     /* enum content_bit */
	struct slice json; /* compact */
	/* Text for revisions that lack the type; of an item of contents that
	 * has _meta, JSON without it. */
	struct slice instead;
	bool is_assistant; /* who says this message of a prompt */
	struct tool_block *next;
};

struct tool_result {
	struct tool_block *first;
	struct tool_block *last;
	struct slice structured;  /* compact JSON, or absent */
	struct slice meta;        /* compact JSON object, or absent */
	struct slice description; /* of a prompt, instead of its own */
	struct slice error;       /* what tool_fail() was told */
	struct slice error_data;  /* what tool_refuse() was told, JSON */
	int error_code;           /* likewise; 0: it was not */
	struct tool_cache cache;  /* of a resource, if it said so itself */
	int64_t total;            /* values of a completion; 0: as many as are
				   * here */
	bool has_more;            /* values than are here */
	bool has_cache;
	bool is_assistant; /* the messages to come */
	bool is_error;
	bool is_missing; /* there is no such resource */
};

/* Append a block to a result.  Memory is the arena's; RC_NOMEM. */
MUST_CHECK enum rc tool_add_text(struct tool_call *, struct slice text);
/* type: CONTENT_IMAGE or CONTENT_AUDIO; the bytes are encoded here. */
MUST_CHECK enum rc tool_add_media(
    struct tool_call *, unsigned type, struct slice bytes, struct slice mime);
/* An embedded resource, or an item of contents; text or, if is_blob, bytes. */
MUST_CHECK enum rc tool_add_resource(struct tool_call *, struct slice uri,
    struct slice mime, struct slice content, bool is_blob);
MUST_CHECK enum rc tool_add_link(
    struct tool_call *, struct slice uri, struct slice name, struct slice mime);
/* A block that is JSON already; RC_SYNTAX with a sentence in `why` if it is
 * not one that the protocol knows. */
MUST_CHECK enum rc tool_add_block(
    struct tool_call *, const struct json *block, struct buf *why);
/* A whole result, as the call makes it: CallToolResult (content,
 * structuredContent, isError, _meta), GetPromptResult (description, messages,
 * _meta), ReadResourceResult (contents, _meta) or CompleteResult
 * (completion).  Instead, as a response has it, an error (code, message,
 * data).  RC_SYNTAX with a sentence in `why`. */
MUST_CHECK enum rc tool_set_result(
    struct tool_call *, const struct json *result, struct buf *why);
/* structuredContent; also written as a text block if there is none yet when
 * the call ends (tool_finish). */
MUST_CHECK enum rc tool_set_structured(
    struct tool_call *, const struct json *value);
/* Forget what was built so far, then be an error that says this. */
MUST_CHECK enum rc tool_fail(struct tool_call *, struct slice text);
/* The same, and be no result at all but a JSON-RPC error, for what is not the
 * model's business.  The code is not 0; data is JSON, or absent. */
MUST_CHECK enum rc tool_refuse(
    struct tool_call *, int code, struct slice text, struct slice data);
/* The same of a resource that does not exist (any more). */
void tool_miss(struct tool_call *);
/* Who says the messages of a prompt from now on; first it is the user. */
void tool_set_role(struct tool_call *, bool is_assistant);
/* What the messages of a prompt are about. */
MUST_CHECK enum rc tool_describe(struct tool_call *, struct slice text);
/* The call has ended: structured content without a block gets its text block.
 * Harmless when said twice. */
MUST_CHECK enum rc tool_finish(struct tool_call *);

/* --------------------------------------------------- a call's own world */

enum tool_ask {
	ASK_ANSWERED,
	ASK_PENDING,     /* return TOOL_AGAIN now: you will be run again */
	ASK_UNSUPPORTED, /* the client or this way of running cannot */
	ASK_DECLINED,    /* the client answered a question with an error */
	ASK_TIMEOUT,     /* or the call was cancelled */
	ASK_WAITING      /* only ask_begin and ask_look: not yet */
};

/* One question; answers come back in place, as JSON. */
struct tool_question {
	struct slice key;    /* unique within the call */
	struct slice method; /* elicitation/create, ... */
	struct slice params; /* JSON object */
	struct slice answer; /* JSON, filled in when ASK_ANSWERED */
};

/*
 * What the surroundings of a call can carry.  A call that runs inline has
 * one that answers ASK_UNSUPPORTED and drops the rest.  A call that has its
 * own things to wait for asks is_cancelled() at least every 100 ms: that is
 * also when the surroundings do their own work (keep the connection alive,
 * begin the stream, see who left).
 */
struct tool_env_ops {
	/* total 0: unknown.  A value that is not above the last one is
	 * dropped. */
	void (*progress)(struct tool_call *, double done, double total,
	    struct slice message);
	void (*log)(struct tool_call *, int level, struct slice logger,
	    struct slice json);
	/* Ask all questions of one round.  ASK_WAITING: see ask_look(). */
	enum tool_ask (*ask_begin)(
	    struct tool_call *, struct tool_question *, size_t n);
	/* Have all of them been answered?  While a call waits its deadline
	 * moves on. */
	enum tool_ask (*ask_look)(
	    struct tool_call *, struct tool_question *, size_t n);
	/* Also true when the call lost its right to run. */
	bool (*is_cancelled)(struct tool_call *);
	/* Let time pass; true as soon as the call is cancelled. */
	bool (*wait)(struct tool_call *, int64_t ms);
	/* End the client's connection now, with a wish to come back. */
	void (*let_go)(struct tool_call *);
	/* Whoever wants to know is to be told that a topic changed: "tools",
	 * "prompts", "resources", or "resource:" and a URI. */
	void (*changed)(struct tool_call *, struct slice topic);
	/* What an elicitation in URL mode asked for has been done, elsewhere:
	 * tell its client (notifications/elicitation/complete). */
	void (*elicited)(struct tool_call *, struct slice elicitation_id);
	/* From now on its client has it as a task, if it can: see
	 * TOOL_TASK_LATER. */
	void (*become_task)(struct tool_call *);
	/* A process group that works for the call: 0 when it has ended. */
	void (*group)(struct tool_call *, int64_t group, int64_t start);
	/* A descriptor that becomes readable when is_cancelled() should be
	 * asked before its time; -1: there is none.  Another one after each
	 * question.  NULL: never. */
	int (*alarm)(struct tool_call *);
};

/* Ask and wait for the answers, for tools that can do nothing else
 * meanwhile.  Never ASK_WAITING. */
enum tool_ask tool_ask(struct tool_call *, struct tool_question *, size_t n);

struct tool_call {
	const struct tool *tool;
	struct arena *arena;
	enum tool_makes makes;
	const struct json *arguments; /* an object; never NULL.  Of a template
				       * its variables, strings or arrays */
	struct slice uri;             /* of the resource that is read */
	struct slice revision;        /* date */
	struct slice principal;       /* name; "" if anonymous */
	struct slice session;         /* hash for logs, not the id; or absent */
	struct slice request_id;      /* JSON source text */
	uint32_t caps; /* what this client can, enum client_cap */
	/* Monotonic ms; work must end before.  Moves on while it waits for
	 * answers. */
	int64_t deadline_mono;
	const struct tool_env_ops *env;
	struct tool_result result;
	enum rc failed; /* sticky: first own failure while building */
};

/* The environment of inline calls. */
extern const struct tool_env_ops tool_env_inline;

/* ------------------------------------------------------ all there is */

struct tool_set { /* of one kind; sorted by name, bytewise */
	const struct tool *const *tool;
	size_t n;
};

extern const struct tool_set tool_set_none; /* it is empty */

struct toolbox;

struct toolbox_ops {
	/* What there is of a kind now.  All that was seen is valid until the
	 * next view() of whatever kind, version() or watch(): the toolbox may
	 * have taken up an edited definition then. */
	const struct tool_set *(*view)(struct toolbox *, enum offer kind);
	/* A number that is another one whenever any view() may be other than
	 * before, which spares whoever looks for changes from reading it all.
	 * Takes up edits as view() does.  NULL: who knows. */
	uint64_t (*version)(struct toolbox *);
	/* Call changed() for each resource whose content was seen to change
	 * since the last watch(); the first one sees nothing.  May take long
	 * (many files), so only for whoever keeps house: who does so again
	 * also tells what others have told meanwhile. */
	void (*watch)(struct toolbox *,
	    void (*changed)(void *ctx, struct slice uri), void *ctx);
};

struct toolbox {
	const struct toolbox_ops *ops;
};

/* Binary search; NULL if there is none. */
const struct tool *tool_find(const struct tool_set *set, struct slice name);

#endif
