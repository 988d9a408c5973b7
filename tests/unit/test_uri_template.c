#include "uri_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_bench.h"

static const struct uri_template *
compiled(struct json_bench *t, struct slice text)
{
	struct buf why = BUF_INIT(1024);
	struct uri_template *out;

	if (uri_template_compile(text, &t->arena, &out, &why) != RC_OK)
		fail_msg(
		    "%.*s: %.*s", SLICE_FMT(text), SLICE_FMT(buf_slice(&why)));
	assert_int_equal(why.len, 0);
	buf_release(&why);
	return out;
}

/* The variables of RFC 6570 3.2, but for objects. */
#define VALUES                                                                 \
	"{\"count\":[\"one\",\"two\",\"three\"],"                              \
	"\"dom\":[\"example\",\"com\"],\"dub\":\"me/too\","                    \
	"\"hello\":\"Hello World!\",\"half\":\"50%\",\"var\":\"value\","       \
	"\"who\":\"fred\",\"base\":\"http://example.com/home/\","              \
	"\"path\":\"/foo/bar\",\"list\":[\"red\",\"green\",\"blue\"],"         \
	"\"v\":\"6\",\"x\":\"1024\",\"y\":\"768\",\"empty\":\"\","             \
	"\"empty_keys\":[],\"undef\":null,\"number\":5,\"mixed\":[\"a\",1],"   \
	"\"object\":{\"a\":\"b\"},\"void\":[\"\"],\"umlaut\":\"\xc3\xbc\","    \
	"\"twice\":\"50%25\",\"voids\":[\"\",\"\"]}"

/* Behind "t:", which every template of ours needs. */
static const char *const expansions[][2] = {
	/* 3.2.1 */
	{ "{count}", "one,two,three" },
	{ "{count*}", "one,two,three" },
	{ "{/count}", "/one,two,three" },
	{ "{/count*}", "/one/two/three" },
	{ "{;count}", ";count=one,two,three" },
	{ "{;count*}", ";count=one;count=two;count=three" },
	{ "{?count}", "?count=one,two,three" },
	{ "{?count*}", "?count=one&count=two&count=three" },
	{ "{&count*}", "&count=one&count=two&count=three" },
	/* 3.2.2 */
	{ "{var}", "value" },
	{ "{hello}", "Hello%20World%21" },
	{ "{half}", "50%25" },
	{ "O{empty}X", "OX" },
	{ "O{undef}X", "OX" },
	{ "{x,y}", "1024,768" },
	{ "{x,hello,y}", "1024,Hello%20World%21,768" },
	{ "?{x,empty}", "?1024," },
	{ "?{x,undef}", "?1024" },
	{ "?{undef,y}", "?768" },
	{ "{list}", "red,green,blue" },
	{ "{list*}", "red,green,blue" },
	/* 3.2.3 */
	{ "{+var}", "value" },
	{ "{+hello}", "Hello%20World!" },
	{ "{+half}", "50%25" },
	{ "{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex" },
	{ "{+base}index", "http://example.com/home/index" },
	{ "O{+empty}X", "OX" },
	{ "O{+undef}X", "OX" },
	{ "{+path}/here", "/foo/bar/here" },
	{ "here?ref={+path}", "here?ref=/foo/bar" },
	{ "up{+path}{/var}/here", "up/foo/bar/value/here" },
	{ "{+x,hello,y}", "1024,Hello%20World!,768" },
	{ "{+path,x}/here", "/foo/bar,1024/here" },
	{ "{+list}", "red,green,blue" },
	{ "{+list*}", "red,green,blue" },
	/* 3.2.4 */
	{ "{#var}", "#value" },
	{ "{#hello}", "#Hello%20World!" },
	{ "{#half}", "#50%25" },
	{ "foo{#empty}", "foo#" },
	{ "foo{#undef}", "foo" },
	{ "{#x,hello,y}", "#1024,Hello%20World!,768" },
	{ "{#path,x}/here", "#/foo/bar,1024/here" },
	{ "{#list}", "#red,green,blue" },
	{ "{#list*}", "#red,green,blue" },
	/* 3.2.5 */
	{ "{.who}", ".fred" },
	{ "{.half}", ".50%25" },
	{ "www{.dom*}", "www.example.com" },
	{ "X{.var}", "X.value" },
	{ "X{.empty}", "X." },
	{ "X{.undef}", "X" },
	{ "X{.list}", "X.red,green,blue" },
	{ "X{.list*}", "X.red.green.blue" },
	{ "X{.empty_keys}", "X" },
	{ "X{.empty_keys*}", "X" },
	/* 3.2.6 */
	{ "{/who}", "/fred" },
	{ "{/half,who}", "/50%25/fred" },
	{ "{/who,dub}", "/fred/me%2Ftoo" },
	{ "{/var}", "/value" },
	{ "{/var,empty}", "/value/" },
	{ "{/var,undef}", "/value" },
	{ "{/var,x}/here", "/value/1024/here" },
	{ "{/list}", "/red,green,blue" },
	{ "{/list*}", "/red/green/blue" },
	/* 3.2.7 */
	{ "{;who}", ";who=fred" },
	{ "{;half}", ";half=50%25" },
	{ "{;empty}", ";empty" },
	{ "{;v,empty,who}", ";v=6;empty;who=fred" },
	{ "{;v,undef,who}", ";v=6;who=fred" },
	{ "{;x,y}", ";x=1024;y=768" },
	{ "{;x,y,empty}", ";x=1024;y=768;empty" },
	{ "{;x,y,undef}", ";x=1024;y=768" },
	{ "{;list}", ";list=red,green,blue" },
	{ "{;list*}", ";list=red;list=green;list=blue" },
	/* 3.2.8 */
	{ "{?who}", "?who=fred" },
	{ "{?half}", "?half=50%25" },
	{ "{?x,y}", "?x=1024&y=768" },
	{ "{?x,y,empty}", "?x=1024&y=768&empty=" },
	{ "{?x,y,undef}", "?x=1024&y=768" },
	{ "{?list}", "?list=red,green,blue" },
	{ "{?list*}", "?list=red&list=green&list=blue" },
	/* 3.2.9 */
	{ "{&who}", "&who=fred" },
	{ "{&half}", "&half=50%25" },
	{ "?fixed=yes{&x}", "?fixed=yes&x=1024" },
	{ "{&x,y,empty}", "&x=1024&y=768&empty=" },
	{ "{&x,y,undef}", "&x=1024&y=768" },
	{ "{&list}", "&list=red,green,blue" },
	{ "{&list*}", "&list=red&list=green&list=blue" },
	/* Beyond the examples. */
	{ "{number}{?mixed,object}", "" },
	{ "{;void*}", ";void" },
	{ "{;void}", ";void" },
	{ "{?voids*}", "?voids=&voids=" },
	{ "{?void}", "?void=" },
	{ "{umlaut}\xc3\xbc", "%C3%BC%C3%BC" },
	{ "{twice}", "50%2525" },
	{ "{+twice}", "50%25" },
	{ "%c3%BC", "%c3%BC" },
	{ "it's", "it's" },
};

