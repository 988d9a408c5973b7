#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "counted_rng.h"
#include "fake_clock.h"
#include "seal.h"
#include "session_id.h"
#include "store_scratch.h"

#define NOW INT64_C(1790000000000)

struct world {
	struct counted_rng rng;
	struct fake_clock clock;
	struct store_scratch scratch;
	struct keyring keys;
	struct arena arena;
	struct buf out;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(seal_init(), RC_OK);
	counted_rng_init(&w->rng, 1);
	fake_clock_init(&w->clock, NOW);
	store_scratch_init_fast(&w->scratch);
	w->arena = ARENA_INIT(1 << 20);
	w->out = BUF_INIT(1 << 16);
	assert_int_equal(keyring_fix(&w->keys,
			     SLICE("00112233445566778899aabbccddeeff"
				   "00112233445566778899aabbccddeeff")),
	    RC_OK);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	store_scratch_release(&w->scratch);
	arena_release(&w->arena);
	buf_release(&w->out);
	free(w);
	return 0;
}

static struct session_id
some_id(void)
{
	return (struct session_id){ .key = { .sid = { 1, 2, 3, 255 },
					.principal = { 9, 8, 7 },
					.created = NOW,
					.incarnation = 70000 },
		.transport = TRANSPORT_STREAMABLE,
		.revision = REVISION_2025_06_18,
		.caps = 0x8041 };
}

static void
an_id_comes_back_as_it_went_out(void **state)
{
	struct world *w = *state;
	struct session_id in = some_id(), out;

	assert_int_equal(
	    session_id_put(&w->out, keyring_mint(&w->keys, NOW), &in), RC_OK);
	assert_int_equal(w->out.len, SESSION_ID_CHARS);
	assert_int_equal(
	    session_id_read(buf_slice(&w->out), &w->keys, NOW, &out), RC_OK);
	assert_memory_equal(out.key.sid, in.key.sid, SID_BYTES);
	assert_memory_equal(
	    out.key.principal, in.key.principal, PRINCIPAL_BYTES);
	assert_int_equal(out.key.created, in.key.created);
	assert_int_equal(out.key.incarnation, in.key.incarnation);
	assert_int_equal(out.transport, in.transport);
	assert_int_equal(out.revision, in.revision);
	assert_int_equal(out.caps, in.caps);
}

