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
		cmocka_unit_test(a_path_opens_an_sqlite_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
