#include "remote.h"

#include <string.h>

static const struct remote_value *
cell(const struct remote_rows *rows, size_t row, size_t column)
{
	if (row >= rows->n || column >= rows->columns)
		return NULL;
	return &rows->cell[row * rows->columns + column];
}

int64_t
remote_number(const struct remote_rows *rows, size_t row, size_t column)
{
	const struct remote_value *v = cell(rows, row, column);

	return v != NULL && v->is_number ? v->number : 0;
}

struct slice
remote_slice(const struct remote_rows *rows, size_t row, size_t column)
{
	const struct remote_value *v = cell(rows, row, column);

	return v != NULL && !v->is_number ? v->bytes : SLICE_NONE;
}

enum rc
remote_fixed(const struct remote_rows *rows, size_t row, size_t column,
    unsigned char *out, size_t n)
{
	const struct slice s = remote_slice(rows, row, column);

	if (s.ptr == NULL || s.len != n)
		return RC_BUG;
	memcpy(out, s.ptr, n);
	return RC_OK;
}

enum rc
remote_outcome(const struct remote_rows *rows)
{
	static const enum rc rcs[] = {
		[REMOTE_OK] = RC_OK,
		[REMOTE_NOTFOUND] = RC_NOTFOUND,
		[REMOTE_CONFLICT] = RC_CONFLICT,
		[REMOTE_FULL] = RC_FULL,
		[REMOTE_BUG] = RC_BUG,
	};
	const struct remote_value *v = cell(rows, 0, 0);

	if (v == NULL || !v->is_number || v->number < 0 ||
	    v->number >= (int64_t)(sizeof(rcs) / sizeof(rcs[0])))
		return RC_BUG;
	return rcs[v->number];
}
