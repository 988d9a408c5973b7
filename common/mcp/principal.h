#ifndef MCP_PRINCIPAL_H
#define MCP_PRINCIPAL_H

#include <stdbool.h>

#include "arena.h"
#include "http.h"
#include "rc.h"
#include "slice.h"
#include "store.h"

/*
 * Who is asking.  `user:<REMOTE_USER>` where the web server authenticated
 * somebody, else anonymous (empty name, digest of zeros); a name with control
 * characters is nobody's.  Sessions are bound to the digest.
 */
enum principal_trust {
	TRUST_AUTH_TYPE, /* REMOTE_USER counts if AUTH_TYPE is set with it */
	TRUST_ALWAYS,    /* REMOTE_USER counts */
	TRUST_NEVER
};

struct principal {
	struct slice name;
	unsigned char digest[PRINCIPAL_BYTES];
};

MUST_CHECK enum rc principal_read(const struct http_request *http,
    enum principal_trust trust, struct arena *a, struct principal *out);

bool principal_is(
    const struct principal *p, const unsigned char digest[PRINCIPAL_BYTES]);

#endif
