#include "schema_private.h"
#include "text.h"

/* Sentences: what is wrong, where, and what would be right. */

/* A value of so many bytes is shown. */
#define SHOWN_MAX 80
/* A name of so many bytes is shown whole. */
#define NAME_MAX_BYTES 64
/* Faults of one place that are listed. */
#define LISTED_MAX 4

const char *
schema_type_name(const struct json *value)
{
	static const char *const names[] = { [JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object" };

	return names[value->type];
}

void
schema_put_value(struct buf *b, const struct json *value)
{
	if (value->raw.len > SHOWN_MAX)
		buf_printf(b, "%s", schema_type_name(value));
	else if (value->type == JSON_STRING)
		json_put_string(b, value->text);
	else
		json_put_compact(b, value);
}

/* A client chooses its names, and must not choose how long we talk. */
static struct slice
shorten(struct slice name)
{
	struct slice rest = name;
	size_t step, shown = 0;

	if (name.len <= NAME_MAX_BYTES)
		return name;
	while ((step = text_utf8_step(rest)) > 0 &&
	    shown + step <= NAME_MAX_BYTES) {
		shown += step;
		rest = slice_from(rest, step);
	}
	return (struct slice){ name.ptr, shown };
}

static void
put_dots(struct buf *b, struct slice name)
{
	if (name.len > NAME_MAX_BYTES)
		buf_put(b, "...", 3);
}

void
schema_put_name(struct buf *b, struct slice name)
{
	json_put_string(b, shorten(name));
	put_dots(b, name);
}

/* Recursion as deep as the value, whose depth the reader limits. */
static void
put_path(struct buf *b, const struct schema_spot *spot)
{
	if (spot->up == NULL || spot->is_name)
		return;
	put_path(b, spot->up);
	if (spot->up->value->type == JSON_OBJECT) {
		schema_put_token(b, shorten(spot->value->name));
		put_dots(b, spot->value->name);
		return;
	}
	buf_put_char(b, '/');
	buf_put_u64(b, spot->index);
}

bool
schema_tell(struct schema_run *run, const struct schema_spot *spot,
    enum schema_rank rank)
{
	const struct schema_spot *at = spot->is_name ? spot->up : spot;
	struct buf *b = run->why;

	if (b == NULL)
		return false;
	run->fault.start = b->len;
	run->fault.depth = spot->depth;
	run->fault.rank = spot->depth * 2 + (uint32_t)rank;
	if (at->up == NULL)
		buf_put_char(b, '/');
	put_path(b, at);
	buf_put(b, ": ", 2);
	run->fault.text = b->len;
	if (spot->is_name) {
		buf_printf(b, "the property name ");
		schema_put_value(b, spot->value);
		buf_put_char(b, ' ');
	}
	return true;
}

void
schema_choice_begin(struct schema_run *run, const struct schema_spot *spot,
    size_t n, struct schema_choice *choice)
{
	if (!schema_tell(run, spot, SCHEMA_RANK_HIGH))
		return;
	*choice = (struct schema_choice){ .own = run->fault };
	if (n > 1)
		buf_printf(
		    run->why, "matches none of the %zu alternatives: ", n);
}

/* Close the gap in front of what begins at `from`. */
static void
move_down(struct buf *b, size_t to, size_t from)
{
	size_t n = b->len - from;

	memmove(b->ptr + to, b->ptr + from, n);
	buf_truncate(b, to + n);
}

/*
 * An alternative that got deeper into the value was probably meant, so the
 * deepest fault speaks for all; those of the very place are listed.
 */
void
schema_choice_add(struct schema_run *run, struct schema_choice *choice)
{
	const struct schema_fault f = run->fault;
	struct buf *b = run->why;

	if (b == NULL)
		return;
	if (b->failed) {
		run->rc = RC_NOMEM;
		return;
	}
	if (f.depth > choice->own.depth) {
		if (choice->is_deep && f.rank <= choice->deep.rank) {
			buf_truncate(b, f.start);
			return;
		}
		choice->deep = f;
		choice->deep.start = choice->own.start;
		choice->deep.text = choice->own.start + (f.text - f.start);
		choice->is_deep = true;
		move_down(b, choice->own.start, f.start);
		return;
	}
	if (choice->is_deep || choice->listed >= LISTED_MAX) {
		buf_truncate(b, f.start);
		return;
	}
	/* The path, at least three bytes, makes room for the separator. */
	if (choice->listed++ == 0) {
		move_down(b, f.start, f.text);
		return;
	}
	memcpy(b->ptr + f.start, "; ", 2);
	move_down(b, f.start + 2, f.text);
}

void
schema_choice_end(
    struct schema_run *run, const struct schema_choice *choice, bool is_valid)
{
	if (run->why == NULL)
		return;
	if (is_valid)
		buf_truncate(run->why, choice->own.start);
	else
		run->fault = choice->is_deep ? choice->deep : choice->own;
}
