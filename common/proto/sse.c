#include "sse.h"

/* Take one line off the front; CRLF, LF and CR end it, as a client sees it. */
static struct slice
take_line(struct slice *text)
{
	struct slice line = { text->ptr, 0 };
	size_t end;

	while (line.len < text->len && line.ptr[line.len] != '\n' &&
	    line.ptr[line.len] != '\r')
		line.len++;
	if (line.len == text->len) {
		*text = SLICE_NONE;
		return line;
	}
	end = line.len;
	if (line.ptr[end] == '\r' && end + 1 < text->len &&
	    line.ptr[end + 1] == '\n')
		end++;
	*text = slice_from(*text, end + 1);
	return line;
}

static void
put_data(struct buf *b, struct slice text)
{
	do {
		buf_put_slice(b, SLICE("data: "));
		buf_put_slice(b, take_line(&text));
		buf_put_char(b, '\n');
	} while (text.ptr != NULL);
}

static void
put_field(struct buf *b, struct slice name, struct slice value)
{
	if (value.ptr == NULL)
		return;
	buf_put_slice(b, name);
	buf_put_slice(b, value);
	buf_put_char(b, '\n');
}

static void
put_retry(struct buf *b, int64_t ms)
{
	buf_put_slice(b, SLICE("retry: "));
	buf_put_i64(b, ms);
	buf_put_char(b, '\n');
}

void
sse_put_message(struct buf *b, struct slice json)
{
	put_field(b, SLICE("event: "), SLICE("message"));
	put_data(b, json);
	buf_put_char(b, '\n');
}

void
sse_put_event(struct buf *b, const struct sse_event *event)
{
	put_field(b, SLICE("event: "), event->type);
	put_field(b, SLICE("id: "), event->id);
	if (event->retry_ms >= 0)
		put_retry(b, event->retry_ms);
	if (event->data.ptr != NULL)
		put_data(b, event->data);
	buf_put_char(b, '\n');
}

void
sse_put_retry(struct buf *b, int64_t retry_ms)
{
	put_retry(b, retry_ms);
	buf_put_char(b, '\n');
}

void
sse_put_comment(struct buf *b)
{
	buf_put_slice(b, SLICE(":\n\n"));
}
