#include "uri_template.h"

#include <string.h>

#include "uri_template_part.h"

static const struct uri_kind kinds[] = {
	{ '\0', '\0', ',', false, false, false },
	{ '+', '\0', ',', false, false, true },
	{ '#', '#', ',', false, false, true },
	{ '.', '.', '.', false, false, false },
	{ '/', '/', '/', false, false, false },
	{ ';', ';', ';', true, false, false },
	{ '?', '?', '&', true, true, false },
	{ '&', '&', '&', true, true, false },
};

/* A template in the making. */
struct compile {
	struct uri_template *t;
	struct slice rest;
	struct arena *arena;
	struct buf scratch;
	struct buf *why;
};

static enum rc
refuse(struct compile *c, const char *sentence, struct slice about)
{
	buf_put_slice(c->why, slice_of(sentence));
	if (about.ptr != NULL) {
		buf_put_slice(c->why, SLICE(": "));
		buf_put_slice(c->why, about);
	}
	return RC_SYNTAX;
}

/* ------------------------------------------------------------- literals */

/* RFC 6570 2.1, with the apostrophe of its erratum. */
static bool
is_literal(char c)
{
	unsigned char u = (unsigned char)c;

	return u > ' ' && u != 0x7f && strchr("\"%<>\\^`{|}", c) == NULL;
}

void
uri_put_literal(struct buf *out, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x80) {
			buf_put_char(out, text.ptr[i]);
			continue;
		}
		buf_put_char(out, '%');
		buf_put_char(out, digits[c >> 4]);
		buf_put_char(out, digits[c & 15]);
	}
}

static enum rc
take_literal(struct compile *c)
{
	struct slice text = { c->rest.ptr, 0 };
	struct uri_part *part = &c->t->part[c->t->n_parts++];
	enum rc rc;

	while (c->rest.len > 0 && c->rest.ptr[0] != '{') {
		unsigned char byte;
		size_t n = uri_escape_at(c->rest, &byte) ? 3 : 1;

		if (n == 1 && !is_literal(c->rest.ptr[0])) {
			return refuse(c,
			    "a character that has to be escaped in a template",
			    SLICE_NONE);
		}
		text.len += n;
		c->rest = slice_from(c->rest, n);
	}
	buf_reset(&c->scratch);
	uri_put_literal(&c->scratch, text);
	rc = buf_finish(&c->scratch);
	if (rc != RC_OK)
		return rc;
	return arena_copy(c->arena, buf_slice(&c->scratch), &part->literal);
}

/* ---------------------------------------------------------- expressions */

static const struct uri_kind *
take_kind(struct slice *inside)
{
	for (size_t i = 1; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (inside->len == 0 || inside->ptr[0] != kinds[i].mark)
			continue;
		*inside = slice_from(*inside, 1);
		return &kinds[i];
	}
	return &kinds[0];
}

/* Letters, digits, "_" and escapes, with single dots between (2.3). */
static bool
is_name(struct slice s)
{
	bool was_dot = true;

	while (s.len > 0) {
		unsigned char byte;
		size_t n = uri_escape_at(s, &byte) ? 3 : 1;
		char c = s.ptr[0];
		bool is_plain = uri_is_unreserved(c) && c != '-' && c != '~';

		if ((n == 1 && !is_plain) || (c == '.' && was_dot))
			return false;
		was_dot = c == '.';
		s = slice_from(s, n);
	}
	return !was_dot;
}

static enum rc
take_variable(struct compile *c, struct slice name)
{
	struct uri_template *t = c->t;
	struct uri_part *part = &t->part[t->n_parts - 1];
	bool explodes = slice_ends(name, SLICE("*"));

	if (explodes)
		name.len--;
	if (!is_name(name)) {
		if (memchr(name.ptr, ':', name.len) != NULL)
			return refuse(c, "prefixes are not supported", name);
		return refuse(c, "not the name of a variable", name);
	}
	for (size_t i = 0; i < t->n_vars; i++) {
		if (slice_eq(t->name[i], name))
			return refuse(c, "a variable is there twice", name);
	}
	if (part->n > 0 && t->explodes[t->n_vars - 1] &&
	    !part->kind->is_named) {
		return refuse(c,
		    "cannot be told from the variable before it, which "
		    "explodes",
		    name);
	}
	if (t->n_vars == URI_TEMPLATE_VARS)
		return refuse(c, "too many variables", SLICE_NONE);
	t->name[t->n_vars] = name;
	t->explodes[t->n_vars++] = explodes;
	part->n++;
	return RC_OK;
}

static enum rc
take_expression(struct compile *c)
{
	struct uri_template *t = c->t;
	struct uri_part *part = &t->part[t->n_parts];
	struct slice inside, rest;

	if (t->n_parts == URI_PARTS)
		return refuse(c, "too many variables", SLICE_NONE);
	inside = slice_cut(slice_from(c->rest, 1), '}', &rest);
	if (rest.ptr == NULL)
		return refuse(c, "an expression is not closed", SLICE_NONE);
	part->kind = take_kind(&inside);
	part->var = t->n_vars;
	/* The scheme stands in front of all. */
	if (part->kind->first == '\0' && part[-1].kind != NULL)
		return refuse(
		    c, "cannot be told from the expression before it", inside);
	t->n_parts++;
	c->rest = rest;
	while (inside.ptr != NULL) {
		struct slice name = slice_cut(inside, ',', &inside);
		enum rc rc = take_variable(c, name);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Values end where an expression right behind begins. */
static void
put_stops(struct uri_template *t)
{
	for (size_t k = t->n_parts - 1; k-- > 0;) {
		struct uri_part *part = &t->part[k];
		const struct uri_part *next = part + 1;
		size_t n = strlen(next->stop);

		if (next->kind == NULL)
			continue;
		memcpy(part->stop, next->stop, n);
		if (strchr(part->stop, next->kind->first) == NULL)
			part->stop[n] = next->kind->first;
	}
}

/* --------------------------------------------------------------- public */

static enum rc
take_parts(struct compile *c)
{
	struct slice rest;
	struct slice head = slice_cut(c->rest, '{', &rest);

	if (uri_split(head).scheme.ptr == NULL) {
		return refuse(c,
		    "a template has to begin with a scheme, as in docs:",
		    SLICE_NONE);
	}
	while (c->rest.len > 0) {
		enum rc rc = c->rest.ptr[0] == '{' ? take_expression(c)
						   : take_literal(c);

		if (rc != RC_OK)
			return rc;
	}
	put_stops(c->t);
	return RC_OK;
}

enum rc
uri_template_compile(struct slice text, struct arena *a,
    struct uri_template **out, struct buf *why)
{
	struct compile c = { .arena = a, .why = why };
	enum rc rc;

	*out = NULL;
	c.scratch = BUF_INIT((size_t)3 * URI_TEMPLATE_MAX);
	if (text.len > URI_TEMPLATE_MAX)
		return refuse(&c, "the template is too long", SLICE_NONE);
	c.t = arena_alloc(a, sizeof(*c.t));
	if (c.t == NULL)
		return RC_NOMEM;
	rc = arena_copy(a, text, &c.rest);
	if (rc == RC_OK)
		rc = take_parts(&c);
	buf_release(&c.scratch);
	if (rc == RC_OK)
		*out = c.t;
	return rc;
}

size_t
uri_template_vars(const struct uri_template *t, const struct slice **names)
{
	*names = t->name;
	return t->n_vars;
}
