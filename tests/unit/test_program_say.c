#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "program_say.h"
#include "said_env.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOGGED(what) "<4>tool tool=demo descriptor=3 ignored=" what "\n"

struct rig {
	struct tool_bench bench;
	struct said_env env;
	struct program_say say;
	struct log log;
	struct buf logged;
};

static void
keep_line(void *ctx, struct slice lines)
{
	buf_put_slice(ctx, lines);
}

static void
rig_init(struct rig *r)
{
	tool_bench_init(&r->bench);
	said_env_init(&r->env);
	r->bench.call.env = &r->env.ops;
	r->logged = BUF_INIT((size_t)1 << 20);
	r->log = LOG_INIT(keep_line, &r->logged, LOG_DEBUG);
	program_say_init(&r->say, &r->bench.call, &r->log);
}

static void
rig_release(struct rig *r)
{
	program_say_release(&r->say);
	log_release(&r->log);
	buf_release(&r->logged);
	said_env_release(&r->env);
	tool_bench_release(&r->bench);
}

static void
say(struct rig *r, const char *text)
{
	program_say_take(&r->say, slice_of(text));
}

static void
assert_slice(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_of(want)))
		fail_msg("got \"%.*s\", not \"%s\"", SLICE_FMT(got), want);
}

/* --------------------------------------------------------------- the lines */

static const struct {
	const char *line;
	const char *told; /* to the surroundings */
	const char *logged;
} lines[] = {
	{ "{\"progress\":1}\n", "progress 1/0\n", "" },
	{ "{\"progress\":1.5,\"total\":3,\"message\":\"a\\u00e9\"}\r\n",
	    "progress 1.5/3 a\xc3\xa9\n", "" },
	{ "\n \t\r\n", "", "" },
	{ " { \"message\" : \"m\", \"progress\" : 2 } \n", "progress 2/0 m\n",
	    "" },
	{ "{\"log\":{\"level\":\"debug\",\"data\":\"x\"}}\n", "log 0 - \"x\"\n",
	    "" },
	{ "{\"log\":{\"level\":\"emergency\",\"logger\":\"l\","
	  "\"data\":{ \"a\" : [ 1 ] }}}\n",
	    "log 7 l {\"a\":[1]}\n", "" },
	{ "{\"close\":true}\n", "let_go\n", "" },
	{ "{\"changed\":\"tools\"}\n{\"changed\":\"prompts\"}\n"
	  "{\"changed\":\"resources\"}\n",
	    "changed tools\nchanged prompts\nchanged resources\n", "" },
	{ "{\"changed\":\"file:///a%20b\"}\n",
	    "changed resource:file:///a%20b\n", "" },
	{ "{\"elicited\":\"id 7\"}\n", "elicited id 7\n", "" },
	{ "{\"task\":true}\n", "become_task\n", "" },
	/* mistakes */
	{ "{\"close\":false}\n", "", LOGGED("no_such_line") },
	{ "{\"task\":false}\n", "", LOGGED("no_such_line") },
	{ "{\"changed\":\"tool\"}\n", "", LOGGED("no_such_line") },
	{ "{\"changed\":\"\"}\n", "", LOGGED("no_such_line") },
	{ "{\"changed\":[\"tools\"]}\n", "", LOGGED("no_such_line") },
	{ "{\"elicited\":\"\"}\n", "", LOGGED("no_such_line") },
	{ "{\"elicited\":true}\n", "", LOGGED("no_such_line") },
	{ "{\"progress\":\"1\"}\n", "", LOGGED("no_such_line") },
	{ "{\"progress\":1e999}\n", "", LOGGED("no_such_line") },
	{ "{\"progress\":1,\"total\":null}\n", "", LOGGED("no_such_line") },
	{ "{\"progress\":1,\"message\":7}\n", "", LOGGED("no_such_line") },
	{ "{\"log\":{\"level\":\"loud\",\"data\":1}}\n", "",
	    LOGGED("no_such_line") },
	{ "{\"log\":{\"level\":\"info\"}}\n", "", LOGGED("no_such_line") },
	{ "{\"log\":{\"level\":\"info\",\"data\":1,\"logger\":2}}\n", "",
	    LOGGED("no_such_line") },
	{ "{\"log\":\"x\"}\n", "", LOGGED("no_such_line") },
	{ "{\"other\":1}\nx\n{\n[]\n7\n\"\xff\"\n{\"progress\":3}\n",
	    "progress 3/0\n", LOGGED("no_such_line") },
	{ "{\"progress\":3}", "", LOGGED("half_a_line") },
};

static void
each_line_becomes_what_it_says_or_one_mistake_in_the_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct rig r;

		rig_init(&r);
		say(&r, lines[i].line);
		program_say_end(&r.say);
		log_flush(&r.log);
		assert_slice(buf_slice(&r.env.text), lines[i].told);
		assert_slice(buf_slice(&r.logged), lines[i].logged);
		assert_int_equal(program_say_answer(&r.say).len, 0);
		rig_release(&r);
	}
}

