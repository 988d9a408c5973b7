#ifndef MCP_URI_H
#define MCP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

/*
 * URIs as RFC 3986 takes them apart.
 *
 * A part that is not there has no ptr; each keeps its own delimiters, so that
 * the parts one after the other are the whole.  Only the path is always there.
 */
struct uri {
	struct slice scheme;    /* "http:" */
	struct slice authority; /* "//host" */
	struct slice path;
	struct slice query;    /* "?a=b" */
	struct slice fragment; /* "#c" */
};

/* Take anything apart; whether it is a URI is another question. */
struct uri uri_split(struct slice s);

/* Is this an absolute URI (RFC 3986): a scheme, and no character that would
 * have to be escaped? */
bool uri_is_absolute(struct slice uri);

/* Characters that mean themselves, and those that may delimit (2.3, 2.2). */
bool uri_is_unreserved(char c);
bool uri_is_reserved(char c);

/* Does s begin with an escape, %XX?  Then *byte is what it stands for. */
bool uri_escape_at(struct slice s, unsigned char *byte);

#endif
