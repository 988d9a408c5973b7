#include "schema_private.h"

/* Keywords that look at the value itself. */

static const struct {
	struct slice name;
	unsigned mask;
} types[] = {
	{ SLICE_INIT("null"), SCHEMA_TYPE(JSON_NULL) },
	{ SLICE_INIT("boolean"),
	    SCHEMA_TYPE(JSON_FALSE) | SCHEMA_TYPE(JSON_TRUE) },
	{ SLICE_INIT("number"), SCHEMA_NUMBER },
	{ SLICE_INIT("string"), SCHEMA_STRING },
	{ SLICE_INIT("array"), SCHEMA_ARRAY },
	{ SLICE_INIT("object"), SCHEMA_OBJECT },
};

static bool
type_add(const struct json *name, struct schema_types *out)
{
	if (json_text_is(name, SLICE("integer"))) {
		out->integer = (out->mask & SCHEMA_NUMBER) == 0;
		out->mask |= SCHEMA_NUMBER;
		return true;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!json_text_is(name, types[i].name))
			continue;
		out->mask |= types[i].mask;
		if (types[i].mask == SCHEMA_NUMBER)
			out->integer = false;
		return true;
	}
	return false;
}

enum rc
schema_build_type(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_types type = { 0, false };
	const struct json *v = site->value;
	bool is_list = v->type == JSON_ARRAY && v->count > 0;
	struct schema_rule *rule;
	bool known = is_list;
	enum rc rc;

	for (v = v->child; is_list && v != NULL; v = v->next)
		known = type_add(v, &type) && known;
	if (!is_list)
		known = type_add(site->value, &type);
	if (!known) {
		return schema_refuse(c, &site->place,
		    "must be null, boolean, integer, number, string, array "
		    "or object, or a list of these");
	}
	/* Only what may be wrong needs to be looked at. */
	rc = schema_rule_add(c, site, schema_check_type,
	    type.integer ? SCHEMA_ANY & ~(type.mask & ~SCHEMA_NUMBER)
			 : SCHEMA_ANY & ~type.mask,
	    &rule);
	if (rc == RC_OK)
		rule->type = type;
	return rc;
}

enum rc
schema_build_const(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_rule *rule;

	return schema_rule_add(c, site, schema_check_const, SCHEMA_ANY, &rule);
}

enum rc
schema_build_enum(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_rule *rule;

	if (site->value->type != JSON_ARRAY)
		return schema_refuse(c, &site->place, "must be an array");
	return schema_rule_add(c, site, schema_check_enum, SCHEMA_ANY, &rule);
}

enum rc
schema_build_limit(struct schema_compile *c, const struct schema_site *site)
{
	static const enum schema_compare compare[] = { SCHEMA_MIN, SCHEMA_MAX,
		SCHEMA_ABOVE, SCHEMA_BELOW };
	struct schema_rule *rule;
	enum rc rc;

	if (site->value->type != JSON_NUMBER)
		return schema_refuse(c, &site->place, "must be a number");
	rc = schema_rule_add(c, site, schema_check_limit, SCHEMA_NUMBER, &rule);
	if (rc != RC_OK)
		return rc;
	schema_number_read(site->value->raw, &rule->limit.number);
	rule->limit.compare =
	    compare[(unsigned)site->word - (unsigned)SCHEMA_W_MINIMUM];
	return RC_OK;
}

enum rc
schema_build_multiple(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_number n = { .n = 0 };
	struct schema_rule *rule;
	enum rc rc;

	if (site->value->type == JSON_NUMBER)
		schema_number_read(site->value->raw, &n);
	if (n.n == 0 || n.negative)
		return schema_refuse(
		    c, &site->place, "must be a number above 0");
	rc = schema_rule_add(
	    c, site, schema_check_multiple, SCHEMA_NUMBER, &rule);
	if (rc != RC_OK)
		return rc;
	if (schema_divisor_make(&n, &rule->divisor) != RC_OK)
		return schema_refuse(
		    c, &site->place, "must have at most 18 significant digits");
	return RC_OK;
}

