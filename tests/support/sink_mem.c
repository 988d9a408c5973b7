#include "sink_mem.h"

#include "text.h"

#define HEADER_MAX 16384
#define BODY_MAX ((size_t)64 * 1024 * 1024)

static bool
value_ok(struct slice v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] == '\r' || v.ptr[i] == '\n' || v.ptr[i] == '\0')
			return false;
	}
	return true;
}

static void
keep(struct sink_mem *m, const struct sink_header *h)
{
	struct slice name = slice_of(h->name);

	if (m->n_headers == SINK_MEM_HEADERS || !text_token_ok(name) ||
	    !value_ok(h->value)) {
		m->wrong = true;
		return;
	}
	buf_put_slice(&m->header[m->n_headers].name, name);
	buf_put_slice(&m->header[m->n_headers].value, h->value);
	m->n_headers++;
}

static enum rc
head(struct sink *s, int status, const struct sink_header *headers, size_t n,
    enum sink_body kind)
{
	struct sink_mem *m = (struct sink_mem *)s;

	if (m->heads++ > 0 || m->ends > 0)
		m->wrong = true;
	m->status = status;
	m->kind = kind;
	for (size_t i = 0; i < n; i++)
		keep(m, &headers[i]);
	return RC_OK;
}

static enum rc
body(struct sink *s, struct slice bytes)
{
	struct sink_mem *m = (struct sink_mem *)s;

	if (m->heads != 1 || m->ends > 0)
		m->wrong = true;
	if (m->kind == SINK_WHOLE && m->body.len > 0)
		m->wrong = true;
	buf_put_slice(&m->body, bytes);
	return buf_finish(&m->body);
}

static enum rc
end(struct sink *s)
{
	struct sink_mem *m = (struct sink_mem *)s;

	if (m->heads != 1 || m->ends++ > 0)
		m->wrong = true;
	return RC_OK;
}

static bool
is_ready(struct sink *s)
{
	return !((struct sink_mem *)s)->is_full;
}

static bool
peer_gone(struct sink *s)
{
	return ((struct sink_mem *)s)->peer_gone;
}

static bool
wait(struct sink *s, int64_t ms)
{
	struct sink_mem *m = (struct sink_mem *)s;

	if (m->pass != NULL && !m->pass(m->ctx, ms))
		m->peer_gone = true;
	return !m->peer_gone && m->closes == 0;
}

static void
close_it(struct sink *s)
{
	((struct sink_mem *)s)->closes++;
}

static const struct sink_ops sink_mem_ops = { head, body, end, is_ready,
	peer_gone, wait, close_it };

void
sink_mem_init(struct sink_mem *m)
{
	*m = (struct sink_mem){ .base = { &sink_mem_ops },
		.body = BUF_INIT(BODY_MAX) };
	for (size_t i = 0; i < SINK_MEM_HEADERS; i++) {
		m->header[i].name = BUF_INIT(HEADER_MAX);
		m->header[i].value = BUF_INIT(HEADER_MAX);
	}
}

struct slice
sink_mem_header(const struct sink_mem *m, const char *name)
{
	struct slice want = slice_of(name);

	for (size_t i = 0; i < m->n_headers; i++) {
		const struct buf *v = &m->header[i].value;

		if (!slice_ieq(buf_slice(&m->header[i].name), want))
			continue;
		/* An empty value is not an absent one. */
		return v->ptr == NULL ? SLICE("") : buf_slice(v);
	}
	return SLICE_NONE;
}

bool
sink_mem_is_reply(const struct sink_mem *m)
{
	return !m->wrong && m->heads == 1 && m->ends == 1;
}

void
sink_mem_release(struct sink_mem *m)
{
	for (size_t i = 0; i < SINK_MEM_HEADERS; i++) {
		buf_release(&m->header[i].name);
		buf_release(&m->header[i].value);
	}
	buf_release(&m->body);
	sink_mem_init(m);
}
