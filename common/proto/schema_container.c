#include "schema_private.h"

/* Keywords that look into arrays and objects. */

/* So many allowed names are listed. */
#define LISTED_MAX 16
/* Up to here a search from the front is as fast; sorted beyond. */
#define SORTED_MIN 9

/* A lookup by name walks the members. */
static bool
has_member(struct schema_run *run, const struct json *object, struct slice name,
    const struct json **out)
{
	if (object->count > 16 && !schema_spend(run, object->count / 16))
		return false;
	*out = json_member(object, name);
	return *out != NULL;
}

bool
schema_check_required(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *m;

	for (size_t i = 0; i < rule->names.n; i++) {
		if (has_member(run, spot->value, rule->names.at[i], &m))
			continue;
		if (run->rc == RC_OK &&
		    schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
			buf_printf(run->why, "lacks the required property ");
			json_put_string(run->why, rule->names.at[i]);
		}
		return false;
	}
	return true;
}

static bool
dependent_ok(struct schema_run *run, const struct schema_dependent *d,
    const struct schema_spot *spot)
{
	const struct json *m;

	if (!has_member(run, spot->value, d->name, &m))
		return run->rc == RC_OK;
	if (d->node != NULL)
		return schema_ok(run, d->node, spot);
	for (size_t i = 0; i < d->names.n; i++) {
		if (has_member(run, spot->value, d->names.at[i], &m))
			continue;
		if (run->rc == RC_OK &&
		    schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
			buf_printf(run->why, "lacks the property ");
			json_put_string(run->why, d->names.at[i]);
			buf_printf(run->why, ", which is required beside ");
			json_put_string(run->why, d->name);
		}
		return false;
	}
	return true;
}

bool
schema_check_dependents(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	for (size_t i = 0; i < rule->dependents.n; i++) {
		if (!dependent_ok(run, &rule->dependents.at[i], spot))
			return false;
	}
	return true;
}

bool
schema_check_names(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *m = spot->value->child;

	for (; m != NULL; m = m->next) {
		const struct json name = {
			.type = JSON_STRING, .raw = m->name, .text = m->name
		};
		const struct schema_spot own = {
			.up = spot,
			.value = &name,
			.depth = spot->depth + 1,
			.is_name = true,
		};

		if (!schema_ok(run, rule->node, &own))
			return false;
	}
	return true;
}

