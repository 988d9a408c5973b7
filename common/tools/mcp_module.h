/*
 * mcp_module.h: tools, prompts and resources in C, as a shared object.
 *
 * This header is all a tool writer needs; it depends on nothing else of
 * mcp-fcgi.  The interface is only ever appended to: a module built against
 * this version runs with every later server, and one that looks at `abi` and
 * `size` before it uses a newer member runs with earlier ones.
 *
 * A module exports one function:
 *
 *     const struct mcp_module *mcp_module_open(const struct mcp_api *api);
 *
 * It is called once in each process that serves requests, before the first
 * call, and returns what the module offers, or NULL if it cannot work (what
 * it printed to standard error says why).  Calls come one at a time per
 * process.  Nothing a call keeps in memory is seen by the next one, which may
 * run in another process or on another host.
 *
 *     cc -std=c17 -shared -fPIC -I FOLDER_OF_THIS_FILE -o my.so my.c
 *
 * and `modules = /path/to/my.so` in section [catalog] of the configuration;
 * `mcpctl check` loads it and tells what is wrong.  A server with a module that
 * cannot be loaded does not serve.  Put a new version in place by renaming it
 * over the old one, and send SIGHUP to mcp-request.
 *
 * A call runs in the worker itself: no limit on time or memory holds for it.
 * A function that computes for long calls is_cancelled() now and then, ten
 * times per second if it can, and returns MCP_FAILED when it is told so; one
 * that has nothing to do calls wait().  These are also the moments in which
 * the client's connection is kept alive.
 * Never write to standard output, which may be the answer to the web server,
 * nor change the working directory, signals or the umask.
 */
#ifndef MCP_MODULE_H
#define MCP_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MCP_ABI 1u

struct mcp_call;  /* one running call */
struct mcp_value; /* one JSON value of the arguments or of an answer */

enum mcp_done {
	MCP_DONE = 0,  /* the result is complete */
	MCP_AGAIN = 1, /* ask() said MCP_PENDING; the result is discarded */
	MCP_FAILED = 2 /* isError; what was built so far says why */
};

enum mcp_ask {
	MCP_ANSWERED = 0,
	MCP_PENDING = 1,     /* return MCP_AGAIN now; you will be run again */
	MCP_UNSUPPORTED = 2, /* this client cannot be asked this */
	MCP_DECLINED = 3,    /* it answered a question with an error */
	MCP_TIMEOUT = 4      /* nobody answered in time, or it was cancelled */
};

enum mcp_type {
	MCP_ABSENT = 0,
	MCP_NULL,
	MCP_BOOLEAN,
	MCP_NUMBER,
	MCP_STRING,
	MCP_ARRAY,
	MCP_OBJECT
};

enum mcp_level { /* RFC 5424, as the protocol names them */
	MCP_LOG_DEBUG = 0,
	MCP_LOG_INFO,
	MCP_LOG_NOTICE,
	MCP_LOG_WARNING,
	MCP_LOG_ERROR,
	MCP_LOG_CRITICAL,
	MCP_LOG_ALERT,
	MCP_LOG_EMERGENCY
};

enum mcp_about {            /* of a call; strings, "" where there is none */
	MCP_ABOUT_TOOL = 0, /* name of the tool or prompt, uri or uriTemplate */
	MCP_ABOUT_REVISION, /* protocol revision, "2025-11-25" */
	MCP_ABOUT_PRINCIPAL,  /* who calls, "user:alice"; "" if anonymous */
	MCP_ABOUT_SESSION,    /* a stable short hash, not the id */
	MCP_ABOUT_REQUEST_ID, /* JSON text */
	MCP_ABOUT_URI,        /* of the resource that is read */
	/* Of complete(): the argument or variable, and what was typed of it. */
	MCP_ABOUT_ARGUMENT,
	MCP_ABOUT_VALUE
};

struct mcp_question {
	const char *key;    /* unique within the call */
	const char *method; /* "elicitation/create", "sampling/createMessage" */
	const char *params; /* a JSON object */
	const struct mcp_value *answer; /* filled in with MCP_ANSWERED */
};

