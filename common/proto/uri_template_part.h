#ifndef MCP_URI_TEMPLATE_PART_H
#define MCP_URI_TEMPLATE_PART_H

#include "uri_template.h"

/* What the files behind uri_template.h share; nobody else includes it. */

/* A kind of expression: the table of RFC 6570 appendix A. */
struct uri_kind {
	char mark;  /* of the template; NUL: none */
	char first; /* what its expansion begins with; NUL: nothing */
	char sep;
	bool is_named;
	bool shows_empty;    /* name= rather than name */
	bool takes_reserved; /* in values, and escapes as they are */
};

/* A piece of the template.  Expressions do not nest, and something literal
 * stands in front: there are at most twice as many as variables, and one. */
#define URI_PARTS (2 * URI_TEMPLATE_VARS + 1)

struct uri_part {
	struct slice literal;        /* as a URI has it; if kind is NULL */
	const struct uri_kind *kind; /* of an expression */
	size_t var;                  /* the first of its variables */
	size_t n;                    /* how many */
	char stop[8]; /* a string: what begins those right behind it */
};

struct uri_template {
	struct uri_part part[URI_PARTS];
	size_t n_parts;
	struct slice name[URI_TEMPLATE_VARS];
	bool explodes[URI_TEMPLATE_VARS];
	size_t n_vars;
};

/* Append bytes of a literal, as a URI has them (3.1). */
void uri_put_literal(struct buf *out, struct slice text);

#endif
