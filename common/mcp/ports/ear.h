#ifndef MCP_EAR_H
#define MCP_EAR_H

#include <stdbool.h>
#include <stdint.h>

#include "rc.h"

/*
 * By which a running call is told that it should look at its row, and a
 * process that holds a stream that it should look for changes: somebody on this
 * host reads what has changed for all of them, and rings.  A ring says nothing
 * and may be lost; then a look comes later, that is all.  A process does one
 * such thing at a time.
 */
struct ear;

struct ear_ops {
	/* From now on for this call, and for the readers of its stream (0:
	 * none); for call 0, whenever anything has changed.  RC_IO, RC_NOMEM:
	 * nobody can ring. */
	enum rc (*listen)(struct ear *, int64_t call, int64_t stream);
	/* Did it ring since this was asked last? */
	bool (*heard)(struct ear *);
	/* Is there somebody who would ring?  Cheap. */
	bool (*is_tended)(struct ear *);
	/* A descriptor that is readable when heard() would say yes; -1: it
	 * does not listen. */
	int (*descriptor)(struct ear *);
	/* It is over.  Harmless without listen(). */
	void (*leave)(struct ear *);
};

struct ear {
	const struct ear_ops *ops;
};

#endif
