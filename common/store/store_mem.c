#include "store_mem.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA 1

/* The slices of a row lie in one piece of memory of its own. */
struct mem_row {
	struct session_row row;
	char *bytes;
};

struct store_mem {
	struct store base; /* first, so that a store * is one of these */
	uint32_t incarnation;
	struct key_rows keys;
	struct mem_row *sessions; /* ascending by id */
	size_t n;
	size_t cap;
	int64_t live;
	int64_t last_id;
};

static struct store_mem *
of(struct store *base)
{
	return (struct store_mem *)base;
}

static struct mem_row *
find_sid(struct store_mem *m, const unsigned char *sid)
{
	for (size_t i = 0; i < m->n; i++) {
		if (memcmp(m->sessions[i].row.key.sid, sid, SID_BYTES) == 0)
			return &m->sessions[i];
	}
	return NULL;
}

static bool
is_same(const struct session_key *a, const struct session_key *b)
{
	return memcmp(a->sid, b->sid, SID_BYTES) == 0 &&
	    memcmp(a->principal, b->principal, PRINCIPAL_BYTES) == 0 &&
	    a->created == b->created;
}

/* Copy a slice to *at and move on; what is absent stays so. */
static struct slice
placed(char **at, struct slice in)
{
	struct slice out = { *at, in.len };

	if (in.ptr == NULL)
		return SLICE_NONE;
	if (in.len > 0)
		memcpy(*at, in.ptr, in.len);
	*at += in.len;
	return out;
}

static enum rc
row_init(struct mem_row *r, const struct session_row *from)
{
	size_t n =
	    from->revision.len + from->principal_name.len + from->client.len;
	char *at;

	r->row = *from;
	r->bytes = malloc(n + 1);
	if (r->bytes == NULL)
		return RC_NOMEM;
	at = r->bytes;
	r->row.revision = placed(&at, from->revision);
	r->row.principal_name = placed(&at, from->principal_name);
	r->row.client = placed(&at, from->client);
	return RC_OK;
}

static void
remove_row(struct store_mem *m, struct mem_row *r)
{
	size_t at = (size_t)(r - m->sessions);

	if (r->row.state == SESSION_LIVE)
		m->live--;
	free(r->bytes);
	memmove(r, r + 1, (m->n - at - 1) * sizeof(*r));
	m->n--;
}

/* Room for one more, so that adding it cannot fail. */
static enum rc
reserve(struct store_mem *m)
{
	size_t cap = m->cap == 0 ? 16 : m->cap * 2;
	struct mem_row *p;

	if (m->n < m->cap)
		return RC_OK;
	p = realloc(m->sessions, cap * sizeof(*p));
	if (p == NULL)
		return RC_NOMEM;
	m->sessions = p;
	m->cap = cap;
	return RC_OK;
}

static enum rc
row_out(const struct mem_row *r, struct arena *a, struct session_row *out)
{
	enum rc rc;

	*out = r->row;
	rc = arena_copy(a, r->row.revision, &out->revision);
	if (rc == RC_OK)
		rc = arena_copy(a, r->row.principal_name, &out->principal_name);
	if (rc == RC_OK)
		rc = arena_copy(a, r->row.client, &out->client);
	return rc;
}

static enum rc
info(struct store *base, const struct op *op, struct store_info *out)
{
	struct store_mem *m = of(base);

	(void)op;
	*out = (struct store_info){
		.engine = SLICE("memory"),
		.incarnation = m->incarnation,
		.schema = SCHEMA,
		.oldest_program = SCHEMA,
		.sessions_live = m->live,
		.sessions_ended = (int64_t)m->n - m->live,
	};
	return RC_OK;
}

static enum rc
keys(struct store *base, const struct op *op, struct key_rows *out)
{
	(void)op;
	*out = of(base)->keys;
	return RC_OK;
}

static enum rc
key_add(struct store *base, const struct op *op, const struct key_row *key)
{
	struct key_rows *k = &of(base)->keys;
	size_t at = 0;

	(void)op;
	while (at < k->n && k->row[at].id < key->id)
		at++;
	if (at < k->n && k->row[at].id == key->id)
		return RC_CONFLICT;
	if (k->n == STORE_KEYS_MAX)
		return RC_FULL;
	memmove(&k->row[at + 1], &k->row[at], (k->n - at) * sizeof(k->row[0]));
	k->row[at] = *key;
	k->n++;
	return RC_OK;
}

