#include "fcgi_io.h"

#include <stdlib.h>
#include <time.h>

#include "road.h"
#include "text.h"

/* A buffer that grew beyond this for one request is not kept. */
#define KEEP_MAX ((size_t)256 * 1024)
/* One read of a body. */
#define PIECE ((size_t)16 * 1024)
/* Of a body that is too large: read on so far, so that the web server is
 * there for the answer; who sends more may miss it. */
#define DRAIN_MAX ((size_t)16 * 1024 * 1024)
/* Variables of one request, in number and bytes.  More than any web server
 * lets through; a list of them is searched, and those of one name joined. */
#define VARIABLES_MAX 512
#define VARIABLE_BYTES_MAX ((size_t)256 * 1024)

struct fcgi_io {
	struct sink sink; /* first, so that a sink * is one of these */
	struct road *road;
	struct fcgi_io_limits limits;
	const struct clock *clock;
	struct buf body;
	struct buf out; /* the answer */
	enum sink_body mode;
	enum road_end end;
	struct fcgi_answer answer;
	struct trace *trace;
	uint64_t connection; /* in the trace; 0: not there */
	bool has_said;       /* some of the answer */
	bool has_body;       /* the sink was given one */
	bool has_ended;      /* ... and its end */
	bool is_finished;    /* the connection was given back */
};

/* ------------------------------------------------------------ request */

/* What the variables say beside what is HTTP. */
struct announced {
	bool has_length;
	bool is_strange; /* a length that is no number */
	uint64_t length;
};

static void
take_length(struct slice value, struct announced *a)
{
	/* nginx sends an empty one for "none". */
	if (value.len == 0)
		return;
	a->has_length = true;
	a->is_strange =
	    text_u64(value, (uint64_t)INT64_MAX, &a->length) != RC_OK;
}

static enum rc
take_variables(char **env, struct arena *a, struct http_request *request,
    struct announced *announced)
{
	const struct slice length = SLICE("CONTENT_LENGTH");
	size_t bytes = 0;
	size_t n = 0;
	enum rc rc = RC_OK;

	for (; *env != NULL && rc == RC_OK; env++) {
		struct slice whole = slice_of(*env);
		struct slice value;
		struct slice name = slice_cut(whole, '=', &value);

		bytes += whole.len;
		if (++n > VARIABLES_MAX || bytes > VARIABLE_BYTES_MAX)
			return RC_FULL;
		if (value.ptr == NULL)
			continue;
		if (slice_eq(name, length))
			take_length(value, announced);
		rc = http_take_variable(request, a, name, value);
	}
	return rc;
}

static int64_t
time_left(const struct fcgi_io *io, int64_t deadline)
{
	return deadline - clock_mono_ms(io->clock);
}

/* Read on without keeping it.  True at the end of the body. */
static bool
drain(struct fcgi_io *io, int64_t deadline)
{
	char piece[4096];
	size_t total = 0;
	ssize_t n = 1;

	while (n > 0 && total < DRAIN_MAX && time_left(io, deadline) > 0) {
		n = io->road->ops->read(
		    io->road, piece, sizeof(piece), time_left(io, deadline));
		total += n > 0 ? (size_t)n : 0;
	}
	return n == 0;
}

/* Read to the end, whatever length was announced.  -1: cut or too late,
 * 0: too large, 1: all is there. */
static int
read_all(struct fcgi_io *io, int64_t deadline)
{
	ssize_t n = 1;

	while (n > 0) {
		size_t room = io->limits.body_max - io->body.len;
		size_t piece = room < PIECE ? room + 1 : PIECE;
		size_t before = io->body.len;
		char *p = buf_extend(&io->body, piece);

		if (p == NULL || time_left(io, deadline) <= 0)
			return -1;
		n = io->road->ops->read(
		    io->road, p, piece, time_left(io, deadline));
		if (n < 0)
			return -1;
		buf_truncate(&io->body, before + (size_t)n);
		if (io->body.len > io->limits.body_max)
			return 0;
	}
	return 1;
}

static enum rc
take_body(struct fcgi_io *io, int64_t deadline,
    const struct announced *announced, struct http_request *request)
{
	int got;

	if (announced->is_strange)
		return RC_NOTFOUND;
	got = read_all(io, deadline);
	if (got < 0)
		return buf_finish(&io->body) == RC_OK ? RC_NOTFOUND : RC_NOMEM;
	if (got == 0) {
		request->body_state = HTTP_BODY_TOO_LARGE;
		buf_reset(&io->body);
		io->end = drain(io, deadline) ? ROAD_ANSWERED : ROAD_UNREAD;
		return RC_OK;
	}
	/* More than announced is possible: a filter of the web server may have
	 * unpacked it.  Less means that the rest was lost. */
	if (announced->has_length && io->body.len < announced->length)
		return RC_NOTFOUND;
	request->body = buf_slice(&io->body);
	request->body_state = HTTP_BODY_OK;
	return RC_OK;
}

