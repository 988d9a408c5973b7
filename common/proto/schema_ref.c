#include "schema_private.h"

/* Resources, anchors, and the references between them. */

/* No identifier we take is longer. */
#define URI_MAX ((size_t)64 * 1024)

struct schema_pending {
	struct schema_pending *next;
	struct schema_rule *rule;
	struct schema_resource *home;
	struct slice text;
	struct slice place;
	bool is_dynamic;
};

static const struct {
	struct slice uri;
	enum schema_dialect dialect;
} dialects[] = {
	{ SLICE_INIT("https://json-schema.org/draft/2020-12/schema"),
	    SCHEMA_2020_12 },
	{ SLICE_INIT("http://json-schema.org/draft/2020-12/schema"),
	    SCHEMA_2020_12 },
	{ SLICE_INIT("http://json-schema.org/draft-07/schema"),
	    SCHEMA_DRAFT_07 },
	{ SLICE_INIT("https://json-schema.org/draft-07/schema"),
	    SCHEMA_DRAFT_07 },
};

static enum rc
read_dialect(struct schema_compile *c, const struct json *at,
    const struct schema_place *place, enum schema_dialect *out)
{
	const struct json *named = json_get(at, "$schema");
	const struct schema_place p = { place, SLICE_INIT("$schema"), 0 };
	struct slice uri = json_text(named);

	if (named == NULL)
		return RC_OK;
	if (slice_ends(uri, SLICE("#")))
		uri.len--;
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		if (uri.ptr == NULL || !slice_eq(uri, dialects[i].uri))
			continue;
		*out = dialects[i].dialect;
		return RC_OK;
	}
	return schema_refuse(c, &p,
	    "names a dialect other than JSON Schema 2020-12 and draft-07");
}

static struct schema_resource *
resource_find(const struct schema_compile *c, struct slice uri)
{
	struct schema_resource *r = c->s->resources;

	while (r != NULL && !slice_eq(r->uri, uri))
		r = r->next;
	return r;
}

static enum rc
resolve_uri(
    struct arena *a, struct slice base, struct slice ref, struct slice *out)
{
	struct buf text = BUF_INIT(URI_MAX);
	enum rc rc;

	schema_uri_resolve(&text, base, ref);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&text), out);
	buf_release(&text);
	return rc;
}

static enum rc
read_id(struct schema_compile *c, struct schema_resource *r, struct slice base,
    const struct schema_place *place)
{
	const struct schema_place p = { place, SLICE_INIT("$id"), 0 };
	const struct json *id = json_get(r->at, "$id");
	struct slice uri = SLICE(""), fragment = SLICE_NONE;
	enum rc rc;

	if (id != NULL && id->type != JSON_STRING)
		return schema_refuse(c, &p, "must be a string");
	if (id != NULL)
		uri = slice_cut(id->text, '#', &fragment);
	if (fragment.len > 0 && r->dialect == SCHEMA_2020_12)
		return schema_refuse(c, &p, "must not have a fragment");
	if (uri.len > URI_MAX / 4)
		return schema_refuse(c, &p, "is too long");
	rc = resolve_uri(&c->s->mem, base, uri, &r->uri);
	if (rc == RC_OK && resource_find(c, r->uri) != NULL)
		return schema_refuse(
		    c, &p, "is the identifier of another schema");
	return rc;
}

enum rc
schema_resource_add(struct schema_compile *c, const struct json *at,
    const struct schema_resource *up, const struct schema_place *place,
    struct schema_resource **out)
{
	struct schema_resource *r = arena_alloc(&c->s->mem, sizeof(*r));
	enum rc rc;

	if (r == NULL)
		return RC_NOMEM;
	r->at = at;
	r->dialect = up == NULL ? SCHEMA_2020_12 : up->dialect;
	rc = read_dialect(c, at, place, &r->dialect);
	if (rc == RC_OK)
		rc = read_id(c, r, up == NULL ? SLICE("") : up->uri, place);
	if (rc == RC_OK)
		rc = schema_place_text(&c->s->mem, place, &r->place);
	r->next = c->s->resources;
	c->s->resources = r;
	*out = r;
	return rc;
}

