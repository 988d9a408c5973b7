#include "placeholder.h"

static bool
is_name(struct slice s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '-' ||
			c == '.' || c == '%'))
			return false;
	}
	return true;
}

/* The end of what stands between the braces that open at `from`: the first
 * byte that closes or opens others. */
static size_t
inside_end(struct slice s, size_t from)
{
	size_t i = from;

	while (i < s.len && s.ptr[i] != '{' && s.ptr[i] != '}')
		i++;
	return i;
}

bool
placeholder_cut(struct slice *text, struct slice *before, struct slice *name)
{
	const struct slice s = *text;
	size_t i = 0;

	while (i + 1 < s.len) {
		size_t end;

		if (s.ptr[i] != '{' || s.ptr[i + 1] != '{') {
			i++;
			continue;
		}
		end = inside_end(s, i + 2);
		*name =
		    slice_trim((struct slice){ s.ptr + i + 2, end - i - 2 });
		if (end + 1 < s.len && s.ptr[end] == '}' &&
		    s.ptr[end + 1] == '}' && is_name(*name)) {
			*before = (struct slice){ s.ptr, i };
			*text = slice_from(s, end + 2);
			return true;
		}
		/* Of three braces the last two may be it. */
		i = end > i + 2 ? end : i + 1;
	}
	*before = s;
	*text = SLICE_NONE;
	return false;
}

static void
put_value(struct buf *out, const struct json *value)
{
	bool is_first = true;

	buf_put_slice(out, json_text(value));
	if (!json_is(value, JSON_ARRAY))
		return;
	for (const struct json *e = value->child; e != NULL; e = e->next) {
		if (!is_first)
			buf_put_char(out, ',');
		is_first = false;
		buf_put_slice(out, json_text(e));
	}
}

void
placeholder_put(struct buf *out, struct slice text, const struct json *values)
{
	struct slice before;
	struct slice name;

	while (placeholder_cut(&text, &before, &name)) {
		buf_put_slice(out, before);
		put_value(out, json_member(values, name));
	}
	buf_put_slice(out, before);
}

bool
placeholder_is_exempt(struct slice member)
{
	static const struct slice exempt[] = {
		SLICE_INIT("type"),
		SLICE_INIT("mimeType"),
		SLICE_INIT("role"),
		SLICE_INIT("file"),
		SLICE_INIT("data"),
		SLICE_INIT("blob"),
	};

	for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++)
		if (slice_eq(member, exempt[i]))
			return true;
	return false;
}

bool
placeholder_each(const struct json *value,
    bool (*visit)(void *ctx, const struct json *at, struct slice name),
    void *ctx)
{
	struct slice text = json_text(value);
	struct slice before;
	struct slice name;

	if (value->name.ptr != NULL && placeholder_is_exempt(value->name))
		return true;
	while (text.ptr != NULL && placeholder_cut(&text, &before, &name))
		if (!visit(ctx, value, name))
			return false;
	/* No deeper than json_read() allowed. */
	for (const struct json *c = value->child; c != NULL; c = c->next)
		if (!placeholder_each(c, visit, ctx))
			return false;
	return true;
}
