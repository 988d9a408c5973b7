#include "match.h"

#include <string.h>

#include "json.h"

#define JSON_ARENA ((size_t)64 * 1024 * 1024)
#define PATH_MAX_BYTES 4096

/* ---------------------------------------------------------------- text */

static const char *
seek(struct slice s, struct slice what)
{
	for (size_t i = 0; i + what.len <= s.len; i++) {
		if (memcmp(s.ptr + i, what.ptr, what.len) == 0)
			return s.ptr + i;
	}
	return NULL;
}

/* Cut {{name}} off the front; false if there is none. */
static bool
take_name(struct slice *pattern, struct slice *name)
{
	const char *close;

	if (!slice_starts(*pattern, SLICE("{{")))
		return false;
	close = seek(*pattern, SLICE("}}"));
	if (close == NULL)
		return false;
	name->ptr = pattern->ptr + 2;
	name->len = (size_t)(close - name->ptr);
	*pattern = slice_from(*pattern, name->len + 4);
	return true;
}

/* Cut the literal text off the front, up to the next {{. */
static struct slice
take_literal(struct slice *pattern)
{
	const char *open = seek(*pattern, SLICE("{{"));
	struct slice literal = { pattern->ptr,
		open == NULL ? pattern->len : (size_t)(open - pattern->ptr) };

	*pattern = slice_from(*pattern, literal.len);
	return literal;
}

/* How much an unbound name takes: up to the literal behind it. */
static bool
span(struct slice text, struct slice pattern, size_t *len)
{
	struct slice literal = take_literal(&pattern);
	const char *at;

	if (pattern.len == 0) { /* the last literal stands at the end */
		*len = text.len - literal.len;
		return text.len >= literal.len;
	}
	at = seek(text, literal);
	*len = at == NULL ? 0 : (size_t)(at - text.ptr);
	return at != NULL;
}

static bool
match_name(
    struct vars *v, struct slice name, struct slice pattern, struct slice *text)
{
	struct slice known = vars_get(v, name);
	size_t len;

	if (known.ptr != NULL) {
		if (!slice_starts(*text, known))
			return false;
		*text = slice_from(*text, known.len);
		return true;
	}
	if (!span(*text, pattern, &len))
		return false;
	if (!slice_eq(name, SLICE("any")) &&
	    vars_set(v, name, (struct slice){ text->ptr, len }) != RC_OK)
		return false;
	*text = slice_from(*text, len);
	return true;
}

bool
match_text(struct vars *v, struct slice pattern, struct slice text)
{
	while (pattern.len > 0) {
		struct slice name;
		struct slice literal;

		if (take_name(&pattern, &name)) {
			if (!match_name(v, name, pattern, &text))
				return false;
			continue;
		}
		literal = take_literal(&pattern);
		if (literal.len == 0) { /* an opening {{ that never closes */
			literal = pattern;
			pattern = SLICE("");
		}
		if (!slice_starts(text, literal))
			return false;
		text = slice_from(text, literal.len);
	}
	return text.len == 0;
}

/* ---------------------------------------------------------------- JSON */

struct walk {
	struct vars *vars;
	struct buf *why;
	struct buf path;
};

static bool match_value(
    struct walk *w, const struct json *want, const struct json *got);

static bool
differ(struct walk *w, const char *how, const struct json *want,
    const struct json *got)
{
	buf_printf(w->why, "at %.*s: %s",
	    w->path.len == 0 ? 1 : (int)w->path.len,
	    w->path.len == 0 ? "/" : w->path.ptr, how);
	if (want != NULL)
		buf_printf(w->why, ", expected %.*s", SLICE_FMT(want->raw));
	if (got != NULL)
		buf_printf(w->why, ", got %.*s", SLICE_FMT(got->raw));
	return false;
}

static bool
match_string(struct walk *w, const struct json *want, const struct json *got)
{
	struct slice p = want->text;
	bool ok;

	if (slice_eq(p, SLICE("{{any}}")))
		return true;
	if (slice_eq(p, SLICE("{{string}}")))
		ok = got->type == JSON_STRING;
	else if (slice_eq(p, SLICE("{{text}}")))
		ok = got->type == JSON_STRING && got->text.len > 0;
	else if (slice_eq(p, SLICE("{{number}}")))
		ok = got->type == JSON_NUMBER;
	else if (slice_eq(p, SLICE("{{object}}")))
		ok = got->type == JSON_OBJECT;
	else
		ok = got->type == JSON_STRING &&
		    match_text(w->vars, p, got->text);
	return ok || differ(w, "another value", want, got);
}

static bool
match_object(struct walk *w, const struct json *want, const struct json *got)
{
	size_t len = w->path.len;
	bool open = false;

	for (const struct json *m = want->child; m != NULL; m = m->next) {
		const struct json *g = json_member(got, m->name);

		if (slice_eq(m->name, SLICE("{{more}}"))) {
			open = true;
			continue;
		}
		buf_printf(&w->path, "/%.*s", SLICE_FMT(m->name));
		if (g == NULL)
			return differ(w, "missing", m, NULL);
		if (!match_value(w, m, g))
			return false;
		buf_truncate(&w->path, len);
	}
	for (const struct json *g = got->child; g != NULL; g = g->next) {
		if (open || json_member(want, g->name) != NULL)
			continue;
		buf_printf(&w->path, "/%.*s", SLICE_FMT(g->name));
		return differ(w, "must not be there", NULL, g);
	}
	return true;
}

