/*
 * Laws of JSON: a text is accepted or refused the same way every time; every
 * value's source text lies within the input; what is written from a tree
 * reads again as an equal tree; the canonical form is its own canonical form.
 */
#include "fuzz.h"
#include "json.h"
#include "text.h"

static bool
lies_within(struct slice part, struct slice whole)
{
	return part.ptr >= whole.ptr &&
	    part.ptr + part.len <= whole.ptr + whole.len;
}

static void
check_number(const struct json *v)
{
	double wide;
	int64_t whole;
	bool fits = json_int64(v, &whole) == RC_OK;

	law(!fits || json_is_integer(v));
	if (fits && whole > -1000000 && whole < 1000000)
		law(json_double(v, &wide) == RC_OK && wide == (double)whole);
}

static void
check_value(const struct json *v, struct slice within)
{
	uint32_t count = 0;

	law(v->raw.len > 0 && lies_within(v->raw, within));
	if (v->type == JSON_NUMBER)
		check_number(v);
	if (v->type == JSON_STRING)
		law(v->text.ptr != NULL && text_utf8_ok(v->text) &&
		    v->text.len + 2 <= v->raw.len);
	for (const struct json *c = v->child; c != NULL; c = c->next) {
		law((c->name.ptr != NULL) == (v->type == JSON_OBJECT));
		law(v->type != JSON_OBJECT || json_member(v, c->name) == c);
		check_value(c, v->raw);
		count++;
	}
	law(count == v->count);
}

static const struct json *
read_again(struct arena *a, const struct buf *b)
{
	const struct json *root;

	law(buf_finish(b) == RC_OK);
	law(json_read(a, buf_slice(b), &json_limits_default, &root, NULL) ==
	    RC_OK);
	return root;
}

static void
check_writing(struct arena *a, const struct json *root)
{
	struct buf compact = BUF_INIT((size_t)16 << 20);
	struct buf first = BUF_INIT((size_t)16 << 20);
	struct buf second = BUF_INIT((size_t)16 << 20);
	const struct json *again;

	json_put_compact(&compact, root);
	again = read_again(a, &compact);
	law(json_equal(root, again) && json_equal(again, root));
	law(slice_eq(again->raw, buf_slice(&compact)));
	law(json_put_canonical(&first, a, root, NULL, 0) == RC_OK);
	again = read_again(a, &first);
	law(json_equal(root, again));
	law(json_put_canonical(&second, a, again, NULL, 0) == RC_OK);
	law(slice_eq(buf_slice(&first), buf_slice(&second)));
	buf_release(&compact);
	buf_release(&first);
	buf_release(&second);
}

/* Any bytes become a string that reads again, with their NULs left out. */
static void
check_string(struct arena *a, struct slice bytes)
{
	struct buf b = BUF_INIT((size_t)16 << 20);
	const struct json *v;

	json_put_string(&b, bytes);
	if (bytes.len == 0 || memchr(bytes.ptr, '\0', bytes.len) == NULL) {
		v = read_again(a, &b);
		law(v->type == JSON_STRING);
		law(!text_utf8_ok(bytes) || slice_eq(v->text, bytes));
	}
	buf_release(&b);
}

static void
check_double(struct arena *a, const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT(100);
	const struct json *v;
	double value, back;

	if (size < sizeof(value))
		return;
	memcpy(&value, data, sizeof(value));
	json_put_double(&b, value);
	v = read_again(a, &b);
	if (v->type != JSON_NULL)
		law(json_double(v, &back) == RC_OK && back == value);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT((size_t)64 << 20);
	struct slice text = { (const char *)data, size };
	struct json_error error, again;
	const struct json *root, *second;
	enum rc rc = json_read(&a, text, &json_limits_default, &root, &error);

	law(rc == RC_OK || rc == RC_SYNTAX);
	law(json_read(&a, text, &json_limits_default, &second, &again) == rc);
	if (rc == RC_OK) {
		law(json_equal(root, second));
		check_value(root, text);
		check_writing(&a, root);
	} else {
		law(error.offset == again.offset && error.why == again.why);
		law(error.offset <= size);
	}
	check_string(&a, text);
	check_double(&a, data, size);
	arena_release(&a);
	return 0;
}
