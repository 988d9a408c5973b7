#include "principal.h"

#include <string.h>

#include "seal.h"

/* A name that could pass for something else where it is shown is none. */
static bool
is_printable(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

enum rc
principal_read(const struct http_request *http, enum principal_trust trust,
    struct arena *a, struct principal *out)
{
	static const struct slice prefix = SLICE_INIT("user:");
	char *name;

	*out = (struct principal){ .name = SLICE("") };
	if (http->remote_user.len == 0 || trust == TRUST_NEVER ||
	    !is_printable(http->remote_user))
		return RC_OK;
	/* nginx passes the name of a Basic header that nobody has checked;
	 * AUTH_TYPE comes only with a check (RFC 3875, 4.1.1). */
	if (trust == TRUST_AUTH_TYPE && http->auth_type.len == 0)
		return RC_OK;
	name = arena_bytes(a, prefix.len + http->remote_user.len);
	if (name == NULL)
		return RC_NOMEM;
	memcpy(name, prefix.ptr, prefix.len);
	memcpy(name + prefix.len, http->remote_user.ptr, http->remote_user.len);
	out->name.ptr = name;
	out->name.len = prefix.len + http->remote_user.len;
	seal_digest(out->name, out->digest);
	return RC_OK;
}

bool
principal_is(
    const struct principal *p, const unsigned char digest[PRINCIPAL_BYTES])
{
	return memcmp(p->digest, digest, PRINCIPAL_BYTES) == 0;
}
