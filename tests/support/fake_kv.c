#include "fake_kv.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

static struct fake_kv_slot *
slot_of(struct fake_kv *k, struct slice name)
{
	for (size_t i = 0; i < FAKE_KV_SLOTS; i++) {
		if (slice_eq(slice_of(k->slot[i].name), name))
			return &k->slot[i];
	}
	return NULL;
}

static void
store(
    struct fake_kv *k, struct slice name, struct slice value, uint32_t seconds)
{
	struct fake_kv_slot *s = slot_of(k, name);

	if (s == NULL)
		s = slot_of(k, SLICE(""));
	if (s == NULL || value.len > sizeof(s->value))
		return;
	(void)snprintf(s->name, sizeof(s->name), "%.*s", SLICE_FMT(name));
	memcpy(s->value, value.ptr, value.len);
	s->len = value.len;
	s->seconds = seconds;
}

static enum rc
get(struct kv *base, struct slice name, struct arena *a, struct slice *value)
{
	struct fake_kv *k = (struct fake_kv *)base;
	const struct fake_kv_slot *s = slot_of(k, name);

	k->gets++;
	if (k->is_down)
		return RC_BUSY;
	if (s == NULL)
		return RC_NOTFOUND;
	return arena_copy(a, (struct slice){ s->value, s->len }, value);
}

static void
put(struct kv *base, struct slice name, struct slice value, uint32_t seconds)
{
	struct fake_kv *k = (struct fake_kv *)base;

	k->puts++;
	if (!k->is_down)
		store(k, name, value, seconds);
}

static void
drop(struct kv *base, struct slice name)
{
	struct fake_kv *k = (struct fake_kv *)base;
	struct fake_kv_slot *s = slot_of(k, name);

	k->drops++;
	if (!k->is_down && !k->keeps && s != NULL)
		s->name[0] = '\0';
}

static void
put_number(struct fake_kv *k, struct slice name, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	store(k, name, (struct slice){ text, (size_t)n }, 0);
}

static enum rc
number(struct fake_kv *k, struct slice name, uint64_t first, uint64_t *value)
{
	const struct fake_kv_slot *s = slot_of(k, name);

	if (k->is_down)
		return RC_BUSY;
	if (s != NULL &&
	    text_u64((struct slice){ s->value, s->len }, UINT64_MAX, value) ==
		RC_OK)
		return RC_OK;
	put_number(k, name, first);
	return RC_NOTFOUND;
}

static enum rc
look(struct kv *base, struct slice name, uint64_t first, uint64_t *value)
{
	struct fake_kv *k = (struct fake_kv *)base;

	k->looks++;
	return number(k, name, first, value);
}

static void
raise_counter(struct kv *base, struct slice name, uint64_t first)
{
	struct fake_kv *k = (struct fake_kv *)base;
	uint64_t value;

	k->raises++;
	if (number(k, name, first, &value) == RC_OK)
		put_number(k, name, value + 1);
}

static void
close_kv(struct kv *base)
{
	((struct fake_kv *)base)->is_closed = true;
}

void
fake_kv_init(struct fake_kv *k)
{
	static const struct kv_ops ops = { get, put, drop, look, raise_counter,
		close_kv };

	*k = (struct fake_kv){ .base.ops = &ops };
}

struct fake_kv_slot *
fake_kv_find(struct fake_kv *k, const char *tail)
{
	for (size_t i = 0; i < FAKE_KV_SLOTS; i++) {
		struct slice name = slice_of(k->slot[i].name);

		if (name.len > 0 && slice_ends(name, slice_of(tail)))
			return &k->slot[i];
	}
	return NULL;
}

size_t
fake_kv_names(const struct fake_kv *k)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_KV_SLOTS; i++)
		n += k->slot[i].name[0] != '\0';
	return n;
}
