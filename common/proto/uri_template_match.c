#include <string.h>

#include "text.h"
#include "uri_template_part.h"

/*
 * Matching goes twice over the URI.  From its end to its front it is noted
 * from where the rest fits the rest of the template; then, from front to end,
 * each step is one of which that is known, so that nothing is ever tried in
 * vain.
 */

/* Rows of one bit for each place in the URI, its end included: may the rest,
 * from there, be ... */
struct match {
	const struct uri_template *t;
	struct slice uri;
	struct arena *arena;
	uint64_t *bits;
	size_t words; /* of a row */
	struct value *first[URI_TEMPLATE_VARS];
	struct value **last[URI_TEMPLATE_VARS];
};

/* A value that was found, as the URI has it. */
struct value {
	struct slice raw;
	struct value *next;
};

/* ... this part and all behind it? */
static size_t
row_of_part(size_t k)
{
	return k;
}

/* ... the rest of a value of the variable number i (in a template), and what
 * comes behind it?  Of a part with names one row, at its first variable, is
 * for all of them. */
static size_t
row_of_value(const struct match *m, size_t i)
{
	return m->t->n_parts + 1 + i;
}

/* ... a name with its value, and what comes behind it? */
static size_t
row_of_pair(const struct match *m, size_t k)
{
	return m->t->n_parts + 1 + m->t->n_vars + k;
}

static bool
may(const struct match *m, size_t row, size_t at)
{
	return (m->bits[row * m->words + at / 64] >> (at % 64) & 1) != 0;
}

static void
note(struct match *m, size_t row, size_t at, bool fits)
{
	if (fits)
		m->bits[row * m->words + at / 64] |= UINT64_C(1) << (at % 64);
}

static bool
is_at(const struct match *m, size_t at, char c)
{
	return at < m->uri.len && m->uri.ptr[at] == c;
}

/* The size of the character of a value that stands there; 0: none can. */
static size_t
step(const struct match *m, const struct uri_part *part, size_t at)
{
	struct slice rest = slice_from(m->uri, at);
	unsigned char byte;
	char c;

	if (rest.len == 0)
		return 0;
	if (uri_escape_at(rest, &byte))
		return 3;
	c = rest.ptr[0];
	if (c == '\0' || strchr(part->stop, c) != NULL)
		return 0;
	if (uri_is_unreserved(c) || strchr("!'()*", c) != NULL)
		return 1;
	return part->kind->takes_reserved && uri_is_reserved(c) ? 1 : 0;
}

/* ------------------------------------------------------------ backwards */

static void
note_literal(struct match *m, size_t k)
{
	struct slice literal = m->t->part[k].literal;

	for (size_t at = 0; at + literal.len <= m->uri.len; at++) {
		note(m, row_of_part(k), at,
		    may(m, row_of_part(k + 1), at + literal.len) &&
			slice_starts(slice_from(m->uri, at), literal));
	}
}

/* The variable whose value stands behind the separator; none: n_vars. */
static size_t
next_var(const struct match *m, const struct uri_part *part, size_t i)
{
	if (i + 1 < part->var + part->n)
		return i + 1;
	return m->t->explodes[i] ? i : m->t->n_vars;
}

static void
note_value(struct match *m, size_t k, size_t i, size_t at)
{
	const struct uri_part *part = &m->t->part[k];
	size_t next = next_var(m, part, i);
	size_t n = step(m, part, at);

	note(m, row_of_value(m, i), at,
	    may(m, row_of_part(k + 1), at) ||
		(n > 0 && may(m, row_of_value(m, i), at + n)) ||
		(next < m->t->n_vars && is_at(m, at, part->kind->sep) &&
		    may(m, row_of_value(m, next), at + 1)));
}

static void
note_values(struct match *m, size_t k)
{
	const struct uri_part *part = &m->t->part[k];
	char first = part->kind->first;
	size_t row = row_of_value(m, part->var);

	for (size_t at = m->uri.len + 1; at-- > 0;) {
		for (size_t i = part->var + part->n; i-- > part->var;)
			note_value(m, k, i, at);
		note(m, row_of_part(k), at,
		    first == '\0' ? may(m, row, at)
				  : may(m, row_of_part(k + 1), at) ||
			    (is_at(m, at, first) && may(m, row, at + 1)));
	}
}

/* Is it the name of the variable number i that stands there, with something
 * that fits behind it?  Then *end is the end of that name, with its "=". */
static bool
is_pair(const struct match *m, size_t k, size_t i, size_t at, size_t *end)
{
	const struct uri_part *part = &m->t->part[k];
	size_t row = row_of_value(m, part->var);
	struct slice name = m->t->name[i];
	size_t n;

	if (!slice_starts(slice_from(m->uri, at), name))
		return false;
	*end = at + name.len;
	if (is_at(m, *end, '=')) {
		/* Where an empty value has no "=", there is a value. */
		n = part->kind->shows_empty ? 0 : step(m, part, *end + 1);
		*end += 1;
		if ((n > 0 || part->kind->shows_empty) && may(m, row, *end + n))
			return true;
		*end -= 1;
	}
	return !part->kind->shows_empty &&
	    (may(m, row_of_part(k + 1), *end) ||
		(is_at(m, *end, part->kind->sep) &&
		    may(m, row_of_pair(m, k), *end + 1)));
}

