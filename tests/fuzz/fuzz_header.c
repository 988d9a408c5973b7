#include "header.h"

#include "fuzz.h"
#include "text.h"

/* Written and read again, a text is the same, and fit for a field. */
static void
round_trip(struct arena *a, struct slice text)
{
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct slice back;

	header_put(&b, text);
	law(buf_finish(&b) == RC_OK && b.len > 0);
	for (size_t i = 0; i < b.len; i++)
		law(b.ptr[i] == '\t' || (b.ptr[i] >= 0x20 && b.ptr[i] < 0x7F));
	law(header_decode(a, buf_slice(&b), &back) == RC_OK);
	law(back.ptr != NULL && slice_eq(back, text));
	buf_release(&b);
}

/* What a header says, it says of the JSON string of the same content. */
static void
says_its_text(struct arena *a, struct slice text)
{
	struct buf b = BUF_INIT((size_t)1 << 20);
	const struct json *value;

	json_put_string(&b, text);
	law(buf_finish(&b) == RC_OK);
	/* A NUL has no form that our reader takes. */
	if (json_read(a, buf_slice(&b), &json_limits_default, &value, NULL) ==
	    RC_OK)
		law(header_matches(text, value));
	buf_release(&b);
}

/* Numbers agree with the other way to compare them, where both can. */
static void
compare_numbers(struct arena *a, struct slice header, struct slice body)
{
	const struct json *x, *y;
	struct slice ignored, head;

	if (json_read(a, header, &json_limits_default, &x, NULL) != RC_OK ||
	    json_read(a, body, &json_limits_default, &y, NULL) != RC_OK ||
	    x->type != JSON_NUMBER || y->type != JSON_NUMBER)
		return;
	(void)slice_cut(x->raw, 'e', &ignored);
	head = x->raw;
	if (ignored.ptr != NULL || memchr(head.ptr, 'E', head.len) != NULL) {
		law(!header_matches(head, y));
		return;
	}
	law(header_matches(head, x));
	law(header_matches(head, y) == json_equal(x, y));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT((size_t)16 << 20);
	struct slice in = { (const char *)data, size };
	struct slice meaning, header, body;

	if (size == 0)
		return 0;
	if (text_utf8_ok(in)) {
		round_trip(&a, in);
		says_its_text(&a, in);
	}
	if (header_decode(&a, in, &meaning) == RC_OK) {
		law(text_utf8_ok(meaning));
		round_trip(&a, meaning);
	} else {
		law(meaning.ptr == NULL);
	}
	header = slice_cut(in, '\n', &body);
	if (body.ptr != NULL)
		compare_numbers(&a, header, body);
	arena_release(&a);
	return 0;
}