static void
tidy_buf(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_release(b);
	else
		buf_reset(b);
}

static void
put_status(struct fcgi_io *io, int status)
{
	io->answer.status = status;
	buf_put_slice(&io->out, SLICE("Status: "));
	buf_put_i64(&io->out, status);
	buf_put_char(&io->out, ' ');
	buf_put_slice(&io->out, slice_of(http_phrase(status)));
	buf_put_slice(&io->out, SLICE("\r\n"));
}

static void
trace_out(struct fcgi_io *io)
{
	if (io->has_said)
		trace_more(io->trace, io->connection, buf_slice(&io->out));
	else
		trace_answer(io->trace, io->connection, buf_slice(&io->out));
	io->has_said = true;
}

static enum rc
send_out(struct fcgi_io *io)
{
	if (io->connection != 0 && !io->answer.broken && !io->is_finished)
		trace_out(io);
	if (!io->answer.broken && !io->is_finished)
		io->answer.broken =
		    !io->road->ops->write(io->road, buf_slice(&io->out));
	buf_reset(&io->out);
	return io->answer.broken || io->is_finished ? RC_IO : RC_OK;
}

static void
put_length(struct fcgi_io *io, size_t n)
{
	buf_put_slice(&io->out, SLICE("Content-Length: "));
	buf_put_u64(&io->out, n);
	buf_put_slice(&io->out, SLICE("\r\n\r\n"));
}

/* Said here: nobody behind us is to look at such a request. */
static void
refuse_variables(struct fcgi_io *io)
{
	buf_reset(&io->out);
	put_status(io, 431);
	put_length(io, 0);
	(void)send_out(io);
	(void)io->road->ops->end(io->road, ROAD_UNREAD);
	io->road->ops->finish(io->road);
}

enum rc
fcgi_next(struct fcgi_io *io, struct arena *a, struct http_request *request)
{
	struct announced announced = { false, false, 0 };
	int64_t deadline;
	char **env;
	enum rc rc = io->road->ops->take(io->road, &env);

	if (rc != RC_OK)
		return rc;
	*request = (struct http_request){ .method = HTTP_OTHER };
	io->end = ROAD_ANSWERED;
	io->connection = 0;
	io->has_said = false;
	io->has_body = false;
	io->has_ended = false;
	io->is_finished = false;
	io->answer = (struct fcgi_answer){ 0, 0, false };
	deadline = clock_mono_ms(io->clock) + io->limits.body_timeout_ms;
	rc = take_variables(env, a, request, &announced);
	if (rc == RC_OK && request->method_name.len == 0)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = take_body(io, deadline, &announced, request);
	if (rc == RC_OK) {
		io->connection = trace_request(io->trace, request);
		return RC_OK;
	}
	if (rc == RC_FULL) {
		refuse_variables(io);
	} else {
		(void)io->road->ops->end(io->road, ROAD_DROPPED);
		io->road->ops->finish(io->road);
	}
	tidy_buf(&io->body);
	return rc;
}

/* ------------------------------------------------------------- answer */

static enum rc
send_now(struct fcgi_io *io)
{
	enum rc rc = buf_finish(&io->out);

	if (rc == RC_OK)
		rc = send_out(io);
	if (rc == RC_OK && !io->road->ops->flush(io->road)) {
		io->answer.broken = true;
		rc = RC_IO;
	}
	return rc;
}

static enum rc
sink_head(struct sink *sink, int status, const struct sink_header *header,
    size_t n, enum sink_body mode)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;

	io->mode = mode;
	put_status(io, status);
	for (size_t i = 0; i < n; i++) {
		buf_put_slice(&io->out, slice_of(header[i].name));
		buf_put_slice(&io->out, SLICE(": "));
		buf_put_slice(&io->out, header[i].value);
		buf_put_slice(&io->out, SLICE("\r\n"));
	}
	if (mode == SINK_WHOLE)
		return buf_finish(&io->out);
	/* nginx would gather the events. */
	buf_put_slice(&io->out, SLICE("X-Accel-Buffering: no\r\n\r\n"));
	return send_now(io);
}