static const struct schema_node *
named_find(const struct schema_object *o, struct slice name)
{
	size_t low = 0, high = o->n_named;

	if (high < SORTED_MIN) {
		while (low < high && !slice_eq(o->named[low].name, name))
			low++;
		return low < high ? o->named[low].node : NULL;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_cmp(name, o->named[middle].name);

		if (order == 0)
			return o->named[middle].node;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void
tell_unexpected(struct schema_run *run, const struct schema_object *o,
    const struct schema_spot *spot, struct slice name)
{
	if (!schema_tell(run, spot, SCHEMA_RANK_HIGH))
		return;
	buf_printf(run->why, "must not have the property ");
	schema_put_name(run->why, name);
	if (o == NULL || o->n_named == 0 || o->n_named > LISTED_MAX)
		return;
	for (size_t i = 0; i < o->n_named; i++) {
		buf_printf(run->why, i == 0 ? "; known are " : ", ");
		json_put_string(run->why, o->named[i].name);
	}
}

static bool
member_ok(struct schema_run *run, const struct schema_object *o,
    const struct schema_spot *spot, const struct json *m, uint32_t index)
{
	const struct schema_node *node = named_find(o, m->name);
	bool known = node != NULL;

	if (known && !schema_ok_child(run, node, spot, m, index))
		return false;
	for (size_t i = 0; i < o->n_patterned; i++) {
		const struct schema_patterned *p = &o->patterned[i];

		if (!schema_pattern_matches(run, p->pattern, m->name)) {
			if (run->rc != RC_OK)
				return false;
			continue;
		}
		known = true;
		if (!schema_ok_child(run, p->node, spot, m, index))
			return false;
	}
	if (!known && o->rest == NULL)
		return true;
	schema_mark(spot, index);
	if (known)
		return true;
	if (!o->rest->refuses)
		return schema_ok_child(run, o->rest, spot, m, index);
	tell_unexpected(run, o, spot, m->name);
	return false;
}

bool
schema_check_object(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *m = spot->value->child;
	uint32_t index = 0;

	if (!schema_spend(run, spot->value->count / 4))
		return false;
	for (; m != NULL; m = m->next, index++) {
		if (!member_ok(run, &rule->object, spot, m, index))
			return false;
	}
	return true;
}

bool
schema_check_unevaluated_properties(struct schema_run *run,
    const struct schema_rule *rule, const struct schema_spot *spot)
{
	const struct json *m = spot->value->child;
	uint32_t i = 0;

	if (!schema_spend(run, spot->value->count / 4))
		return false;
	for (; m != NULL; m = m->next, i++) {
		if ((spot->seen[i / 64] >> i % 64 & 1) != 0)
			continue;
		schema_mark(spot, i);
		if (rule->node->refuses) {
			tell_unexpected(run, NULL, spot, m->name);
			return false;
		}
		if (!schema_ok_child(run, rule->node, spot, m, i))
			return false;
	}
	return true;
}

static bool
tell_too_many(
    struct schema_run *run, const struct schema_spot *spot, uint32_t allowed)
{
	if (schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why, "must have at most ");
		buf_put_u64(run->why, allowed);
		buf_printf(run->why, " items, has ");
		buf_put_u64(run->why, spot->value->count);
	}
	return false;
}

bool
schema_check_array(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct schema_array *a = &rule->array;
	const struct json *v = spot->value->child;
	uint32_t i = 0;

	if (!schema_spend(run, spot->value->count / 4))
		return false;
	for (; v != NULL; v = v->next, i++) {
		const struct schema_node *node =
		    i < a->first.n ? a->first.at[i].node : a->rest;

		if (node == NULL)
			break;
		schema_mark(spot, i);
		if (node->refuses && node == a->rest)
			return tell_too_many(run, spot, i);
		if (!schema_ok_child(run, node, spot, v, i))
			return false;
	}
	return true;
}

bool
schema_check_unevaluated_items(struct schema_run *run,
    const struct schema_rule *rule, const struct schema_spot *spot)
{
	const struct json *v = spot->value->child;
	uint32_t i = 0;

	if (!schema_spend(run, spot->value->count / 4))
		return false;
	for (; v != NULL; v = v->next, i++) {
		if ((spot->seen[i / 64] >> i % 64 & 1) != 0)
			continue;
		schema_mark(spot, i);
		if (!schema_ok_child(run, rule->node, spot, v, i))
			return false;
	}
	return true;
}

static void
tell_contains(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot, uint64_t has)
{
	bool few = has < rule->contains.min;

	if (!schema_tell(run, spot, SCHEMA_RANK_HIGH))
		return;
	buf_printf(run->why, "must have at %s ", few ? "least" : "most");
	buf_put_u64(run->why, few ? rule->contains.min : rule->contains.max);
	buf_printf(run->why, " of the items that match ");
	schema_put_value(run->why, rule->value);
	buf_printf(run->why, ", has ");
	buf_put_u64(run->why, has);
}

bool
schema_check_contains(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct schema_contains *c = &rule->contains;
	const struct json *v = spot->value->child;
	struct buf *why = run->why;
	uint64_t has = 0, enough;

	if (!schema_spend(run, spot->value->count / 4))
		return false;
	/* Without a maximum, and without marks, the rest says nothing. */
	enough =
	    spot->seen == NULL && c->max == UINT64_MAX ? c->min : UINT64_MAX;
	run->why = NULL;
	for (uint32_t i = 0; v != NULL && has < enough && run->rc == RC_OK;
	     v = v->next, i++) {
		if (schema_ok_child(run, c->node, spot, v, i)) {
			schema_mark(spot, i);
			has++;
		}
	}
	run->why = why;
	if (run->rc != RC_OK)
		return false;
	if (has >= c->min && has <= c->max)
		return true;
	tell_contains(run, rule, spot, has);
	return false;
}

bool
schema_check_unique(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *first, *second;
	uint32_t i = 0, j = 0;

	(void)rule;
	if (!schema_twins(run, spot->value, &first, &second))
		return run->rc == RC_OK;
	if (!schema_tell(run, spot, SCHEMA_RANK_HIGH))
		return false;
	while (json_at(spot->value, i) != first)
		i++;
	while (json_at(spot->value, j) != second)
		j++;
	buf_printf(run->why,
	    "must have no two equal items; those at %u and %u are equal",
	    (unsigned)i, (unsigned)j);
	return false;
}
