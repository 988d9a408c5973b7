#include "row_copy.h"

#include <string.h>

/* "mcp row", and the number of this form. */
#define MAGIC SLICE("mcprow\0\1")
#define SEAL_BYTES 8

static bool
fits(struct slice s, size_t max)
{
	return s.ptr != NULL && s.len <= max;
}

bool
row_copy_may_be(const struct session_row *row)
{
	return row->state == SESSION_LIVE && row->initialized &&
	    fits(row->revision, ROW_COPY_REVISION_MAX) &&
	    row->principal_name.len <= ROW_COPY_NAME_MAX &&
	    fits(row->client, ROW_COPY_CLIENT_MAX) && row->rev >= 0;
}

/* ------------------------------------------------------------- writing */

static void
put_number(struct buf *out, uint64_t value, size_t bytes)
{
	while (bytes-- > 0)
		buf_put_char(out, (char)(unsigned char)(value >> (8 * bytes)));
}

static void
put_string(struct buf *out, struct slice s)
{
	put_number(out, s.ptr != NULL, 1);
	put_number(out, s.len, 4);
	buf_put_slice(out, s);
}

void
row_copy_put(struct buf *out, const unsigned char key[SIPHASH_KEY_BYTES],
    const struct row_copy *copy)
{
	const struct session_row *row = &copy->row;
	const size_t start = out->len;

	buf_put_slice(out, MAGIC);
	put_number(out, copy->incarnation, 4);
	put_number(out, (uint64_t)row->rev, 8);
	buf_put(out, row->key.sid, SID_BYTES);
	buf_put(out, row->key.principal, PRINCIPAL_BYTES);
	put_number(out, (uint64_t)row->key.created, 8);
	put_number(out, row->key.incarnation, 4);
	put_number(out, (uint64_t)row->id, 8);
	put_number(out, (uint32_t)row->transport, 4);
	put_number(out, row->caps, 4);
	put_number(out, (uint32_t)row->log_level, 4);
	put_number(out, (uint64_t)row->lists, 8);
	put_number(out, (uint64_t)row->touched, 8);
	put_string(out, row->revision);
	put_string(out, row->principal_name);
	put_string(out, row->client);
	if (buf_finish(out) != RC_OK)
		return;
	put_number(out,
	    siphash(key, (struct slice){ out->ptr + start, out->len - start }),
	    SEAL_BYTES);
}

/* ------------------------------------------------------------- reading */

struct reader {
	struct slice rest;
	bool failed;
};

static struct slice
take(struct reader *r, size_t n)
{
	struct slice s = { r->rest.ptr, n };

	if (r->failed || n > r->rest.len) {
		r->failed = true;
		return (struct slice){ "", 0 };
	}
	r->rest = slice_from(r->rest, n);
	return s;
}

static uint64_t
take_number(struct reader *r, size_t bytes)
{
	struct slice s = take(r, bytes);
	uint64_t value = 0;

	for (size_t i = 0; i < s.len; i++)
		value = value << 8 | (unsigned char)s.ptr[i];
	return value;
}

/* The bits of a signed number. */
static int64_t
take_signed(struct reader *r)
{
	uint64_t bits = take_number(r, 8);
	int64_t value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static int
take_int(struct reader *r)
{
	uint32_t bits = (uint32_t)take_number(r, 4);
	int32_t value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void
take_bytes(struct reader *r, unsigned char *out, size_t n)
{
	struct slice s = take(r, n);

	memcpy(out, s.ptr, s.len);
}

/* One that is absent has no bytes. */
static struct slice
take_string(struct reader *r)
{
	uint64_t is_there = take_number(r, 1);
	struct slice s = take(r, (size_t)take_number(r, 4));

	if (is_there > 1 || (is_there == 0 && s.len > 0))
		r->failed = true;
	return is_there == 1 ? s : (struct slice){ NULL, 0 };
}

static void
take_row(struct reader *r, struct session_row *row)
{
	row->rev = take_signed(r);
	take_bytes(r, row->key.sid, SID_BYTES);
	take_bytes(r, row->key.principal, PRINCIPAL_BYTES);
	row->key.created = take_signed(r);
	row->key.incarnation = (uint32_t)take_number(r, 4);
	row->id = take_signed(r);
	row->transport = take_int(r);
	row->caps = (uint32_t)take_number(r, 4);
	row->log_level = take_int(r);
	row->lists = take_signed(r);
	row->touched = take_signed(r);
	row->revision = take_string(r);
	row->principal_name = take_string(r);
	row->client = take_string(r);
	row->state = SESSION_LIVE;
	row->initialized = true;
	row->created = row->key.created;
}

enum rc
row_copy_read(struct slice bytes, const unsigned char key[SIPHASH_KEY_BYTES],
    struct row_copy *copy)
{
	struct reader r = { bytes, false };
	struct reader seal = { bytes, false };

	if (bytes.len > ROW_COPY_MAX || bytes.len < SEAL_BYTES ||
	    !slice_starts(bytes, MAGIC))
		return RC_SYNTAX;
	r.rest.len -= SEAL_BYTES;
	seal.rest = slice_from(bytes, r.rest.len);
	if (siphash(key, r.rest) != take_number(&seal, SEAL_BYTES))
		return RC_SYNTAX;
	*copy = (struct row_copy){ 0 };
	(void)take(&r, MAGIC.len);
	copy->incarnation = (uint32_t)take_number(&r, 4);
	take_row(&r, &copy->row);
	if (r.failed || r.rest.len > 0 || !row_copy_may_be(&copy->row))
		return RC_SYNTAX;
	return RC_OK;
}