static enum rc
sink_body(struct sink *sink, struct slice bytes)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;

	io->answer.bytes += bytes.len;
	if (io->mode == SINK_WHOLE) {
		put_length(io, bytes.len);
		io->has_body = true;
	}
	buf_put_slice(&io->out, bytes);
	return io->mode == SINK_WHOLE ? buf_finish(&io->out) : send_now(io);
}

static enum rc
sink_end(struct sink *sink)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;
	enum rc rc;

	io->has_ended = true;
	if (io->mode == SINK_STREAM)
		return io->answer.broken ? RC_IO : RC_OK;
	/* Always said, because some servers send "chunked" without it. */
	if (!io->has_body)
		put_length(io, 0);
	rc = buf_finish(&io->out);
	if (rc == RC_OK)
		return send_out(io);
	buf_reset(&io->out);
	io->answer.bytes = 0;
	put_status(io, 500);
	put_length(io, 0);
	(void)send_out(io);
	return rc;
}

/* Nobody is there any more whose leaving could end it. */
static void
nap(int64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000 * 1000000) };

	if (ms > 0)
		(void)nanosleep(&left, NULL);
}

static bool
sink_is_ready(struct sink *sink)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;

	return io->is_finished || io->answer.broken ||
	    io->road->ops->is_ready(io->road);
}

static bool
sink_peer_gone(struct sink *sink)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;

	return io->is_finished || io->answer.broken ||
	    io->road->ops->is_gone(io->road);
}

static bool
sink_wait(struct sink *sink, int64_t ms)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;
	const int64_t until = clock_mono_ms(io->clock) + ms;

	if (!io->is_finished && !io->answer.broken &&
	    io->road->ops->wait(io->road, ms))
		return true;
	nap(until - clock_mono_ms(io->clock));
	return false;
}

static void
sink_close(struct sink *sink)
{
	struct fcgi_io *io = (struct fcgi_io *)sink;

	if (io->is_finished)
		return;
	io->is_finished = true;
	/* Without an answer a cut connection is honest; an empty one is not.
	 * And who takes nothing cannot be told that a stream ends. */
	if (io->answer.status == 0 ||
	    (io->mode == SINK_STREAM && !io->has_ended))
		io->end = ROAD_DROPPED;
	if (!io->road->ops->end(io->road, io->end))
		io->answer.broken = true;
	trace_end(io->trace, io->connection, io->end == ROAD_DROPPED);
}

static const struct sink_ops sink_ops = { sink_head, sink_body, sink_end,
	sink_is_ready, sink_peer_gone, sink_wait, sink_close };

enum rc
fcgi_take_over(struct fcgi_io *io, struct taken *out)
{
	enum rc rc = io->road->ops->give(io->road, out);

	io->road->ops->finish(io->road);
	tidy_buf(&io->body);
	return rc;
}

void
fcgi_io_trace(struct fcgi_io *io, struct trace *trace)
{
	io->trace = trace;
}

struct sink *
fcgi_sink(struct fcgi_io *io)
{
	return &io->sink;
}

void
fcgi_finish(struct fcgi_io *io, struct fcgi_answer *out)
{
	sink_close(&io->sink);
	io->road->ops->finish(io->road);
	*out = io->answer;
	tidy_buf(&io->body);
	tidy_buf(&io->out);
}

/* --------------------------------------------------------- open, free */

enum rc
fcgi_io_open(int fd, const struct fcgi_io_limits *limits,
    const struct clock *clock, struct fcgi_io **out)
{
	struct fcgi_io *io = calloc(1, sizeof(*io));
	enum rc rc;

	*out = NULL;
	if (io == NULL)
		return RC_NOMEM;
	io->sink.ops = &sink_ops;
	io->limits = *limits;
	io->clock = clock;
	io->body = BUF_INIT(limits->body_max + PIECE);
	io->out = BUF_INIT(limits->answer_max);
	rc = fd >= 0 ? road_open_fcgi(fd, limits->body_timeout_ms,
			   limits->is_screened, clock, &io->road)
		     : road_open_cgi(limits->body_timeout_ms, &io->road);
	if (rc != RC_OK) {
		free(io);
		return rc;
	}
	*out = io;
	return RC_OK;
}

void
fcgi_io_free(struct fcgi_io *io)
{
	if (io == NULL)
		return;
	io->road->ops->free(io->road);
	buf_release(&io->body);
	buf_release(&io->out);
	free(io);
}
