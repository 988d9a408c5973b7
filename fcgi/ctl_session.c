#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "ctl.h"
#include "seal.h"
#include "session_id.h"
#include "session_json.h"
#include "text.h"
#include "wiring.h"

#define DOCUMENT_MAX ((size_t)256 * 1024)
#define LIST_PAGE 200

static int
usage(void)
{
	(void)fputs("usage: mcpctl session list [live|ended]\n"
		    "       mcpctl session show|end|export NUMBER|ID\n"
		    "       mcpctl session import [FILE]\n",
	    stderr);
	return 2;
}

/* The sid in a session id; false, and said why, if it is not one of ours. */
static bool
read_id(struct ctl *ctl, struct store *store, struct slice text,
    unsigned char sid[SID_BYTES])
{
	struct op op = ctl_op(ctl);
	struct keyring keys = { .is_fixed = false };
	struct session_id id;
	enum rc rc = ctl->config.cluster_key != NULL
	    ? wiring_fix_keys(&ctl->config, &keys)
	    : keyring_refresh(
		  &keys, store, &op, &rng_system, clock_mono_ms(&clock_system));

	if (rc != RC_OK) {
		(void)ctl_failed("cluster key", rc);
		return false;
	}
	if (session_id_read(text, &keys, op.now_ms, &id) != RC_OK) {
		(void)fprintf(
		    stderr, "mcpctl: not a session of this cluster\n");
		return false;
	}
	memcpy(sid, id.key.sid, SID_BYTES);
	return true;
}

/* A session by row number, by session id, or by the hex of its sid; false,
 * and said why, if there is none. */
static bool
find(struct ctl *ctl, const char *name, struct session_row *row)
{
	struct store *store = ctl_store(ctl);
	struct op op = ctl_op(ctl);
	unsigned char sid[SID_BYTES];
	struct session_filter filter = { .limit = 1, .sid = sid };
	struct session_rows rows = { 0 };
	struct slice text = slice_of(name);
	uint64_t number;
	enum rc rc;

	if (store == NULL)
		return false;
	if (text.len != (size_t)2 * SID_BYTES ||
	    text_hex(text, sid, sizeof(sid)) != RC_OK) {
		if (text_u64(text, INT64_MAX, &number) == RC_OK) {
			filter.sid = NULL;
			filter.id = (int64_t)number;
		} else if (!read_id(ctl, store, text, sid)) {
			return false;
		}
	}
	rc = store->ops->session_list(store, &op, &filter, &rows);
	if (rc != RC_OK) {
		(void)ctl_failed("session", rc);
		return false;
	}
	if (rows.n == 0) {
		(void)fprintf(stderr, "mcpctl: no such session\n");
		return false;
	}
	*row = rows.row[0];
	return true;
}

static void
print_row(const struct session_row *row)
{
	struct buf line = BUF_INIT(4096);

	buf_put_i64(&line, row->id);
	buf_put_slice(&line,
	    row->state == SESSION_LIVE ? SLICE("  live   ")
				       : SLICE("  ended  "));
	text_put_time(&line, row->created);
	buf_put_slice(&line, SLICE("  "));
	text_put_time(&line, row->touched);
	buf_put_slice(&line, SLICE("  "));
	buf_put_slice(
	    &line, row->revision.ptr == NULL ? SLICE("-") : row->revision);
	buf_put_slice(&line, SLICE("  "));
	log_put_value(&line, row->principal_name);
	(void)printf("%s\n", line.ptr == NULL ? "?" : line.ptr);
	buf_release(&line);
}

static int
list(struct ctl *ctl, int argc, char **argv)
{
	struct session_filter filter = { .limit = LIST_PAGE };
	struct session_rows rows = { .n = LIST_PAGE };
	struct store *store;

	if (argc > 2)
		return usage();
	if (argc == 2 && strcmp(argv[1], "live") == 0)
		filter.state = SESSION_LIVE;
	else if (argc == 2 && strcmp(argv[1], "ended") == 0)
		filter.state = SESSION_ENDED;
	else if (argc == 2)
		return usage();
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	while (rows.n == LIST_PAGE) {
		struct op op = ctl_op(ctl);
		enum rc rc =
		    store->ops->session_list(store, &op, &filter, &rows);

		if (rc != RC_OK)
			return ctl_failed("session list", rc);
		for (size_t i = 0; i < rows.n; i++)
			print_row(&rows.row[i]);
		if (rows.n > 0)
			filter.after = rows.row[rows.n - 1].id;
		arena_reset(&ctl->arena);
	}
	return 0;
}

