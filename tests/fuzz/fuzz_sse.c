/*
 * What is framed can be parsed back: a client that reads as WHATWG HTML 9.2
 * says gets exactly the events that were put, whatever is in their data and
 * whatever comments stand in between.
 */
#include "event_id.h"
#include "fuzz.h"
#include "sse.h"

/* A client. */
struct reader {
	struct buf data;
	struct buf id;
	bool has_data;
};

static void
take_field(struct reader *r, struct slice name, struct slice value)
{
	if (value.len > 0 && value.ptr[0] == ' ')
		value = slice_from(value, 1);
	if (slice_eq(name, SLICE("data"))) {
		if (r->has_data)
			buf_put_char(&r->data, '\n');
		r->has_data = true;
		buf_put_slice(&r->data, value);
	} else if (slice_eq(name, SLICE("id"))) {
		buf_reset(&r->id);
		buf_put_slice(&r->id, value);
	} else {
		law(slice_eq(name, SLICE("event")) ||
		    slice_eq(name, SLICE("retry")));
	}
}

/* Read up to and with the next event that has data; false at the end. */
static bool
take_event(struct reader *r, struct slice *text)
{
	buf_reset(&r->data);
	buf_reset(&r->id);
	r->has_data = false;
	while (text->len > 0) {
		struct slice line = { text->ptr, 0 };
		struct slice value;
		struct slice name;

		while (line.len < text->len && line.ptr[line.len] != '\n' &&
		    line.ptr[line.len] != '\r')
			line.len++;
		/* Each line is ended, by LF alone. */
		law(line.len < text->len && line.ptr[line.len] == '\n');
		*text = slice_from(*text, line.len + 1);
		if (line.len == 0 && r->has_data)
			return true;
		if (line.len == 0 || line.ptr[0] == ':')
			continue;
		name = slice_cut(line, ':', &value);
		take_field(r, name, value);
	}
	return false;
}

/* Each line end of the data is LF when it comes. */
static void
put_normal(struct buf *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n')
			continue;
		if (c == '\r')
			c = '\n';
		buf_put_char(b, c);
	}
}

/* The next piece of the input; its end is a zero byte. */
static bool
take_piece(struct slice *in, struct slice *piece)
{
	if (in->ptr == NULL)
		return false;
	*piece = slice_cut(*in, '\0', in);
	return true;
}

static void
put_piece(struct buf *out, struct slice piece, int64_t seq)
{
	const struct event_id number = { 1, 2, seq };
	struct buf id = BUF_INIT(64);
	struct sse_event event = {
		.type = SLICE("message"), .retry_ms = seq % 3 - 1, .data = piece
	};

	event_id_put(&id, &number);
	event.id = buf_slice(&id);
	sse_put_event(out, &event);
	if (seq % 2 == 0)
		sse_put_comment(out);
	if (seq % 5 == 0)
		sse_put_retry(out, seq);
	buf_release(&id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice all = { (const char *)data, size };
	struct reader r = { BUF_INIT(1 << 20), BUF_INIT(64), false };
	struct buf out = BUF_INIT(1 << 22), normal = BUF_INIT(1 << 20);
	struct slice in = all, piece, text;
	struct event_id id;

	for (int64_t seq = 1; take_piece(&in, &piece); seq++)
		put_piece(&out, piece, seq);
	text = buf_slice(&out);
	in = all;
	for (int64_t seq = 1; take_piece(&in, &piece); seq++) {
		buf_reset(&normal);
		put_normal(&normal, piece);
		law(take_event(&r, &text));
		law(slice_eq(buf_slice(&r.data), buf_slice(&normal)));
		law(event_id_read(buf_slice(&r.id), &id) == RC_OK);
		law(id.seq == seq);
	}
	law(!take_event(&r, &text));
	buf_release(&out);
	buf_release(&normal);
	buf_release(&r.data);
	buf_release(&r.id);
	return 0;
}