/*
 * Strings that come out are NUL-terminated UTF-8 that lives as long as the
 * call; *len (if not NULL) is their length, which may cover a NUL inside.
 * Strings that go in are copied.  Functions that build the result never fail
 * visibly: what does not fit the limits turns the whole result into an error.
 */
struct mcp_api {
	uint32_t abi;  /* MCP_ABI of the server */
	uint32_t size; /* of this struct, in bytes */

	/* Arguments: already valid against the tool's inputSchema.  Of a prompt
	 * strings; of a template its variables, strings or arrays of them; of
	 * complete() those that are known already (context.arguments). */
	const char *(*arguments)(struct mcp_call *, size_t *len); /* as sent */
	const struct mcp_value *(*argument)(
	    struct mcp_call *, const char *name);        /* NULL if absent */
	enum mcp_type (*type)(const struct mcp_value *); /* NULL: absent */
	const char *(*string)(struct mcp_call *, const struct mcp_value *,
	    size_t *len); /* NULL if it is no string */
	double (*number)(const struct mcp_value *, double otherwise);
	int64_t (*integer)(const struct mcp_value *, int64_t otherwise);
	int (*boolean)(const struct mcp_value *, int otherwise);
	/* These take NULL, or a value of another type, for absent. */
	size_t (*count)(const struct mcp_value *); /* elements or members */
	const struct mcp_value *(*at)(const struct mcp_value *, size_t i);
	const struct mcp_value *(*member)(
	    const struct mcp_value *, const char *name);
	const char *(*name_at)(struct mcp_call *, const struct mcp_value *,
	    size_t i, size_t *len); /* of member i */
	const char *(*json)(struct mcp_call *, const struct mcp_value *,
	    size_t *len); /* its source text */

	/* Surroundings. */
	const char *(*about)(struct mcp_call *, enum mcp_about);
	void *(*alloc)(struct mcp_call *, size_t); /* zeroed; NULL if full */
	/* Nobody waits for the result any more: return MCP_FAILED. */
	int (*is_cancelled)(struct mcp_call *);
	/* To the client, if it wants them.  A tool without MCP_TOOL_DETACHED
	 * that calls this, log(), ask() or wait() becomes detached in that
	 * moment, where that is possible; else they do nothing, and ask() says
	 * MCP_UNSUPPORTED.  done grows; total 0: unknown.  message may be
	 * NULL. */
	void (*progress)(
	    struct mcp_call *, double done, double total, const char *message);
	/* data is JSON text; logger may be NULL. */
	void (*log)(struct mcp_call *, enum mcp_level, const char *logger,
	    const char *data);
	/* All questions of one round, at most 16, to the person or the model
	 * behind the client; returns when all are answered.  MCP_PENDING: the
	 * function is called anew, with the same arguments, when the answers
	 * are there, and these calls of ask() are answered at once then.  So
	 * do what cannot be undone after the last question. */
	enum mcp_ask (*ask)(struct mcp_call *, struct mcp_question *, size_t n);

	/* The result: blocks of content, in this order.  len is without the
	 * NUL.  Only structured(): its text becomes the content.
	 * Of a prompt each block is a message.  Of a resource text(), image()
	 * and audio() are contents of the uri that was asked for,
	 * resource_text() and resource_blob() of another.  Of complete() each
	 * text() proposes one value.  What has no place in a result makes it an
	 * error that says so. */
	void (*text)(struct mcp_call *, const char *text, size_t len);
	void (*image)(
	    struct mcp_call *, const void *bytes, size_t len, const char *mime);
	void (*audio)(
	    struct mcp_call *, const void *bytes, size_t len, const char *mime);
	void (*resource_text)(struct mcp_call *, const char *uri,
	    const char *mime, const char *text, size_t len);
	void (*resource_blob)(struct mcp_call *, const char *uri,
	    const char *mime, const void *bytes, size_t len);
	void (*link)(struct mcp_call *, const char *uri, const char *name,
	    const char *mime);
	/* A content block, or structuredContent, as JSON text. */
	void (*block)(struct mcp_call *, const char *json, size_t len);
	void (*structured)(struct mcp_call *, const char *json, size_t len);
	/* Be an error with this text (and only it).  Of a prompt or a resource
	 * it is the message of a JSON-RPC error. */
	void (*fail)(struct mcp_call *, const char *text);

