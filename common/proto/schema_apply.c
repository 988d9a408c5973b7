#include "schema_private.h"

#include <stdlib.h>

/* Keywords that apply other schemas. */

/* Up to here a search from the front is as fast. */
#define SORTED_MIN 9

enum rc
schema_build_place(struct schema_compile *c, const struct schema_site *site)
{
	const struct schema_node *node;

	return schema_compile_node(
	    c, site->value, site->node->home, &site->place, &node);
}

/* The subschema under another keyword of the same object, if it is there. */
static enum rc
sibling(struct schema_compile *c, const struct schema_site *site,
    enum schema_word word, const struct schema_node **out)
{
	const struct schema_place p = { site->place.up,
		schema_keywords[word].name, 0 };

	*out = NULL;
	if (site->found[word] == NULL)
		return RC_OK;
	return schema_compile_node(
	    c, site->found[word], site->node->home, &p, out);
}

/* A list of subschemas. */
static enum rc
read_nodes(struct schema_compile *c, const struct schema_site *site,
    const struct json *list, struct schema_nodes *out)
{
	const struct json *v = list->child;
	enum rc rc = RC_OK;

	*out = (struct schema_nodes){ NULL, 0 };
	if (list->type != JSON_ARRAY)
		return schema_refuse(
		    c, &site->place, "must be a list of schemas");
	if (list->count == 0)
		return RC_OK;
	out->at = arena_alloc(&c->s->mem, list->count * sizeof(*out->at));
	if (out->at == NULL)
		return RC_NOMEM;
	for (; v != NULL && rc == RC_OK; v = v->next) {
		const struct schema_place p = { &site->place, SLICE_NONE,
			(uint32_t)out->n };

		rc = schema_compile_node(
		    c, v, site->node->home, &p, &out->at[out->n++].node);
	}
	return rc;
}

enum rc
schema_build_definitions(
    struct schema_compile *c, const struct schema_site *site)
{
	const struct json *m = site->value->child;
	enum rc rc = RC_OK;

	if (site->value->type != JSON_OBJECT)
		return schema_refuse(c, &site->place, "must be an object");
	for (; m != NULL && rc == RC_OK; m = m->next) {
		const struct schema_place p = { &site->place, m->name, 0 };
		const struct schema_node *node;

		rc = schema_compile_node(c, m, site->node->home, &p, &node);
	}
	return rc;
}

enum rc
schema_build_list(struct schema_compile *c, const struct schema_site *site)
{
	schema_check_fn *check = schema_check_one;
	struct schema_nodes nodes;
	struct schema_rule *rule;
	enum rc rc;

	if (site->word == SCHEMA_W_ALL_OF)
		check = schema_check_all;
	else if (site->word == SCHEMA_W_ANY_OF)
		check = schema_check_any;
	rc = read_nodes(c, site, site->value, &nodes);
	if (rc == RC_OK && nodes.n == 0)
		return schema_refuse(
		    c, &site->place, "must have at least one schema");
	if (rc == RC_OK)
		rc = schema_rule_add(c, site, check, SCHEMA_ANY, &rule);
	if (rc == RC_OK)
		rule->nodes = nodes;
	return rc;
}

/* A rule that holds the keyword's one subschema. */
static enum rc
build_single(struct schema_compile *c, const struct schema_site *site,
    schema_check_fn *check, unsigned types)
{
	const struct schema_node *node;
	struct schema_rule *rule;
	enum rc rc;

	rc = sibling(c, site, site->word, &node);
	if (rc == RC_OK)
		rc = schema_rule_add(c, site, check, types, &rule);
	if (rc == RC_OK)
		rule->node = node;
	return rc;
}

enum rc
schema_build_one(struct schema_compile *c, const struct schema_site *site)
{
	return build_single(c, site, schema_check_not, SCHEMA_ANY);
}

enum rc
schema_build_names(struct schema_compile *c, const struct schema_site *site)
{
	return build_single(c, site, schema_check_names, SCHEMA_OBJECT);
}

enum rc
schema_build_if(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_branch branch;
	struct schema_rule *rule;
	enum rc rc;

	rc = sibling(c, site, SCHEMA_W_IF, &branch.test);
	if (rc == RC_OK)
		rc = sibling(c, site, SCHEMA_W_THEN, &branch.yes);
	if (rc == RC_OK)
		rc = sibling(c, site, SCHEMA_W_ELSE, &branch.no);
	if (rc == RC_OK)
		rc = schema_rule_add(
		    c, site, schema_check_if, SCHEMA_ANY, &rule);
	if (rc == RC_OK)
		rule->branch = branch;
	return rc;
}

