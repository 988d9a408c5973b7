#ifndef MCP_RC_H
#define MCP_RC_H

/* Attributes behind names of our own; both compilers we support know them. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/*
 * What can go wrong with the machine, as opposed to with the conversation.
 * A refused request is a normal answer and travels as a reply; an rc means
 * that we could not do our own work.
 */
enum rc {
	RC_OK = 0,
	RC_NOMEM,    /* allocation failed, or a buffer met its cap */
	RC_SYNTAX,   /* bytes that are not what the grammar asks for */
	RC_NOTFOUND, /* the row, key or name is not there */
	RC_CONFLICT, /* somebody else changed the row first, or it exists */
	RC_FULL,     /* a cap of ours is reached; nothing was changed */
	RC_BUSY,     /* try again: lock held, pool empty, deadline passed */
	RC_IO,       /* the peer, the disk or the database failed */
	RC_BUG       /* an invariant of ours is broken */
};

/* The constant's name without its prefix, in lower case: "busy". */
const char *rc_name(enum rc rc);

#endif
