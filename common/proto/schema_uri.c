#include "schema_private.h"
#include "uri.h"

static struct slice
take(struct slice *s, size_t n)
{
	struct slice head = { s->ptr, n };

	*s = slice_from(*s, n);
	return head;
}

/* Cut the last segment, with its slash, but nothing before `root`. */
static void
drop_segment(struct buf *b, size_t root)
{
	size_t n = b->len;

	while (n > root && b->ptr[n - 1] != '/')
		n--;
	if (!b->failed)
		buf_truncate(b, n > root ? n - 1 : root);
}

/* Append a path without its "." and ".." segments (RFC 3986 5.2.4). */
static void
put_path(struct buf *b, struct slice path)
{
	size_t root = b->len;

	while (path.len > 0) {
		size_t slash = path.ptr[0] == '/' ? 1 : 0;
		struct slice whole, name;
		size_t n = slash;

		while (n < path.len && path.ptr[n] != '/')
			n++;
		whole = take(&path, n);
		name = slice_from(whole, slash);
		if (!slice_eq(name, SLICE(".")) &&
		    !slice_eq(name, SLICE(".."))) {
			buf_put_slice(b, whole);
			continue;
		}
		if (name.len == 2)
			drop_segment(b, root);
		if (slash == 0 && path.len > 0)
			path = slice_from(path, 1);
		else if (slash == 1 && path.len == 0)
			buf_put_char(b, '/');
	}
}

static void
put_merged(struct buf *b, const struct uri *base, struct slice path)
{
	struct buf merged = BUF_INIT(b->max);
	size_t n = base->path.len;

	if (base->authority.ptr != NULL && n == 0)
		buf_put_char(&merged, '/');
	while (n > 0 && base->path.ptr[n - 1] != '/')
		n--;
	buf_put(&merged, base->path.ptr, n);
	buf_put_slice(&merged, path);
	put_path(b, buf_slice(&merged));
	b->failed = b->failed || merged.failed;
	buf_release(&merged);
}

void
schema_uri_resolve(struct buf *out, struct slice base, struct slice ref)
{
	struct uri b = uri_split(base);
	struct uri r = uri_split(ref);
	bool is_whole = r.scheme.ptr != NULL;
	bool has_host = is_whole || r.authority.ptr != NULL;

	buf_put_slice(out, is_whole ? r.scheme : b.scheme);
	buf_put_slice(out, has_host ? r.authority : b.authority);
	if (has_host || slice_starts(r.path, SLICE("/")))
		put_path(out, r.path);
	else if (r.path.len > 0)
		put_merged(out, &b, r.path);
	else
		buf_put_slice(out, b.path);
	if (r.query.ptr != NULL || has_host || r.path.len > 0)
		buf_put_slice(out, r.query);
	else
		buf_put_slice(out, b.query);
}
