#ifndef MCP_SCHEMA_PRIVATE_H
#define MCP_SCHEMA_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "schema.h"
#include "schema_number.h"

/* What the schema_*.c files share; nobody else includes this. */

/* Nested subschemas in one check; protects the stack from a schema that
 * refers to itself.  A value 64 deep needs about six for each level. */
#define SCHEMA_DEPTH_MAX 1024

enum schema_dialect { SCHEMA_2020_12, SCHEMA_DRAFT_07 };

struct schema_anchor {
	struct schema_anchor *next;
	struct slice name;
	const struct schema_node *node;
	bool is_dynamic;
};

/* A schema with an identifier of its own, and what can be named in it. */
struct schema_resource {
	struct schema_resource *next;
	struct slice uri;   /* absolute if any base was; no fragment */
	struct slice place; /* JSON pointer in the document */
	const struct json *at;
	struct schema_anchor *anchors;
	enum schema_dialect dialect;
};

struct schema_rule;

struct schema_node {
	const struct json *at;
	struct schema_resource *home;
	struct schema_rule *rules; /* in the order they are checked */
	struct schema_rule **tail;
	bool refuses; /* the schema `false` */
	bool tracks;  /* needs to know what was evaluated */
};

struct schema_pattern; /* schema_pattern.c */
struct schema_engine;
struct schema_matcher;

struct schema_child {
	const struct schema_node *node;
};

struct schema_nodes {
	struct schema_child *at;
	size_t n;
};

struct schema_names {
	struct slice *at;
	size_t n;
};

struct schema_property {
	struct slice name;
	const struct schema_node *node;
};

struct schema_patterned {
	const struct schema_pattern *pattern;
	const struct schema_node *node;
};

struct schema_object {
	struct schema_property *named; /* sorted if many */
	size_t n_named;
	struct schema_patterned *patterned;
	size_t n_patterned;
	const struct schema_node *rest; /* or NULL */
};

struct schema_array {
	struct schema_nodes first;
	const struct schema_node *rest; /* or NULL */
};

struct schema_contains {
	const struct schema_node *node;
	uint64_t min;
	uint64_t max;
};

struct schema_branch {
	const struct schema_node *test;
	const struct schema_node *yes; /* or NULL */
	const struct schema_node *no;  /* or NULL */
};

struct schema_dependent {
	struct slice name;
	struct schema_names names;
	const struct schema_node *node; /* or NULL */
};

struct schema_dependents {
	struct schema_dependent *at;
	size_t n;
};

struct schema_target {
	const struct schema_node *node;
	struct slice dynamic; /* name, if the scope decides */
};

struct schema_types {
	unsigned mask;
	bool integer; /* of the numbers, only those */
};

enum schema_compare { SCHEMA_MIN, SCHEMA_MAX, SCHEMA_ABOVE, SCHEMA_BELOW };

struct schema_limit {
	struct schema_number number;
	enum schema_compare compare;
};

struct schema_count {
	uint64_t limit;
	bool is_max;
};

struct schema_run;
struct schema_spot;

/* Is the value valid?  False with run->rc set when that is not known. */
typedef bool schema_check_fn(struct schema_run *run,
    const struct schema_rule *rule, const struct schema_spot *spot);

/* One keyword, or a few that only make sense together. */
struct schema_rule {
	struct schema_rule *next;
	schema_check_fn *check;
	unsigned types;           /* bits of json_type it has a say about */
	const struct json *value; /* of the keyword */
	union {
		struct schema_types type;
		struct schema_limit limit;
		struct schema_divisor divisor;
		struct schema_count count;
		const struct schema_pattern *pattern;
		struct schema_names names;
		struct schema_nodes nodes;
		const struct schema_node *node;
		struct schema_object object;
		struct schema_array array;
		struct schema_contains contains;
		struct schema_branch branch;
		struct schema_dependents dependents;
		struct schema_target target;
	};
};

#define SCHEMA_TYPE(type) (1U << (unsigned)(type))
#define SCHEMA_ANY (SCHEMA_TYPE(JSON_OBJECT + 1) - 1)
#define SCHEMA_NUMBER SCHEMA_TYPE(JSON_NUMBER)
#define SCHEMA_STRING SCHEMA_TYPE(JSON_STRING)
#define SCHEMA_ARRAY SCHEMA_TYPE(JSON_ARRAY)
#define SCHEMA_OBJECT SCHEMA_TYPE(JSON_OBJECT)