enum rc
schema_read_count(struct schema_compile *c, const struct schema_place *place,
    const struct json *value, uint64_t *out)
{
	struct schema_number n = { .negative = true };
	int64_t small;

	if (json_is_integer(value))
		schema_number_read(value->raw, &n);
	if (n.negative)
		return schema_refuse(
		    c, place, "must be an integer of at least 0");
	/* What no value of ours can reach needs no exact limit. */
	if (json_int64(value, &small) != RC_OK)
		small = INT64_MAX;
	*out = (uint64_t)small;
	return RC_OK;
}

enum rc
schema_build_count(struct schema_compile *c, const struct schema_site *site)
{
	static const struct {
		enum schema_word word;
		bool is_max;
		unsigned type;
	} counts[] = {
		{ SCHEMA_W_MIN_LENGTH, false, SCHEMA_STRING },
		{ SCHEMA_W_MAX_LENGTH, true, SCHEMA_STRING },
		{ SCHEMA_W_MIN_ITEMS, false, SCHEMA_ARRAY },
		{ SCHEMA_W_MAX_ITEMS, true, SCHEMA_ARRAY },
		{ SCHEMA_W_MIN_PROPERTIES, false, SCHEMA_OBJECT },
		{ SCHEMA_W_MAX_PROPERTIES, true, SCHEMA_OBJECT },
	};
	schema_check_fn *check;
	struct schema_rule *rule;
	uint64_t limit;
	size_t i = 0;
	enum rc rc;

	while (i < sizeof(counts) / sizeof(counts[0]) - 1 &&
	    counts[i].word != site->word)
		i++;
	check = counts[i].type == SCHEMA_STRING ? schema_check_length
						: schema_check_size;
	rc = schema_read_count(c, &site->place, site->value, &limit);
	if (rc == RC_OK)
		rc = schema_rule_add(c, site, check, counts[i].type, &rule);
	if (rc == RC_OK)
		rule->count = (struct schema_count){ limit, counts[i].is_max };
	return rc;
}

enum rc
schema_read_pattern(struct schema_compile *c, const struct schema_place *place,
    struct slice text, const struct schema_pattern **out)
{
	struct buf reason = BUF_INIT(512);
	enum rc rc;

	rc = schema_pattern_make(c->s, text, out, &reason);
	if (rc == RC_SYNTAX) {
		rc = schema_refuse(c, place,
		    "is not a regular expression we can use: %.*s",
		    SLICE_FMT(buf_slice(&reason)));
	}
	buf_release(&reason);
	return rc;
}

enum rc
schema_build_pattern(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_rule *rule;
	enum rc rc;

	if (site->value->type != JSON_STRING)
		return schema_refuse(c, &site->place, "must be a string");
	rc = schema_rule_add(
	    c, site, schema_check_pattern, SCHEMA_STRING, &rule);
	return rc != RC_OK ? rc
			   : schema_read_pattern(c, &site->place,
				 site->value->text, &rule->pattern);
}

enum rc
schema_build_unique(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_rule *rule;

	if (site->value->type == JSON_FALSE)
		return RC_OK;
	if (site->value->type != JSON_TRUE)
		return schema_refuse(c, &site->place, "must be true or false");
	return schema_rule_add(
	    c, site, schema_check_unique, SCHEMA_ARRAY, &rule);
}

enum rc
schema_read_names(struct schema_compile *c, const struct schema_place *place,
    const struct json *value, struct schema_names *out)
{
	const struct json *v = value->child;
	bool strings = value->type == JSON_ARRAY;

	*out = (struct schema_names){ NULL, 0 };
	out->at = arena_alloc(
	    &c->s->mem, (strings ? value->count : 0) * sizeof(*out->at));
	if (out->at == NULL)
		return RC_NOMEM;
	for (; strings && v != NULL; v = v->next) {
		strings = v->type == JSON_STRING;
		out->at[out->n++] = v->text;
	}
	if (!strings)
		return schema_refuse(c, place, "must be a list of strings");
	return RC_OK;
}

enum rc
schema_build_required(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_rule *rule;
	enum rc rc;

	rc = schema_rule_add(
	    c, site, schema_check_required, SCHEMA_OBJECT, &rule);
	return rc != RC_OK
	    ? rc
	    : schema_read_names(c, &site->place, site->value, &rule->names);
}
