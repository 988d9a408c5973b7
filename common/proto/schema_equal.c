#include "schema_private.h"

/* Arrays of so many elements are compared each with each. */
#define PAIRS_MAX 8

static bool equal(
    struct schema_run *run, const struct json *a, const struct json *b);

static bool
arrays_equal(struct schema_run *run, const struct json *a, const struct json *b)
{
	const struct json *x = a->child;
	const struct json *y = b->child;

	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		if (!equal(run, x, y))
			return false;
	}
	return true;
}

static bool
objects_equal(
    struct schema_run *run, const struct json *a, const struct json *b)
{
	const struct json *x = a->child;
	const struct json *next = b->child;

	for (; x != NULL; x = x->next) {
		const struct json *y = next;

		/* Mostly the order is the same. */
		if (y == NULL || !slice_eq(y->name, x->name)) {
			if (!schema_spend(run, b->count / 16))
				return false;
			y = json_member(b, x->name);
		}
		if (y == NULL || !equal(run, x, y))
			return false;
		next = y->next;
	}
	return true;
}

/* As deep as the values, whose depth the reader limits. */
static bool
equal(struct schema_run *run, const struct json *a, const struct json *b)
{
	bool same = a->type == b->type && a->count == b->count;

	if (!schema_spend(run, 1) || !same)
		return false;
	switch (a->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_NUMBER:
	case JSON_STRING:
		return schema_spend(run, (a->raw.len + b->raw.len) / 64) &&
		    json_equal(a, b);
	case JSON_ARRAY:
		return arrays_equal(run, a, b);
	case JSON_OBJECT:
		return objects_equal(run, a, b);
	}
	return false;
}

bool
schema_equal(struct schema_run *run, const struct json *a, const struct json *b)
{
	return equal(run, a, b);
}

/* ---------------------------------------------------------------- twins */

struct entry {
	uint64_t hash;
	const struct json *value;
};

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xD6E8FEB86659FD93);
	h ^= h >> 32;
	h *= UINT64_C(0xD6E8FEB86659FD93);
	return h ^ h >> 32;
}

/* FNV-1a, over what counts. */
static uint64_t
hash_bytes(struct slice s, char skip)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != skip)
			h = (h ^ (unsigned char)s.ptr[i]) *
			    UINT64_C(0x100000001B3);
	}
	return mix(h);
}

static uint64_t
hash_number(struct slice raw)
{
	struct schema_number n;

	schema_number_read(raw, &n);
	return mix(hash_bytes(n.digits, '.') ^ (uint64_t)n.top ^
	    (n.negative ? UINT64_C(1) << 63 : 0));
}

/* Equal values have equal hashes, however they are written. */
static uint64_t
hash(struct schema_run *run, const struct json *value)
{
	uint64_t h = mix((uint64_t)value->type + 1);
	const struct json *v;

	if (!schema_spend(run, 1))
		return 0;
	if (value->child == NULL && !schema_spend(run, value->raw.len / 64))
		return 0;
	if (value->type == JSON_STRING)
		return h ^ hash_bytes(value->text, '\0');
	if (value->type == JSON_NUMBER)
		return h ^ hash_number(value->raw);
	for (v = value->child; v != NULL && run->rc == RC_OK; v = v->next) {
		if (value->type == JSON_ARRAY)
			h = mix(h + hash(run, v));
		else
			h += mix(hash_bytes(v->name, '\0') + hash(run, v));
	}
	return h;
}

static bool
twins_of_few(struct schema_run *run, const struct json *array,
    const struct json **first, const struct json **second)
{
	const struct json *x, *y;

	for (x = array->child; x != NULL; x = x->next) {
		for (y = x->next; y != NULL; y = y->next) {
			if (!equal(run, x, y))
				continue;
			*first = x;
			*second = y;
			return true;
		}
	}
	return false;
}

/* An equal one in the table; enters it otherwise. */
static const struct json *
table_put(struct schema_run *run, struct entry *table, size_t size,
    const struct json *value)
{
	const uint64_t h = hash(run, value);
	size_t i = (size_t)h & (size - 1);

	while (table[i].value != NULL) {
		if (table[i].hash == h && equal(run, table[i].value, value))
			return table[i].value;
		if (!schema_spend(run, 1))
			return NULL;
		i = (i + 1) & (size - 1);
	}
	table[i] = (struct entry){ h, value };
	return NULL;
}

bool
schema_twins(struct schema_run *run, const struct json *array,
    const struct json **first, const struct json **second)
{
	const struct json *v = array->child;
	struct entry *table;
	size_t size = 32;

	if (array->count <= PAIRS_MAX)
		return twins_of_few(run, array, first, second);
	while (size < (size_t)array->count * 2)
		size *= 2;
	if (!schema_spend(run, array->count))
		return false;
	table = arena_alloc(run->arena, size * sizeof(*table));
	if (table == NULL) {
		run->rc = RC_NOMEM;
		return false;
	}
	for (; v != NULL && run->rc == RC_OK; v = v->next) {
		*first = table_put(run, table, size, v);
		*second = v;
		if (*first != NULL)
			return run->rc == RC_OK;
	}
	return false;
}
