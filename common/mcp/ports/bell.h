#ifndef MCP_BELL_H
#define MCP_BELL_H

/*
 * Tells those on this host who follow streams that something was committed.
 * Rung after the commit, never before; a ring may be lost, and then the look
 * that they take anyway finds it.
 */
struct bell;

struct bell_ops {
	void (*ring)(struct bell *);
};

struct bell {
	const struct bell_ops *ops;
};

/* NULL is allowed. */
static inline void
bell_ring(struct bell *bell)
{
	if (bell != 0)
		bell->ops->ring(bell);
}

#endif