static void
expansion_is_that_of_the_standard(void **state)
{
	struct json_bench *t = *state;
	const struct json *values = json_bench_read(t, SLICE(VALUES));
	struct buf text = BUF_INIT(1024), out = BUF_INIT(1024);

	for (size_t i = 0; i < sizeof(expansions) / sizeof(*expansions); i++) {
		buf_reset(&text);
		buf_reset(&out);
		buf_printf(&text, "t:%s", expansions[i][0]);
		uri_template_expand(
		    compiled(t, buf_slice(&text)), values, &out);
		assert_slice(
		    slice_from(buf_slice(&out), 2), slice_of(expansions[i][1]));
	}
	buf_release(&text);
	buf_release(&out);
}

static void
nothing_is_known_where_values_are_no_object(void **state)
{
	struct json_bench *t = *state;
	const struct uri_template *u = compiled(t, SLICE("t:{a}{/b}{?c}"));
	struct buf out = BUF_INIT(64);

	uri_template_expand(u, NULL, &out);
	uri_template_expand(u, json_bench_read(t, SLICE("[\"a\"]")), &out);
	assert_written(&out, SLICE("t:t:"));
	buf_release(&out);
}

static const char *const no_templates[][2] = {
	{ "", "a template has to begin with a scheme, as in docs:" },
	{ "docs", "a template has to begin with a scheme, as in docs:" },
	{ "{a}:b", "a template has to begin with a scheme, as in docs:" },
	{ "/a:{b}", "a template has to begin with a scheme, as in docs:" },
	{ "1:{b}", "a template has to begin with a scheme, as in docs:" },
	{ "d:{", "an expression is not closed" },
	{ "d:{a", "an expression is not closed" },
	{ "d:{}", "not the name of a variable: " },
	{ "d:{+}", "not the name of a variable: " },
	{ "d:{a,}", "not the name of a variable: " },
	{ "d:{,a}", "not the name of a variable: " },
	{ "d:{*}", "not the name of a variable: " },
	{ "d:{a**}", "not the name of a variable: a*" },
	{ "d:{a b}", "not the name of a variable: a b" },
	{ "d:{a-b}", "not the name of a variable: a-b" },
	{ "d:{.a.}", "not the name of a variable: a." },
	{ "d:{a..b}", "not the name of a variable: a..b" },
	{ "d:{..a}", "not the name of a variable: .a" },
	{ "d:{a%4}", "not the name of a variable: a%4" },
	{ "d:{{a}}", "not the name of a variable: {a" },
	{ "d:{\xc3\xbc}", "not the name of a variable: \xc3\xbc" },
	{ "d:{=a}", "not the name of a variable: =a" },
	{ "d:{|a}", "not the name of a variable: |a" },
	{ "d:{a:3}", "prefixes are not supported: a:3" },
	{ "d:{a}{?a}", "a variable is there twice: a" },
	{ "d:{a,b,a}", "a variable is there twice: a" },
	{ "d:{a}{b}", "cannot be told from the expression before it: b" },
	{ "d:{+a}{+b}", "cannot be told from the expression before it: b" },
	{ "d:{/a}{b}", "cannot be told from the expression before it: b" },
	{ "d:{a*,b}",
	    "cannot be told from the variable before it, which "
	    "explodes: b" },
	{ "d:}", "a character that has to be escaped in a template" },
	{ "d:{a}}", "a character that has to be escaped in a template" },
	{ "d: ", "a character that has to be escaped in a template" },
	{ "d:%", "a character that has to be escaped in a template" },
	{ "d:%4x", "a character that has to be escaped in a template" },
	{ "d:<a>", "a character that has to be escaped in a template" },
	{ "d:\x01", "a character that has to be escaped in a template" },
	{ "d:a\\b", "a character that has to be escaped in a template" },
	{ "d:a|b", "a character that has to be escaped in a template" },
	{ "d:a^b`", "a character that has to be escaped in a template" },
};

