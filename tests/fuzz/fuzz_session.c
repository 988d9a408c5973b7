/*
 * Laws of what a client brings back.  A session id or seal is accepted if and
 * only if it was made here, with this key, for this use, and no byte of it is
 * another; what is accepted prints back as it was.  A session document that is
 * accepted is printed with the same members, and reads again to that print.
 */
#include <string.h>

#include "counted_rng.h"
#include "fuzz.h"
#include "json.h"
#include "seal.h"
#include "session_id.h"
#include "session_json.h"

#define MAX ((size_t)16 << 20)
#define NOW INT64_C(1788264000000)
#define KEY_END (NOW + 1000)

/* Bytes of the fuzzer, from the front; zeros when they are used up. */
static void
take(struct slice *from, void *out, size_t n)
{
	size_t there = n < from->len ? n : from->len;

	memset(out, 0, n);
	if (there > 0)
		memcpy(out, from->ptr, there);
	*from = slice_from(*from, there);
}

static uint64_t
take_number(struct slice *from, size_t n)
{
	unsigned char bytes[8];
	uint64_t v = 0;

	take(from, bytes, n);
	for (size_t i = 0; i < n; i++)
		v = v << 8 | bytes[i];
	return v;
}

/* ours; one with the same id and another secret; one with another id */
struct rings {
	struct keyring ours;
	struct keyring other_secret;
	struct keyring other_id;
};

static void
rings_init(struct rings *r)
{
	struct key_row *row = &r->ours.rows.row[0];

	memset(r, 0, sizeof(*r));
	row->id = 7;
	row->end = KEY_END;
	memset(row->secret, 0x5a, sizeof(row->secret));
	r->ours.rows.n = 1;
	r->other_secret = r->ours;
	r->other_secret.rows.row[0].secret[31] ^= 1;
	r->other_id = r->ours;
	r->other_id.rows.row[0].id = 8;
}

/* ----------------------------------------------------------- session ids */

static enum rc
read_id(struct slice text, const struct keyring *keys)
{
	struct session_id id;

	return session_id_read(text, keys, NOW, &id);
}

static void
make_id(struct slice *from, struct session_id *id)
{
	*id = (struct session_id){
		.key.created = (int64_t)take_number(from, 6),
		.key.incarnation = (uint32_t)take_number(from, 4),
		.transport = (enum transport_name)(
		    take_number(from, 1) % (TRANSPORT_MODERN + 1)),
		.revision =
		    (enum revision_name)(take_number(from, 1) % REVISIONS),
		.caps = (uint32_t)take_number(from, 2),
	};
	take(from, id->key.sid, SID_BYTES);
	take(from, id->key.principal, PRINCIPAL_BYTES);
}

static void
check_same_id(const struct session_id *a, const struct session_id *b)
{
	law(memcmp(a->key.sid, b->key.sid, SID_BYTES) == 0);
	law(memcmp(a->key.principal, b->key.principal, PRINCIPAL_BYTES) == 0);
	law(a->key.created == b->key.created);
	law(a->key.incarnation == b->key.incarnation);
	law(a->transport == b->transport && a->revision == b->revision);
	law(a->caps == b->caps);
}

/* Every place with other bits, and one character less or more. */
static void
check_mutated_ids(char *text, unsigned char bits, const struct keyring *keys)
{
	for (size_t i = 0; i < SESSION_ID_CHARS; i++) {
		char was = text[i];

		text[i] = (char)((unsigned char)was ^ bits);
		law(read_id((struct slice){ text, SESSION_ID_CHARS }, keys) ==
		    RC_SYNTAX);
		text[i] = was;
	}
	for (size_t n = SESSION_ID_CHARS - 1; n <= SESSION_ID_CHARS + 1; n += 2)
		law(read_id((struct slice){ text, n }, keys) == RC_SYNTAX);
}

static void
check_minted_id(struct slice bytes, const struct rings *r)
{
	struct buf first = BUF_INIT(MAX), second = BUF_INIT(MAX);
	char text[SESSION_ID_CHARS + 1];
	struct session_id id, back;
	unsigned char bits = (unsigned char)take_number(&bytes, 1);

	make_id(&bytes, &id);
	law(session_id_put(&first, &r->ours.rows.row[0], &id) == RC_OK);
	law(first.len == SESSION_ID_CHARS);
	law(session_id_read(buf_slice(&first), &r->ours, NOW, &back) == RC_OK);
	check_same_id(&id, &back);
	law(session_id_put(&second, &r->ours.rows.row[0], &back) == RC_OK);
	law(slice_eq(buf_slice(&first), buf_slice(&second)));
	law(read_id(buf_slice(&first), &r->other_secret) == RC_SYNTAX);
	law(read_id(buf_slice(&first), &r->other_id) == RC_SYNTAX);
	law(session_id_read(buf_slice(&first), &r->ours, KEY_END, &back) ==
	    RC_SYNTAX);
	memcpy(text, first.ptr, SESSION_ID_CHARS);
	text[SESSION_ID_CHARS] = 'A';
	check_mutated_ids(text, bits == 0 ? 1 : bits, &r->ours);
	buf_release(&first);
	buf_release(&second);
}

/* ----------------------------------------------------------------- seals */