/* -------------------------------------------------------------- anchors */

static struct schema_anchor *
anchor_find(const struct schema_resource *home, struct slice name)
{
	struct schema_anchor *a = home->anchors;

	while (a != NULL && !slice_eq(a->name, name))
		a = a->next;
	return a;
}

const struct schema_anchor *
schema_anchor_find(const struct schema_resource *home, struct slice name)
{
	return anchor_find(home, name);
}

static enum rc
anchor_add(struct schema_compile *c, const struct schema_node *node,
    struct slice name, const struct schema_place *place,
    struct schema_anchor **out)
{
	struct schema_anchor *a = anchor_find(node->home, name);

	*out = a;
	if (name.len == 0 || memchr(name.ptr, '/', name.len) != NULL)
		return schema_refuse(c, place, "must be a plain name");
	if (a != NULL && a->node == node)
		return RC_OK;
	if (a != NULL)
		return schema_refuse(
		    c, place, "is the name of another place already");
	a = arena_alloc(&c->s->mem, sizeof(*a));
	if (a == NULL)
		return RC_NOMEM;
	a->name = name;
	a->node = node;
	a->next = node->home->anchors;
	node->home->anchors = a;
	*out = a;
	return RC_OK;
}

enum rc
schema_anchor_add(struct schema_compile *c, const struct schema_node *node,
    struct slice name, const struct schema_place *place)
{
	struct schema_anchor *a;

	return anchor_add(c, node, name, place, &a);
}

enum rc
schema_anchor_add_dynamic(struct schema_compile *c,
    const struct schema_node *node, struct slice name,
    const struct schema_place *place)
{
	struct schema_anchor *a;
	enum rc rc = anchor_add(c, node, name, place, &a);

	if (rc == RC_OK)
		a->is_dynamic = true;
	return rc;
}

/* ----------------------------------------------------------- references */

struct slice
schema_ref_place(const struct schema_compile *c, const struct schema_rule *rule)
{
	const struct schema_pending *p = c->pending;

	while (p != NULL && p->rule != rule)
		p = p->next;
	return p == NULL ? SLICE_NONE : p->place;
}

enum rc
schema_build_ref(struct schema_compile *c, const struct schema_site *site)
{
	struct schema_pending *p;
	struct schema_rule *rule;
	enum rc rc;

	if (site->value->type != JSON_STRING)
		return schema_refuse(c, &site->place, "must be a string");
	rc = schema_rule_add(c, site, schema_check_ref, SCHEMA_ANY, &rule);
	if (rc != RC_OK)
		return rc;
	p = arena_alloc(&c->scratch, sizeof(*p));
	if (p == NULL)
		return RC_NOMEM;
	p->rule = rule;
	p->home = site->node->home;
	p->text = site->value->text;
	p->is_dynamic = site->word == SCHEMA_W_DYNAMIC_REF;
	*c->pending_tail = p;
	c->pending_tail = &p->next;
	return schema_place_text(&c->scratch, &site->place, &p->place);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent signs of a fragment; what is no escape stays as it is. */
static enum rc
decode(struct arena *a, struct slice in, struct slice *out)
{
	char *p = arena_bytes(a, in.len + 1);
	size_t n = 0;

	if (p == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < in.len; i++) {
		bool more = in.ptr[i] == '%' && i + 2 < in.len;
		int high = more ? hex_value(in.ptr[i + 1]) : -1;
		int low = more ? hex_value(in.ptr[i + 2]) : -1;

		p[n] = in.ptr[i];
		if (high >= 0 && low >= 0) {
			p[n] = (char)(unsigned char)(high * 16 + low);
			i += 2;
		}
		n++;
	}
	*out = (struct slice){ p, n };
	return RC_OK;
}

/* Is the token, with ~0 and ~1 undone, this name? */
static bool
token_is(struct slice token, struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < token.len; i++, n++) {
		char c = token.ptr[i];

		if (c == '~' && i + 1 < token.len)
			c = token.ptr[++i] == '1' ? '/' : '~';
		if (n >= name.len || name.ptr[n] != c)
			return false;
	}
	return n == name.len;
}

