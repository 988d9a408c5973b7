#include <stdarg.h>
#include <stdio.h>

#include "schema_private.h"

/* Slots of the table of nodes at first. */
#define SLOTS_MIN 64

void
schema_put_token(struct buf *b, struct slice token)
{
	buf_put_char(b, '/');
	for (size_t i = 0; i < token.len; i++) {
		if (token.ptr[i] == '~')
			buf_put(b, "~0", 2);
		else if (token.ptr[i] == '/')
			buf_put(b, "~1", 2);
		else
			buf_put_char(b, token.ptr[i]);
	}
}

static void
put_places(struct buf *b, const struct schema_place *p)
{
	if (p->up == NULL) {
		buf_put_slice(b, p->token);
		return;
	}
	put_places(b, p->up);
	if (p->token.ptr != NULL) {
		schema_put_token(b, p->token);
		return;
	}
	buf_put_char(b, '/');
	buf_put_u64(b, p->index);
}

void
schema_put_place(struct buf *b, const struct schema_place *p)
{
	size_t before = b->len;

	put_places(b, p);
	if (b->len == before)
		buf_put_char(b, '/');
}

enum rc
schema_place_text(
    struct arena *a, const struct schema_place *p, struct slice *out)
{
	struct buf text = BUF_INIT((size_t)1024 * 1024);
	enum rc rc;

	put_places(&text, p);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&text), out);
	buf_release(&text);
	return rc;
}

enum rc
schema_refuse(struct schema_compile *c, const struct schema_place *p,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	if (c->why == NULL)
		return RC_SYNTAX;
	schema_put_place(c->why, p);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_put(c->why, ": ", 2);
	if (n > 0)
		buf_put_slice(c->why, slice_of(text));
	return RC_SYNTAX;
}

/* --------------------------------------------------- the table of nodes */

static size_t
slot_of(const struct schema_compile *c, const struct json *at)
{
	uint64_t h = (uint64_t)(uintptr_t)at * UINT64_C(0x9E3779B97F4A7C15);
	size_t i = (size_t)(h >> 32) & (c->n_slots - 1);

	while (c->slots[i].at != NULL && c->slots[i].at != at)
		i = (i + 1) & (c->n_slots - 1);
	return i;
}

struct schema_node *
schema_node_find(const struct schema_compile *c, const struct json *at)
{
	return c->n_slots == 0 ? NULL : c->slots[slot_of(c, at)].node;
}

struct schema_slot *
schema_slot_find(const struct schema_compile *c, const struct json *at)
{
	return &c->slots[slot_of(c, at)];
}

static enum rc
slots_grow(struct schema_compile *c)
{
	struct schema_slot *old = c->slots;
	size_t n_old = c->n_slots;
	size_t n = n_old == 0 ? SLOTS_MIN : n_old * 2;
	struct schema_slot *slots;

	slots = arena_alloc(&c->scratch, n * sizeof(*slots));
	if (slots == NULL)
		return RC_NOMEM;
	c->slots = slots;
	c->n_slots = n;
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].at != NULL)
			c->slots[slot_of(c, old[i].at)] = old[i];
	}
	return RC_OK;
}

static enum rc
node_new(struct schema_compile *c, const struct json *at,
    const struct schema_place *place, struct schema_node **out)
{
	struct schema_node *node;
	enum rc rc = RC_OK;

	if (c->n_nodes >= SCHEMA_NODES_MAX) {
		(void)schema_refuse(c, place,
		    "the schema has more than %d subschemas", SCHEMA_NODES_MAX);
		return RC_SYNTAX;
	}
	if (c->n_nodes * 2 >= c->n_slots)
		rc = slots_grow(c);
	if (rc != RC_OK)
		return rc;
	node = arena_alloc(&c->s->mem, sizeof(*node));
	if (node == NULL)
		return RC_NOMEM;
	node->at = at;
	node->tail = &node->rules;
	node->refuses = at->type == JSON_FALSE;
	c->slots[slot_of(c, at)] =
	    (struct schema_slot){ .at = at, .node = node };
	c->n_nodes++;
	*out = node;
	return RC_OK;
}

/* ------------------------------------------------------- one subschema */

static bool
is_shadowed(const struct json *at, enum schema_dialect dialect)
{
	/* Until draft-07 a reference hides everything beside it. */
	return dialect == SCHEMA_DRAFT_07 &&
	    json_is(json_get(at, "$ref"), JSON_STRING);
}

/* Does it begin a resource of its own? */
static enum rc
enter(struct schema_compile *c, const struct json *at,
    const struct schema_resource *up, const struct schema_place *place,
    struct schema_resource **home)
{
	const struct json *id = json_get(at, "$id");
	struct schema_place p = { place, SLICE_INIT("$id"), 0 };

	*home = NULL;
	if (up == NULL)
		return schema_resource_add(c, at, up, place, home);
	if (id == NULL || is_shadowed(at, up->dialect))
		return RC_OK;
	if (id->type != JSON_STRING)
		return schema_refuse(c, &p, "must be a string");
	if (up->dialect == SCHEMA_DRAFT_07 &&
	    slice_starts(id->text, SLICE("#")))
		return RC_OK;
	return schema_resource_add(c, at, up, place, home);
}

