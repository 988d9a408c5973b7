#include "mariadb_engine.h"

/* Where the library puts a cell. */
struct place {
	int64_t number;
	unsigned long length;
	my_bool is_null;
	my_bool is_cut;
	bool is_number;
};

struct result {
	MYSQL_STMT *statement;
	struct arena *arena;
	struct place *place;
	MYSQL_BIND *bind;
	size_t columns;
};

/* Sums are decimal numbers there. */
static bool
is_number(enum enum_field_types type)
{
	return (type <= MYSQL_TYPE_INT24 && type != MYSQL_TYPE_TIMESTAMP) ||
	    type == MYSQL_TYPE_NEWDECIMAL;
}

static bool
bind_all(struct result *r)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(r->statement);

	if (meta == NULL)
		return false;
	for (size_t i = 0; i < r->columns; i++) {
		const MYSQL_FIELD *field =
		    mysql_fetch_field_direct(meta, (unsigned int)i);
		struct place *place = &r->place[i];
		MYSQL_BIND *bind = &r->bind[i];

		place->is_number = is_number(field->type);
		bind->length = &place->length;
		bind->is_null = &place->is_null;
		bind->error = &place->is_cut;
		bind->buffer_type = MYSQL_TYPE_LONG_BLOB;
		if (!place->is_number)
			/* Its length first, and then room for it. */
			continue;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &place->number;
		bind->buffer_length = sizeof(place->number);
	}
	mysql_free_result(meta);
	return mysql_stmt_bind_result(r->statement, r->bind) == 0;
}

static bool
take_bytes(const struct result *r, size_t column, struct slice *out)
{
	MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_LONG_BLOB };
	const unsigned long length = r->place[column].length;
	unsigned long taken = 0;
	my_bool is_null = 0;
	my_bool is_cut = 0;
	char *bytes = arena_bytes(r->arena, (size_t)length + 1);

	if (bytes == NULL)
		return false;
	*out = (struct slice){ bytes, length };
	if (length == 0)
		return true;
	bind.buffer = bytes;
	bind.buffer_length = length;
	bind.length = &taken;
	bind.is_null = &is_null;
	bind.error = &is_cut;
	return mysql_stmt_fetch_column(
		   r->statement, &bind, (unsigned int)column, 0) == 0;
}

static bool
take_row(const struct result *r, struct remote_value *cell)
{
	for (size_t i = 0; i < r->columns; i++) {
		const struct place *place = &r->place[i];

		cell[i] =
		    (struct remote_value){ .is_number = place->is_number };
		if (place->is_null)
			continue;
		if (place->is_number)
			cell[i].number = place->number;
		else if (!take_bytes(r, i, &cell[i].bytes))
			return false;
	}
	return true;
}

static enum remote_result
take_rows(const struct result *r, struct remote_value *cell, size_t n,
    struct buf *why)
{
	for (size_t i = 0; i < n; i++) {
		const int got = mysql_stmt_fetch(r->statement);

		if (got != 0 && got != MYSQL_DATA_TRUNCATED) {
			maria_say(why, mysql_stmt_errno(r->statement),
			    "a row could not be read");
			return REMOTE_FAILED;
		}
		if (!take_row(r, cell + i * r->columns))
			return REMOTE_NOMEMORY;
	}
	return REMOTE_DONE;
}

enum remote_result
maria_rows(MYSQL_STMT *statement, struct arena *arena, struct remote_rows *rows,
    struct buf *why)
{
	const size_t n = (size_t)mysql_stmt_num_rows(statement);
	struct result r = { .statement = statement,
		.arena = arena,
		.columns = mysql_stmt_field_count(statement) };
	struct remote_value *cell;

	*rows = (struct remote_rows){ .columns = r.columns };
	if (n == 0)
		return REMOTE_DONE;
	if (n > SIZE_MAX / sizeof(*cell) / r.columns)
		return REMOTE_NOMEMORY;
	r.place = arena_alloc(arena, r.columns * sizeof(*r.place));
	r.bind = arena_alloc(arena, r.columns * sizeof(*r.bind));
	cell = arena_alloc(arena, n * r.columns * sizeof(*cell));
	if (r.place == NULL || r.bind == NULL || cell == NULL || !bind_all(&r))
		return REMOTE_NOMEMORY;
	rows->cell = cell;
	rows->n = n;
	return take_rows(&r, cell, n, why);
}
