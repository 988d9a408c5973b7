#include "definition_header.h"

/* Deeper than json_read() lets a text nest. */
#define PATH_MAX_DEPTH 64
#define SUFFIX_MAX 64

struct walk {
	struct arena *arena;
	struct findings *findings;
	struct slice path[PATH_MAX_DEPTH];
	size_t depth;
	struct tool_param *first;
	struct tool_param **end;
	enum rc rc;
};

/* Keywords whose value is a schema or an array of them. */
static const struct slice schema_keywords[] = {
	SLICE_INIT("additionalItems"),
	SLICE_INIT("additionalProperties"),
	SLICE_INIT("allOf"),
	SLICE_INIT("anyOf"),
	SLICE_INIT("contains"),
	SLICE_INIT("contentSchema"),
	SLICE_INIT("else"),
	SLICE_INIT("if"),
	SLICE_INIT("items"),
	SLICE_INIT("not"),
	SLICE_INIT("oneOf"),
	SLICE_INIT("prefixItems"),
	SLICE_INIT("propertyNames"),
	SLICE_INIT("then"),
	SLICE_INIT("unevaluatedItems"),
	SLICE_INIT("unevaluatedProperties"),
};

/* Keywords whose value is an object of schemas. */
static const struct slice map_keywords[] = {
	SLICE_INIT("$defs"),
	SLICE_INIT("definitions"),
	SLICE_INIT("dependencies"),
	SLICE_INIT("dependentSchemas"),
	SLICE_INIT("patternProperties"),
	SLICE_INIT("properties"),
};

#define IS_ONE_OF(name, list)                                                  \
	is_one_of((name), (list), sizeof(list) / sizeof((list)[0]))

static bool
is_one_of(struct slice name, const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(name, list[i]))
			return true;
	return false;
}

static bool
suffix_ok(struct slice s)
{
	if (s.len == 0 || s.len > SUFFIX_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static bool
type_ok(const struct json *schema)
{
	const struct json *type = json_get(schema, "type");

	return json_text_is(type, SLICE("string")) ||
	    json_text_is(type, SLICE("integer")) ||
	    json_text_is(type, SLICE("boolean"));
}

static bool
is_taken(const struct walk *w, struct slice suffix)
{
	for (const struct tool_param *p = w->first; p != NULL; p = p->next)
		if (slice_ieq(p->suffix, suffix))
			return true;
	return false;
}

static void
add_param(struct walk *w, struct slice suffix)
{
	struct tool_param *param = arena_alloc(w->arena, sizeof(*param));
	struct slice *path =
	    arena_alloc(w->arena, w->depth * sizeof(struct slice));

	if (param == NULL || path == NULL) {
		w->rc = RC_NOMEM;
		return;
	}
	for (size_t i = 0; i < w->depth; i++)
		path[i] = w->path[i];
	*param = (struct tool_param){
		.suffix = suffix,
		.path = path,
		.depth = w->depth,
	};
	*w->end = param;
	w->end = &param->next;
}

static void
check_annotation(struct walk *w, const struct json *schema,
    const struct json *mark, bool is_reached)
{
	struct slice suffix = json_text(mark);
	const char *wrong = NULL;

	if (suffix.ptr == NULL)
		wrong = "x-mcp-header must be a string";
	else if (!suffix_ok(suffix))
		wrong = "x-mcp-header must be 1 to 64 letters, digits or '-'";
	else if (!is_reached || w->depth == 0) {
		wrong = "x-mcp-header must stand on a property that is reached "
			"through \"properties\" only";
	} else if (!type_ok(schema)) {
		wrong = "x-mcp-header needs a property of type string, integer "
			"or boolean";
	} else if (is_taken(w, suffix)) {
		wrong = "x-mcp-header is used twice with this name (case does "
			"not count)";
	}
	if (wrong != NULL)
		finding_put(w->findings, mark, "%s", wrong);
	else
		add_param(w, suffix);
}

static void walk_schema(struct walk *, const struct json *, bool is_reached);

static void
walk_map(struct walk *w, const struct json *map, bool is_reached)
{
	if (!json_is(map, JSON_OBJECT))
		return;
	for (const struct json *m = map->child; m != NULL; m = m->next) {
		if (w->depth == PATH_MAX_DEPTH)
			return;
		w->path[w->depth++] = m->name;
		walk_schema(w, m, is_reached);
		w->depth--;
	}
}

static void
walk_inside(struct walk *w, const struct json *value)
{
	if (json_is(value, JSON_OBJECT))
		walk_schema(w, value, false);
	if (!json_is(value, JSON_ARRAY))
		return;
	for (const struct json *s = value->child; s != NULL; s = s->next)
		walk_schema(w, s, false);
}

/* The text's nesting was bounded when it was read. */
static void
walk_schema(struct walk *w, const struct json *schema, bool is_reached)
{
	const struct json *mark = json_get(schema, "x-mcp-header");

	if (!json_is(schema, JSON_OBJECT) || w->rc != RC_OK)
		return;
	if (mark != NULL)
		check_annotation(w, schema, mark, is_reached);
	for (const struct json *m = schema->child; m != NULL; m = m->next) {
		if (IS_ONE_OF(m->name, map_keywords)) {
			walk_map(w, m,
			    is_reached &&
				slice_eq(m->name, SLICE("properties")));
		} else if (IS_ONE_OF(m->name, schema_keywords)) {
			walk_inside(w, m);
		}
	}
}

enum rc
definition_headers(const struct json *schema, struct arena *a,
    struct findings *f, const struct tool_param **out)
{
	struct walk w = { .arena = a, .findings = f };

	w.end = &w.first;
	walk_schema(&w, schema, true);
	*out = w.first;
	return w.rc;
}