struct schema_unknown {
	struct schema_unknown *next;
	struct slice name;
	struct slice place;
};

struct schema {
	struct arena mem; /* everything below, except what PCRE2 holds */
	const struct schema_node *root;
	struct schema_resource *resources;
	struct schema_pattern *patterns;
	struct schema_engine *engine; /* NULL without a pattern */
	struct schema_unknown *unknown;
	struct schema_unknown **unknown_tail;
};

/* ------------------------------------------------------------ compiling */

/* A JSON pointer in the making.  The outermost holds the text it starts
 * with; the others a token, or an index if the token is absent. */
struct schema_place {
	const struct schema_place *up;
	struct slice token;
	uint32_t index;
};

struct schema_pending; /* a reference that is still to be resolved */

struct schema_slot {
	const struct json *at;
	struct schema_node *node;
	bool is_open;   /* search for endless references: being walked */
	bool is_closed; /* walked */
};

struct schema_compile {
	struct schema *s;
	struct arena scratch;
	struct buf *why; /* or NULL */
	struct schema_slot *slots;
	size_t n_slots; /* a power of two */
	size_t n_nodes;
	struct schema_pending *pending;
	struct schema_pending **pending_tail;
};

/* Append "place: sentence" to why; always RC_SYNTAX. */
enum rc schema_refuse(struct schema_compile *c, const struct schema_place *p,
    const char *fmt, ...) PRINTF_LIKE(3, 4);
void schema_put_place(struct buf *b, const struct schema_place *p);
void schema_put_token(struct buf *b, struct slice token);
/* Append a name a client chose, quoted, cut short if it is long. */
void schema_put_name(struct buf *b, struct slice name);
MUST_CHECK enum rc schema_place_text(
    struct arena *a, const struct schema_place *p, struct slice *out);

/* The node of a subschema, made unless it is there; `home` is NULL for the
 * document itself. */
MUST_CHECK enum rc schema_compile_node(struct schema_compile *c,
    const struct json *at, struct schema_resource *home,
    const struct schema_place *place, const struct schema_node **out);
struct schema_node *schema_node_find(
    const struct schema_compile *c, const struct json *at);
struct schema_slot *schema_slot_find(
    const struct schema_compile *c, const struct json *at);

/* In the order they are checked: what is cheap and tells most comes first;
 * what asks for annotations comes last. */
enum schema_word {
	SCHEMA_W_TYPE,
	SCHEMA_W_CONST,
	SCHEMA_W_ENUM,
	SCHEMA_W_MINIMUM,
	SCHEMA_W_MAXIMUM,
	SCHEMA_W_EXCLUSIVE_MINIMUM,
	SCHEMA_W_EXCLUSIVE_MAXIMUM,
	SCHEMA_W_MULTIPLE_OF,
	SCHEMA_W_MIN_LENGTH,
	SCHEMA_W_MAX_LENGTH,
	SCHEMA_W_PATTERN,
	SCHEMA_W_MIN_ITEMS,
	SCHEMA_W_MAX_ITEMS,
	SCHEMA_W_UNIQUE_ITEMS,
	SCHEMA_W_REQUIRED,
	SCHEMA_W_MIN_PROPERTIES,
	SCHEMA_W_MAX_PROPERTIES,
	SCHEMA_W_DEPENDENT_REQUIRED,
	SCHEMA_W_PROPERTY_NAMES,
	SCHEMA_W_PROPERTIES,
	SCHEMA_W_PATTERN_PROPERTIES,
	SCHEMA_W_ADDITIONAL_PROPERTIES,
	SCHEMA_W_PREFIX_ITEMS,
	SCHEMA_W_ITEMS,
	SCHEMA_W_ADDITIONAL_ITEMS,
	SCHEMA_W_CONTAINS,
	SCHEMA_W_MIN_CONTAINS,
	SCHEMA_W_MAX_CONTAINS,
	SCHEMA_W_REF,
	SCHEMA_W_DYNAMIC_REF,
	SCHEMA_W_ALL_OF,
	SCHEMA_W_ANY_OF,
	SCHEMA_W_ONE_OF,
	SCHEMA_W_NOT,
	SCHEMA_W_IF,
	SCHEMA_W_THEN,
	SCHEMA_W_ELSE,
	SCHEMA_W_DEPENDENT_SCHEMAS,
	SCHEMA_W_DEPENDENCIES,
	SCHEMA_W_UNEVALUATED_ITEMS,
	SCHEMA_W_UNEVALUATED_PROPERTIES,
	SCHEMA_W_DEFS,
	SCHEMA_W_DEFINITIONS,
	SCHEMA_W_CONTENT_SCHEMA,
	SCHEMA_WORDS
};

