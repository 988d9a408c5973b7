#include "event_id.h"

#include "text.h"

void
event_id_put(struct buf *b, const struct event_id *id)
{
	buf_put_u64(b, id->incarnation);
	buf_put_char(b, '-');
	buf_put_i64(b, id->stream);
	buf_put_char(b, '-');
	buf_put_i64(b, id->seq);
}

enum rc
event_id_read(struct slice text, struct event_id *out)
{
	uint64_t incarnation, stream, seq;
	struct slice rest;

	if (text_u64(slice_cut(text, '-', &rest), UINT32_MAX, &incarnation) !=
		RC_OK ||
	    rest.ptr == NULL)
		return RC_SYNTAX;
	/* The store keeps the others in signed 64-bit columns. */
	if (text_u64(slice_cut(rest, '-', &rest), INT64_MAX, &stream) !=
		RC_OK ||
	    stream == 0 || rest.ptr == NULL ||
	    text_u64(rest, INT64_MAX, &seq) != RC_OK)
		return RC_SYNTAX;
	*out = (struct event_id){ (uint32_t)incarnation, (int64_t)stream,
		(int64_t)seq };
	return RC_OK;
}