static enum rc
session_get(struct store *base, const struct op *op,
    const struct session_key *key, struct session_row *out,
    uint32_t *incarnation)
{
	struct store_mem *m = of(base);
	const struct mem_row *r = find_sid(m, key->sid);

	if (incarnation != NULL)
		*incarnation = m->incarnation;
	if (r == NULL || !is_same(&r->row.key, key))
		return RC_NOTFOUND;
	return row_out(r, op->arena, out);
}

static bool
is_of(const struct mem_row *r, const unsigned char *principal)
{
	return r->row.state == SESSION_LIVE &&
	    (principal == NULL ||
		memcmp(r->row.key.principal, principal, PRINCIPAL_BYTES) == 0);
}

static int64_t
count_live(const struct store_mem *m, const unsigned char *principal)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += is_of(&m->sessions[i], principal);
	return n;
}

/* The live row that was not touched for longest, NULL if all are young. */
static struct mem_row *
least_recent(
    struct store_mem *m, const unsigned char *principal, int64_t idle_before)
{
	struct mem_row *found = NULL;

	for (size_t i = 0; i < m->n; i++) {
		struct mem_row *r = &m->sessions[i];

		if (is_of(r, principal) && r->row.touched < idle_before &&
		    (found == NULL || r->row.touched < found->row.touched))
			found = r;
	}
	return found;
}

/* Which row has to go for a new one; RC_FULL if one must and none may. */
static enum rc
choose(struct store_mem *m, const struct session_key *key,
    const struct session_caps *caps, struct mem_row **out)
{
	const unsigned char *principal = NULL;

	*out = NULL;
	if (caps->per_principal > 0 &&
	    count_live(m, key->principal) >= caps->per_principal)
		principal = key->principal;
	else if (caps->total == 0 || m->live < caps->total)
		return RC_OK;
	*out = least_recent(m, principal, caps->idle_before);
	return *out == NULL ? RC_FULL : RC_OK;
}

static void
append(struct store_mem *m, struct mem_row r)
{
	r.row.id = ++m->last_id;
	r.row.created = r.row.key.created;
	if (r.row.state == SESSION_LIVE)
		m->live++;
	m->sessions[m->n++] = r;
}

static enum rc
session_put(struct store *base, const struct op *op,
    const struct session_row *row, const struct session_caps *caps, int64_t *id)
{
	struct store_mem *m = of(base);
	struct mem_row *victim;
	struct mem_row r;
	enum rc rc;

	(void)op;
	if (find_sid(m, row->key.sid) != NULL)
		return RC_CONFLICT;
	rc = reserve(m);
	if (rc == RC_OK)
		rc = choose(m, &row->key, caps, &victim);
	if (rc == RC_OK)
		rc = row_init(&r, row);
	if (rc != RC_OK)
		return rc;
	if (victim != NULL)
		remove_row(m, victim);
	r.row.state = SESSION_LIVE;
	r.row.why = END_NONE;
	append(m, r);
	*id = m->last_id;
	return RC_OK;
}

static enum rc
session_set(struct store *base, const struct op *op, int64_t session,
    const struct session_change *change)
{
	struct store_mem *m = of(base);
	struct session_row *row = NULL;

	(void)op;
	for (size_t i = 0; i < m->n && row == NULL; i++) {
		if (m->sessions[i].row.id == session)
			row = &m->sessions[i].row;
	}
	if (row == NULL || row->state != SESSION_LIVE)
		return RC_NOTFOUND;
	switch (change->column) {
	case SESSION_INITIALIZED:
		row->initialized = true;
		break;
	case SESSION_TOUCHED:
		row->touched = change->number;
		break;
	case SESSION_LOG_LEVEL:
		row->log_level = (int)change->number;
		break;
	}
	return RC_OK;
}

