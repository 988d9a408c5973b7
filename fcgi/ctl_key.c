/* mcpctl key: the keys that session ids are made with. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "ctl.h"
#include "rng.h"
#include "seal.h"
#include "session.h"
#include "text.h"

#define LIST_PAGE 200
/* Somebody else may rotate at the same time. */
#define ATTEMPTS 10

static int
usage(void)
{
	(void)fputs("usage: mcpctl key list\n"
		    "       mcpctl key rotate\n"
		    "       mcpctl key end ID [--yes] [SECONDS]\n",
	    stderr);
	return 2;
}

static enum rc
read_keys(struct ctl *ctl, struct store *store, struct key_rows *keys)
{
	struct op op = ctl_op(ctl);

	return store->ops->keys(store, &op, keys);
}

static bool
is_over(const struct key_row *key, int64_t at)
{
	return key->end != 0 && key->end <= at;
}

/* The one that makes ids at that time; NULL: none does. */
static const struct key_row *
in_use(const struct key_rows *keys, int64_t at)
{
	const struct keyring ring = { .rows = *keys };
	const struct key_row *found = keyring_mint(&ring, at);

	if (found == NULL || found->mint_from > at)
		return NULL;
	return &keys->row[found - ring.rows.row];
}

/* ---------------------------------------------------------------- list */

static void
print_key(const struct key_rows *keys, const struct key_row *key, int64_t now)
{
	struct buf line = BUF_INIT(256);

	buf_printf(&line, "%u  ", (unsigned)key->id);
	text_put_time(&line, key->created);
	if (is_over(key, now)) {
		buf_put_slice(&line, SLICE("  ended "));
		text_put_time(&line, key->end);
	} else if (key == in_use(keys, now)) {
		buf_put_slice(&line, SLICE("  makes ids"));
	} else if (key->mint_from > now) {
		buf_put_slice(&line, SLICE("  makes ids from "));
		text_put_time(&line, key->mint_from);
	} else {
		buf_put_slice(&line, SLICE("  accepted"));
	}
	if (key->end > now) {
		buf_put_slice(&line, SLICE("  until "));
		text_put_time(&line, key->end);
	}
	(void)printf("%s\n", line.ptr == NULL ? "?" : line.ptr);
	buf_release(&line);
}

static int
list(struct ctl *ctl, struct store *store)
{
	struct key_rows keys = { .n = 0 };
	enum rc rc = read_keys(ctl, store, &keys);
	int64_t now = clock_wall_ms(&clock_system);

	if (rc != RC_OK)
		return ctl_failed("key", rc);
	for (size_t i = 0; i < keys.n; i++)
		print_key(&keys, &keys.row[i], now);
	if (ctl->config.cluster_key != NULL)
		(void)printf("not in use: store.cluster_key is configured\n");
	return 0;
}

/* -------------------------------------------------------------- rotate */

static enum rc
add(struct ctl *ctl, struct store *store, struct key_row *key)
{
	struct key_rows keys = { .n = 0 };
	struct op op = ctl_op(ctl);
	enum rc rc = read_keys(ctl, store, &keys);

	if (rc == RC_OK && keys.n == 0)
		return RC_NOTFOUND;
	if (rc != RC_OK)
		return rc;
	*key = (struct key_row){ .id = keys.row[keys.n - 1].id + 1,
		.created = op.now_ms,
		.mint_from = op.now_ms + SEAL_MINT_DELAY_MS };
	rc = rng_fill(&rng_system, key->secret, sizeof(key->secret));
	return rc == RC_OK ? store->ops->key_add(store, &op, key) : rc;
}

static int
rotate(struct ctl *ctl, struct store *store)
{
	struct key_row key = { .id = 0 };
	enum rc rc = RC_CONFLICT;

	for (int i = 0; i < ATTEMPTS && rc == RC_CONFLICT; i++)
		rc = add(ctl, store, &key);
	if (rc == RC_NOTFOUND) {
		(void)fputs("mcpctl: there is no key yet; the server makes one "
			    "when it is first asked\n",
		    stderr);
		return 1;
	}
	if (rc == RC_FULL) {
		(void)fprintf(stderr,
		    "mcpctl: there are %d keys; end the oldest, and try again "
		    "when it has been over for an hour\n",
		    STORE_KEYS_MAX);
		return 1;
	}
	if (rc != RC_OK)
		return ctl_failed("key rotate", rc);
	(void)printf("key %u makes ids in %d seconds; those of older keys are "
		     "accepted until these are ended\n",
	    (unsigned)key.id, SEAL_MINT_DELAY_MS / 1000);
	return 0;
}

/* ----------------------------------------------------------------- end */

struct end_order {
	uint32_t id;
	int64_t after_ms;
	bool is_sure;
};

/*
 * How many live sessions may have an id of it that is good beyond `end`.  Rows
 * do not say which key made their ids, but when: no other did while it was the
 * newest.  Hosts are up to a minute behind in that.
 */
