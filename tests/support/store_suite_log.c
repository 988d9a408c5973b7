/* What the parts of the suite that are about the event log share. */
#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_suite_part.h"

int64_t
suite_session(struct suite *f, uint32_t n)
{
	const struct session_row row = store_row(n, 1, 2000);
	int64_t id = 0;

	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &row, &store_no_caps, &id),
	    RC_OK);
	return id;
}

struct stream_row
suite_stream(struct suite *f, int64_t session, enum stream_kind kind)
{
	const struct stream_open open = { session, kind, SLICE("h.one") };
	struct stream_row row;

	assert_int_equal(
	    f->ops->stream_open(f->store, &f->op, &open, &row), RC_OK);
	return row;
}

struct stream_row
suite_listen(struct suite *f, int64_t session, struct slice owner)
{
	const struct stream_attach attach = {
		.session = session, .after = -1, .owner = owner
	};
	struct stream_row row;

	assert_int_equal(
	    f->ops->stream_attach(f->store, &f->op, &attach, &row), RC_OK);
	return row;
}

int64_t
suite_append(struct suite *f, const struct stream_row *stream, const char *text)
{
	const struct event_append a = { .session = stream->session,
		.stream = stream->number,
		.data = slice_of(text) };
	struct appended out;

	assert_int_equal(f->ops->event_append(
			     f->store, &f->op, &a, &store_no_stream_caps, &out),
	    RC_OK);
	return out.seq;
}

struct stream_row
suite_read(
    struct suite *f, int64_t stream, int64_t after, struct event_rows *events)
{
	const struct event_limits limits = { 1000, 1000000 };
	struct stream_row row;
	struct event_rows rows;

	assert_int_equal(f->ops->stream_read(f->store, &f->op, stream, after,
			     &limits, &row, &rows),
	    RC_OK);
	if (events != NULL)
		*events = rows;
	return row;
}

bool
suite_has_stream(struct suite *f, int64_t stream)
{
	const struct event_limits limits = { 1, 1 };
	struct stream_row row;
	struct event_rows rows;
	enum rc rc = f->ops->stream_read(
	    f->store, &f->op, stream, 0, &limits, &row, &rows);

	assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	return rc == RC_OK;
}

struct change_rows
suite_changes(struct suite *f, struct change_mark *mark)
{
	struct change_rows rows;

	assert_int_equal(f->ops->changes(f->store, &f->op, mark, &rows), RC_OK);
	return rows;
}

struct change_mark
suite_mark(struct suite *f)
{
	struct change_mark mark = { .is_set = false };

	assert_int_equal(suite_changes(f, &mark).n, 0);
	return mark;
}

size_t
suite_count(const struct change_rows *rows, enum change_kind kind,
    int64_t session, int64_t stream, int64_t ref)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct change *c = &rows->row[i];

		n += c->kind == kind &&
		    (session < 0 || c->session == session) &&
		    (stream < 0 || c->stream == stream) &&
		    (ref < 0 || c->ref == ref);
	}
	return n;
}
