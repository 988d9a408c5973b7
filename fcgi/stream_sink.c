#include "stream_sink.h"

#include <time.h>

#include "http.h"

/* A buffer that grew beyond this for one reply is not kept. */
#define KEEP_MAX ((size_t)256 * 1024)
/* Nobody who is served here has to wait; whoever does, waits shortly. */
#define NAP_MAX_MS 5

static void
put_length(struct buf *b, size_t n)
{
	buf_put_slice(b, SLICE("Content-Length: "));
	buf_put_u64(b, n);
	buf_put_slice(b, SLICE("\r\n\r\n"));
}

static void
put_status(struct stream_sink *s, int status)
{
	s->status = status;
	buf_put_slice(&s->out, SLICE("Status: "));
	buf_put_i64(&s->out, status);
	buf_put_char(&s->out, ' ');
	buf_put_slice(&s->out, slice_of(http_phrase(status)));
	buf_put_slice(&s->out, SLICE("\r\n"));
}

/* It can be written no more. */
static bool
is_over(const struct stream_sink *s)
{
	return s->is_taken || s->is_closed;
}

static enum rc
sink_head(struct sink *sink, int status, const struct sink_header *header,
    size_t n, enum sink_body mode)
{
	struct stream_sink *s = (struct stream_sink *)sink;

	if (is_over(s))
		return RC_IO;
	s->mode = mode;
	put_status(s, status);
	for (size_t i = 0; i < n; i++) {
		buf_put_slice(&s->out, slice_of(header[i].name));
		buf_put_slice(&s->out, SLICE(": "));
		buf_put_slice(&s->out, header[i].value);
		buf_put_slice(&s->out, SLICE("\r\n"));
	}
	/* nginx would gather the events. */
	if (mode == SINK_STREAM)
		buf_put_slice(&s->out, SLICE("X-Accel-Buffering: no\r\n\r\n"));
	return buf_finish(&s->out);
}

static enum rc
sink_body(struct sink *sink, struct slice bytes)
{
	struct stream_sink *s = (struct stream_sink *)sink;

	if (is_over(s))
		return RC_IO;
	if (s->mode == SINK_WHOLE) {
		put_length(&s->out, bytes.len);
		s->has_body = true;
	}
	buf_put_slice(&s->out, bytes);
	return buf_finish(&s->out);
}

static enum rc
sink_end(struct sink *sink)
{
	struct stream_sink *s = (struct stream_sink *)sink;
	enum rc rc;

	if (is_over(s))
		return RC_IO;
	s->has_ended = true;
	if (s->mode == SINK_WHOLE && !s->has_body)
		put_length(&s->out, 0);
	rc = buf_finish(&s->out);
	if (rc == RC_OK || s->mode == SINK_STREAM)
		return rc;
	buf_reset(&s->out);
	put_status(s, 500);
	put_length(&s->out, 0);
	return rc;
}

/* It keeps everything. */
static bool
sink_is_ready(struct sink *sink)
{
	(void)sink;
	return true;
}

static bool
sink_peer_gone(struct sink *sink)
{
	return ((struct stream_sink *)sink)->is_closed;
}

static bool
sink_wait(struct sink *sink, int64_t ms)
{
	const struct timespec nap = {
		.tv_nsec = (ms > NAP_MAX_MS ? NAP_MAX_MS : ms) * 1000000
	};

	if (ms > 0)
		(void)nanosleep(&nap, NULL);
	return !sink_peer_gone(sink);
}

static void
sink_close(struct sink *sink)
{
	struct stream_sink *s = (struct stream_sink *)sink;

	if (is_over(s))
		return;
	s->is_closed = true;
	s->is_cut = !s->has_ended;
}

static const struct sink_ops sink_ops = { sink_head, sink_body, sink_end,
	sink_is_ready, sink_peer_gone, sink_wait, sink_close };

void
stream_sink_init(struct stream_sink *s, size_t answer_max)
{
	*s = (struct stream_sink){ .sink.ops = &sink_ops,
		.out = BUF_INIT(answer_max) };
}

void
stream_sink_reset(struct stream_sink *s)
{
	struct buf out = s->out;

	if (out.cap > KEEP_MAX)
		buf_release(&out);
	else
		buf_reset(&out);
	*s = (struct stream_sink){ .sink.ops = &sink_ops, .out = out };
}

void
stream_sink_release(struct stream_sink *s)
{
	buf_release(&s->out);
}