static void
what_is_no_template_is_refused_with_a_reason(void **state)
{
	struct json_bench *t = *state;
	struct buf why = BUF_INIT(1024);
	struct uri_template *out;

	for (size_t i = 0; i < sizeof(no_templates) / sizeof(*no_templates);
	     i++) {
		buf_reset(&why);
		assert_int_equal(
		    uri_template_compile(
			slice_of(no_templates[i][0]), &t->arena, &out, &why),
		    RC_SYNTAX);
		assert_null(out);
		assert_slice(buf_slice(&why), slice_of(no_templates[i][1]));
	}
	buf_reset(&why);
	assert_int_equal(
	    uri_template_compile(SLICE("d:\0"), &t->arena, &out, &why),
	    RC_SYNTAX);
	assert_int_equal(
	    uri_template_compile(SLICE_NONE, &t->arena, &out, &why), RC_SYNTAX);
	buf_release(&why);
}

static void
a_template_has_at_most_so_many_variables_and_bytes(void **state)
{
	struct json_bench *t = *state;
	struct buf text = BUF_INIT(URI_TEMPLATE_MAX + 8);
	struct buf why = BUF_INIT(1024);
	struct uri_template *out;
	const struct slice *names;

	buf_put_slice(&text, SLICE("t:"));
	for (int i = 0; i < URI_TEMPLATE_VARS; i++)
		buf_printf(&text, "{v%d}/", i);
	assert_int_equal(
	    uri_template_vars(compiled(t, buf_slice(&text)), &names),
	    URI_TEMPLATE_VARS);
	assert_slice(names[0], SLICE("v0"));
	assert_slice(names[31], SLICE("v31"));
	buf_put_slice(&text, SLICE("{more}"));
	assert_int_equal(
	    uri_template_compile(buf_slice(&text), &t->arena, &out, &why),
	    RC_SYNTAX);
	buf_reset(&text);
	buf_put_slice(&text, SLICE("t:"));
	while (text.len < URI_TEMPLATE_MAX)
		buf_put_char(&text, 'a');
	(void)compiled(t, buf_slice(&text));
	buf_put_char(&text, 'a');
	assert_int_equal(
	    uri_template_compile(buf_slice(&text), &t->arena, &out, &why),
	    RC_SYNTAX);
	buf_release(&text);
	buf_release(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(expansion_is_that_of_the_standard),
		JSON_TEST(nothing_is_known_where_values_are_no_object),
		JSON_TEST(what_is_no_template_is_refused_with_a_reason),
		JSON_TEST(a_template_has_at_most_so_many_variables_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