enum rc
schema_build_unevaluated(
    struct schema_compile *c, const struct schema_site *site)
{
	bool items = site->word == SCHEMA_W_UNEVALUATED_ITEMS;
	enum rc rc = build_single(c, site,
	    items ? schema_check_unevaluated_items
		  : schema_check_unevaluated_properties,
	    items ? SCHEMA_ARRAY : SCHEMA_OBJECT);

	if (rc == RC_OK)
		site->node->tracks = true;
	return rc;
}

/* -------------------------------------------------------------- objects */

static int
cmp_property(const void *a, const void *b)
{
	const struct schema_property *x = a;
	const struct schema_property *y = b;

	return slice_cmp(x->name, y->name);
}

/* Room for an entry per member of what must be an object. */
static enum rc
member_room(struct schema_compile *c, const struct schema_place *at,
    const struct json *value, size_t each, void **out)
{
	*out = NULL;
	if (value->type != JSON_OBJECT)
		return schema_refuse(c, at, "must be an object");
	if (value->count == 0)
		return RC_OK;
	*out = arena_alloc(&c->s->mem, value->count * each);
	return *out == NULL ? RC_NOMEM : RC_OK;
}

static enum rc
read_named(struct schema_compile *c, const struct schema_site *site,
    const struct json *value, struct schema_object *o)
{
	const struct schema_place at = { site->place.up,
		schema_keywords[SCHEMA_W_PROPERTIES].name, 0 };
	const struct json *m;
	void *room;
	enum rc rc;

	if (value == NULL)
		return RC_OK;
	rc = member_room(c, &at, value, sizeof(*o->named), &room);
	if (rc != RC_OK || room == NULL)
		return rc;
	o->named = room;
	for (m = value->child; m != NULL && rc == RC_OK; m = m->next) {
		const struct schema_place p = { &at, m->name, 0 };
		struct schema_property *to = &o->named[o->n_named++];

		to->name = m->name;
		rc = schema_compile_node(c, m, site->node->home, &p, &to->node);
	}
	if (o->n_named >= SORTED_MIN)
		qsort(o->named, o->n_named, sizeof(*o->named), cmp_property);
	return rc;
}

static enum rc
read_patterned(struct schema_compile *c, const struct schema_site *site,
    const struct json *value, struct schema_object *o)
{
	const struct schema_place at = { site->place.up,
		schema_keywords[SCHEMA_W_PATTERN_PROPERTIES].name, 0 };
	const struct json *m;
	void *room;
	enum rc rc;

	if (value == NULL)
		return RC_OK;
	rc = member_room(c, &at, value, sizeof(*o->patterned), &room);
	if (rc != RC_OK || room == NULL)
		return rc;
	o->patterned = room;
	for (m = value->child; m != NULL && rc == RC_OK; m = m->next) {
		const struct schema_place p = { &at, m->name, 0 };
		struct schema_patterned *to = &o->patterned[o->n_patterned++];

		rc = schema_read_pattern(c, &p, m->name, &to->pattern);
		if (rc == RC_OK)
			rc = schema_compile_node(
			    c, m, site->node->home, &p, &to->node);
	}
	return rc;
}

/* The three of them make one rule, at the first that is there. */
enum rc
schema_build_object(struct schema_compile *c, const struct schema_site *site)
{
	const struct json *const *found = site->found;
	struct schema_object o = { .rest = NULL };
	struct schema_rule *rule;
	unsigned i = SCHEMA_W_PROPERTIES;
	enum rc rc;

	while (found[i] == NULL)
		i++;
	if ((enum schema_word)i != site->word)
		return RC_OK;
	rc = read_named(c, site, found[SCHEMA_W_PROPERTIES], &o);
	if (rc == RC_OK)
		rc = read_patterned(
		    c, site, found[SCHEMA_W_PATTERN_PROPERTIES], &o);
	if (rc == RC_OK)
		rc = sibling(c, site, SCHEMA_W_ADDITIONAL_PROPERTIES, &o.rest);
	if (rc == RC_OK)
		rc = schema_rule_add(
		    c, site, schema_check_object, SCHEMA_OBJECT, &rule);
	if (rc == RC_OK)
		rule->object = o;
	return rc;
}

