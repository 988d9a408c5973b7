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

void
sse_put_message(struct buf *b, struct slice json)
{
	buf_put_slice(b, SLICE("event: message\n"));
	do {
		buf_put_slice(b, SLICE("data: "));
		buf_put_slice(b, take_line(&json));
		buf_put_char(b, '\n');
	} while (json.ptr != NULL);
	buf_put_char(b, '\n');
}
