#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "depth.h"
#include "record.h"
#include "scratch.h"

/* FastCGI records into the real program, as a web server sends them. */
#define FCGI_BYTES ((size_t)64 * 1024 * 1024)
#define FCGI_REQUEST 1

struct fcgi_depth {
	struct depth base; /* first */
	struct scratch scratch;
	struct sockaddr_un to;
};

static enum rc
fcgi_begin(struct depth *d, const struct script *s, struct buf *why)
{
	return scratch_serve(&((struct fcgi_depth *)d)->scratch, s, why);
}

static enum rc
put_request(struct buf *b, struct arena *a, const struct message *message,
    struct slice host)
{
	struct buf params = BUF_INIT(FCGI_BYTES);
	struct field *variables;
	enum rc rc;

	rc = depth_variables(a, message, host, &variables);
	for (; rc == RC_OK && variables != NULL; variables = variables->next)
		record_put_pair(&params, variables->name, variables->value);
	record_put_begin(b, FCGI_REQUEST, false);
	record_put(b, RECORD_PARAMS, FCGI_REQUEST, buf_slice(&params));
	record_put(b, RECORD_PARAMS, FCGI_REQUEST, SLICE(""));
	if (message->body.len > 0)
		record_put(b, RECORD_STDIN, FCGI_REQUEST, message->body);
	record_put(b, RECORD_STDIN, FCGI_REQUEST, SLICE(""));
	if (rc == RC_OK)
		rc = buf_finish(&params);
	buf_release(&params);
	return rc == RC_OK ? buf_finish(b) : rc;
}

/* What came in STDOUT, up to the one END that there must be. */
static enum rc
take_answer(struct slice in, struct buf *out, struct buf *why)
{
	struct record r = { .type = 0 };
	bool ended = false;

	while (in.len > 0 && !ended) {
		if (record_take(&in, &r) != RC_OK ||
		    r.request != FCGI_REQUEST) {
			buf_printf(why, "a broken record");
			return RC_SYNTAX;
		}
		if (r.type == RECORD_STDOUT)
			buf_put_slice(out, r.content);
		ended = r.type == RECORD_END;
	}
	if (ended && in.len == 0)
		return buf_finish(out);
	buf_printf(why, ended ? "bytes behind END_REQUEST" : "no END_REQUEST");
	return RC_SYNTAX;
}

static enum rc
fcgi_exchange(struct depth *d, struct arena *a, const struct message *message,
    struct answer *out, struct buf *why)
{
	struct fcgi_depth *f = (struct fcgi_depth *)d;
	struct buf request = BUF_INIT(FCGI_BYTES);
	struct buf records = BUF_INIT(FCGI_BYTES);
	struct buf text = BUF_INIT(FCGI_BYTES);
	struct slice kept = SLICE_NONE;
	enum rc rc;

	rc = put_request(&request, a, message, d->host);
	if (rc == RC_OK)
		rc = wire_exchange((const struct sockaddr *)&f->to,
		    sizeof(f->to), buf_slice(&request), &records, why);
	if (rc == RC_OK)
		rc = take_answer(buf_slice(&records), &text, why);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&text), &kept);
	if (rc == RC_OK)
		rc = depth_read_answer(a, kept, out);
	if (rc != RC_OK)
		scratch_put_log(&f->scratch, why);
	buf_release(&request);
	buf_release(&records);
	buf_release(&text);
	return rc;
}

static bool
fcgi_free(struct depth *d)
{
	bool ok = scratch_release(&((struct fcgi_depth *)d)->scratch);

	free(d);
	return ok;
}

static const struct depth_ops fcgi_ops = {
	.name = "fcgi",
	.bit = DEPTH_FCGI,
	.begin = fcgi_begin,
	.exchange = fcgi_exchange,
	.free = fcgi_free,
};

struct depth *
depth_fcgi_open(struct buf *why, bool *is_missing)
{
	struct fcgi_depth *f = calloc(1, sizeof(*f));
	enum rc rc;

	if (f == NULL)
		return NULL;
	f->base.ops = &fcgi_ops;
	f->base.host = SLICE("localhost");
	rc = scratch_init(&f->scratch, why);
	*is_missing = rc == RC_NOTFOUND;
	if (rc != RC_OK ||
	    strlen(f->scratch.socket) >= sizeof(f->to.sun_path)) {
		(void)fcgi_free(&f->base);
		return NULL;
	}
	f->to.sun_family = AF_UNIX;
	memcpy(
	    f->to.sun_path, f->scratch.socket, strlen(f->scratch.socket) + 1);
	return &f->base;
}
