#ifndef MCP_QUESTION_RULE_H
#define MCP_QUESTION_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "slice.h"

/*
 * What objects of questions and answers are made of, as tables: the members
 * they may have, and what each must be.
 */
struct question_rule {
	struct slice name;
	bool (*fits)(const struct json *value);
	const char *what; /* it must be, for people */
	bool is_needed;
};

/*
 * Is the value an object of these members?  `is_open`: others are left alone.
 * If not, a sentence about the first fault is appended to `why`; `where`
 * names the object in it.
 */
struct question_rules {
	const char *where;
	const struct question_rule *rule;
	size_t n;
	bool is_open;
};
bool question_rules_hold(const struct question_rules *rules,
    const struct json *value, struct buf *why);

/* Values that the tables name. */
bool question_is_text(const struct json *value);
bool question_is_name(const struct json *value); /* not empty */
bool question_is_id(const struct json *value);   /* nor long */
bool question_is_object(const struct json *value);
bool question_is_array(const struct json *value);
bool question_is_texts(const struct json *value); /* an array of strings */
bool question_is_number(const struct json *value);
bool question_is_count(const struct json *value); /* an integer >= 0 */
bool question_is_bool(const struct json *value);
bool question_is_any(const struct json *value);

/* elicitationId and the like are no longer. */
#define QUESTION_ID_MAX 256

#endif
