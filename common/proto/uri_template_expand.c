#include <string.h>

#include "uri_template_part.h"

/* Expansion by the table of RFC 6570 appendix A. */

/* The bytes of a value (3.2.1). */
static void
put_value(struct buf *out, const struct uri_kind *kind, struct slice value)
{
	while (value.len > 0) {
		unsigned char byte = (unsigned char)value.ptr[0];
		size_t n = 1;

		if (kind->takes_reserved && uri_escape_at(value, &byte))
			n = 3;
		else if (!uri_is_unreserved(value.ptr[0]) &&
		    !(kind->takes_reserved && uri_is_reserved(value.ptr[0])))
			n = 0;
		if (n == 0)
			buf_printf(out, "%%%02X", byte);
		else
			buf_put(out, value.ptr, n);
		value = slice_from(value, n == 0 ? 1 : n);
	}
}

static bool
is_list(const struct json *value)
{
	const struct json *item;

	if (!json_is(value, JSON_ARRAY))
		return false;
	item = value->child;
	while (json_is(item, JSON_STRING))
		item = item->next;
	/* An empty list is as good as none (2.3). */
	return item == NULL && value->count > 0;
}

/* The name; false if that is all. */
static bool
put_name(struct buf *out, const struct uri_kind *kind, struct slice name,
    bool is_empty)
{
	if (!kind->is_named)
		return true;
	uri_put_literal(out, name);
	if (!is_empty || kind->shows_empty)
		buf_put_char(out, '=');
	return !is_empty;
}

static void
put_list(struct buf *out, const struct uri_kind *kind, struct slice name,
    const struct json *list)
{
	bool is_empty = list->count == 1 && list->child->text.len == 0;

	if (!put_name(out, kind, name, is_empty))
		return;
	for (const struct json *i = list->child; i != NULL; i = i->next) {
		if (i != list->child)
			buf_put_char(out, ',');
		put_value(out, kind, i->text);
	}
}

static void
put_exploded(struct buf *out, const struct uri_kind *kind, struct slice name,
    const struct json *list)
{
	for (const struct json *i = list->child; i != NULL; i = i->next) {
		if (i != list->child)
			buf_put_char(out, kind->sep);
		if (put_name(out, kind, name, i->text.len == 0))
			put_value(out, kind, i->text);
	}
}

static void
put_expression(struct buf *out, const struct uri_template *t,
    const struct uri_part *part, const struct json *values)
{
	const struct uri_kind *kind = part->kind;
	char before = kind->first;

	for (size_t i = part->var; i < part->var + part->n; i++) {
		struct slice name = t->name[i];
		const struct json *value = json_member(values, name);

		if (!json_is(value, JSON_STRING) && !is_list(value))
			continue;
		if (before != '\0')
			buf_put_char(out, before);
		before = kind->sep;
		if (value->type == JSON_ARRAY && t->explodes[i])
			put_exploded(out, kind, name, value);
		else if (value->type == JSON_ARRAY)
			put_list(out, kind, name, value);
		else if (put_name(out, kind, name, value->text.len == 0))
			put_value(out, kind, value->text);
	}
}

void
uri_template_expand(
    const struct uri_template *t, const struct json *values, struct buf *out)
{
	for (size_t i = 0; i < t->n_parts; i++) {
		if (t->part[i].kind == NULL)
			buf_put_slice(out, t->part[i].literal);
		else
			put_expression(out, t, &t->part[i], values);
	}
}