/* Where a keyword is built: its node, its place, its siblings. */
struct schema_site {
	struct schema_node *node;
	const struct json *const *found; /* by word, NULL if absent */
	const struct json *value;
	struct schema_place place;
	enum schema_word word;
};

typedef enum rc schema_build_fn(
    struct schema_compile *c, const struct schema_site *site);

struct schema_keyword {
	struct slice name;
	unsigned dialects;
	schema_build_fn *build;
};

#define SCHEMA_NEW (1U << (unsigned)SCHEMA_2020_12)
#define SCHEMA_OLD (1U << (unsigned)SCHEMA_DRAFT_07)

/* By word (schema_keyword.c). */
extern const struct schema_keyword schema_keywords[SCHEMA_WORDS];

/* A keyword that says something about the schema or to people only. */
bool schema_word_is_quiet(struct slice name, enum schema_dialect dialect);

/* A new rule at the end of the node's; RC_NOMEM. */
MUST_CHECK enum rc schema_rule_add(struct schema_compile *c,
    const struct schema_site *site, schema_check_fn *check, unsigned types,
    struct schema_rule **out);

/* Builders (schema_build.c, schema_apply.c). */
schema_build_fn schema_build_type, schema_build_const, schema_build_enum,
    schema_build_limit, schema_build_multiple, schema_build_count,
    schema_build_pattern, schema_build_unique, schema_build_required,
    schema_build_dependents;
schema_build_fn schema_build_object, schema_build_array, schema_build_contains,
    schema_build_names, schema_build_one, schema_build_list, schema_build_if,
    schema_build_unevaluated, schema_build_definitions, schema_build_place,
    schema_build_ref, schema_build_min_contains;

/* A list of different strings. */
MUST_CHECK enum rc schema_read_names(struct schema_compile *c,
    const struct schema_place *place, const struct json *value,
    struct schema_names *out);
MUST_CHECK enum rc schema_read_count(struct schema_compile *c,
    const struct schema_place *place, const struct json *value, uint64_t *out);
MUST_CHECK enum rc schema_read_pattern(struct schema_compile *c,
    const struct schema_place *place, struct slice text,
    const struct schema_pattern **out);

/* References (schema_ref.c). */
MUST_CHECK enum rc schema_resource_add(struct schema_compile *c,
    const struct json *at, const struct schema_resource *up,
    const struct schema_place *place, struct schema_resource **out);
MUST_CHECK enum rc schema_anchor_add(struct schema_compile *c,
    const struct schema_node *node, struct slice name,
    const struct schema_place *place);
/* The same, and references may be decided by the dynamic scope. */
MUST_CHECK enum rc schema_anchor_add_dynamic(struct schema_compile *c,
    const struct schema_node *node, struct slice name,
    const struct schema_place *place);
const struct schema_anchor *schema_anchor_find(
    const struct schema_resource *home, struct slice name);
MUST_CHECK enum rc schema_resolve_all(struct schema_compile *c);
/* Where the reference of this rule stands in the document. */
struct slice schema_ref_place(
    const struct schema_compile *c, const struct schema_rule *rule);

/* Refuse references that lead back to themselves (schema_cycle.c). */
MUST_CHECK enum rc schema_refuse_cycles(struct schema_compile *c);

/* RFC 3986 5.2, without fragments; appended to out (schema_uri.c). */
void schema_uri_resolve(struct buf *out, struct slice base, struct slice ref);

/* ------------------------------------------------------------ patterns */

/* RC_SYNTAX with the reason appended to `why`, or RC_NOMEM. */
MUST_CHECK enum rc schema_pattern_make(struct schema *s, struct slice source,
    const struct schema_pattern **out, struct buf *why);
