#include "question_bench.h"

#include <stdlib.h>

#include "question_kind.h"

int
question_bench_setup(void **state)
{
	struct question_bench *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return 1;
	b->arena = ARENA_INIT((size_t)64 << 20);
	b->out = BUF_INIT((size_t)16 << 20);
	b->why = BUF_INIT(QUESTION_WHY_MAX);
	*state = b;
	return 0;
}

int
question_bench_teardown(void **state)
{
	struct question_bench *b = *state;

	arena_release(&b->arena);
	buf_release(&b->out);
	buf_release(&b->why);
	free(b);
	return 0;
}

struct tool_question
question_bench_ask(const char *method, const char *params)
{
	return (struct tool_question){ .key = SLICE("key"),
		.method = slice_of(method),
		.params = slice_of(params) };
}

enum rc
question_bench_shape(struct question_bench *b, enum revision_name name,
    uint32_t caps, const struct tool_question *q)
{
	const struct question_client client = { .revision = revision_get(name),
		.caps = caps,
		.seed = SLICE("seed") };

	arena_reset(&b->arena);
	buf_reset(&b->out);
	buf_reset(&b->why);
	return question_shape(&b->arena, &client, q, &b->out, &b->why);
}
