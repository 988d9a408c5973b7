#include "media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_bench.h"

static void
the_end_of_a_name_tells(void **state)
{
	static const struct {
		const char *name;
		const char *type;
	} rows[] = {
		{ "a.md", "text/markdown" },
		{ "a.MD", "text/markdown" },
		{ "dir.d/b.c/x.Py", "text/x-python" },
		{ ".txt", "text/plain" },
		{ "a.7z", "application/x-7z-compressed" },
		{ "a.zst", "application/zstd" },
		{ "a.tar.gz", "application/gzip" },
		{ "a.markdown", "text/markdown" },
		{ "photo.JPEG", "image/jpeg" },
		{ "a.json", "application/json" },
		{ "a.wav", "audio/wav" },
		{ "a.docx",
		    "application/vnd.openxmlformats-officedocument"
		    ".wordprocessingml.document" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_slice(media_type_of(slice_of(rows[i].name)),
		    slice_of(rows[i].type));
}

static void
what_is_not_known_has_no_type(void **state)
{
	static const char *const rows[] = { "", "md", "a.", ".", "a.unknown",
		"a.markdownx", "a.md ", "c", "dir.md/file", "a.h\xc3\xb6",
		"a.aaaaaaaaaaaaaaaaaaaa", "markdown", "a.0", "a.zz" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_null(media_type_of(slice_of(rows[i])).ptr);
	assert_null(media_type_of(SLICE_NONE).ptr);
	assert_null(media_type_of(SLICE("a.md\0")).ptr);
}

static void
names_are_read_to_their_very_end_and_no_further(void **state)
{
	struct guard guard;
	const char *const rows[] = { "a.md", "a.x", "a", ".", "a.markdown" };

	(void)state;
	assert_true(guard_init(&guard));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		(void)media_type_of(guard_place(&guard, slice_of(rows[i])));
	guard_release(&guard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_name_tells),
		cmocka_unit_test(what_is_not_known_has_no_type),
		cmocka_unit_test(
		    names_are_read_to_their_very_end_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