static void
note_pair(struct match *m, size_t k, size_t at)
{
	const struct uri_part *part = &m->t->part[k];
	size_t end;

	if (at == 0 ||
	    (m->uri.ptr[at - 1] != part->kind->first &&
		m->uri.ptr[at - 1] != part->kind->sep))
		return;
	for (size_t i = part->var; i < part->var + part->n; i++)
		note(m, row_of_pair(m, k), at, is_pair(m, k, i, at, &end));
}

static void
note_pairs(struct match *m, size_t k)
{
	const struct uri_part *part = &m->t->part[k];
	size_t row = row_of_value(m, part->var);

	for (size_t at = m->uri.len + 1; at-- > 0;) {
		size_t n = step(m, part, at);
		bool is_end = may(m, row_of_part(k + 1), at);

		note(m, row, at,
		    is_end || (n > 0 && may(m, row, at + n)) ||
			(is_at(m, at, part->kind->sep) &&
			    may(m, row_of_pair(m, k), at + 1)));
		note_pair(m, k, at);
		note(m, row_of_part(k), at,
		    is_end ||
			(is_at(m, at, part->kind->first) &&
			    may(m, row_of_pair(m, k), at + 1)));
	}
}

static enum rc
note_all(struct match *m)
{
	size_t rows = 2 * m->t->n_parts + 1 + m->t->n_vars;

	m->words = m->uri.len / 64 + 1;
	m->bits = arena_alloc(m->arena, rows * m->words * sizeof(*m->bits));
	if (m->bits == NULL)
		return RC_NOMEM;
	note(m, row_of_part(m->t->n_parts), m->uri.len, true);
	for (size_t k = m->t->n_parts; k-- > 0;) {
		const struct uri_kind *kind = m->t->part[k].kind;

		if (kind == NULL)
			note_literal(m, k);
		else if (kind->is_named)
			note_pairs(m, k);
		else
			note_values(m, k);
	}
	return RC_OK;
}

/* -------------------------------------------------------------- forward */

static enum rc
keep(struct match *m, size_t i, size_t from, size_t to)
{
	struct value *v;

	if (m->first[i] != NULL && !m->t->explodes[i])
		return RC_NOTFOUND;
	v = arena_alloc(m->arena, sizeof(*v));
	if (v == NULL)
		return RC_NOMEM;
	v->raw = (struct slice){ m->uri.ptr + from, to - from };
	if (m->first[i] == NULL)
		m->last[i] = &m->first[i];
	*m->last[i] = v;
	m->last[i] = &v->next;
	return RC_OK;
}

static enum rc
take_values(struct match *m, size_t k, size_t *at)
{
	const struct uri_part *part = &m->t->part[k];
	size_t i = part->var, from = *at;

	while (!may(m, row_of_part(k + 1), *at)) {
		size_t next = next_var(m, part, i);
		enum rc rc;

		if (next == m->t->n_vars || !is_at(m, *at, part->kind->sep) ||
		    !may(m, row_of_value(m, next), *at + 1)) {
			*at += step(m, part, *at);
			continue;
		}
		rc = keep(m, i, from, *at);
		if (rc != RC_OK)
			return rc;
		i = next;
		*at += 1;
		from = *at;
	}
	return keep(m, i, from, *at);
}

/* One name and its value; *is_last: no other follows. */
static enum rc
take_pair(struct match *m, size_t k, size_t *at, bool *is_last)
{
	const struct uri_part *part = &m->t->part[k];
	size_t i = part->var, end = *at, from;
	enum rc rc;

	while (!is_pair(m, k, i, *at, &end))
		i++;
	from = end;
	/* It is not empty, whatever may stand behind it. */
	if (!part->kind->shows_empty && m->uri.ptr[end - 1] == '=')
		end += step(m, part, end);
	*is_last = may(m, row_of_part(k + 1), end);
	while (!*is_last &&
	    !(is_at(m, end, part->kind->sep) &&
		may(m, row_of_pair(m, k), end + 1))) {
		end += step(m, part, end);
		*is_last = may(m, row_of_part(k + 1), end);
	}
	rc = keep(m, i, from, end);
	*at = *is_last ? end : end + 1;
	return rc;
}

static enum rc
take_part(struct match *m, size_t k, size_t *at)
{
	const struct uri_part *part = &m->t->part[k];
	bool is_last = false;
	enum rc rc = RC_OK;
	size_t inner;

	if (part->kind == NULL) {
		*at += part->literal.len;
		return RC_OK;
	}
	inner = part->kind->is_named ? row_of_pair(m, k)
				     : row_of_value(m, part->var);
	if (part->kind->first != '\0') {
		if (!is_at(m, *at, part->kind->first) ||
		    !may(m, inner, *at + 1))
			return RC_OK;
		*at += 1;
	}
	if (!part->kind->is_named)
		return take_values(m, k, at);
	while (rc == RC_OK && !is_last)
		rc = take_pair(m, k, at, &is_last);
	return rc;
}