static enum rc
open_seal(struct arena *a, const struct keyring *keys, struct slice text,
    struct slice bound)
{
	const struct seal_use use = { SEAL_CURSOR, bound };
	struct slice plain;

	return seal_open(a, keys, NOW, &use, text, &plain);
}

/* Both ends and one place between get other bits; then what is cut off. */
static void
check_mutated_seals(struct arena *a, struct slice text, unsigned seed,
    const struct keyring *keys)
{
	const size_t places[] = { 0, seed % text.len, text.len - 1 };
	char *copy = arena_bytes(a, text.len + 1);
	char bits = (char)(seed >> 8 & 255);

	law(copy != NULL);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 'A';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *p = &copy[places[i]], was = *p;

		*p = (char)(was ^ (bits == 0 ? 1 : bits));
		law(open_seal(a, keys, (struct slice){ copy, text.len },
			SLICE_NONE) == RC_SYNTAX);
		*p = was;
	}
	law(open_seal(a, keys, (struct slice){ copy, text.len + 1 },
		SLICE_NONE) == RC_SYNTAX);
	for (size_t n = text.len - 1; n > text.len / 2; n = n * 3 / 4)
		law(open_seal(a, keys, (struct slice){ copy, n }, SLICE_NONE) ==
		    RC_SYNTAX);
}

static void
check_sealed(struct arena *a, struct slice bytes, const struct rings *r)
{
	const struct seal_use session = { SEAL_SESSION, SLICE_NONE };
	const struct seal_use cursor = { SEAL_CURSOR, SLICE_NONE };
	struct buf b = BUF_INIT(MAX);
	struct counted_rng rng;
	struct slice text, plain;
	unsigned seed = (unsigned)take_number(&bytes, 3);

	counted_rng_init(&rng, seed);
	law(seal_put(&b, &r->ours.rows.row[0], &rng.rng, &cursor, bytes) ==
	    RC_OK);
	text = buf_slice(&b);
	law(seal_open(a, &r->ours, NOW, &cursor, text, &plain) == RC_OK);
	law(slice_eq(plain, bytes));
	law(seal_open(a, &r->ours, NOW, &session, text, &plain) == RC_SYNTAX);
	law(seal_open(a, &r->ours, KEY_END, &cursor, text, &plain) ==
	    RC_SYNTAX);
	law(open_seal(a, &r->ours, text, SLICE("x")) == RC_SYNTAX);
	law(open_seal(a, &r->other_secret, text, SLICE_NONE) == RC_SYNTAX);
	law(open_seal(a, &r->other_id, text, SLICE_NONE) == RC_SYNTAX);
	check_mutated_seals(a, text, seed, &r->ours);
	buf_release(&b);
}

/* ------------------------------------------------------------- documents */

static void
check_row(const struct session_row *row)
{
	law(row->created == row->key.created && row->created >= 0);
	law(row->touched >= 0 && row->lists >= 0);
	law(row->caps <= UINT16_MAX);
	law(row->log_level >= -1 && row->log_level <= 7);
	law(row->state == SESSION_LIVE || row->state == SESSION_ENDED);
}

/* Nothing of what was read is lost or another; hex has two spellings, and what
 * is not true is false. */
static void
check_members(struct arena *a, struct slice text, struct slice print)
{
	const struct json *said, *root;

	law(json_read(a, text, &json_limits_default, &said, NULL) == RC_OK);
	law(json_read(a, print, &json_limits_default, &root, NULL) == RC_OK);
	for (const struct json *m = root->child; m != NULL; m = m->next) {
		const struct json *was = json_member(said, m->name);

		if (slice_eq(m->name, SLICE("sid")) ||
		    slice_eq(m->name, SLICE("principalDigest")))
			law(slice_ieq(json_text(m), json_text(was)));
		else if (m->type == JSON_FALSE)
			law(!json_is(was, JSON_TRUE));
		else
			law(was != NULL && json_equal(m, was));
	}
}

static void
check_document(struct arena *a, struct slice text)
{
	struct buf why = BUF_INIT(MAX);
	struct buf first = BUF_INIT(MAX), second = BUF_INIT(MAX);
	struct session_row row, again;
	enum rc rc = session_json_read(a, text, &row, &why);

	law(rc == RC_OK || rc == RC_SYNTAX);
	law((rc == RC_OK) == (why.len == 0));
	if (rc == RC_OK) {
		check_row(&row);
		law(session_json_put(&first, &row) == RC_OK);
		check_members(a, text, buf_slice(&first));
		law(session_json_read(a, buf_slice(&first), &again, &why) ==
		    RC_OK);
		law(session_json_put(&second, &again) == RC_OK);
		law(slice_eq(buf_slice(&first), buf_slice(&second)));
	}
	buf_release(&why);
	buf_release(&first);
	buf_release(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = { (const char *)data, size };
	struct arena a = ARENA_INIT(MAX);
	struct rings rings;

	law(seal_init() == RC_OK);
	rings_init(&rings);
	law(read_id(bytes, &rings.ours) == RC_SYNTAX);
	law(open_seal(&a, &rings.ours, bytes, SLICE_NONE) == RC_SYNTAX);
	check_minted_id(bytes, &rings);
	check_sealed(&a, bytes, &rings);
	check_document(&a, bytes);
	arena_release(&a);
	return 0;
}
