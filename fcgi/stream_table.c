#include "stream_table.h"

#include <stdlib.h>
#include <string.h>

/* How many one principal has; 0 of the anonymous one, who is not counted. */
struct count {
	unsigned char principal[PRINCIPAL_BYTES];
	uint32_t n;    /* 0: free */
	uint32_t next; /* index + 1 of the next one of its bucket, or free */
};

struct stream_table {
	struct stream_limits limits;
	size_t slots;
	size_t used; /* slots that were ever taken */
	size_t held;
	size_t busy;   /* slots taken now */
	size_t over;   /* of them, STREAM_OVER */
	uint32_t free; /* slot + 1 */
	struct stream_held *at;
	size_t mask; /* buckets - 1 */
	uint32_t *by_stream;
	uint32_t *by_session;
	uint32_t *by_principal;
	struct count *count;
	uint32_t free_count;
	uint32_t used_counts;
	struct stream_list listens;
};

static size_t
bucket_of(const struct stream_table *t, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & t->mask;
}

static size_t
bucket_of_principal(
    const struct stream_table *t, const unsigned char p[PRINCIPAL_BYTES])
{
	uint64_t key;

	memcpy(&key, p, sizeof(key));
	return bucket_of(t, key);
}

enum rc
stream_table_open(const struct stream_limits *limits, struct stream_table **out)
{
	struct stream_table *t = calloc(1, sizeof(*t));
	size_t buckets = 16;

	*out = NULL;
	if (t == NULL)
		return RC_NOMEM;
	t->limits = *limits;
	t->slots = limits->streams + limits->answers;
	while (buckets < t->slots)
		buckets *= 2;
	t->mask = buckets - 1;
	/* Pages that were never used cost nothing. */
	t->at = calloc(t->slots, sizeof(*t->at));
	t->by_stream = calloc(buckets, sizeof(uint32_t));
	t->by_session = calloc(buckets, sizeof(uint32_t));
	t->by_principal = calloc(buckets, sizeof(uint32_t));
	t->count = calloc(t->slots + 1, sizeof(*t->count));
	if (t->at == NULL || t->by_stream == NULL || t->by_session == NULL ||
	    t->by_principal == NULL || t->count == NULL) {
		stream_table_free(t);
		return RC_NOMEM;
	}
	stream_list_init(&t->listens);
	*out = t;
	return RC_OK;
}

size_t
stream_table_slots(const struct stream_table *t)
{
	return t->slots;
}

size_t
stream_table_held(const struct stream_table *t)
{
	return t->held;
}

uint32_t
stream_table_slot(const struct stream_table *t, const struct stream_held *h)
{
	return (uint32_t)(h - t->at);
}

struct stream_held *
stream_table_at(struct stream_table *t, uint32_t slot)
{
	return &t->at[slot];
}

/* ---------------------------------------------------------- principals */

static bool
is_named(const struct feed *feed)
{
	static const unsigned char nobody[PRINCIPAL_BYTES];

	return memcmp(feed->principal, nobody, sizeof(nobody)) != 0;
}

/* Index + 1; 0: it has none. */
static uint32_t
find_count(const struct stream_table *t, const unsigned char p[PRINCIPAL_BYTES])
{
	uint32_t i = t->by_principal[bucket_of_principal(t, p)];

	while (i != 0 &&
	    memcmp(t->count[i - 1].principal, p, PRINCIPAL_BYTES) != 0)
		i = t->count[i - 1].next;
	return i;
}

/* There are as many counts as slots, so there is always one. */
static uint32_t
take_count(struct stream_table *t, const unsigned char p[PRINCIPAL_BYTES])
{
	uint32_t *bucket = &t->by_principal[bucket_of_principal(t, p)];
	uint32_t i = find_count(t, p);

	if (i == 0) {
		i = t->free_count != 0 ? t->free_count : ++t->used_counts;
		if (i == t->free_count)
			t->free_count = t->count[i - 1].next;
		memcpy(t->count[i - 1].principal, p, PRINCIPAL_BYTES);
		t->count[i - 1].n = 0;
		t->count[i - 1].next = *bucket;
		*bucket = i;
	}
	t->count[i - 1].n++;
	return i;
}

static void
drop_count(struct stream_table *t, uint32_t i)
{
	struct count *c = &t->count[i - 1];
	uint32_t *link = &t->by_principal[bucket_of_principal(t, c->principal)];

	if (--c->n > 0)
		return;
	while (*link != i)
		link = &t->count[*link - 1].next;
	*link = c->next;
	c->next = t->free_count;
	t->free_count = i;
}

/* ------------------------------------------------------------- finding */

static struct stream_held *
find_stream(struct stream_table *t, uint32_t i, int64_t stream)
{
	while (i != 0 && t->at[i - 1].feed.stream != stream)
		i = t->at[i - 1].next_stream;
	return i == 0 ? NULL : &t->at[i - 1];
}

struct stream_held *
stream_table_of_stream(
    struct stream_table *t, int64_t stream, struct stream_held *last)
{
	return find_stream(t,
	    last != NULL ? last->next_stream
			 : t->by_stream[bucket_of(t, (uint64_t)stream)],
	    stream);
}

