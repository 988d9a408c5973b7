#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "migrate.h"
#include "store_open.h"
#include "store_scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
network_file_systems_are_told_by_their_magic(void **state)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} rows[] = {
		{ 0x6969, "NFS" },
		{ 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB2" },
		{ 0x517b, "SMB" },
		{ 0x65735546, "FUSE" },
		{ 0x00c36400, "Ceph" },
		{ 0x01021997, "9p" },
		{ 0x0000ef53, NULL }, /* ext4 */
		{ 0x58465342, NULL }, /* xfs */
		{ 0x9123683e, NULL }, /* btrfs */
		{ 0x2fc12fc1, NULL }, /* zfs */
		{ 0xf2f52010, NULL }, /* f2fs */
		{ 0x01021994, NULL }, /* tmpfs */
		{ 0x794c7630, NULL }, /* overlayfs */
		{ 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = store_sqlite_network_fs(rows[i].magic);

		if (rows[i].name == NULL)
			assert_null(name);
		else
			assert_string_equal(name, rows[i].name);
	}
}

static void
the_schema_files_are_there_and_ascend(void **state)
{
	const struct schema_file *f = migrate_files("sqlite");
	int last = 0;

	(void)state;
	for (; f->number != 0; f++) {
		char prefix[8];

		assert_true(f->number > last);
		last = f->number;
		(void)snprintf(prefix, sizeof(prefix), "%04d_", f->number);
		assert_true(slice_starts(slice_of(f->name), slice_of(prefix)));
		assert_true(slice_of(f->sql).len > 0);
	}
	assert_true(last >= 1);
	assert_int_equal(migrate_newest("sqlite"), last);
	assert_int_equal(migrate_newest("abacus"), 0);
	assert_int_equal(migrate_files("abacus")->number, 0);
}

static void
only_urls_of_stores_are_taken(void **state)
{
	static const char *const urls[] = { "", "sqlite",
		"sqlite:", "sqlite:/a/b", "sqlite://", "sqlite:///",
		"sqlite://host/file", "sqlite://relative.db", "SQLITE:///a",
		" sqlite:///a", "file:///a", "/a/b", "sqlite:///a?mode=ro",
		"sqlite:///a#b", "sqlite:///a%20b", "mysql://x/y" };
	struct store_open_options o = { .create = true };
	struct store *store;

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct buf why = BUF_INIT(1024);

		o.url = urls[i];
		assert_int_equal(store_open(&o, &store, &why), RC_SYNTAX);
		assert_null(store);
		assert_true(why.len > 0);
		buf_release(&why);
	}
}

static void
people_see_urls_without_passwords(void **state)
{
	static const struct {
		const char *url;
		const char *seen;
	} rows[] = {
		{ "sqlite:///a/b", "sqlite:///a/b" },
		{ "postgresql://h/d", "postgresql://h/d" },
		{ "postgresql://u@h/d", "postgresql://u@h/d" },
		{ "postgresql://u:secret@h:5432/d", "postgresql://u@h:5432/d" },
		{ "postgresql://u:secret@h1:1,h2:2/d",
		    "postgresql://u@h1:1,h2:2/d" },
		{ "mariadb://u:se@cret/secret@h/d", "mariadb://u@h/d" },
		{ "postgresql://h/d?password=secret", "postgresql://h/d" },
		{ "postgresql://u:secret?x@h/d", "postgresql://u" },
		{ "postgresql://h:1/d?password=se@cret", "postgresql://h:1/d" },
		{ "postgresql://h?password=s:ecret@x", "postgresql://h" },
		{ "postgresql://u:1/d?sslmode=require", "postgresql://u:1/d" },
		{ "secret", "(not a URL)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = BUF_INIT(1024);

		store_open_put_url(&b, rows[i].url);
		assert_string_equal(b.ptr, rows[i].seen);
		buf_release(&b);
	}
}

/* Whether or not this program was built with the engine. */
static void
a_refused_url_is_not_quoted(void **state)
{
	static const char *const urls[] = { "postgresql://u:secret%zz@h/d",
		"postgresql://u:secret/x@h/d", "postgresql://u:p@h:secret/d",
		"postgres://h/d?secret=1", "mariadb://u:secret%zz@h/d",
		"oracle://u:secret@h/d" };
	struct store_open_options o = { .create = true };
	struct store *store;

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct buf why = BUF_INIT(1024);

		o.url = urls[i];
		assert_int_equal(store_open(&o, &store, &why), RC_SYNTAX);
		assert_null(store);
		assert_true(why.len > 0);
		assert_null(strstr(why.ptr, "secret"));
		buf_release(&why);
	}
}

static void
a_path_opens_an_sqlite_store(void **state)
{
	struct store_scratch s;
	struct store_sqlite_options from;
	struct store_open_options o;
	struct store *store;
	char url[256];

	(void)state;
	store_scratch_init(&s);
	from = store_scratch_options(&s);
	(void)snprintf(url, sizeof(url), "sqlite://%s", s.file);
	o = (struct store_open_options){ .url = url,
		.clock = from.clock,
		.rng = from.rng,
		.log = from.log };
	assert_int_equal(store_open(&o, &store, &s.why), RC_NOTFOUND);
	assert_null(store);
	o.create = true;
	assert_int_equal(store_open(&o, &store, &s.why), RC_OK);
	store->ops->close(store);
	store_scratch_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_file_systems_are_told_by_their_magic),
		cmocka_unit_test(the_schema_files_are_there_and_ascend),
		cmocka_unit_test(only_urls_of_stores_are_taken),
		cmocka_unit_test(people_see_urls_without_passwords),
		cmocka_unit_test(a_refused_url_is_not_quoted),
		cmocka_unit_test(a_path_opens_an_sqlite_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
