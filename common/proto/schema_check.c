#include "schema_private.h"

/* The walk itself, and the keywords that look at the same value again. */

/* Members or elements whose marks need no memory of their own. */
#define SEEN_SMALL 64

static bool
rules_ok(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot)
{
	const unsigned type = SCHEMA_TYPE(spot->value->type);
	const struct schema_rule *rule;

	for (rule = node->rules; rule != NULL; rule = rule->next) {
		if ((rule->types & type) != 0 && !rule->check(run, rule, spot))
			return false;
	}
	return true;
}

void
schema_mark(const struct schema_spot *spot, uint32_t index)
{
	if (spot->seen != NULL)
		spot->seen[index / 64] |= UINT64_C(1) << index % 64;
}

/* Room for the marks of a value with that many members or elements. */
static uint64_t *
seen_new(struct schema_run *run, uint32_t count)
{
	size_t words = count / 64 + 1;
	uint64_t *seen = NULL;

	if (!schema_spend(run, words))
		return NULL;
	seen = arena_alloc(run->arena, words * sizeof(*seen));
	if (seen == NULL)
		run->rc = RC_NOMEM;
	return seen;
}

/* With marks of its own, which the others get if it is valid. */
static bool
tracked_ok(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot,
    bool (*next)(struct schema_run *, const struct schema_node *,
	const struct schema_spot *))
{
	uint32_t count = spot->value->count;
	struct schema_spot own = *spot;
	uint64_t small = 0;

	own.seen = count <= SEEN_SMALL ? &small : seen_new(run, count);
	if (own.seen == NULL || !next(run, node, &own))
		return false;
	for (uint32_t i = 0; spot->seen != NULL && i * 64 < count; i++)
		spot->seen[i] |= own.seen[i];
	return true;
}

bool
schema_ok(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot)
{
	struct schema_scope scope = { run->scope, node->home };
	bool enters = scope.up == NULL || scope.up->home != node->home;
	bool ok;

	if (node->refuses) {
		if (schema_tell(run, spot, SCHEMA_RANK_HIGH))
			buf_printf(run->why, "is not allowed");
		return false;
	}
	if (node->rules == NULL)
		return true;
	if (run->depth >= SCHEMA_DEPTH_MAX) {
		run->rc = RC_FULL;
		return false;
	}
	if (!schema_spend(run, 1))
		return false;
	run->depth++;
	if (enters)
		run->scope = &scope;
	ok = node->tracks ? tracked_ok(run, node, spot, rules_ok)
			  : rules_ok(run, node, spot);
	if (enters)
		run->scope = scope.up;
	run->depth--;
	return ok;
}

bool
schema_ok_apart(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot)
{
	return spot->seen == NULL ? schema_ok(run, node, spot)
				  : tracked_ok(run, node, spot, schema_ok);
}

bool
schema_ok_quiet(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot)
{
	struct schema_spot own = *spot;
	struct buf *why = run->why;
	bool ok;

	own.seen = NULL;
	run->why = NULL;
	ok = schema_ok(run, node, &own);
	run->why = why;
	return ok;
}

bool
schema_ok_child(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot, const struct json *child, uint32_t index)
{
	const struct schema_spot own = {
		.up = spot,
		.value = child,
		.index = index,
		.depth = spot->depth + 1,
	};

	return schema_ok(run, node, &own);
}

bool
schema_check_ref(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct schema_target *target = &rule->target;
	const struct schema_node *node = target->node;
	const struct schema_scope *scope = run->scope;

	/* The outermost resource that knows the name decides. */
	for (; target->dynamic.ptr != NULL && scope != NULL;
	     scope = scope->up) {
		const struct schema_anchor *a =
		    schema_anchor_find(scope->home, target->dynamic);

		if (a != NULL && a->is_dynamic)
			node = a->node;
		if (!schema_spend(run, 1))
			return false;
	}
	return schema_ok(run, node, spot);
}

bool
schema_check_all(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	for (size_t i = 0; i < rule->nodes.n; i++) {
		if (!schema_ok(run, rule->nodes.at[i].node, spot))
			return false;
	}
	return true;
}

bool
schema_check_any(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	struct schema_choice choice;
	bool any = false;

	schema_choice_begin(run, spot, rule->nodes.n, &choice);
	for (size_t i = 0; i < rule->nodes.n; i++) {
		if (schema_ok_apart(run, rule->nodes.at[i].node, spot)) {
			any = true;
			/* The others may still evaluate more. */
			if (spot->seen == NULL)
				break;
			continue;
		}
		if (run->rc != RC_OK)
			return false;
		schema_choice_add(run, &choice);
	}
	schema_choice_end(run, &choice, any);
	return any;
}

bool
schema_check_one(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const size_t n = rule->nodes.n;
	struct schema_choice choice;
	size_t first = n, second = n;

	schema_choice_begin(run, spot, n, &choice);
	for (size_t i = 0; i < n && second == n; i++) {
		if (schema_ok_apart(run, rule->nodes.at[i].node, spot)) {
			second = first < n ? i : n;
			first = first < n ? first : i;
			continue;
		}
		if (run->rc != RC_OK)
			return false;
		schema_choice_add(run, &choice);
	}
	schema_choice_end(run, &choice, first < n);
	if (second < n && schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why,
		    "must match exactly one of the %zu alternatives, matches "
		    "number %zu and number %zu",
		    n, first + 1, second + 1);
	}
	return first < n && second == n;
}

bool
schema_check_not(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	if (!schema_ok_quiet(run, rule->node, spot))
		return run->rc == RC_OK;
	if (schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why, "must not match the schema ");
		schema_put_value(run->why, rule->value);
	}
	return false;
}

/* Like quiet, but what it evaluates counts. */
static bool
test_ok(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot)
{
	struct buf *why = run->why;
	bool ok;

	run->why = NULL;
	ok = schema_ok_apart(run, node, spot);
	run->why = why;
	return ok;
}

bool
schema_check_if(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct schema_branch *b = &rule->branch;
	const struct schema_node *next;

	/* Alone it can only evaluate. */
	if (b->yes == NULL && b->no == NULL && spot->seen == NULL)
		return true;
	next = test_ok(run, b->test, spot) ? b->yes : b->no;
	if (run->rc != RC_OK)
		return false;
	return next == NULL || schema_ok(run, next, spot);
}
