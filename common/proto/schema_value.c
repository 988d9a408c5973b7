#include "schema_private.h"

/* Keywords that look at the value alone: its type, its size, its equal. */

/* So many allowed values are listed. */
#define LISTED_MAX 12

bool
schema_check_type(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *value = spot->value;
	const struct json *v = rule->value;
	bool is_number = value->type == JSON_NUMBER;

	if ((rule->type.mask & SCHEMA_TYPE(value->type)) != 0 &&
	    (!is_number || !rule->type.integer || json_is_integer(value)))
		return true;
	if (!schema_tell(run, spot, SCHEMA_RANK_HIGH))
		return false;
	buf_printf(run->why, "must be ");
	if (v->type == JSON_ARRAY)
		v = v->child;
	for (; v != NULL; v = rule->value == v ? NULL : v->next) {
		buf_printf(run->why, "%s%.*s%s",
		    strchr("aio", v->text.ptr[0]) != NULL ? "an " : "a ",
		    SLICE_FMT(v->text),
		    rule->value == v || v->next == NULL ? "" : " or ");
	}
	buf_printf(run->why, ", is %s", schema_type_name(value));
	if (is_number && (rule->type.mask & SCHEMA_NUMBER) != 0)
		buf_printf(run->why, " with a fraction");
	return false;
}

bool
schema_check_const(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	if (schema_equal(run, rule->value, spot->value))
		return true;
	if (run->rc == RC_OK && schema_tell(run, spot, SCHEMA_RANK_LOW)) {
		buf_printf(run->why, "must be ");
		schema_put_value(run->why, rule->value);
		buf_printf(run->why, ", is ");
		schema_put_value(run->why, spot->value);
	}
	return false;
}

bool
schema_check_enum(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct json *v;
	size_t n = 0;

	for (v = rule->value->child; v != NULL; v = v->next) {
		if (schema_equal(run, v, spot->value))
			return true;
	}
	if (run->rc != RC_OK || !schema_tell(run, spot, SCHEMA_RANK_LOW))
		return false;
	buf_printf(run->why, "must be one of ");
	for (v = rule->value->child; v != NULL && n < LISTED_MAX; v = v->next) {
		if (n++ > 0)
			buf_printf(run->why, ", ");
		schema_put_value(run->why, v);
	}
	if (v != NULL)
		buf_printf(
		    run->why, " and %zu more", (size_t)rule->value->count - n);
	buf_printf(run->why, "; is ");
	schema_put_value(run->why, spot->value);
	return false;
}

bool
schema_check_limit(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	static const char *const words[] = { [SCHEMA_MIN] = "at least ",
		[SCHEMA_MAX] = "at most ",
		[SCHEMA_ABOVE] = "greater than ",
		[SCHEMA_BELOW] = "less than " };
	const enum schema_compare compare = rule->limit.compare;
	struct schema_number n;
	bool ok = false;
	int order;

	if (!schema_spend(run, spot->value->raw.len / 64))
		return false;
	schema_number_read(spot->value->raw, &n);
	order = schema_number_cmp(&n, &rule->limit.number);
	switch (compare) {
	case SCHEMA_MIN:
		ok = order >= 0;
		break;
	case SCHEMA_MAX:
		ok = order <= 0;
		break;
	case SCHEMA_ABOVE:
		ok = order > 0;
		break;
	case SCHEMA_BELOW:
		ok = order < 0;
		break;
	}
	if (!ok && schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why, "must be %s", words[compare]);
		schema_put_value(run->why, rule->value);
		buf_printf(run->why, ", is ");
		schema_put_value(run->why, spot->value);
	}
	return ok;
}

bool
schema_check_multiple(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	struct schema_number n;

	if (!schema_spend(run, spot->value->raw.len / 8))
		return false;
	schema_number_read(spot->value->raw, &n);
	if (schema_number_divides(&rule->divisor, &n))
		return true;
	if (schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why, "must be a multiple of ");
		schema_put_value(run->why, rule->value);
		buf_printf(run->why, ", is ");
		schema_put_value(run->why, spot->value);
	}
	return false;
}

static bool
count_ok(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot, uint64_t has, const char *what)
{
	const struct schema_count *c = &rule->count;

	if (c->is_max ? has <= c->limit : has >= c->limit)
		return true;
	if (schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(
		    run->why, "must have at %s ", c->is_max ? "most" : "least");
		buf_put_u64(run->why, c->limit);
		buf_printf(run->why, " %s, has ", what);
		buf_put_u64(run->why, has);
	}
	return false;
}

/* In code points: bytes that begin a sequence. */
static uint64_t
length_of(struct slice s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return n;
}

bool
schema_check_length(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	const struct slice text = spot->value->text;

	/* A code point is at least one byte, and at most four. */
	if (rule->count.is_max ? text.len <= rule->count.limit
			       : text.len / 4 >= rule->count.limit)
		return true;
	return schema_spend(run, text.len / 64) &&
	    count_ok(run, rule, spot, length_of(text), "characters");
}

bool
schema_check_size(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	return count_ok(run, rule, spot, spot->value->count,
	    spot->value->type == JSON_ARRAY ? "items" : "properties");
}

bool
schema_check_pattern(struct schema_run *run, const struct schema_rule *rule,
    const struct schema_spot *spot)
{
	if (schema_pattern_matches(run, rule->pattern, spot->value->text))
		return true;
	if (run->rc == RC_OK && schema_tell(run, spot, SCHEMA_RANK_HIGH)) {
		buf_printf(run->why, "must match the pattern ");
		json_put_string(run->why, schema_pattern_source(rule->pattern));
		buf_printf(run->why, ", is ");
		schema_put_value(run->why, spot->value);
	}
	return false;
}
