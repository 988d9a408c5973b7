#include "schema_private.h"

/*
 * A schema that applies itself to the very same value would never end.  What
 * can be seen from the document is refused; what only the dynamic scope
 * decides ends at the limits of a check.
 */

struct walk {
	struct schema_compile *c;
	const struct schema_rule *rule; /* whose edges are walked */
	uint32_t depth;
	bool is_found; /* but no reference of the circle was named yet */
};

static enum rc walk_node(struct walk *w, const struct schema_node *node);

static enum rc
walk_edge(struct walk *w, const struct schema_node *node)
{
	const struct schema_rule *rule = w->rule;
	struct schema_place from = { NULL, SLICE_NONE, 0 };
	enum rc rc;

	if (node == NULL)
		return RC_OK;
	rc = walk_node(w, node);
	w->rule = rule;
	if (rc != RC_SYNTAX || !w->is_found || rule->check != schema_check_ref)
		return rc;
	w->is_found = false;
	from.token = schema_ref_place(w->c, rule);
	return schema_refuse(w->c, &from, "leads back to itself without end");
}

static enum rc
walk_list(struct walk *w, const struct schema_nodes *nodes)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < nodes->n && rc == RC_OK; i++)
		rc = walk_edge(w, nodes->at[i].node);
	return rc;
}

static enum rc
walk_dependents(struct walk *w, const struct schema_dependents *d)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < d->n && rc == RC_OK; i++)
		rc = walk_edge(w, d->at[i].node);
	return rc;
}

/* The subschemas that look at the same value. */
static enum rc
walk_rule(struct walk *w, const struct schema_rule *rule)
{
	enum rc rc;

	w->rule = rule;
	if (rule->check == schema_check_all ||
	    rule->check == schema_check_any || rule->check == schema_check_one)
		return walk_list(w, &rule->nodes);
	if (rule->check == schema_check_not)
		return walk_edge(w, rule->node);
	if (rule->check == schema_check_dependents)
		return walk_dependents(w, &rule->dependents);
	if (rule->check == schema_check_ref && rule->target.dynamic.ptr == NULL)
		return walk_edge(w, rule->target.node);
	if (rule->check != schema_check_if)
		return RC_OK;
	rc = walk_edge(w, rule->branch.test);
	if (rc == RC_OK)
		rc = walk_edge(w, rule->branch.yes);
	if (rc == RC_OK)
		rc = walk_edge(w, rule->branch.no);
	return rc;
}

static enum rc
walk_node(struct walk *w, const struct schema_node *node)
{
	struct schema_slot *slot = schema_slot_find(w->c, node->at);
	const struct schema_rule *rule;
	enum rc rc = RC_OK;

	if (slot->is_closed)
		return RC_OK;
	if (slot->is_open || w->depth >= SCHEMA_DEPTH_MAX) {
		w->is_found = true;
		return RC_SYNTAX;
	}
	slot->is_open = true;
	w->depth++;
	for (rule = node->rules; rule != NULL && rc == RC_OK; rule = rule->next)
		rc = walk_rule(w, rule);
	w->depth--;
	slot->is_closed = true;
	return rc;
}

enum rc
schema_refuse_cycles(struct schema_compile *c)
{
	struct walk w = { .c = c };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < c->n_slots && rc == RC_OK; i++) {
		if (c->slots[i].node != NULL)
			rc = walk_node(&w, c->slots[i].node);
	}
	return rc;
}