static enum rc
count_sessions(struct ctl *ctl, struct store *store,
    const struct key_rows *keys, const struct key_row *key, int64_t end,
    size_t *n)
{
	struct session_filter filter = { .state = SESSION_LIVE,
		.limit = LIST_PAGE };
	struct session_rows rows = { .n = LIST_PAGE };
	int64_t since = key->mint_from;
	int64_t until = INT64_MAX;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < keys->n; i++) {
		int64_t from = keys->row[i].mint_from + SEAL_REREAD_MS;

		if (keys->row[i].mint_from > key->mint_from && from < until)
			until = from;
	}
	if (since < end - ctl->config.session_lifetime_ms)
		since = end - ctl->config.session_lifetime_ms;
	for (*n = 0; rc == RC_OK && rows.n == LIST_PAGE;) {
		struct op op = ctl_op(ctl);

		rc = store->ops->session_list(store, &op, &filter, &rows);
		for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
			filter.after = rows.row[i].id;
			*n += rows.row[i].created >= since &&
			    rows.row[i].created < until;
		}
		arena_reset(&ctl->arena);
	}
	return rc;
}

/* May it end then?  False, and said why not. */
static bool
may_end(struct ctl *ctl, struct store *store, const struct key_rows *keys,
    const struct key_row *key, const struct end_order *order, int64_t end)
{
	struct key_rows rest = *keys;
	size_t n = 0;
	enum rc rc;

	rest.row[key - keys->row].end = end;
	if (in_use(&rest, end) == NULL) {
		(void)fputs("mcpctl: then no key would make ids; rotate, and "
			    "wait for two minutes\n",
		    stderr);
		return false;
	}
	rc = count_sessions(ctl, store, keys, key, end, &n);
	if (rc != RC_OK) {
		(void)ctl_failed("key end", rc);
		return false;
	}
	(void)printf("%zu live sessions have ids of key %u: from its end on "
		     "they are answered 404, and their clients begin again.  "
		     "So do lists that are being paged, and questions of "
		     "2026-07-28 that are being answered.\n",
	    n, (unsigned)key->id);
	if (n == 0 || order->is_sure)
		return true;
	(void)fputs("Say it again with --yes, or with SECONDS after which it "
		    "shall end.\n",
	    stdout);
	return false;
}

static int
end(struct ctl *ctl, struct store *store, const struct end_order *order)
{
	struct key_rows keys = { .n = 0 };
	const struct key_row *key = NULL;
	struct op op = ctl_op(ctl);
	int64_t at = op.now_ms + order->after_ms;
	enum rc rc = read_keys(ctl, store, &keys);

	for (size_t i = 0; rc == RC_OK && i < keys.n; i++) {
		if (keys.row[i].id == order->id)
			key = &keys.row[i];
	}
	if (rc == RC_OK && key == NULL)
		rc = RC_NOTFOUND;
	if (rc != RC_OK)
		return ctl_failed("key end", rc);
	/* Never alive again: it may have ended because it became known. */
	if (is_over(key, op.now_ms)) {
		(void)fputs("mcpctl: it has ended before\n", stderr);
		return 1;
	}
	if (!may_end(ctl, store, &keys, key, order, at))
		return 1;
	if (store->ops->key_end == NULL) {
		(void)fputs("mcpctl: this store cannot end keys\n", stderr);
		return 1;
	}
	op = ctl_op(ctl);
	/* For hosts whose clocks are behind ours, too. */
	if (order->after_ms == 0)
		at -= SESSION_SKEW_MS;
	rc = store->ops->key_end(store, &op, order->id, at);
	if (rc != RC_OK)
		return ctl_failed("key end", rc);
	(void)printf("key %u ends %s\n", (unsigned)order->id,
	    order->after_ms > SEAL_REREAD_MS
		? "then"
		: "within a minute, which hosts take to notice");
	return 0;
}

static bool
read_end(int argc, char **argv, struct end_order *order)
{
	uint64_t number = 0;
	int at = 3;

	*order = (struct end_order){ .id = 0 };
	if (argc < 3 ||
	    text_u64(slice_of(argv[2]), UINT32_MAX, &number) != RC_OK)
		return false;
	order->id = (uint32_t)number;
	if (at < argc && strcmp(argv[at], "--yes") == 0) {
		order->is_sure = true;
		at++;
	}
	number = 0;
	if (at < argc &&
	    text_u64(slice_of(argv[at++]), INT32_MAX, &number) != RC_OK)
		return false;
	order->after_ms = (int64_t)number * 1000;
	return at == argc;
}

int
ctl_key(struct ctl *ctl, int argc, char **argv)
{
	const bool lists = argc == 2 && strcmp(argv[1], "list") == 0;
	const bool rotates = argc == 2 && strcmp(argv[1], "rotate") == 0;
	struct end_order order;
	struct store *store;

	if (!lists && !rotates &&
	    (argc < 2 || strcmp(argv[1], "end") != 0 ||
		!read_end(argc, argv, &order)))
		return usage();
	if (!lists && ctl->config.cluster_key != NULL) {
		(void)fputs("mcpctl: store.cluster_key is configured, and keys "
			    "of the store are not in use\n",
		    stderr);
		return 1;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	if (lists)
		return list(ctl, store);
	return rotates ? rotate(ctl, store) : end(ctl, store, &order);
}