void schema_patterns_free(struct schema *s);
bool schema_pattern_matches(struct schema_run *run,
    const struct schema_pattern *p, struct slice subject);
struct slice schema_pattern_source(const struct schema_pattern *p);
void schema_matcher_free(struct schema_matcher *m);

/* ------------------------------------------------------------ checking */

/* Resources that were entered, the innermost first. */
struct schema_scope {
	const struct schema_scope *up;
	const struct schema_resource *home;
};

/* Where in the value we are, and which of its members or elements were
 * evaluated (NULL if nobody asks). */
struct schema_spot {
	const struct schema_spot *up;
	const struct json *value;
	uint64_t *seen;
	uint32_t index; /* in the container */
	uint32_t depth;
	bool is_name; /* the value is the name of a member of `up` */
};

/* The sentence that was written last. */
struct schema_fault {
	size_t start; /* where it begins in `why`, with its path */
	size_t text;  /* without it */
	uint32_t rank;
	uint32_t depth;
};

struct schema_run {
	const struct schema *schema;
	struct arena *arena;
	struct buf *why; /* NULL: only the verdict */
	const struct schema_scope *scope;
	struct schema_matcher *matcher;
	struct schema_fault fault;
	uint32_t steps; /* left */
	uint32_t depth;
	enum rc rc;
};

/* Take that many steps; false (and run->rc) when they are used up. */
static inline bool
schema_spend(struct schema_run *run, uint64_t steps)
{
	if (steps > run->steps) {
		run->steps = 0;
		run->rc = RC_FULL;
		return false;
	}
	run->steps -= (uint32_t)steps;
	return true;
}

/* The value of the spot against a node. */
bool schema_ok(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot);
/* The same, but what it evaluates counts only if it is valid. */
bool schema_ok_apart(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot);
/* The same, without a sentence and without marks. */
bool schema_ok_quiet(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot);
/* A member or element of the spot's value against a node. */
bool schema_ok_child(struct schema_run *run, const struct schema_node *node,
    const struct schema_spot *spot, const struct json *child, uint32_t index);
void schema_mark(const struct schema_spot *spot, uint32_t index);

/* By value, and paid for step by step (schema_equal.c). */
bool schema_equal(
    struct schema_run *run, const struct json *a, const struct json *b);
/* Two equal elements of an array, if there are any. */
bool schema_twins(struct schema_run *run, const struct json *array,
    const struct json **first, const struct json **second);

schema_check_fn schema_check_type, schema_check_const, schema_check_enum,
    schema_check_limit, schema_check_multiple, schema_check_length,
    schema_check_size, schema_check_pattern, schema_check_unique,
    schema_check_required, schema_check_dependents;
schema_check_fn schema_check_object, schema_check_array, schema_check_contains,
    schema_check_names, schema_check_ref, schema_check_all, schema_check_any,
    schema_check_one, schema_check_not, schema_check_if,
    schema_check_unevaluated_items, schema_check_unevaluated_properties;

/* ----------------------------------------------------- sentences (tell) */

/* What a failure at the same place is worth to somebody who has to repair
 * the value: a constant often only picks the alternative. */
enum schema_rank { SCHEMA_RANK_LOW, SCHEMA_RANK_HIGH };

/* Begin a sentence with the place; false if none is wanted. */
bool schema_tell(struct schema_run *run, const struct schema_spot *spot,
    enum schema_rank rank);
/* A value, if it is short; what it is otherwise. */
void schema_put_value(struct buf *b, const struct json *value);
const char *schema_type_name(const struct json *value);

/* The sentence about several alternatives that all fail. */
struct schema_choice {
	struct schema_fault own;
	uint32_t rank;   /* of the chosen deeper fault */
	uint32_t listed; /* otherwise: faults of this very place */
	bool is_deep;
	struct schema_fault deep;
};

void schema_choice_begin(struct schema_run *run, const struct schema_spot *spot,
    size_t n, struct schema_choice *choice);
void schema_choice_add(struct schema_run *run, struct schema_choice *choice);
void schema_choice_end(
    struct schema_run *run, const struct schema_choice *choice, bool is_valid);

#endif