static void
how_the_bytes_were_cut_makes_no_difference(void **state)
{
	static const char text[] =
	    "{\"progress\":1}\n{\"progress\":2}\nrubbish\n\n"
	    "{\"log\":{\"level\":\"info\",\"data\":{}}}\n{\"close\":true}\n{";
	static const char want[] = "progress 1/0\nprogress 2/0\n"
				   "log 1 - {}\nlet_go\n";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct slice rest = slice_of(text);
		struct rig r;

		rig_init(&r);
		while (rest.len > 0) {
			size_t n = step < rest.len ? step : rest.len;

			program_say_take(&r.say, (struct slice){ rest.ptr, n });
			rest = slice_from(rest, n);
		}
		assert_slice(buf_slice(&r.env.text), want);
		rig_release(&r);
	}
}

/* --------------------------------------------------------------- questions */

#define ASK "{\"ask\":{\"k\":{\"method\":\"m\",\"params\":{ \"p\" : 1 }}}}\n"
#define ASKED "ask k m {\"p\":1}\n"

static const struct {
	const char *line;
	enum tool_ask answer;
	const char *json;
	const char *told;
	const char *reply;
} rounds[] = {
	{ ASK, ASK_ANSWERED, "{ \"action\":\n\"accept\" }", ASKED,
	    "{\"answers\":{\"k\":{\"action\":\"accept\"}}}\n" },
	{ "{\"ask\":{\"a\":{\"method\":\"m\"},\"b\\n\":{\"method\":\"n\"}}}\n",
	    ASK_ANSWERED, "1", "ask a m {}, b\n n {}\n",
	    "{\"answers\":{\"a\":1,\"b\\n\":1}}\n" },
	{ ASK, ASK_PENDING, NULL, ASKED, "{\"pending\":true}\n" },
	{ ASK ASK, ASK_PENDING, NULL, ASKED,
	    "{\"pending\":true}\n{\"pending\":true}\n" },
	{ ASK, ASK_UNSUPPORTED, NULL, ASKED, "{\"unsupported\":true}\n" },
	{ ASK, ASK_DECLINED, NULL, ASKED, "{\"declined\":true}\n" },
	{ ASK, ASK_TIMEOUT, NULL, ASKED, "{\"timeout\":true}\n" },
	/* Our own surroundings would be to blame. */
	{ ASK, ASK_ANSWERED, "no json", ASKED, "{\"unsupported\":true}\n" },
	{ ASK, ASK_ANSWERED, NULL, ASKED, "{\"unsupported\":true}\n" },
	/* Who asks wrongly waits for a line all the same. */
	{ "{\"ask\":{\"k\":}}\n", ASK_ANSWERED, "1", "",
	    "{\"unsupported\":true}\n" },
	{ "{\"ask\":{}}\n", ASK_ANSWERED, "1", "", "{\"unsupported\":true}\n" },
	{ "{\"ask\":[]}\n", ASK_ANSWERED, "1", "", "{\"unsupported\":true}\n" },
	{ "{\"ask\":{\"k\":{\"params\":{}}}}\n", ASK_ANSWERED, "1", "",
	    "{\"unsupported\":true}\n" },
	{ "{\"ask\":{\"\":{\"method\":\"m\"}}}\n", ASK_ANSWERED, "1", "",
	    "{\"unsupported\":true}\n" },
	{ "{\"ask\":{\"k\":{\"method\":\"m\",\"params\":[]}}}\n", ASK_ANSWERED,
	    "1", "", "{\"unsupported\":true}\n" },
};

static void
every_question_gets_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rounds); i++) {
		struct rig r;

		rig_init(&r);
		r.env.answer = rounds[i].answer;
		r.env.json = rounds[i].json;
		say(&r, rounds[i].line);
		assert_slice(buf_slice(&r.env.text), rounds[i].told);
		assert_slice(program_say_answer(&r.say), rounds[i].reply);
		assert_true(
		    r.say.is_pending == (rounds[i].answer == ASK_PENDING));
		rig_release(&r);
	}
}

static void
a_question_waits_for_its_answer_while_other_lines_go_on(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.env.answer = ASK_ANSWERED;
	r.env.json = "true";
	r.env.waits = 2;
	say(&r, ASK);
	assert_int_equal(program_say_answer(&r.say).len, 0);
	say(&r, "{\"progress\":1}\n" ASK);
	program_say_look(&r.say);
	assert_int_equal(program_say_answer(&r.say).len, 0);
	program_say_look(&r.say);
	assert_slice(
	    program_say_answer(&r.say), "{\"answers\":{\"k\":true}}\n");
	program_say_look(&r.say);
	assert_slice(
	    buf_slice(&r.env.text), ASKED "progress 1/0\nlook\nlook\n");
	log_flush(&r.log);
	assert_slice(
	    buf_slice(&r.logged), LOGGED("question_before_the_answer"));
	/* Written in two pieces, and then the next round. */
	program_say_sent(&r.say, 10);
	assert_slice(program_say_answer(&r.say), ":{\"k\":true}}\n");
	program_say_sent(&r.say, 13);
	assert_int_equal(program_say_answer(&r.say).len, 0);
	say(&r, ASK);
	assert_slice(
	    program_say_answer(&r.say), "{\"answers\":{\"k\":true}}\n");
	rig_release(&r);
}