	/* Surroundings, further.  Let time pass; not 0: cancelled. */
	int (*wait)(struct mcp_call *, int64_t ms);
	/* End the client's connection now; it comes back for the result, if
	 * it can. */
	void (*let_go)(struct mcp_call *);
	/* Clients that want to know are told that something changed: "tools",
	 * "prompts", "resources", or the uri of a resource.  Anything else is
	 * told to nobody. */
	void (*changed)(struct mcp_call *, const char *what);
	/* What a question in URL mode asked for has been done: its client is
	 * told (notifications/elicitation/complete). */
	void (*elicited)(struct mcp_call *, const char *elicitation_id);

	/* The result, further.  Who says the messages of a prompt from now on:
	 * 0, as at first, the user; else the assistant. */
	void (*role)(struct mcp_call *, int is_assistant);
	/* What the messages of a prompt are about, instead of its own
	 * description. */
	void (*describe)(struct mcp_call *, const char *text);
	/* There is no such resource (any more). */
	void (*missing)(struct mcp_call *);

	/* Be a JSON-RPC error and no result at all, for what the model cannot
	 * mend.  The code is not 0; data is JSON text, or NULL. */
	void (*refuse)(struct mcp_call *, int32_t code, const char *text,
	    const char *data);
	/* From now on the client has the call as a task, if it can have one;
	 * for a tool with MCP_TOOL_TASK_LATER. */
	void (*become_task)(struct mcp_call *);
};

enum mcp_tool_flag {
	MCP_TOOL_DETACHED = 1, /* takes long, reports progress or asks */
	MCP_TOOL_ONCE = 2,     /* must not be completed twice */
	/* With execution.taskSupport, in the revision of 2026-07-28: it is no
	 * task before it calls become_task().  What it asks before that is
	 * asked, and answered, without one; progress and log are dropped. */
	MCP_TOOL_TASK_LATER = 64,
	/* Refuse clients that did not declare the capability. */
	MCP_TOOL_NEEDS_ROOTS = 256,
	MCP_TOOL_NEEDS_SAMPLING = 512,
	MCP_TOOL_NEEDS_ELICITATION = 4096,     /* form mode */
	MCP_TOOL_NEEDS_ELICITATION_URL = 8192, /* URL mode */
	MCP_TOOL_NEEDS_SAMPLING_TOOLS = 1024
};

/* A tool, a prompt, a resource or a template of resources. */
struct mcp_tool {
	uint32_t size; /* sizeof(struct mcp_tool) */
	/* The MCP object as clients see it, JSON: of a tool name, description,
	 * inputSchema, of a prompt name, description, arguments, of a resource
	 * uri, name, mimeType, of a template uriTemplate, name, mimeType; and
	 * whatever else the protocol knows. */
	const char *definition;
	uint32_t flags; /* enum mcp_tool_flag */
	enum mcp_done (*call)(struct mcp_call *, void *ctx);
	void *ctx;
	/* Propose values for an argument of a prompt or a variable of a
	 * template, best those that begin with what was typed; NULL: there are
	 * none.  A tool or a resource has none. */
	enum mcp_done (*complete)(struct mcp_call *, void *ctx);
};

struct mcp_module {
	uint32_t abi;  /* MCP_ABI it was built against */
	uint32_t size; /* sizeof(struct mcp_module) */
	const char *name;
	/* Each list ends with NULL, and may be NULL if others are not. */
	const struct mcp_tool *const *tools;
	void (*close)(void); /* before the process leaves; may be NULL */
	const struct mcp_tool *const *prompts;
	const struct mcp_tool *const *resources;
	const struct mcp_tool *const *templates;
};

const struct mcp_module *mcp_module_open(const struct mcp_api *api);

#ifdef __cplusplus
}
#endif

#endif
