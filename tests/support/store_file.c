#include "store_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store_suite.h"

static int64_t
now_of(void *ctx)
{
	return *(int64_t *)ctx;
}

int
store_file_setup(void **state)
{
	struct store_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	store_scratch_init(&f->scratch);
	f->now = 1000000;
	f->clock = (struct clock){ now_of, now_of, now_of, &f->now };
	f->arena = ARENA_INIT((size_t)1024 * 1024);
	f->op = (struct op){
		.now_ms = 5000, .arena = &f->arena, .give_up_mono = f->now
	};
	f->options = store_scratch_options(&f->scratch);
	f->options.clock = &f->clock;
	*state = f;
	return 0;
}

int
store_file_teardown(void **state)
{
	struct store_file *f = *state;

	if (f->store != NULL)
		f->store->ops->close(f->store);
	arena_release(&f->arena);
	store_scratch_release(&f->scratch);
	free(f);
	return 0;
}

enum rc
store_file_open(struct store_file *f)
{
	return store_scratch_open(&f->scratch, &f->options, &f->store);
}

void
store_file_close(struct store_file *f)
{
	f->store->ops->close(f->store);
	f->store = NULL;
}

enum rc
store_file_put(struct store_file *f, uint32_t n)
{
	struct session_row row = store_row(n, 1, 2000);
	int64_t id;

	return f->store->ops->session_put(
	    f->store, &f->op, &row, &store_no_caps, &id);
}

enum rc
store_file_get(struct store_file *f, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;
	struct session_row row;

	return f->store->ops->session_get(f->store, &f->op, &key, &row, NULL);
}

enum rc
store_file_end(struct store_file *f, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;

	return f->store->ops->session_end(f->store, &f->op, &key, END_DELETED);
}

const char *
store_file_beside(
    const struct store_file *f, const char *tail, char *path, size_t n)
{
	(void)snprintf(path, n, "%s%s", f->scratch.file, tail);
	return path;
}

bool
store_file_exists(const struct store_file *f, const char *tail)
{
	char path[256];

	return access(store_file_beside(f, tail, path, sizeof(path)), F_OK) ==
	    0;
}

int64_t
store_file_run(struct store_file *f, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	const char *rest = sql;
	int64_t n = 0;

	assert_int_equal(sqlite3_open(f->scratch.file, &db), SQLITE_OK);
	while (*rest != '\0') {
		assert_int_equal(
		    sqlite3_prepare_v2(db, rest, -1, &st, &rest), SQLITE_OK);
		if (sqlite3_step(st) == SQLITE_ROW)
			n = sqlite3_column_int64(st, 0);
		assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}