static struct stream_held *
find_session(const struct stream_table *t, uint32_t i, int64_t session)
{
	while (i != 0 && t->at[i - 1].feed.session != session)
		i = t->at[i - 1].next_session;
	return i == 0 ? NULL : &t->at[i - 1];
}

struct stream_held *
stream_table_of_session(
    struct stream_table *t, int64_t session, struct stream_held *last)
{
	return find_session(t,
	    last != NULL ? last->next_session
			 : t->by_session[bucket_of(t, (uint64_t)session)],
	    session);
}

struct stream_list *
stream_table_listens(struct stream_table *t)
{
	return &t->listens;
}

struct stream_held *
stream_table_each(struct stream_table *t, uint32_t *at, uint32_t end)
{
	while (*at < end && *at < t->used) {
		struct stream_held *h = &t->at[(*at)++];

		if (h->use == STREAM_HELD)
			return h;
	}
	return NULL;
}

/* -------------------------------------------------------- coming, going */

static size_t
count_of_session(const struct stream_table *t, int64_t session)
{
	const struct stream_held *h = find_session(
	    t, t->by_session[bucket_of(t, (uint64_t)session)], session);
	size_t n = 0;

	for (; h != NULL; h = find_session(t, h->next_session, session))
		n += h->feed.kind == STREAM_SESSION ? 1 : 0;
	return n;
}

bool
stream_table_has_slot(const struct stream_table *t)
{
	return t->busy < t->slots;
}

bool
stream_table_is_quiet(const struct stream_table *t)
{
	return t->busy == t->over;
}

enum rc
stream_table_room(const struct stream_table *t, const struct feed *feed)
{
	const struct stream_limits *l = &t->limits;
	uint32_t i;

	if (t->held >= l->streams || !stream_table_has_slot(t))
		return RC_FULL;
	if (l->session > 0 && feed->session != 0 &&
	    feed->kind == STREAM_SESSION &&
	    count_of_session(t, feed->session) >= l->session)
		return RC_CONFLICT;
	if (l->principal == 0 || !is_named(feed))
		return RC_OK;
	i = find_count(t, feed->principal);
	if (i != 0 && t->count[i - 1].n >= l->principal)
		return RC_CONFLICT;
	return RC_OK;
}

static void
put_in(struct stream_table *t, struct stream_held *h)
{
	uint32_t *bucket;

	t->held++;
	if (is_named(&h->feed))
		h->principal = take_count(t, h->feed.principal);
	if (h->feed.listen != NULL)
		stream_list_add(&t->listens, &h->listens);
	if (h->feed.stream != 0) {
		bucket = &t->by_stream[bucket_of(t, (uint64_t)h->feed.stream)];
		h->next_stream = *bucket;
		*bucket = stream_table_slot(t, h) + 1;
	}
	if (h->feed.session != 0) {
		bucket =
		    &t->by_session[bucket_of(t, (uint64_t)h->feed.session)];
		h->next_session = *bucket;
		*bucket = stream_table_slot(t, h) + 1;
	}
}

struct stream_held *
stream_table_take(struct stream_table *t, const struct feed *feed)
{
	struct stream_held *h;

	if (!stream_table_has_slot(t))
		return NULL;
	if (t->free != 0) {
		h = &t->at[t->free - 1];
		t->free = h->next_session;
	} else {
		h = &t->at[t->used++];
	}
	t->busy++;
	*h = (struct stream_held){ .use = STREAM_ANSWER };
	if (feed != NULL) {
		h->use = STREAM_HELD;
		h->feed = *feed;
		put_in(t, h);
	}
	return h;
}

void
stream_table_close(struct stream_table *t, struct stream_held *h)
{
	uint32_t i = stream_table_slot(t, h) + 1;
	uint32_t *link;

	if (h->use != STREAM_HELD)
		return;
	if (h->feed.stream != 0) {
		link = &t->by_stream[bucket_of(t, (uint64_t)h->feed.stream)];
		while (*link != i)
			link = &t->at[*link - 1].next_stream;
		*link = h->next_stream;
	}
	if (h->feed.session != 0) {
		link = &t->by_session[bucket_of(t, (uint64_t)h->feed.session)];
		while (*link != i)
			link = &t->at[*link - 1].next_session;
		*link = h->next_session;
	}
	if (h->principal != 0)
		drop_count(t, h->principal);
	stream_list_drop(&h->listens);
	stream_list_drop(&h->todo);
	t->held--;
	t->over++;
	h->use = STREAM_OVER;
}

void
stream_table_give_back(struct stream_table *t, struct stream_held *h)
{
	stream_table_close(t, h);
	if (h->use == STREAM_OVER)
		t->over--;
	stream_list_drop(&h->todo);
	stream_list_drop(&h->moved);
	h->use = STREAM_FREE;
	h->next_session = t->free;
	t->free = stream_table_slot(t, h) + 1;
	t->busy--;
}

void
stream_table_free(struct stream_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; t->at != NULL && i < t->used; i++) {
		if (t->at[i].use == STREAM_HELD || t->at[i].use == STREAM_OVER)
			feed_release(&t->at[i].feed);
	}
	free(t->at);
	free(t->by_stream);
	free(t->by_session);
	free(t->by_principal);
	free(t->count);
	free(t);
}
