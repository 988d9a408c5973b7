#ifndef MCP_JSON_BENCH_H
#define MCP_JSON_BENCH_H

#include "arena.h"
#include "buf.h"
#include "guard.h"
#include "json.h"

/* What every test of JSON stands on: memory, and a place before unreadable
 * memory.  *state of a JSON_TEST() is one of these, new for each test. */
struct json_bench {
	struct arena arena;
	struct guard guard;
};

#define JSON_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, json_bench_open, json_bench_close)

int json_bench_open(void **state);
int json_bench_close(void **state);

/* The tree of a text that must be accepted. */
const struct json *json_bench_read(struct json_bench *t, struct slice text);

/* Append an object of n members m0, m1 ... in an order that is not sorted,
 * then `last` and the brace.  n must not be a multiple of 7. */
void json_bench_members(struct buf *b, unsigned n, const char *last);

void assert_slice(struct slice got, struct slice want);

/* The buffer did not fail, and holds this. */
void assert_written(const struct buf *b, struct slice want);

#endif