static bool
match_ordered(struct walk *w, const struct json *want, const struct json *got)
{
	const struct json *g = got->child;
	size_t len = w->path.len;
	unsigned i = 0;

	for (const struct json *m = want->child; m != NULL; m = m->next) {
		if (json_text_is(m, SLICE("{{more}}")))
			return true;
		buf_printf(&w->path, "/%u", i++);
		if (g == NULL)
			return differ(w, "missing", m, NULL);
		if (!match_value(w, m, g))
			return false;
		buf_truncate(&w->path, len);
		g = g->next;
	}
	return g == NULL || differ(w, "too many elements", NULL, g);
}

/* Every expected element fits one of the actual ones, and they are as many. */
static bool
match_unordered(struct walk *w, const struct json *want, const struct json *got)
{
	size_t why = w->why->len;
	size_t path = w->path.len;

	if (got->count != want->count - 1)
		return differ(w, "another number of elements", want, got);
	for (const struct json *m = want->child->next; m != NULL; m = m->next) {
		const struct json *g = got->child;

		while (g != NULL && !match_value(w, m, g)) {
			buf_truncate(&w->path, path);
			g = g->next;
		}
		if (g == NULL)
			return false;
		buf_truncate(w->why, why);
	}
	return true;
}

static bool
match_value(struct walk *w, const struct json *want, const struct json *got)
{
	if (want->type == JSON_STRING && seek(want->text, SLICE("{{")) != NULL)
		return match_string(w, want, got);
	if (want->type != got->type)
		return differ(w, "another type", want, got);
	if (want->type == JSON_OBJECT)
		return match_object(w, want, got);
	if (want->type != JSON_ARRAY)
		return json_equal(want, got) ||
		    differ(w, "another value", want, got);
	if (json_text_is(want->child, SLICE("{{unordered}}")))
		return match_unordered(w, want, got);
	return match_ordered(w, want, got);
}

static const struct json *
parse(struct arena *a, struct slice text, const char *which, struct buf *why)
{
	const struct json *root = NULL;
	struct json_error error = { 0, "no memory" };

	if (json_read(a, text, &json_limits_default, &root, &error) != RC_OK) {
		buf_printf(why, "%s body is no JSON (byte %zu: %s): %.*s",
		    which, error.offset, error.why,
		    text.len > 500 ? 500 : (int)text.len,
		    text.ptr == NULL ? "" : text.ptr);
		return NULL;
	}
	return root;
}

bool
match_json(
    struct vars *v, struct slice expected, struct slice actual, struct buf *why)
{
	struct walk w = { v, why, BUF_INIT(PATH_MAX_BYTES) };
	struct arena a = ARENA_INIT(JSON_ARENA);
	const struct json *want = parse(&a, expected, "the expected", why);
	const struct json *got = parse(&a, actual, "the actual", why);
	bool ok = want != NULL && got != NULL && match_value(&w, want, got);

	buf_release(&w.path);
	arena_release(&a);
	return ok;
}

/* -------------------------------------------------------------- events */

/* The next line that means something, without its end. */
static struct slice
event_line(struct slice *rest)
{
	while (rest->ptr != NULL && rest->len > 0) {
		struct slice line = slice_cut(*rest, '\n', rest);

		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0 && line.ptr[0] != ':' &&
		    !slice_eq(line, SLICE("event: message")))
			return line;
	}
	return SLICE_NONE;
}

static bool
match_line(struct vars *v, struct slice want, struct slice got, struct buf *why)
{
	const struct slice data = SLICE("data:");
	struct slice json;

	want = slice_trim(want);
	got = slice_trim(got);
	if (slice_starts(want, data) && slice_starts(got, data)) {
		json = slice_trim(slice_from(want, data.len));
		if (slice_starts(json, SLICE("{")) ||
		    slice_starts(json, SLICE("[")))
			return match_json(
			    v, json, slice_from(got, data.len), why);
	}
	if (want.ptr != NULL && got.ptr != NULL && match_text(v, want, got))
		return true;
	buf_printf(why, "expected the line \"%.*s\", got \"%.*s\"",
	    SLICE_FMT(want), SLICE_FMT(got));
	return false;
}

bool
match_events(
    struct vars *v, struct slice expected, struct slice actual, struct buf *why)
{
	struct slice want = event_line(&expected);
	struct slice got;

	if (!slice_ends(actual, SLICE("\n\n"))) {
		buf_printf(why, "the last event does not end: %.*s",
		    SLICE_FMT(actual));
		return false;
	}
	got = event_line(&actual);
	while (want.ptr != NULL || got.ptr != NULL) {
		if (!match_line(v, want, got, why))
			return false;
		want = event_line(&expected);
		got = event_line(&actual);
	}
	return true;
}
