#include "match.h"

#include "text.h"

/* What {{repeat:N:text}} may ask for; above the server's own body limit. */
#define REPEAT_MAX 8388608

enum rc
vars_set(struct vars *v, struct slice name, struct slice value)
{
	enum rc rc;

	for (size_t i = 0; i < v->n; i++) {
		if (slice_eq(v->var[i].name, name))
			return arena_copy(v->arena, value, &v->var[i].value);
	}
	if (v->n == VARS_MAX)
		return RC_FULL;
	rc = arena_copy(v->arena, name, &v->var[v->n].name);
	if (rc == RC_OK)
		rc = arena_copy(v->arena, value, &v->var[v->n].value);
	if (rc == RC_OK)
		v->n++;
	return rc;
}

struct slice
vars_get(const struct vars *v, struct slice name)
{
	for (size_t i = 0; i < v->n; i++) {
		if (slice_eq(v->var[i].name, name))
			return v->var[i].value;
	}
	return SLICE_NONE;
}

static enum rc
put_bytes(struct slice hex, struct buf *out)
{
	while (hex.len > 0) {
		struct slice rest;
		struct slice digits = slice_cut(hex, ' ', &rest);
		unsigned char byte;

		if (text_hex(digits, &byte, 1) != RC_OK)
			return RC_SYNTAX;
		buf_put_char(out, (char)byte);
		hex = rest;
	}
	return RC_OK;
}

static enum rc
put_repeated(struct slice arguments, struct buf *out)
{
	struct slice text;
	struct slice count = slice_cut(arguments, ':', &text);
	uint64_t n;

	if (text.ptr == NULL || text_u64(count, REPEAT_MAX, &n) != RC_OK)
		return RC_SYNTAX;
	for (uint64_t i = 0; i < n; i++)
		buf_put_slice(out, text);
	return RC_OK;
}

static enum rc
put_one(const struct vars *v, struct slice inner, struct buf *out)
{
	struct slice value;

	if (slice_starts(inner, SLICE("x:")))
		return put_bytes(slice_from(inner, 2), out);
	if (slice_starts(inner, SLICE("repeat:")))
		return put_repeated(slice_from(inner, 7), out);
	value = vars_get(v, inner);
	if (value.ptr == NULL)
		return RC_NOTFOUND;
	buf_put_slice(out, value);
	return RC_OK;
}

/* Where `mark` first stands in s; its length if nowhere. */
static size_t
find(struct slice s, const char *mark)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.ptr[i] == mark[0] && s.ptr[i + 1] == mark[1])
			return i;
	}
	return s.len;
}

enum rc
vars_expand(
    const struct vars *v, struct slice text, struct buf *out, struct buf *why)
{
	while (text.len > 0) {
		size_t open = find(text, "{{");
		struct slice inner;
		size_t close;

		buf_put(out, text.ptr, open);
		text = slice_from(text, open);
		if (text.len == 0)
			break;
		close = find(text, "}}");
		/* `{"a":{"b":{}}}` has closing braces but no name before. */
		if (close == text.len) {
			buf_put_slice(out, text);
			break;
		}
		inner = (struct slice){ text.ptr + 2, close - 2 };
		if (put_one(v, inner, out) != RC_OK) {
			buf_printf(
			    why, "{{%.*s}} means nothing", SLICE_FMT(inner));
			return RC_SYNTAX;
		}
		text = slice_from(text, close + 2);
	}
	return buf_finish(out);
}
