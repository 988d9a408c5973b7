/*
 * The law of what programs say: however the bytes were cut, the surroundings
 * hear the same, the program is answered the same, and every answer is one
 * line of JSON.
 */
#include "fuzz.h"
#include "json.h"
#include "program_say.h"
#include "said_env.h"

struct hearing {
	struct arena arena;
	struct tool tool;
	struct tool_call call;
	struct said_env env;
	struct program_say say;
};

static void
begin(struct hearing *h, enum tool_ask answer)
{
	*h = (struct hearing){ .arena = ARENA_INIT((size_t)1 << 20),
		.tool = { .name = SLICE("demo") } };
	said_env_init(&h->env);
	h->env.answer = answer;
	h->env.json = " [ 1, \"a\" ] ";
	h->call = (struct tool_call){
		.tool = &h->tool, .arena = &h->arena, .env = &h->env.ops
	};
	program_say_init(&h->say, &h->call, NULL);
}

static void
end(struct hearing *h)
{
	program_say_end(&h->say);
	program_say_release(&h->say);
	said_env_release(&h->env);
	arena_release(&h->arena);
}

static void
check_answers(struct hearing *h)
{
	struct slice rest = program_say_answer(&h->say);
	struct arena a = ARENA_INIT((size_t)1 << 24);

	while (rest.len > 0) {
		struct slice line = slice_cut(rest, '\n', &rest);
		const struct json *root;

		law(rest.ptr != NULL);
		law(json_read(&a, line, &json_limits_default, &root, NULL) ==
		    RC_OK);
		law(root->type == JSON_OBJECT && root->count == 1);
	}
	arena_release(&a);
}

/* The first byte says how questions are answered, the second how long the
 * pieces are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hearing whole, cut;
	struct slice text, rest;
	size_t step;

	if (size < 2)
		return 0;
	text = (struct slice){ (const char *)data + 2, size - 2 };
	step = (size_t)data[1] + 1;
	begin(&whole, (enum tool_ask)(data[0] % (ASK_WAITING + 1)));
	begin(&cut, (enum tool_ask)(data[0] % (ASK_WAITING + 1)));
	program_say_take(&whole.say, text);
	for (rest = text; rest.len > 0;) {
		size_t n = step < rest.len ? step : rest.len;

		program_say_take(&cut.say, (struct slice){ rest.ptr, n });
		rest = slice_from(rest, n);
	}
	law(slice_eq(buf_slice(&whole.env.text), buf_slice(&cut.env.text)));
	law(slice_eq(
	    program_say_answer(&whole.say), program_say_answer(&cut.say)));
	law(whole.say.told == cut.say.told);
	check_answers(&whole);
	end(&whole);
	end(&cut);
	return 0;
}
