#include "session_id.h"

#include <string.h>

#include "text.h"

/*
 *  0  1  layout version
 *  1  4  cluster key
 *  5 16  random sid
 * 21  6  created, milliseconds since 1970
 * 27  4  store incarnation
 * 31  1  transport and revision, four bits each
 * 32  2  client capabilities
 * 34 16  digest of the principal
 * 50 14  MAC, cut to 112 bits so that the whole is 64 bytes
 */
#define LAYOUT 1
#define SIGNED_BYTES 50
#define MAC_BYTES 14
#define ID_BYTES (SIGNED_BYTES + MAC_BYTES)

static void
put_number(unsigned char *p, size_t n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (unsigned char)v;
		v >>= 8;
	}
}

static uint64_t
get_number(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

enum rc
session_id_put(
    struct buf *b, const struct key_row *key, const struct session_id *id)
{
	unsigned char bytes[SIGNED_BYTES + SEAL_MAC_BYTES] = { LAYOUT };

	put_number(bytes + 1, 4, key->id);
	memcpy(bytes + 5, id->key.sid, SID_BYTES);
	put_number(bytes + 21, 6, (uint64_t)id->key.created);
	put_number(bytes + 27, 4, id->key.incarnation);
	put_number(bytes + 31, 1,
	    (uint64_t)id->transport << 4 | (uint64_t)id->revision);
	put_number(bytes + 32, 2, id->caps);
	memcpy(bytes + 34, id->key.principal, PRINCIPAL_BYTES);
	seal_mac(key, SEAL_SESSION,
	    (struct slice){ (const char *)bytes, SIGNED_BYTES },
	    bytes + SIGNED_BYTES);
	text_put_b64url(b, bytes, ID_BYTES);
	return buf_finish(b);
}

static enum rc
unpack(const unsigned char *bytes, struct session_id *out)
{
	unsigned traits = bytes[31];

	*out = (struct session_id){ .caps = (uint32_t)get_number(bytes + 32, 2),
		.key.created = (int64_t)get_number(bytes + 21, 6),
		.key.incarnation = (uint32_t)get_number(bytes + 27, 4) };
	memcpy(out->key.sid, bytes + 5, SID_BYTES);
	memcpy(out->key.principal, bytes + 34, PRINCIPAL_BYTES);
	if (traits >> 4 > TRANSPORT_MODERN || (traits & 15) >= REVISIONS)
		return RC_SYNTAX;
	out->transport = (enum transport_name)(traits >> 4);
	out->revision = (enum revision_name)(traits & 15);
	return RC_OK;
}

static bool
is_signed_with(const struct key_row *key, const unsigned char *bytes)
{
	unsigned char mac[SEAL_MAC_BYTES];
	unsigned char differs = 0;

	seal_mac(key, SEAL_SESSION,
	    (struct slice){ (const char *)bytes, SIGNED_BYTES }, mac);
	/* No early exit: the time must not tell how much was right. */
	for (size_t i = 0; i < MAC_BYTES; i++)
		differs |= mac[i] ^ bytes[SIGNED_BYTES + i];
	return differs == 0;
}

enum rc
session_id_read(struct slice text, const struct keyring *keys, int64_t now_ms,
    struct session_id *out)
{
	unsigned char bytes[ID_BYTES];
	const struct key_row *key;
	uint32_t id;

	if (text.len != SESSION_ID_CHARS ||
	    text_b64url_fixed(text, bytes, sizeof(bytes)) != RC_OK ||
	    bytes[0] != LAYOUT)
		return RC_SYNTAX;
	id = (uint32_t)get_number(bytes + 1, 4);
	key = keyring_find(keys, id, now_ms);
	while (key != NULL && !is_signed_with(key, bytes))
		key = keyring_next(keys, id, now_ms, key);
	return key == NULL ? RC_SYNTAX : unpack(bytes, out);
}

uint32_t
session_id_key(struct slice text)
{
	unsigned char bytes[ID_BYTES];

	if (text.len != SESSION_ID_CHARS ||
	    text_b64url_fixed(text, bytes, sizeof(bytes)) != RC_OK ||
	    bytes[0] != LAYOUT)
		return 0;
	return (uint32_t)get_number(bytes + 1, 4);
}

void
session_id_put_short(struct buf *b, struct slice text)
{
	unsigned char bytes[ID_BYTES];

	if (text.len == SESSION_ID_CHARS &&
	    text_b64url_fixed(text, bytes, sizeof(bytes)) == RC_OK)
		seal_put_short(b, bytes + 5, 4);
	else
		buf_put_char(b, '?');
}
