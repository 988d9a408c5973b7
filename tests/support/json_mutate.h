#ifndef MCP_JSON_MUTATE_H
#define MCP_JSON_MUTATE_H

#include "buf.h"
#include "fuzz_source.h"
#include "json.h"

/*
 * Write a value with changes here and there, as the source says: members are
 * left out, there twice, under another name; values are of another type, too
 * large, too deep, hostile, or those of another place in the same text.  Most
 * of it is JSON all the same.
 */
struct json_mutate {
	struct fuzz_source *source;
	unsigned edits; /* how many changes; 0: none */
	/* What a string becomes that begins with "@": another one.  NULL:
	 * stays. */
	struct slice (*filled)(void *ctx, struct slice name);
	void *ctx;
};

void json_mutate(
    const struct json_mutate *m, const struct json *root, struct buf *out);

#endif