/* show and export print the same document; show for people's eyes. */
static int
print_document(struct ctl *ctl, int argc, char **argv)
{
	struct buf document = BUF_INIT(DOCUMENT_MAX);
	struct session_row row;
	int status = 0;

	if (argc != 2)
		return usage();
	if (!find(ctl, argv[1], &row))
		return 1;
	if (session_json_put(&document, &row) == RC_OK)
		(void)printf("%s\n", document.ptr);
	else
		status = ctl_failed("session", RC_NOMEM);
	buf_release(&document);
	return status;
}

static int
show(struct ctl *ctl, int argc, char **argv)
{
	struct session_row row;

	if (argc != 2)
		return usage();
	if (!find(ctl, argv[1], &row))
		return 1;
	print_row(&row);
	(void)printf("initialized: %s\nclient: %.*s\n",
	    row.initialized ? "yes" : "no", SLICE_FMT(row.client));
	return 0;
}

static int
end(struct ctl *ctl, int argc, char **argv)
{
	struct session_row row;
	struct store *store;
	struct op op;
	enum rc rc;

	if (argc != 2)
		return usage();
	if (!find(ctl, argv[1], &row))
		return 1;
	store = ctl_store(ctl);
	op = ctl_op(ctl);
	rc = store->ops->session_end(store, &op, &row.key, END_OPERATOR);
	if (rc == RC_CONFLICT)
		(void)fprintf(stderr, "mcpctl: it was ended before\n");
	else if (rc != RC_OK)
		return ctl_failed("session end", rc);
	ctl_settle(ctl);
	return rc == RC_OK ? 0 : 1;
}

static enum rc
read_all(const char *file, struct buf *out)
{
	FILE *f = file == NULL ? stdin : fopen(file, "re");
	char piece[4096];
	size_t n;
	enum rc rc;

	if (f == NULL)
		return RC_IO;
	do {
		n = fread(piece, 1, sizeof(piece), f);
		buf_put(out, piece, n);
	} while (n == sizeof(piece) && !out->failed);
	rc = ferror(f) != 0 ? RC_IO : buf_finish(out);
	if (file != NULL)
		(void)fclose(f);
	return rc;
}

/* A session that has ended stays so: its tombstone is put, never a live row
 * on the way to one. */
static enum rc
put_tombstone(struct store *store, const struct op *op,
    const struct session_row *row, int64_t *id)
{
	struct session_row found;
	enum rc rc =
	    store->ops->session_get(store, op, &row->key, &found, NULL);

	if (rc == RC_OK)
		return RC_CONFLICT;
	if (rc != RC_NOTFOUND)
		return rc;
	rc = store->ops->session_end(store, op, &row->key, row->why);
	if (rc == RC_NOTFOUND)
		return RC_CONFLICT; /* the sid is taken */
	if (rc == RC_OK)
		rc =
		    store->ops->session_get(store, op, &row->key, &found, NULL);
	if (rc == RC_OK)
		*id = found.id;
	return rc;
}

static int
put_document(struct ctl *ctl, struct slice text)
{
	struct session_caps no_caps = { 0 };
	struct buf why = BUF_INIT(4096);
	struct session_row row;
	struct store *store;
	struct op op;
	int64_t id = 0;
	enum rc rc = session_json_read(&ctl->arena, text, &row, &why);

	if (rc != RC_OK) {
		(void)fprintf(stderr, "mcpctl: %s\n",
		    why.len > 0 ? why.ptr : rc_name(rc));
		buf_release(&why);
		return 1;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	op = ctl_op(ctl);
	if (row.state == SESSION_ENDED)
		rc = put_tombstone(store, &op, &row, &id);
	else
		rc = store->ops->session_put(store, &op, &row, &no_caps, &id);
	if (rc != RC_OK) {
		return ctl_failed(rc == RC_CONFLICT
			? "this store has that session already"
			: "session import",
		    rc);
	}
	(void)printf("%lld\n", (long long)id);
	return 0;
}

static int
import(struct ctl *ctl, int argc, char **argv)
{
	struct buf text = BUF_INIT(DOCUMENT_MAX);
	int status = 1;

	if (argc > 2)
		return usage();
	if (read_all(argc == 2 ? argv[1] : NULL, &text) != RC_OK) {
		(void)fprintf(stderr, "mcpctl: cannot read %s\n",
		    argc == 2 ? argv[1] : "standard input");
	} else {
		status = put_document(ctl, buf_slice(&text));
	}
	buf_release(&text);
	return status;
}

int
ctl_session(struct ctl *ctl, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct ctl *, int, char **);
	} table[] = {
		{ "list", list },
		{ "show", show },
		{ "end", end },
		{ "export", print_document },
		{ "import", import },
	};

	if (argc < 2)
		return usage();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(argv[1], table[i].name) == 0)
			return table[i].run(ctl, argc - 1, argv + 1);
	}
	return usage();
}