static void
an_id_with_any_character_changed_is_refused(void **state)
{
	struct world *w = *state;
	struct session_id in = some_id(), out;

	assert_int_equal(
	    session_id_put(&w->out, keyring_mint(&w->keys, NOW), &in), RC_OK);
	for (size_t i = 0; i < w->out.len; i++) {
		char was = w->out.ptr[i];

		w->out.ptr[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(
		    session_id_read(buf_slice(&w->out), &w->keys, NOW, &out),
		    RC_SYNTAX);
		w->out.ptr[i] = was;
	}
}

static void
an_id_of_another_length_is_refused(void **state)
{
	struct world *w = *state;
	struct session_id in = some_id(), out;
	struct slice text;

	assert_int_equal(
	    session_id_put(&w->out, keyring_mint(&w->keys, NOW), &in), RC_OK);
	text = buf_slice(&w->out);
	for (size_t n = 0; n < text.len; n++) {
		assert_int_equal(session_id_read((struct slice){ text.ptr, n },
				     &w->keys, NOW, &out),
		    RC_SYNTAX);
	}
	buf_put_char(&w->out, 'A');
	assert_int_equal(
	    session_id_read(buf_slice(&w->out), &w->keys, NOW, &out),
	    RC_SYNTAX);
}

static void
an_id_of_another_cluster_is_refused(void **state)
{
	struct world *w = *state;
	struct session_id in = some_id(), out;
	struct keyring other;

	assert_int_equal(keyring_fix(&other,
			     SLICE("10112233445566778899aabbccddeeff"
				   "00112233445566778899aabbccddeeff")),
	    RC_OK);
	assert_int_equal(
	    session_id_put(&w->out, keyring_mint(&w->keys, NOW), &in), RC_OK);
	assert_int_equal(
	    session_id_read(buf_slice(&w->out), &other, NOW, &out), RC_SYNTAX);
}

static void
a_sealed_text_opens_for_its_purpose_and_bound_only(void **state)
{
	const struct seal_use use = { SEAL_CURSOR, SLICE_INIT("list") };
	const struct seal_use other_purpose = { SEAL_SESSION, use.bound };
	const struct seal_use other_bound = { SEAL_CURSOR,
		SLICE_INIT("lists") };
	struct world *w = *state;
	struct slice plain;

	assert_int_equal(seal_put(&w->out, keyring_mint(&w->keys, NOW),
			     &w->rng.rng, &use, SLICE("secret")),
	    RC_OK);
	assert_int_equal(seal_open(&w->arena, &w->keys, NOW, &use,
			     buf_slice(&w->out), &plain),
	    RC_OK);
	assert_true(slice_eq(plain, SLICE("secret")));
	assert_int_equal(seal_open(&w->arena, &w->keys, NOW, &other_purpose,
			     buf_slice(&w->out), &plain),
	    RC_SYNTAX);
	assert_int_equal(seal_open(&w->arena, &w->keys, NOW, &other_bound,
			     buf_slice(&w->out), &plain),
	    RC_SYNTAX);
}

static void
a_sealed_text_with_any_character_changed_is_refused(void **state)
{
	const struct seal_use use = { SEAL_CURSOR, SLICE_INIT("") };
	struct world *w = *state;
	struct slice plain;

	assert_int_equal(seal_put(&w->out, keyring_mint(&w->keys, NOW),
			     &w->rng.rng, &use, SLICE("x")),
	    RC_OK);
	for (size_t i = 0; i < w->out.len; i++) {
		char was = w->out.ptr[i];

		w->out.ptr[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(seal_open(&w->arena, &w->keys, NOW, &use,
				     buf_slice(&w->out), &plain),
		    RC_SYNTAX);
		w->out.ptr[i] = was;
	}
}

static void
a_key_mints_when_its_time_has_come_and_opens_until_its_end(void **state)
{
	struct keyring k = { .is_fixed = false };

	(void)state;
	k.rows.n = 2;
	k.rows.row[0] = (struct key_row){ .id = 1, .end = NOW + 1000 };
	k.rows.row[1] = (struct key_row){ .id = 2, .mint_from = NOW + 500 };
	assert_int_equal(keyring_mint(&k, NOW)->id, 1);
	assert_int_equal(keyring_mint(&k, NOW + 500)->id, 2);
	assert_non_null(keyring_find(&k, 1, NOW + 999));
	assert_null(keyring_find(&k, 1, NOW + 1000));
	assert_null(keyring_find(&k, 3, NOW));
}

/* Those of a configuration say nothing of which one made an id. */
static void
a_former_key_of_the_configuration_opens_and_never_mints(void **state)
{
	static const struct slice hex[] = {
		SLICE_INIT("00000000000000000000000000000000"
			   "00000000000000000000000000000001"),
		SLICE_INIT("00000000000000000000000000000000"
			   "00000000000000000000000000000002")
	};
	const struct seal_use use = { SEAL_CURSOR, SLICE_INIT("here") };
	struct world *w = *state;
	struct session_id in = some_id(), out;
	struct keyring ring[2];
	struct slice plain;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(keyring_fix(&ring[i], hex[i]), RC_OK);
		assert_int_equal(
		    keyring_fix_former(&ring[i], hex[1 - i]), RC_OK);
		assert_int_equal(
		    keyring_fix_former(&ring[i], SLICE("1")), RC_SYNTAX);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct key_row *key = keyring_mint(&ring[i], NOW);

		assert_ptr_equal(key, &ring[i].rows.row[0]);
		buf_reset(&w->out);
		assert_int_equal(session_id_put(&w->out, key, &in), RC_OK);
		assert_int_equal(session_id_read(buf_slice(&w->out),
				     &ring[1 - i], NOW, &out),
		    RC_OK);
		assert_memory_equal(out.key.sid, in.key.sid, SID_BYTES);
		assert_int_equal(
		    session_id_read(buf_slice(&w->out), &w->keys, NOW, &out),
		    RC_SYNTAX);
		buf_reset(&w->out);
		assert_int_equal(
		    seal_put(&w->out, key, &w->rng.rng, &use, SLICE("plain")),
		    RC_OK);
		assert_int_equal(seal_open(&w->arena, &ring[1 - i], NOW, &use,
				     buf_slice(&w->out), &plain),
		    RC_OK);
		assert_true(slice_eq(plain, SLICE("plain")));
		assert_int_equal(seal_open(&w->arena, &w->keys, NOW, &use,
				     buf_slice(&w->out), &plain),
		    RC_SYNTAX);
	}
}

static void
the_first_process_makes_the_key_and_the_second_takes_it(void **state)
{
	struct world *w = *state;
	struct keyring one = { .is_fixed = false }, two = one;
	struct store *store;
	struct op op = { .now_ms = NOW, .arena = &w->arena };

	assert_int_equal(
	    store_scratch_fresh(&w->scratch, &w->clock.clock, 1, &store),
	    RC_OK);
	assert_int_equal(
	    keyring_refresh(&one, store, &op, &w->rng.rng, 1000), RC_OK);
	assert_int_equal(
	    keyring_refresh(&two, store, &op, &w->rng.rng, 5000), RC_OK);
	assert_int_equal(one.rows.n, 1);
	assert_memory_equal(
	    one.rows.row[0].secret, two.rows.row[0].secret, STORE_KEY_BYTES);
	assert_non_null(keyring_mint(&two, NOW));
	store->ops->close(store);
}

static void
keys_are_read_again_after_a_minute(void **state)
{
	struct world *w = *state;
	struct keyring k = { .is_fixed = false };
	struct key_row added = { .id = 2, .created = NOW };
	struct store *store;
	struct op op = { .now_ms = NOW, .arena = &w->arena };

	assert_int_equal(
	    store_scratch_fresh(&w->scratch, &w->clock.clock, 1, &store),
	    RC_OK);
	assert_int_equal(
	    keyring_refresh(&k, store, &op, &w->rng.rng, 1000), RC_OK);
	assert_int_equal(store->ops->key_add(store, &op, &added), RC_OK);
	assert_int_equal(keyring_refresh(&k, store, &op, &w->rng.rng,
			     1000 + SEAL_REREAD_MS - 1),
	    RC_OK);
	assert_int_equal(k.rows.n, 1);
	assert_int_equal(
	    keyring_refresh(&k, store, &op, &w->rng.rng, 1000 + SEAL_REREAD_MS),
	    RC_OK);
	assert_int_equal(k.rows.n, 2);
	store->ops->close(store);
}

/* By whom the others were ended, it is ten minutes later. */
static void
a_clock_that_is_behind_leaves_no_host_without_a_key(void **state)
{
	struct keyring k = { .rows.n = 3 };

	(void)state;
	k.rows.row[0] = (struct key_row){ .id = 1, .end = NOW - 1 };
	k.rows.row[1] = (struct key_row){ .id = 2, .mint_from = NOW + 600000 };
	k.rows.row[2] = (struct key_row){ .id = 3, .mint_from = NOW + 700000 };
	assert_int_equal(keyring_mint(&k, NOW)->id, 2);
	assert_int_equal(keyring_mint(&k, NOW + 600000)->id, 2);
	assert_int_equal(keyring_mint(&k, NOW + 700000)->id, 3);
	k.rows.row[0].end = 0;
	assert_int_equal(keyring_mint(&k, NOW)->id, 1);
	k.rows.n = 1;
	k.rows.row[0].end = NOW;
	assert_null(keyring_mint(&k, NOW));
}

/* Hosts whose clocks are ahead make ids with a key before everybody has read
 * it; a machine that slept has the keys of before. */
static void
keys_are_read_again_when_there_is_reason(void **state)
{
	static const struct {
		uint32_t wanted;
		int64_t mono, wall; /* since they were read */
		size_t n;
	} table[] = {
		{ 2, SEAL_UNKNOWN_MS - 1, SEAL_UNKNOWN_MS - 1, 1 },
		{ 1, SEAL_UNKNOWN_MS, SEAL_UNKNOWN_MS, 1 },
		{ 0, SEAL_UNKNOWN_MS, SEAL_UNKNOWN_MS, 1 },
		{ 2, SEAL_UNKNOWN_MS, SEAL_UNKNOWN_MS, 2 },
		{ 0, 1, SEAL_REREAD_MS, 2 },
		{ 0, 1, -SEAL_REREAD_MS, 1 },
	};
	struct world *w = *state;
	struct key_row added = { .id = 2, .created = NOW };
	struct op op = { .now_ms = NOW, .arena = &w->arena };
	struct keyring read = { .is_fixed = false };
	struct store *store;

	assert_int_equal(
	    store_scratch_fresh(&w->scratch, &w->clock.clock, 1, &store),
	    RC_OK);
	assert_int_equal(
	    keyring_refresh(&read, store, &op, &w->rng.rng, 1000), RC_OK);
	assert_int_equal(store->ops->key_add(store, &op, &added), RC_OK);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct keyring k = read;

		op.now_ms = NOW + table[i].wall;
		keyring_want(&k, table[i].wanted);
		assert_int_equal(keyring_refresh(&k, store, &op, &w->rng.rng,
				     1000 + table[i].mono),
		    RC_OK);
		assert_int_equal(k.rows.n, table[i].n);
	}
	store->ops->close(store);
}

