#include "question_rule.h"

/* So much of a name that is wrong is shown. */
#define SHOWN_MAX 64

bool
question_is_text(const struct json *value)
{
	return json_is(value, JSON_STRING);
}

bool
question_is_name(const struct json *value)
{
	return json_text(value).len > 0;
}

bool
question_is_id(const struct json *value)
{
	return question_is_name(value) && value->text.len <= QUESTION_ID_MAX;
}

bool
question_is_object(const struct json *value)
{
	return json_is(value, JSON_OBJECT);
}

bool
question_is_array(const struct json *value)
{
	return json_is(value, JSON_ARRAY);
}

bool
question_is_texts(const struct json *value)
{
	if (!json_is(value, JSON_ARRAY))
		return false;
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		if (m->type != JSON_STRING)
			return false;
	}
	return true;
}

bool
question_is_number(const struct json *value)
{
	return json_is(value, JSON_NUMBER);
}

bool
question_is_count(const struct json *value)
{
	int64_t n;

	return json_int64(value, &n) == RC_OK && n >= 0;
}

bool
question_is_bool(const struct json *value)
{
	return json_is(value, JSON_TRUE) || json_is(value, JSON_FALSE);
}

bool
question_is_any(const struct json *value)
{
	return value != NULL;
}

static bool
complain(const struct question_rules *rules, struct slice name,
    const char *what, struct buf *why)
{
	if (name.len > SHOWN_MAX)
		name.len = SHOWN_MAX;
	buf_printf(why, "%s: %.*s %s", rules->where, SLICE_FMT(name), what);
	return false;
}

static const struct question_rule *
find(const struct question_rules *rules, struct slice name)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (slice_eq(rules->rule[i].name, name))
			return &rules->rule[i];
	}
	return NULL;
}

bool
question_rules_hold(const struct question_rules *rules,
    const struct json *value, struct buf *why)
{
	if (!json_is(value, JSON_OBJECT)) {
		buf_printf(why, "%s must be an object", rules->where);
		return false;
	}
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		const struct question_rule *rule = find(rules, m->name);

		if (rule == NULL && !rules->is_open)
			return complain(
			    rules, m->name, "is not known here", why);
		if (rule != NULL && !rule->fits(m)) {
			buf_printf(why, "%s: %.*s must be %s", rules->where,
			    SLICE_FMT(rule->name), rule->what);
			return false;
		}
	}
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->rule[i].is_needed &&
		    json_member(value, rules->rule[i].name) == NULL)
			return complain(
			    rules, rules->rule[i].name, "is missing", why);
	}
	return true;
}
