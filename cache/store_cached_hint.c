#include <string.h>

#include "store_cached_private.h"

static struct cache_name
counter_name(const struct store_cached *c)
{
	static const char tail[] = ":changes";
	const size_t len = strlen(c->prefix);
	struct cache_name name;

	memcpy(name.text, c->prefix, len);
	memcpy(name.text + len, tail, sizeof(tail));
	name.len = len + sizeof(tail) - 1;
	return name;
}

/* Where a counter begins: never where one of before ended. */
static uint64_t
first_of(const struct store_cached *c)
{
	int64_t ms = clock_wall_ms(c->o.clock);
	int64_t us = clock_mono_us(c->o.clock) % 1000;

	return ms > 0 ? (uint64_t)ms * 1000 + (uint64_t)us : 1;
}

void
store_cached_tell(struct store_cached *c)
{
	const struct cache_name name = counter_name(c);

	if (c->o.hints)
		c->o.kv->ops->raise(
		    c->o.kv, cache_name_slice(&name), first_of(c));
}

/* Read it; false unless it is in order, and has been for a while. */
static bool
look_at_counter(struct store_cached *c, int64_t now, uint64_t *value)
{
	const struct cache_name name = counter_name(c);
	struct cache_hint *h = &c->hint;
	enum rc rc = c->o.kv->ops->look(
	    c->o.kv, cache_name_slice(&name), first_of(c), value);

	if (rc != RC_OK || (h->is_known && *value < h->last))
		h->is_sound = false;
	else if (!h->is_sound) {
		h->is_sound = true;
		h->sound_from = now;
	}
	if (rc == RC_OK) {
		h->is_known = true;
		h->last = *value;
	}
	return h->is_sound && now - h->sound_from >= CACHE_HEALTHY_MS;
}

static bool
is_same_mark(const struct change_mark *a, const struct change_mark *b)
{
	return a->is_set && b->is_set && a->events == b->events &&
	    a->signals == b->signals && a->incarnation == b->incarnation &&
	    memcmp(a->shard, b->shard, sizeof(a->shard)) == 0;
}

/* Those who looked together shall not look together again. */
static int64_t
next_look(const struct store_cached *c, int64_t now)
{
	uint32_t chance = 0;

	if (rng_fill(c->o.rng, &chance, sizeof(chance)) != RC_OK)
		chance = 0;
	return now + CACHE_LOOK_MS -
	    (int64_t)(chance % (CACHE_LOOK_JITTER_MS + 1));
}

enum rc
store_cached_changes(struct store *base, const struct op *op,
    struct change_mark *mark, struct change_rows *rows)
{
	struct store_cached *c = CACHED(base);
	struct store *under = c->o.under;
	struct cache_hint *h = &c->hint;
	const int64_t now = clock_mono_ms(c->o.clock);
	uint64_t value = 0;
	enum rc rc;

	/* The counter first: what is raised after this is another value. */
	if (c->o.hints && look_at_counter(c, now, &value) && h->has_looked &&
	    value == h->looked_at && now < h->look_until &&
	    is_same_mark(mark, &h->mark)) {
		c->count.skipped++;
		*rows = (struct change_rows){ NULL, 0, false };
		return RC_OK;
	}
	c->count.looks++;
	rc = under->ops->changes(under, op, mark, rows);
	h->has_looked = rc == RC_OK && !rows->more && h->is_sound;
	if (h->has_looked) {
		h->looked_at = value;
		h->look_until = next_look(c, now);
		h->mark = *mark;
	}
	return rc;
}
