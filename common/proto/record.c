#include "record.h"

#define VERSION 1
#define HEADER 8
/* The longest content that needs no padding; a length has 16 bits. */
#define CONTENT_MAX ((size_t)65528)
#define ROLE_RESPONDER 1
#define KEEP_CONN 1

static size_t
byte(struct slice s, size_t i)
{
	return (unsigned char)s.ptr[i];
}

enum rc
record_take(struct slice *in, struct record *out)
{
	size_t content, whole;

	if (in->len > 0 && byte(*in, 0) != VERSION)
		return RC_SYNTAX;
	if (in->len < HEADER)
		return RC_BUSY;
	content = byte(*in, 4) << 8 | byte(*in, 5);
	whole = HEADER + content + byte(*in, 6);
	if (in->len < whole)
		return RC_BUSY;
	*out = (struct record){ .type = (unsigned)byte(*in, 1),
		.request = (uint16_t)(byte(*in, 2) << 8 | byte(*in, 3)),
		.content = { in->ptr + HEADER, content } };
	*in = slice_from(*in, whole);
	return RC_OK;
}

/* One byte up to 127, or four with the top bit set (section 3.4). */
static enum rc
take_length(struct slice *in, size_t *length)
{
	size_t size = in->len > 0 && byte(*in, 0) >= 0x80 ? 4 : 1;

	if (in->len < size)
		return RC_SYNTAX;
	*length = byte(*in, 0);
	if (size == 4)
		*length = (byte(*in, 0) & 0x7f) << 24 | byte(*in, 1) << 16 |
		    byte(*in, 2) << 8 | byte(*in, 3);
	*in = slice_from(*in, size);
	return RC_OK;
}

enum rc
record_take_pair(struct slice *in, struct slice *name, struct slice *value)
{
	struct slice rest = *in;
	size_t name_len, value_len;

	if (rest.len == 0)
		return RC_NOTFOUND;
	if (take_length(&rest, &name_len) != RC_OK ||
	    take_length(&rest, &value_len) != RC_OK || name_len > rest.len ||
	    value_len > rest.len - name_len)
		return RC_SYNTAX;
	*name = (struct slice){ rest.ptr, name_len };
	*value = (struct slice){ rest.ptr + name_len, value_len };
	*in = slice_from(rest, name_len + value_len);
	return RC_OK;
}

static void
put_one(struct buf *b, enum record_type type, uint16_t request,
    struct slice content)
{
	static const char zeros[8];
	size_t padding = (8 - content.len % 8) % 8;
	const unsigned char header[HEADER] = { VERSION, (unsigned char)type,
		(unsigned char)(request >> 8), (unsigned char)(request & 0xff),
		(unsigned char)(content.len >> 8),
		(unsigned char)(content.len & 0xff), (unsigned char)padding };

	buf_put(b, header, sizeof(header));
	buf_put_slice(b, content);
	buf_put(b, zeros, padding);
}

void
record_put(struct buf *b, enum record_type type, uint16_t request,
    struct slice content)
{
	while (content.len > CONTENT_MAX && !b->failed) {
		put_one(b, type, request,
		    (struct slice){ content.ptr, CONTENT_MAX });
		content = slice_from(content, CONTENT_MAX);
	}
	put_one(b, type, request, content);
}

void
record_put_begin(struct buf *b, uint16_t request, bool keep)
{
	const char body[8] = { 0, ROLE_RESPONDER, keep ? KEEP_CONN : 0 };

	put_one(b, RECORD_BEGIN, request, (struct slice){ body, sizeof(body) });
}

static void
put_u32(struct buf *b, uint32_t value)
{
	const unsigned char bytes[4] = { (unsigned char)(value >> 24),
		(unsigned char)(value >> 16 & 0xff),
		(unsigned char)(value >> 8 & 0xff),
		(unsigned char)(value & 0xff) };

	buf_put(b, bytes, sizeof(bytes));
}

void
record_put_end(struct buf *b, uint16_t request, uint32_t app_status)
{
	/* Protocol status 0 is "request complete". */
	const char body[8] = { (char)(app_status >> 24),
		(char)(app_status >> 16 & 0xff), (char)(app_status >> 8 & 0xff),
		(char)(app_status & 0xff) };

	put_one(b, RECORD_END, request, (struct slice){ body, sizeof(body) });
}

void
record_put_last(struct buf *b, uint16_t request)
{
	record_put(b, RECORD_STDOUT, request, SLICE(""));
	record_put_end(b, request, 0);
}

static void
put_length(struct buf *b, size_t length)
{
	if (length < 0x80)
		buf_put_char(b, (char)length);
	else
		put_u32(b, (uint32_t)length | UINT32_C(0x80000000));
}

void
record_put_pair(struct buf *b, struct slice name, struct slice value)
{
	if (name.len > INT32_MAX || value.len > INT32_MAX) {
		b->failed = true;
		return;
	}
	put_length(b, name.len);
	put_length(b, value.len);
	buf_put_slice(b, name);
	buf_put_slice(b, value);
}