static enum rc
take_all(struct match *m)
{
	enum rc rc = RC_OK;
	size_t at = 0;

	if (!may(m, row_of_part(0), 0))
		return RC_NOTFOUND;
	for (size_t k = 0; rc == RC_OK && k < m->t->n_parts; k++)
		rc = take_part(m, k, &at);
	return rc;
}

/* --------------------------------------------------------------- values */

/* The byte at the front, taken out of its escape; -1 at the end. */
static int
take_byte(struct slice *s)
{
	unsigned char byte;
	size_t n = uri_escape_at(*s, &byte) ? 3 : 1;

	if (s->len == 0)
		return -1;
	if (n == 1)
		byte = (unsigned char)s->ptr[0];
	*s = slice_from(*s, n);
	return byte;
}

/* Would this, without its escapes, be two hex digits and anything? */
static bool
is_hex_behind(struct slice s)
{
	bool is_first = text_is_hex((char)take_byte(&s));

	return is_first && text_is_hex((char)take_byte(&s));
}

/* What the value is without its escapes.  Where escapes stay when a template
 * expands, one of "%" stays if it would make another. */
static size_t
decode(struct slice raw, bool keeps_escapes, char *out)
{
	size_t n = 0;

	while (raw.len > 0) {
		int byte = take_byte(&raw);

		out[n++] = (char)byte;
		if (byte != '%' || !keeps_escapes || !is_hex_behind(raw))
			continue;
		out[n++] = '2';
		out[n++] = '5';
	}
	return n;
}

static enum rc
put_decoded(
    struct match *m, struct slice raw, bool keeps_escapes, struct buf *out)
{
	char *text = arena_bytes(m->arena, raw.len + 1);
	struct slice value;

	if (text == NULL)
		return RC_NOMEM;
	value = (struct slice){ text, decode(raw, keeps_escapes, text) };
	/* No JSON of ours has a NUL. */
	if (!text_utf8_ok(value) || memchr(text, '\0', value.len) != NULL)
		return RC_NOTFOUND;
	json_put_string(out, value);
	return RC_OK;
}

static enum rc
put_variable(
    struct match *m, const struct uri_part *part, size_t i, struct buf *out)
{
	const struct value *v = m->first[i];
	enum rc rc = RC_OK;

	if (v == NULL)
		return RC_OK;
	json_put_name(out, m->t->name[i]);
	if (m->t->explodes[i])
		buf_put_char(out, '[');
	for (; rc == RC_OK && v != NULL; v = v->next) {
		if (v != m->first[i])
			buf_put_char(out, ',');
		rc = put_decoded(m, v->raw, part->kind->takes_reserved, out);
	}
	if (m->t->explodes[i])
		buf_put_char(out, ']');
	return rc;
}

static enum rc
put_all(struct match *m, struct buf *out)
{
	enum rc rc = RC_OK;

	buf_put_char(out, '{');
	for (size_t k = 0; k < m->t->n_parts; k++) {
		const struct uri_part *part = &m->t->part[k];

		for (size_t i = part->var;
		     rc == RC_OK && i < part->var + part->n; i++)
			rc = put_variable(m, part, i, out);
	}
	buf_put_char(out, '}');
	return rc == RC_OK ? buf_finish(out) : rc;
}

static enum rc
match(struct match *m, struct arena *a, struct slice *kept)
{
	/* A value is at least one byte with its separator and becomes at most
	 * two bytes, or an escape of three six, and two quotes and a comma. */
	struct buf text =
	    BUF_INIT(4 * URI_TEMPLATE_URI_MAX + 2 * URI_TEMPLATE_MAX + 64);
	enum rc rc = note_all(m);

	if (rc == RC_OK)
		rc = take_all(m);
	if (rc == RC_OK)
		rc = put_all(m, &text);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&text), kept);
	buf_release(&text);
	return rc;
}

enum rc
uri_template_match(const struct uri_template *t, struct slice uri,
    struct arena *a, const struct json **out)
{
	/* What does not fit must leave nothing behind: many are tried. */
	struct arena scratch = ARENA_INIT(a->max);
	struct match m = { .t = t, .uri = uri, .arena = &scratch };
	struct slice kept = SLICE_NONE;
	enum rc rc;

	*out = NULL;
	/* Of many templates nearly all are told by how they begin. */
	if (uri.ptr == NULL || uri.len > URI_TEMPLATE_URI_MAX ||
	    !slice_starts(uri, t->part[0].literal))
		return RC_NOTFOUND;
	rc = match(&m, a, &kept);
	arena_release(&scratch);
	if (rc != RC_OK)
		return rc;
	rc = json_read(a, kept, &json_limits_default, out, NULL);
	return rc == RC_SYNTAX ? RC_BUG : rc;
}