static enum rc
session_end(struct store *base, const struct op *op,
    const struct session_key *key, enum end_why why)
{
	struct store_mem *m = of(base);
	struct mem_row *r = find_sid(m, key->sid);
	struct mem_row ended = { .bytes = NULL };

	ended.row = (struct session_row){
		.key = *key,
		.state = SESSION_ENDED,
		.why = why,
		.log_level = -1,
		.created = key->created,
		.touched = op->now_ms,
	};
	if (r == NULL) {
		if (reserve(m) != RC_OK)
			return RC_NOMEM;
		append(m, ended);
		return RC_OK;
	}
	if (!is_same(&r->row.key, key))
		return RC_NOTFOUND;
	if (r->row.state == SESSION_ENDED)
		return RC_CONFLICT;
	ended.row.id = r->row.id;
	ended.row.key = r->row.key;
	free(r->bytes);
	*r = ended;
	m->live--;
	return RC_OK;
}

static bool
is_wanted(const struct session_row *row, const struct session_filter *f)
{
	return row->id > f->after && (f->id == 0 || row->id == f->id) &&
	    (f->sid == NULL || memcmp(row->key.sid, f->sid, SID_BYTES) == 0) &&
	    (f->state == 0 || (int)row->state == f->state) &&
	    (f->principal_name.ptr == NULL ||
		(row->principal_name.ptr != NULL &&
		    slice_eq(row->principal_name, f->principal_name)));
}

static enum rc
session_list(struct store *base, const struct op *op,
    const struct session_filter *f, struct session_rows *rows)
{
	const struct store_mem *m = of(base);
	const size_t limit = f->limit == 0 ? m->n : f->limit;
	size_t wanted = 0;

	*rows = (struct session_rows){ NULL, 0 };
	for (size_t i = 0; i < m->n && wanted < limit; i++)
		wanted += is_wanted(&m->sessions[i].row, f);
	if (wanted == 0)
		return RC_OK;
	rows->row = arena_alloc(op->arena, wanted * sizeof(*rows->row));
	if (rows->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < m->n && rows->n < wanted; i++) {
		enum rc rc;

		if (!is_wanted(&m->sessions[i].row, f))
			continue;
		rc = row_out(&m->sessions[i], op->arena, &rows->row[rows->n++]);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
sweep(struct store *base, const struct op *op, const struct sweep_rules *rules,
    struct sweep_done *done)
{
	struct store_mem *m = of(base);
	int left = rules->limit;

	(void)op;
	*done = (struct sweep_done){ 0 };
	for (size_t i = m->n; i > 0 && left > 0; i--) {
		struct mem_row *r = &m->sessions[i - 1];
		const bool old = r->row.created < rules->created_before;

		if (!old &&
		    !(r->row.state == SESSION_LIVE &&
			r->row.touched < rules->idle_before))
			continue;
		remove_row(m, r);
		done->removed += old;
		done->forgotten += !old;
		left--;
	}
	done->more = rules->limit > 0 && left == 0;
	return RC_OK;
}

static enum rc
check(struct store *base, const struct op *op)
{
	struct store_mem *m = of(base);
	int64_t before = 0;

	(void)op;
	if (count_live(m, NULL) != m->live || m->n > m->cap)
		return RC_BUG;
	for (size_t i = 0; i < m->n; i++) {
		const struct session_row *row = &m->sessions[i].row;
		const bool ended = row->state == SESSION_ENDED;

		if (row->id <= before || row->id > m->last_id ||
		    ended != (row->why != END_NONE) ||
		    (ended && m->sessions[i].bytes != NULL) ||
		    find_sid(m, row->key.sid) != &m->sessions[i])
			return RC_BUG;
		before = row->id;
	}
	for (size_t i = 1; i < m->keys.n; i++) {
		if (m->keys.row[i - 1].id >= m->keys.row[i].id)
			return RC_BUG;
	}
	return RC_OK;
}

static void
close_store(struct store *base)
{
	struct store_mem *m = of(base);

	for (size_t i = 0; i < m->n; i++)
		free(m->sessions[i].bytes);
	free(m->sessions);
	free(m);
}

static const struct store_ops ops = {
	.info = info,
	.keys = keys,
	.key_add = key_add,
	.session_get = session_get,
	.session_put = session_put,
	.session_set = session_set,
	.session_end = session_end,
	.session_list = session_list,
	.sweep = sweep,
	.check = check,
	.close = close_store,
};

enum rc
store_mem_open(uint32_t incarnation, struct store **out)
{
	struct store_mem *m = calloc(1, sizeof(*m));

	*out = NULL;
	if (m == NULL)
		return RC_NOMEM;
	m->base.ops = &ops;
	m->incarnation = incarnation;
	*out = &m->base;
	return RC_OK;
}
