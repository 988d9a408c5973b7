#include "json_mutate.h"

#define EDITS_MAX 8
#define DEEP 70

enum change {
	CHANGE_NONE,
	CHANGE_DROP,
	CHANGE_TWICE,
	CHANGE_NAME,
	CHANGE_VALUE, /* one of the table below */
	CHANGE_BYTES, /* a string of the source's bytes */
	CHANGE_OTHER, /* what stands elsewhere in the text */
	CHANGE_DEEP,
	CHANGE_WRAP, /* in an array */
	CHANGE_LONG,
	CHANGES
};

static const char *const values[] = { "null", "true", "false", "0", "-1", "1",
	"1.5", "1e2", "-0", "1.0", "9007199254740993", "9223372036854775807",
	"9223372036854775808", "-9223372036854775809", "1e400", "1e-400",
	"123456789012345678901234567890123456789012345678901234567890", "\"\"",
	"\"0\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"",
	"\"\\r\\n\\r\\ndata: x\\n\\n\"", "\"\xe2\x80\xa8\"", "\"\xff\"",
	"\"../../etc/passwd\"", "\"%00\"", "\"{{a}}\"", "\"a:b\"",
	"\"note:%2e\"", "\"2026-07-28\"", "\"2025-11-25\"", "\"2024-11-05\"",
	"\"1900-01-01\"", "\"tools/call\"", "\"initialize\"", "\"ask_name\"",
	"\"job\"", "\"talk\"", "\"2.0\"", "[]", "{}", "[[]]", "{\"\":{}}",
	"[1,\"a\",null]", "{\"a\":1,\"a\":2}", "{\"task\":{}}", "01", "+1",
	"nul", "\"", "{", "]", "" };

static const char *const names[] = { "", "id", "method", "params", "result",
	"error", "jsonrpc", "_meta", "name", "uri", "arguments", "task",
	"taskId", "cursor", "progressToken", "inputResponses", "requestState",
	"__proto__", "a\\u0062", "ID", "\xff" };

#define COUNT(a) ((unsigned)(sizeof(a) / sizeof((a)[0])))

struct walk {
	const struct json_mutate *m;
	struct buf *out;
	const struct json *root;
	unsigned at; /* values seen so far */
	unsigned n_edits;
	struct {
		unsigned at;
		enum change what;
	} edit[EDITS_MAX];
};

static unsigned
count(const struct json *v)
{
	unsigned n = 1;

	for (const struct json *c = v->child; c != NULL; c = c->next)
		n += count(c);
	return n;
}

static const struct json *
find(const struct json *v, unsigned *left)
{
	if ((*left)-- == 0)
		return v;
	for (const struct json *c = v->child; c != NULL; c = c->next) {
		const struct json *got = find(c, left);

		if (got != NULL)
			return got;
	}
	return NULL;
}

static enum change
change_here(struct walk *w)
{
	enum change what = CHANGE_NONE;

	for (unsigned i = 0; i < w->n_edits; i++) {
		if (w->edit[i].at == w->at)
			what = w->edit[i].what;
	}
	w->at++;
	return what;
}

static void
put_deep(struct walk *w)
{
	unsigned n = fuzz_take(w->m->source, DEEP);

	for (unsigned i = 0; i < n; i++)
		buf_put_slice(
		    w->out, i % 2 == 0 ? SLICE("{\"a\":") : SLICE("["));
	buf_put_char(w->out, '1');
	for (unsigned i = n; i-- > 0;)
		buf_put_char(w->out, i % 2 == 0 ? '}' : ']');
}

static void
put_long(struct walk *w)
{
	unsigned n = fuzz_take_wide(w->m->source) % 20000;

	buf_put_char(w->out, '"');
	for (unsigned i = 0; i < n; i++)
		buf_put_char(w->out, (char)('a' + i % 26));
	buf_put_char(w->out, '"');
}

/* What stands in the place of a value; false: it stays. */
static bool
put_instead(struct walk *w, enum change what)
{
	const struct json *other;
	unsigned at;

	switch (what) {
	case CHANGE_VALUE:
		at = fuzz_take(w->m->source, COUNT(values));
		buf_put_slice(w->out, slice_of(values[at]));
		return true;
	case CHANGE_BYTES:
		json_put_string(w->out, fuzz_take_bytes(w->m->source));
		return true;
	case CHANGE_OTHER:
		at = fuzz_take(w->m->source, 256) % count(w->root);
		other = find(w->root, &at);
		buf_put_slice(w->out, other->raw);
		return true;
	case CHANGE_DEEP:
		put_deep(w);
		return true;
	case CHANGE_LONG:
		put_long(w);
		return true;
	case CHANGE_NONE:
	case CHANGE_DROP:
	case CHANGE_TWICE:
	case CHANGE_NAME:
	case CHANGE_WRAP:
	case CHANGES:
		break;
	}
	return false;
}

static void put_value(struct walk *w, const struct json *v, enum change what);

static void
put_one(struct walk *w, const struct json *c, enum change what, bool is_member)
{
	struct slice name = c->name;

	if (what == CHANGE_NAME)
		name = slice_of(names[fuzz_take(w->m->source, COUNT(names))]);
	if (is_member)
		json_put_name(w->out, name);
	else
		json_put_comma(w->out);
	put_value(w, c, what);
}

static void
put_children(struct walk *w, const struct json *v)
{
	bool is_object = v->type == JSON_OBJECT;

	buf_put_char(w->out, is_object ? '{' : '[');
	for (const struct json *c = v->child; c != NULL; c = c->next) {
		enum change what = change_here(w);

		if (what == CHANGE_DROP) {
			w->at += count(c) - 1;
			continue;
		}
		if (what == CHANGE_TWICE) {
			unsigned at = w->at;

			put_one(w, c, what, is_object);
			w->at = at;
		}
		put_one(w, c, what, is_object);
	}
	buf_put_char(w->out, is_object ? '}' : ']');
}

/* The depth is that of a text which json_read() took. */
static void
put_value(struct walk *w, const struct json *v, enum change what)
{
	if (put_instead(w, what)) {
		w->at += count(v) - 1;
		return;
	}
	if (what == CHANGE_WRAP)
		buf_put_char(w->out, '[');
	if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
		put_children(w, v);
	else if (v->type == JSON_STRING && w->m->filled != NULL &&
	    slice_starts(v->text, SLICE("@")))
		json_put_string(w->out, w->m->filled(w->m->ctx, v->text));
	else
		buf_put_slice(w->out, v->raw);
	if (what == CHANGE_WRAP)
		buf_put_char(w->out, ']');
}

void
json_mutate(
    const struct json_mutate *m, const struct json *root, struct buf *out)
{
	struct walk w = { .m = m, .out = out, .root = root };
	unsigned n = count(root);

	w.n_edits = m->edits < EDITS_MAX ? m->edits : EDITS_MAX;
	for (unsigned i = 0; i < w.n_edits; i++) {
		w.edit[i].at = fuzz_take(m->source, 256) % n;
		w.edit[i].what =
		    (enum change)(1 + fuzz_take(m->source, CHANGES - 1));
	}
	put_value(&w, root, change_here(&w));
}
