#include "program_env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uri_template.h"

/* Linux refuses a longer string (MAX_ARG_STRLEN) ... */
#define VARIABLE_MAX ((size_t)128 * 1024)
/* ... and a larger whole, where the stack may be small. */
#define WHOLE_MAX ((size_t)256 * 1024)
/* PATH, HOME, LANG, TMPDIR and what MCP_ says of the call. */
#define OWN_MAX 16

struct env {
	struct arena *arena;
	char **list;
	size_t n;
	size_t bytes;
	enum rc rc;
};

/* A byte of a variable's name. */
static char
letter_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return c;
	return '_';
}

static void
add(struct env *e, struct slice prefix, struct slice name, struct slice value)
{
	size_t len = prefix.len + name.len + value.len + 2;
	char *p;

	if (e->rc != RC_OK || value.ptr == NULL ||
	    (value.len > 0 && memchr(value.ptr, '\0', value.len) != NULL) ||
	    len > VARIABLE_MAX || e->bytes + len > WHOLE_MAX)
		return;
	p = arena_bytes(e->arena, len);
	if (p == NULL) {
		e->rc = RC_NOMEM;
		return;
	}
	e->list[e->n++] = p;
	e->bytes += len;
	memcpy(p, prefix.ptr, prefix.len);
	p += prefix.len;
	for (size_t i = 0; i < name.len; i++)
		*p++ = letter_of(name.ptr[i]);
	*p++ = '=';
	if (value.len > 0)
		memcpy(p, value.ptr, value.len);
	p[value.len] = '\0';
}

static void
add_own(struct env *e, const char *name, struct slice value)
{
	add(e, SLICE("MCP_"), slice_of(name), value);
}

static bool
is_set_by(char *const *env, struct slice name)
{
	for (; *env != NULL; env++) {
		struct slice rest;

		if (slice_eq(slice_cut(slice_of(*env), '=', &rest), name))
			return true;
	}
	return false;
}

/* Where programs look for others, and we for them; NULL without memory. */
static const char *
path_of(const struct program_host *host, struct arena *a)
{
	const struct slice bin = slice_of(host->bin);
	struct slice path =
	    host->path == NULL ? SLICE(PROGRAM_PATH) : slice_of(host->path);
	char *out;

	if (bin.ptr == NULL)
		return path.ptr;
	out = arena_bytes(a, path.len + bin.len + 2);
	if (out == NULL)
		return NULL;
	memcpy(out, path.ptr, path.len);
	out[path.len] = ':';
	memcpy(out + path.len + 1, bin.ptr, bin.len);
	out[path.len + 1 + bin.len] = '\0';
	return out;
}

/* What every program may rely on; `run.env` comes before it. */
static void
add_usual(struct env *e, const struct program *p)
{
	const char *path = path_of(p->host, e->arena);
	const struct {
		struct slice name;
		const char *value;
	} usual[] = {
		{ SLICE("PATH"), path },
		/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
		{ SLICE("HOME"), getenv("HOME") },
		{ SLICE("LANG"), getenv("LANG") },
		{ SLICE("TMPDIR"), getenv("TMPDIR") },
		/* NOLINTEND(concurrency-mt-unsafe) */
	};
	const char *otherwise[] = { "", "/", "C.UTF-8", "/tmp" };

	if (path == NULL)
		e->rc = RC_NOMEM;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (!is_set_by(p->env, usual[i].name)) {
			add(e, usual[i].name, SLICE(""),
			    slice_of(usual[i].value == NULL ? otherwise[i]
							    : usual[i].value));
		}
	}
}