/* --------------------------------------------------------------- arrays */

/* prefixItems and items, in draft-07 items and additionalItems. */
enum rc
schema_build_array(struct schema_compile *c, const struct schema_site *site)
{
	bool is_new = site->node->home->dialect == SCHEMA_2020_12;
	enum schema_word rest = SCHEMA_W_ITEMS;
	struct schema_array array = { { NULL, 0 }, NULL };
	bool has_first = is_new ? site->word == SCHEMA_W_PREFIX_ITEMS
				: site->value->type == JSON_ARRAY;
	struct schema_rule *rule;
	enum rc rc = RC_OK;

	if (is_new && !has_first && site->found[SCHEMA_W_PREFIX_ITEMS] != NULL)
		return RC_OK;
	if (has_first) {
		rc = read_nodes(c, site, site->value, &array.first);
		rest = is_new ? SCHEMA_W_ITEMS : SCHEMA_W_ADDITIONAL_ITEMS;
	}
	if (rc == RC_OK)
		rc = sibling(c, site, rest, &array.rest);
	if (rc == RC_OK)
		rc = schema_rule_add(
		    c, site, schema_check_array, SCHEMA_ARRAY, &rule);
	if (rc == RC_OK)
		rule->array = array;
	return rc;
}

/* They belong to `contains`; alone they mean nothing, but must be right. */
enum rc
schema_build_min_contains(
    struct schema_compile *c, const struct schema_site *site)
{
	uint64_t count;

	return schema_read_count(c, &site->place, site->value, &count);
}

enum rc
schema_build_contains(struct schema_compile *c, const struct schema_site *site)
{
	const struct json *min = site->found[SCHEMA_W_MIN_CONTAINS];
	const struct json *max = site->found[SCHEMA_W_MAX_CONTAINS];
	struct schema_contains contains = { NULL, 1, UINT64_MAX };
	const struct schema_place at_min = { site->place.up,
		schema_keywords[SCHEMA_W_MIN_CONTAINS].name, 0 };
	const struct schema_place at_max = { site->place.up,
		schema_keywords[SCHEMA_W_MAX_CONTAINS].name, 0 };
	struct schema_rule *rule;
	enum rc rc;

	rc = sibling(c, site, SCHEMA_W_CONTAINS, &contains.node);
	if (rc == RC_OK && min != NULL)
		rc = schema_read_count(c, &at_min, min, &contains.min);
	if (rc == RC_OK && max != NULL)
		rc = schema_read_count(c, &at_max, max, &contains.max);
	if (rc == RC_OK)
		rc = schema_rule_add(
		    c, site, schema_check_contains, SCHEMA_ARRAY, &rule);
	if (rc == RC_OK)
		rule->contains = contains;
	return rc;
}

/* --------------------------------------------------------- dependencies */

/* One of dependentRequired, dependentSchemas; dependencies is both. */
static enum rc
read_dependent(struct schema_compile *c, const struct schema_site *site,
    const struct json *m, struct schema_dependent *out)
{
	const struct schema_place p = { &site->place, m->name, 0 };
	bool names = site->word == SCHEMA_W_DEPENDENT_REQUIRED ||
	    (site->word == SCHEMA_W_DEPENDENCIES && m->type == JSON_ARRAY);

	out->name = m->name;
	if (names)
		return schema_read_names(c, &p, m, &out->names);
	return schema_compile_node(c, m, site->node->home, &p, &out->node);
}

enum rc
schema_build_dependents(
    struct schema_compile *c, const struct schema_site *site)
{
	const struct json *m = site->value->child;
	struct schema_dependents d = { NULL, 0 };
	struct schema_rule *rule;
	void *room;
	enum rc rc;

	rc = member_room(c, &site->place, site->value, sizeof(*d.at), &room);
	if (rc != RC_OK || room == NULL)
		return rc;
	d.at = room;
	for (; m != NULL && rc == RC_OK; m = m->next)
		rc = read_dependent(c, site, m, &d.at[d.n++]);
	if (rc == RC_OK)
		rc = schema_rule_add(
		    c, site, schema_check_dependents, SCHEMA_OBJECT, &rule);
	if (rc == RC_OK)
		rule->dependents = d;
	return rc;
}