static void
who_does_not_listen_is_not_asked_for(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	program_say_deafen(&r.say);
	say(&r, ASK "{\"progress\":1}\n");
	assert_slice(buf_slice(&r.env.text), "progress 1/0\n");
	assert_int_equal(program_say_answer(&r.say).len, 0);
	rig_release(&r);
}

/* ------------------------------------------------------------------ limits */

/* A line of n bytes and its end, that would be right if it were shorter. */
static struct slice
long_line(struct rig *r, const char *begin, size_t n, const char *end)
{
	char *line = arena_bytes(&r->bench.arena, n + 1);
	const struct slice first = slice_of(begin), last = slice_of(end);

	assert_non_null(line);
	memset(line, 'x', n);
	memcpy(line, first.ptr, first.len);
	memcpy(line + n - last.len, last.ptr, last.len);
	line[n] = '\n';
	return (struct slice){ line, n + 1 };
}

static void
of_an_endless_line_only_the_beginning_is_kept(void **state)
{
	static const char begin[] = "{\"progress\":1,\"message\":\"";
	struct rig r;
	struct slice fits, spills;

	(void)state;
	rig_init(&r);
	fits = long_line(&r, begin, PROGRAM_LINE_MAX, "\"}");
	spills = long_line(&r, begin, PROGRAM_LINE_MAX + 1, "\"}");
	program_say_take(&r.say, spills);
	say(&r, "{\"progress\":2}\n");
	assert_slice(buf_slice(&r.env.text), "progress 2/0\n");
	program_say_take(&r.say, fits);
	assert_true(r.env.text.len > PROGRAM_LINE_MAX - 100);
	for (int i = 0; i < 100; i++) {
		spills.len = PROGRAM_LINE_MAX;
		program_say_take(&r.say, spills);
	}
	assert_true(r.say.line.cap <= 2 * PROGRAM_LINE_MAX);
	program_say_end(&r.say);
	log_flush(&r.log);
	assert_slice(buf_slice(&r.logged),
	    LOGGED("line_too_long") LOGGED("half_a_line"));
	rig_release(&r);
}

static void
who_asks_at_too_great_length_is_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	program_say_take(&r.say,
	    long_line(&r, "{\"ask\": {\"k\":{\"method\":\"",
		3 * PROGRAM_LINE_MAX, "\"}}}"));
	assert_slice(buf_slice(&r.env.text), "");
	assert_slice(program_say_answer(&r.say), "{\"unsupported\":true}\n");
	rig_release(&r);
}

static void
too_many_lines_are_not_heard(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < PROGRAM_LINES_MAX - 1; i++)
		say(&r, "\n");
	say(&r, "{\"progress\":1}\n");
	assert_false(r.say.is_deaf);
	say(&r, "{\"progress\":2}\n");
	say(&r, "{\"progress\":3}\n");
	assert_slice(buf_slice(&r.env.text), "progress 1/0\n");
	assert_true(r.say.is_deaf);
	log_flush(&r.log);
	assert_slice(buf_slice(&r.logged), LOGGED("too_many_lines"));
	rig_release(&r);
}

static void
who_asks_on_and_on_and_never_reads_is_taken_for_deaf(void **state)
{
	struct buf big = BUF_INIT((size_t)1 << 20);
	struct rig r;

	(void)state;
	rig_init(&r);
	buf_put_char(&big, '"');
	memset(buf_extend(&big, 500000), 'x', 500000);
	buf_put_char(&big, '"');
	r.env.answer = ASK_ANSWERED;
	r.env.json = big.ptr;
	/* At first with answers, then with refusals, then with nothing. */
	for (int i = 0; i < 40000 && !r.say.is_deaf; i++) {
		assert_true(
		    program_say_answer(&r.say).len <= PROGRAM_ANSWER_MAX);
		say(&r, ASK);
	}
	assert_true(r.say.is_deaf);
	assert_int_equal(program_say_answer(&r.say).len, 0);
	buf_release(&big);
	rig_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_line_becomes_what_it_says_or_one_mistake_in_the_log),
		cmocka_unit_test(how_the_bytes_were_cut_makes_no_difference),
		cmocka_unit_test(every_question_gets_one_line),
		cmocka_unit_test(
		    a_question_waits_for_its_answer_while_other_lines_go_on),
		cmocka_unit_test(who_does_not_listen_is_not_asked_for),
		cmocka_unit_test(of_an_endless_line_only_the_beginning_is_kept),
		cmocka_unit_test(who_asks_at_too_great_length_is_refused),
		cmocka_unit_test(too_many_lines_are_not_heard),
		cmocka_unit_test(
		    who_asks_on_and_on_and_never_reads_is_taken_for_deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