static struct slice
scalar(const struct json *value)
{
	switch (value->type) {
	case JSON_STRING:
		return value->text;
	case JSON_NUMBER:
	case JSON_TRUE:
	case JSON_FALSE:
		return value->raw;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return SLICE_NONE;
}

/* Those that are known; NULL: none. */
static const struct json *
arguments_of(const struct tool_call *call)
{
	if (call->makes != MAKES_VALUES)
		return call->arguments;
	return json_get(json_get(call->arguments, "context"), "arguments");
}

/* An argument among those that the definition declares. */
struct given {
	struct slice name;
	bool is_declared;
	bool is_taken; /* its variable is that of one declared */
};

static void
compare(struct given *g, struct slice declared)
{
	size_t i = 0;

	if (declared.len != g->name.len)
		return;
	while (i < declared.len &&
	    letter_of(declared.ptr[i]) == letter_of(g->name.ptr[i]))
		i++;
	g->is_taken = g->is_taken || i == declared.len;
	g->is_declared = g->is_declared || slice_eq(declared, g->name);
}

/* Nobody checked what is not declared: it must not stand where a program looks
 * for what is. */
static bool
is_in_the_way(const struct tool *tool, struct slice name)
{
	const struct json *properties =
	    json_get(json_get(tool->definition, "inputSchema"), "properties");
	const struct json *list = json_get(tool->definition, "arguments");
	const struct slice *vars = NULL;
	size_t n =
	    tool->uris == NULL ? 0 : uri_template_vars(tool->uris, &vars);
	struct given g = { .name = name };
	const struct json *p =
	    json_is(properties, JSON_OBJECT) ? properties->child : NULL;
	const struct json *a = json_is(list, JSON_ARRAY) ? list->child : NULL;

	for (; p != NULL; p = p->next)
		compare(&g, p->name);
	for (; a != NULL; a = a->next)
		compare(&g, json_text(json_get(a, "name")));
	for (size_t i = 0; i < n; i++)
		compare(&g, vars[i]);
	return g.is_taken && !g.is_declared;
}

static void
add_arguments(
    struct env *e, const struct tool *tool, const struct json *arguments)
{
	if (!json_is(arguments, JSON_OBJECT))
		return;
	for (const struct json *a = arguments->child; a != NULL; a = a->next)
		if (!is_in_the_way(tool, a->name))
			add(e, SLICE("MCP_ARG_"), a->name, scalar(a));
}

/* What is typed, and into what. */
static void
add_completion(struct env *e, const struct tool_call *call)
{
	const struct json *argument = json_get(call->arguments, "argument");

	add_own(e, "ARGUMENT", json_text(json_get(argument, "name")));
	add_own(e, "VALUE", json_text(json_get(argument, "value")));
}

enum rc
program_env(
    const struct program *p, const struct tool_call *call, char *const **out)
{
	struct env e = { .arena = call->arena };
	const struct json *arguments = arguments_of(call);
	size_t given = 0;

	while (p->env[given] != NULL)
		given++;
	e.list = arena_alloc(call->arena,
	    (given + (arguments == NULL ? 0 : arguments->count) + OWN_MAX) *
		sizeof(*e.list));
	if (e.list == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < given; i++) {
		e.list[e.n++] = p->env[i];
		e.bytes += strlen(p->env[i]) + 1;
	}
	add_usual(&e, p);
	add_own(&e, "TOOL", call->tool->name);
	add_own(&e, "REVISION", call->revision);
	add_own(&e, "PRINCIPAL", call->principal);
	add_own(&e, "SESSION", call->session);
	add_own(&e, "REQUEST_ID", call->request_id);
	add_own(&e, "URI", call->uri);
	if (call->makes == MAKES_VALUES)
		add_completion(&e, call);
	add_arguments(&e, call->tool, arguments);
	*out = e.list;
	return e.rc;
}

enum rc
program_find(const struct program *p, struct arena *a, const char **out)
{
	const size_t len = strlen(p->argv[0]);
	const char *path;
	struct slice rest;

	*out = p->argv[0];
	if (strchr(p->argv[0], '/') != NULL)
		return RC_OK;
	path = path_of(p->host, a);
	if (path == NULL)
		return RC_NOMEM;
	rest = slice_of(path);
	while (rest.ptr != NULL) {
		struct slice folder = slice_cut(rest, ':', &rest);
		char *file;

		/* An empty one means the working directory: never here. */
		if (folder.len == 0 || folder.ptr[0] != '/')
			continue;
		file = arena_bytes(a, folder.len + len + 2);
		if (file == NULL)
			return RC_NOMEM;
		memcpy(file, folder.ptr, folder.len);
		file[folder.len] = '/';
		memcpy(file + folder.len + 1, p->argv[0], len + 1);
		*out = file;
		if (access(file, X_OK) == 0)
			return RC_OK;
	}
	return RC_NOTFOUND;
}
