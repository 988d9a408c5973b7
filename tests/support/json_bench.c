#include "json_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

int
json_bench_open(void **state)
{
	struct json_bench *t = calloc(1, sizeof(*t));

	if (t == NULL || !guard_init(&t->guard)) {
		free(t);
		return -1;
	}
	t->arena = ARENA_INIT((size_t)64 << 20);
	*state = t;
	return 0;
}

int
json_bench_close(void **state)
{
	struct json_bench *t = *state;

	arena_release(&t->arena);
	guard_release(&t->guard);
	free(t);
	return 0;
}

const struct json *
json_bench_read(struct json_bench *t, struct slice text)
{
	const struct json *root = NULL;

	assert_int_equal(
	    json_read(&t->arena, text, &json_limits_default, &root, NULL),
	    RC_OK);
	assert_non_null(root);
	return root;
}

void
json_bench_members(struct buf *b, unsigned n, const char *last)
{
	buf_put_char(b, '{');
	for (unsigned i = 0; i < n; i++)
		buf_printf(
		    b, "%s\"m%u\":%u", i == 0 ? "" : ",", (i * 7 + 3) % n, i);
	buf_printf(b, "%s}", last);
}

void
assert_slice(struct slice got, struct slice want)
{
	assert_int_equal(got.len, want.len);
	if (want.len > 0)
		assert_memory_equal(got.ptr, want.ptr, want.len);
}

void
assert_written(const struct buf *b, struct slice want)
{
	assert_int_equal(buf_finish(b), RC_OK);
	assert_slice(buf_slice(b), want);
}