static void
what_was_made_says_with_which_key(void **state)
{
	const struct seal_use use = { SEAL_CURSOR, SLICE_INIT("list") };
	struct world *w = *state;
	struct key_row key = *keyring_mint(&w->keys, NOW);
	struct session_id in = some_id();

	key.id = 0x01020304;
	assert_int_equal(session_id_put(&w->out, &key, &in), RC_OK);
	assert_int_equal(session_id_key(buf_slice(&w->out)), key.id);
	assert_int_equal(session_id_key(SLICE("AQIDBAUG")), 0);
	buf_reset(&w->out);
	assert_int_equal(
	    seal_put(&w->out, &key, &w->rng.rng, &use, SLICE("x")), RC_OK);
	assert_int_equal(seal_key_id(buf_slice(&w->out)), key.id);
	assert_int_equal(seal_key_id(SLICE("AQIDBAU")), 0);
	assert_int_equal(seal_key_id(SLICE("AQ DBAUGBw")), 0);
	assert_int_equal(seal_key_id(SLICE("")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(an_id_comes_back_as_it_went_out),
		T(an_id_with_any_character_changed_is_refused),
		T(an_id_of_another_length_is_refused),
		T(an_id_of_another_cluster_is_refused),
		T(a_sealed_text_opens_for_its_purpose_and_bound_only),
		T(a_sealed_text_with_any_character_changed_is_refused),
		T(a_key_mints_when_its_time_has_come_and_opens_until_its_end),
		T(a_former_key_of_the_configuration_opens_and_never_mints),
		T(the_first_process_makes_the_key_and_the_second_takes_it),
		T(a_clock_that_is_behind_leaves_no_host_without_a_key),
		T(keys_are_read_again_after_a_minute),
		T(keys_are_read_again_when_there_is_reason),
		T(what_was_made_says_with_which_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