static const struct json *
step(const struct json *at, struct slice token)
{
	const struct json *m = at->child;
	uint32_t i = 0;

	if (at->type == JSON_OBJECT) {
		while (m != NULL && !token_is(token, m->name))
			m = m->next;
		return m;
	}
	if (at->type != JSON_ARRAY || token.len == 0 || token.len > 9 ||
	    (token.len > 1 && token.ptr[0] == '0'))
		return NULL;
	for (size_t k = 0; k < token.len; k++) {
		if (token.ptr[k] < '0' || token.ptr[k] > '9')
			return NULL;
		i = i * 10 + (uint32_t)(token.ptr[k] - '0');
	}
	return json_at(at, i);
}

/* A pointer may lead to a place that no keyword calls a schema. */
static enum rc
follow(struct schema_compile *c, const struct schema_pending *p,
    struct schema_resource *home, struct slice pointer,
    const struct schema_node **out)
{
	const struct schema_place from = { NULL, p->place, 0 };
	const struct json *at = home->at;
	struct buf place = BUF_INIT((size_t)1024 * 1024);
	struct slice rest = slice_from(pointer, 1);
	struct slice text;
	enum rc rc;

	buf_put_slice(&place, home->place);
	buf_put_slice(&place, pointer);
	rc = buf_finish(&place);
	if (rc == RC_OK)
		rc = arena_copy(&c->scratch, buf_slice(&place), &text);
	buf_release(&place);
	if (rc != RC_OK)
		return rc;
	while (at != NULL && rest.ptr != NULL) {
		const struct schema_node *node;

		at = step(at, slice_cut(rest, '/', &rest));
		node = at == NULL ? NULL : schema_node_find(c, at);
		home = node == NULL ? home : node->home;
	}
	if (at == NULL)
		return schema_refuse(c, &from, "leads to nothing");
	return schema_compile_node(
	    c, at, home, &(const struct schema_place){ NULL, text, 0 }, out);
}

static enum rc
resolve_fragment(struct schema_compile *c, const struct schema_pending *p,
    struct schema_resource *home, struct slice fragment)
{
	const struct schema_place from = { NULL, p->place, 0 };
	struct schema_target *target = &p->rule->target;
	const struct schema_anchor *a;

	if (fragment.ptr == NULL || fragment.len == 0) {
		target->node = schema_node_find(c, home->at);
		return RC_OK;
	}
	if (fragment.ptr[0] == '/')
		return follow(c, p, home, fragment, &target->node);
	a = schema_anchor_find(home, fragment);
	if (a == NULL)
		return schema_refuse(c, &from, "names an unknown anchor");
	target->node = a->node;
	if (p->is_dynamic && a->is_dynamic)
		target->dynamic = a->name;
	return RC_OK;
}

static enum rc
resolve(struct schema_compile *c, const struct schema_pending *p)
{
	const struct schema_place from = { NULL, p->place, 0 };
	struct slice fragment = SLICE_NONE;
	struct slice ref = slice_cut(p->text, '#', &fragment);
	struct schema_resource *home = p->home;
	struct slice uri;
	enum rc rc = RC_OK;

	if (ref.len > URI_MAX / 4)
		return schema_refuse(c, &from, "is too long");
	if (ref.len > 0) {
		rc = resolve_uri(&c->scratch, home->uri, ref, &uri);
		if (rc != RC_OK)
			return rc;
		home = resource_find(c, uri);
	}
	if (home == NULL) {
		return schema_refuse(c, &from,
		    "refers to another document, %.*s, which is never fetched",
		    SLICE_FMT(p->text));
	}
	if (fragment.ptr != NULL)
		rc = decode(&c->scratch, fragment, &fragment);
	return rc == RC_OK ? resolve_fragment(c, p, home, fragment) : rc;
}

enum rc
schema_resolve_all(struct schema_compile *c)
{
	enum rc rc = RC_OK;

	/* What a pointer leads to may bring references of its own. */
	for (struct schema_pending *p = c->pending; p != NULL && rc == RC_OK;
	     p = p->next)
		rc = resolve(c, p);
	return rc;
}