static enum rc
name_one(struct schema_compile *c, const struct schema_node *node,
    const struct schema_place *place, const char *word)
{
	struct slice keyword = slice_of(word);
	struct schema_place p = { place, keyword, 0 };
	const struct json *name = json_member(node->at, keyword);
	bool is_old = node->home->dialect == SCHEMA_DRAFT_07;

	if (name == NULL)
		return RC_OK;
	if (name->type != JSON_STRING)
		return schema_refuse(c, &p, "must be a string");
	if (is_old && !slice_starts(name->text, SLICE("#")))
		return RC_OK;
	if (!is_old && slice_eq(keyword, SLICE("$dynamicAnchor")))
		return schema_anchor_add_dynamic(c, node, name->text, &p);
	return schema_anchor_add(
	    c, node, is_old ? slice_from(name->text, 1) : name->text, &p);
}

static enum rc
name_all(struct schema_compile *c, const struct schema_node *node,
    const struct schema_place *place)
{
	enum rc rc;

	if (is_shadowed(node->at, node->home->dialect))
		return RC_OK;
	if (node->home->dialect == SCHEMA_DRAFT_07)
		return name_one(c, node, place, "$id");
	rc = name_one(c, node, place, "$anchor");
	if (rc == RC_OK)
		rc = name_one(c, node, place, "$dynamicAnchor");
	return rc;
}

static enum rc
note_unknown(struct schema_compile *c, const struct json *member,
    const struct schema_place *place)
{
	struct schema_unknown *u = arena_alloc(&c->s->mem, sizeof(*u));
	const struct schema_place p = { place, member->name, 0 };

	if (u == NULL)
		return RC_NOMEM;
	u->name = member->name;
	*c->s->unknown_tail = u;
	c->s->unknown_tail = &u->next;
	return schema_place_text(&c->s->mem, &p, &u->place);
}

static enum schema_word
word_find(struct slice name, enum schema_dialect dialect)
{
	unsigned bit = 1U << (unsigned)dialect;
	unsigned i = 0;

	while (i < SCHEMA_WORDS &&
	    ((schema_keywords[i].dialects & bit) == 0 ||
		!slice_eq(schema_keywords[i].name, name)))
		i++;
	return (enum schema_word)i;
}

/* Sort the members by keyword; the document outlives us, its names too. */
static enum rc
collect(struct schema_compile *c, const struct schema_node *node,
    const struct schema_place *place, const struct json **found)
{
	enum schema_dialect dialect = node->home->dialect;
	bool shadowed = is_shadowed(node->at, dialect);
	const struct json *m;
	enum rc rc = RC_OK;

	for (m = node->at->child; m != NULL && rc == RC_OK; m = m->next) {
		enum schema_word word = word_find(m->name, dialect);

		if (word == SCHEMA_WORDS) {
			if (!schema_word_is_quiet(m->name, dialect))
				rc = note_unknown(c, m, place);
			continue;
		}
		/* Definitions stay, for there the reference may lead. */
		if (!shadowed || word == SCHEMA_W_REF ||
		    word == SCHEMA_W_DEFINITIONS)
			found[word] = m;
	}
	return rc;
}

static enum rc
build(struct schema_compile *c, struct schema_node *node,
    const struct schema_place *place)
{
	const struct json *found[SCHEMA_WORDS] = { NULL };
	enum rc rc;

	rc = collect(c, node, place, found);
	for (unsigned i = 0; i < SCHEMA_WORDS && rc == RC_OK; i++) {
		const struct schema_site site = { node, found, found[i],
			{ place, schema_keywords[i].name, 0 },
			(enum schema_word)i };

		if (found[i] != NULL)
			rc = schema_keywords[i].build(c, &site);
	}
	return rc;
}

enum rc
schema_compile_node(struct schema_compile *c, const struct json *at,
    struct schema_resource *home, const struct schema_place *place,
    const struct schema_node **out)
{
	struct schema_node *node = schema_node_find(c, at);
	struct schema_resource *own = NULL;
	enum rc rc;

	*out = node;
	if (node != NULL)
		return RC_OK;
	if (at->type != JSON_OBJECT && at->type != JSON_TRUE &&
	    at->type != JSON_FALSE)
		return schema_refuse(
		    c, place, "a schema must be an object, true or false");
	rc = node_new(c, at, place, &node);
	if (rc == RC_OK)
		rc = enter(c, at, home, place, &own);
	if (rc != RC_OK)
		return rc;
	*out = node;
	node->home = own == NULL ? home : own;
	rc = name_all(c, node, place);
	return rc == RC_OK ? build(c, node, place) : rc;
}

enum rc
schema_rule_add(struct schema_compile *c, const struct schema_site *site,
    schema_check_fn *check, unsigned types, struct schema_rule **out)
{
	struct schema_rule *rule = arena_alloc(&c->s->mem, sizeof(*rule));

	*out = rule;
	if (rule == NULL)
		return RC_NOMEM;
	rule->check = check;
	rule->types = types;
	rule->value = site->value;
	*site->node->tail = rule;
	site->node->tail = &rule->next;
	return RC_OK;
}
