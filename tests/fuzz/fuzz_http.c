#include "http.h"

#include "fuzz.h"

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

/* What the first byte of a line stands for; each may come once. */
static const struct slice names[] = {
	SLICE_INIT("REQUEST_METHOD"),
	SLICE_INIT("REQUEST_URI"),
	SLICE_INIT("SCRIPT_NAME"),
	SLICE_INIT("PATH_INFO"),
	SLICE_INIT("QUERY_STRING"),
	SLICE_INIT("CONTENT_TYPE"),
	SLICE_INIT("HTTP_CONTENT_TYPE"),
	SLICE_INIT("HTTP_AUTHORIZATION"),
	SLICE_INIT("REDIRECT_HTTP_AUTHORIZATION"),
	SLICE_INIT("HTTP_HOST"),
	SLICE_INIT("HTTP_ACCEPT"),
	SLICE_INIT("HTTP_MCP_NAME"),
	SLICE_INIT("HTTP_MCP_PARAM_A"),
	SLICE_INIT("HTTP_MCP_PARAM_B_C"),
	SLICE_INIT("HTTPS"),
	SLICE_INIT("REQUEST_SCHEME"),
	SLICE_INIT("REMOTE_USER"),
	SLICE_INIT("SERVER_ADDR"),
};

struct line {
	struct slice name;
	struct slice value;
};

static bool
lies_inside(struct slice part, struct slice whole)
{
	return part.ptr == NULL ||
	    (part.ptr >= whole.ptr &&
		part.ptr + part.len <= whole.ptr + whole.len);
}

/* The parts lie inside of the value and make it up without a rest. */
static void
check_parts(struct slice value, const struct http_origin *o, size_t between)
{
	size_t port = o->port.ptr == NULL ? 0 : o->port.len + 1;

	law(lies_inside(o->scheme, value));
	law(lies_inside(o->host, value));
	law(lies_inside(o->port, value));
	law(o->host.len > 0);
	law(o->scheme.len + between + o->host.len + port == value.len);
}

static void
check_origin(struct slice in)
{
	struct http_origin o, again;
	enum rc rc = http_read_origin(in, &o);

	law(http_read_origin(in, &again) == rc);
	law(memcmp(&o, &again, sizeof(o)) == 0);
	if (rc == RC_OK) {
		law(o.scheme.len > 0);
		check_parts(in, &o, sizeof("://") - 1);
	} else {
		law(rc == RC_SYNTAX && o.host.ptr == NULL);
	}
	rc = http_read_host(in, &o);
	law(http_read_host(in, &again) == rc);
	law(memcmp(&o, &again, sizeof(o)) == 0);
	if (rc == RC_OK) {
		law(o.scheme.ptr == NULL);
		check_parts(in, &o, 0);
	} else {
		law(rc == RC_SYNTAX && o.host.ptr == NULL);
	}
	/* A name that passes for ours names no other host. */
	if (http_is_loopback(in))
		law(memchr(in.ptr, '/', in.len) == NULL && in.len < 32);
}

/* Neither the case of letters nor the place in memory counts. */
static void
check_media(struct slice in)
{
	const struct slice media = SLICE("application/json");
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct slice upper;

	buf_put_slice(&b, in);
	law(buf_finish(&b) == RC_OK);
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] >= 'a' && b.ptr[i] <= 'z')
			b.ptr[i] = (char)(b.ptr[i] - ('a' - 'A'));
	}
	upper = buf_slice(&b);
	law(http_media_is(in, media) == http_media_is(upper, media));
	law(http_accepts(in, media) == http_accepts(upper, media));
	law(http_accepts_exactly(in, media) ==
	    http_accepts_exactly(upper, media));
	if (http_accepts_exactly(in, media))
		law(http_accepts(in, media));
	buf_release(&b);
}

static size_t
split(struct slice in, struct line lines[ROWS(names)])
{
	bool is_taken[ROWS(names)] = { false };
	size_t n = 0;

	while (in.ptr != NULL) {
		struct slice line = slice_cut(in, '\n', &in);
		size_t i;

		if (line.len == 0)
			continue;
		i = ((unsigned char)line.ptr[0] - (size_t)'A') % ROWS(names);
		if (is_taken[i])
			continue;
		is_taken[i] = true;
		lines[n++] = (struct line){ names[i], slice_from(line, 1) };
	}
	return n;
}

static struct http_request
take(struct arena *a, const struct line *lines, size_t n, size_t first)
{
	struct http_request r = { .method = HTTP_OTHER };

	for (size_t i = 0; i < n; i++) {
		const struct line *l = &lines[(first + i) % n];

		law(http_take_variable(&r, a, l->name, l->value) == RC_OK);
	}
	return r;
}

static bool
same(struct slice a, struct slice b)
{
	if (a.ptr == NULL || b.ptr == NULL)
		return a.ptr == b.ptr;
	return slice_eq(a, b);
}

static size_t
count_params(const struct http_request *r)
{
	size_t n = 0;

	for (const struct http_param *p = r->params; p != NULL; p = p->next)
		n++;
	return n;
}

/* Whatever comes first, the request is the same. */
static void
check_rotations(struct slice in)
{
	struct arena a = ARENA_INIT((size_t)16 << 20);
	struct line lines[ROWS(names)];
	size_t n = split(in, lines);
	struct http_request x = take(&a, lines, n, 0);

	for (size_t first = 1; first < n; first++) {
		struct http_request y = take(&a, lines, n, first);

		law(x.method == y.method && x.is_https == y.is_https);
		law(same(x.method_name, y.method_name));
		law(same(x.path, y.path) && same(x.query, y.query));
		law(same(x.remote_user, y.remote_user));
		law(same(x.server_addr, y.server_addr));
		for (size_t f = 0; f < HTTP_FIELDS; f++)
			law(same(x.field[f], y.field[f]));
		law(count_params(&x) == count_params(&y));
		for (const struct http_param *p = x.params; p != NULL;
		     p = p->next)
			law(same(http_param(&y, p->name), p->value));
	}
	arena_release(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };

	if (size == 0)
		return 0;
	check_origin(in);
	check_media(in);
	check_rotations(in);
	return 0;
}
