#include "tool_program.h"

#include <math.h>
#include <string.h>

#include "finding.h"
#include "text.h"

#define ARGV_MAX 256
#define ENV_MAX 256
#define TIMEOUT_MAX_S (24.0 * 60 * 60)

struct reader {
	struct arena *arena;
	const char *folder;
	struct program *out;
	struct findings findings;
	enum rc rc; /* a failure of our own */
};

/* ------------------------------------------------------------------ paths */

/* folder/path in the arena, or path itself where that is absolute. */
static char *
resolve(struct reader *r, struct slice path)
{
	size_t base = strlen(r->folder);
	char *out;

	if (slice_starts(path, SLICE("/"))) {
		out = arena_string(r->arena, path);
	} else {
		out = arena_bytes(r->arena, base + path.len + 2);
		if (out != NULL) {
			memcpy(out, r->folder, base);
			out[base] = '/';
			memcpy(out + base + 1, path.ptr, path.len);
			out[base + 1 + path.len] = '\0';
		}
	}
	if (out == NULL)
		r->rc = RC_NOMEM;
	return out;
}

static bool
has_slash(struct slice s)
{
	return s.len > 0 && memchr(s.ptr, '/', s.len) != NULL;
}

/* A string of the text as one of C. */
static char *
keep(struct reader *r, struct slice s)
{
	char *out = arena_string(r->arena, s);

	if (out == NULL)
		r->rc = RC_NOMEM;
	return out;
}

/* ---------------------------------------------------------------- members */

static void
read_command(struct reader *r, const struct json *value)
{
	char **argv;
	size_t n = 0;

	if (value->type != JSON_ARRAY || value->count == 0 ||
	    value->count > ARGV_MAX) {
		finding_put(&r->findings, value,
		    "run.command must be an array of 1 to %d strings, the "
		    "program first",
		    ARGV_MAX);
		return;
	}
	argv = arena_alloc(r->arena, (value->count + 1) * sizeof(*argv));
	if (argv == NULL) {
		r->rc = RC_NOMEM;
		return;
	}
	for (const struct json *e = value->child; e != NULL; e = e->next) {
		if (e->type != JSON_STRING || (n == 0 && e->text.len == 0)) {
			finding_put(&r->findings, e,
			    "an element of run.command must be a string");
			return;
		}
		argv[n] = n == 0 && has_slash(e->text) ? resolve(r, e->text)
						       : keep(r, e->text);
		n++;
	}
	r->out->argv = argv;
}

static const struct {
	struct slice name;
	enum program_output output;
} outputs[] = {
	{ SLICE_INIT("text"), PROGRAM_TEXT },
	{ SLICE_INIT("json"), PROGRAM_JSON },
	{ SLICE_INIT("result"), PROGRAM_RESULT },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
read_output(struct reader *r, const struct json *value)
{
	struct slice s = json_text(value);
	struct slice subtype;
	struct slice type = slice_cut(s, '/', &subtype);

	for (size_t i = 0; i < COUNT(outputs); i++) {
		if (slice_eq(s, outputs[i].name)) {
			r->out->output = outputs[i].output;
			return;
		}
	}
	if (!text_token_ok(type) || !text_token_ok(subtype)) {
		finding_put(&r->findings, value,
		    "run.output must be \"text\", \"json\", \"result\" or a "
		    "media type such as \"image/png\"");
		return;
	}
	r->out->output = PROGRAM_MEDIA;
	if (arena_copy(r->arena, s, &r->out->mime) != RC_OK)
		r->rc = RC_NOMEM;
}

static void
read_timeout(struct reader *r, const struct json *value)
{
	double seconds = 0;

	if (json_double(value, &seconds) != RC_OK || seconds < 0.001 ||
	    seconds > TIMEOUT_MAX_S) {
		finding_put(&r->findings, value,
		    "run.timeout must be a number of seconds, at most %.0f",
		    TIMEOUT_MAX_S);
		return;
	}
	r->out->timeout_ms = (int64_t)ceil(seconds * 1000);
}

/* "512", "64K", "4M", "1G", with or without the quotes of a number. */
static bool
size_of(const struct json *value, uint64_t *out)
{
	static const struct {
		char letter;
		unsigned shift;
	} units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	struct slice s = json_is(value, JSON_STRING) ? value->text : value->raw;
	unsigned shift = 0;

	for (size_t i = 0; i < COUNT(units); i++) {
		if (json_is(value, JSON_STRING) && s.len > 1 &&
		    s.ptr[s.len - 1] == units[i].letter)
			shift = units[i].shift;
	}
	if (shift > 0)
		s.len--;
	if (text_u64(s, (uint64_t)INT64_MAX >> shift, out) != RC_OK ||
	    *out == 0)
		return false;
	*out <<= shift;
	return true;
}

static void
read_max_output(struct reader *r, const struct json *value)
{
	uint64_t size;

	if (size_of(value, &size) && size <= SIZE_MAX / 2)
		r->out->output_max = (size_t)size;
	else {
		finding_put(&r->findings, value,
		    "run.max_output must be a number of bytes, or a string "
		    "such as \"4M\"");
	}
}

static void
read_memory(struct reader *r, const struct json *value)
{
	if (!size_of(value, &r->out->memory)) {
		finding_put(&r->findings, value,
		    "run.memory must be a number of bytes, or a string such "
		    "as \"512M\"");
	}
}

static bool
variable_ok(struct slice name)
{
	if (name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9') ||
	    slice_starts(name, SLICE("MCP_")))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

/* NAME=value, or NULL with a finding. */
static char *
variable(struct reader *r, const struct json *m)
{
	char *out;

	if (!variable_ok(m->name) || m->type != JSON_STRING) {
		finding_put(&r->findings, m,
		    "run.env sets names of letters, digits and '_', other "
		    "than MCP_..., to strings");
		return NULL;
	}
	out = arena_bytes(r->arena, m->name.len + m->text.len + 2);
	if (out == NULL) {
		r->rc = RC_NOMEM;
		return NULL;
	}
	memcpy(out, m->name.ptr, m->name.len);
	out[m->name.len] = '=';
	if (m->text.len > 0)
		memcpy(out + m->name.len + 1, m->text.ptr, m->text.len);
	out[m->name.len + 1 + m->text.len] = '\0';
	return out;
}

static void
read_env(struct reader *r, const struct json *value)
{
	char **env;
	size_t n = 0;

	if (value->type != JSON_OBJECT || value->count > ENV_MAX) {
		finding_put(&r->findings, value,
		    "run.env must be an object of at most %d strings", ENV_MAX);
		return;
	}
	env = arena_alloc(r->arena, (value->count + 1) * sizeof(*env));
	if (env == NULL) {
		r->rc = RC_NOMEM;
		return;
	}
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		env[n] = variable(r, m);
		if (env[n] != NULL)
			n++;
	}
	r->out->env = env;
}

static void
read_cwd(struct reader *r, const struct json *value)
{
	struct slice s = json_text(value);

	if (s.len == 0) {
		finding_put(
		    &r->findings, value, "run.cwd must be a path of a folder");
	} else {
		r->out->folder = resolve(r, s);
	}
}

static void
read_flag(struct reader *r, const struct json *value, unsigned flag)
{
	if (value->type == JSON_TRUE)
		r->out->flags |= flag;
	else if (value->type == JSON_FALSE)
		r->out->not_flags |= flag;
	else {
		finding_put(&r->findings, value,
		    "run.%.*s must be true or false",
		    FINDING_NAME(value->name));
	}
}

static void
read_detached(struct reader *r, const struct json *value)
{
	read_flag(r, value, TOOL_DETACHED);
}

static void
read_once(struct reader *r, const struct json *value)
{
	read_flag(r, value, TOOL_ONCE);
}

static void
read_repeat(struct reader *r, const struct json *value)
{
	read_flag(r, value, TOOL_REPEAT);
}

static void
read_late_task(struct reader *r, const struct json *value)
{
	read_flag(r, value, TOOL_TASK_LATER);
}

static const struct {
	struct slice name;
	uint32_t cap;
} needs[] = {
	{ SLICE_INIT("roots"), CAP_ROOTS },
	{ SLICE_INIT("sampling"), CAP_SAMPLING },
	{ SLICE_INIT("sampling.tools"), CAP_SAMPLING | CAP_SAMPLING_TOOLS },
	{ SLICE_INIT("sampling.context"), CAP_SAMPLING | CAP_SAMPLING_CONTEXT },
	{ SLICE_INIT("elicitation"), CAP_ELICITATION },
	{ SLICE_INIT("elicitation.url"), CAP_ELICITATION_URL },
};

static uint32_t
need_of(struct slice name)
{
	for (size_t i = 0; i < COUNT(needs); i++)
		if (slice_eq(name, needs[i].name))
			return needs[i].cap;
	return 0;
}

static void
read_needs(struct reader *r, const struct json *value)
{
	if (value->type != JSON_ARRAY) {
		finding_put(&r->findings, value, "run.needs must be an array");
		return;
	}
	for (const struct json *e = value->child; e != NULL; e = e->next) {
		uint32_t cap = need_of(json_text(e));

		if (cap == 0) {
			finding_put(&r->findings, e,
			    "run.needs can name roots, sampling, "
			    "sampling.tools, sampling.context, elicitation and "
			    "elicitation.url");
		}
		r->out->needs |= cap;
	}
}

static const struct {
	struct slice name;
	void (*read)(struct reader *, const struct json *);
} members[] = {
	{ SLICE_INIT("command"), read_command },
	{ SLICE_INIT("output"), read_output },
	{ SLICE_INIT("timeout"), read_timeout },
	{ SLICE_INIT("max_output"), read_max_output },
	{ SLICE_INIT("memory"), read_memory },
	{ SLICE_INIT("env"), read_env },
	{ SLICE_INIT("cwd"), read_cwd },
	{ SLICE_INIT("detached"), read_detached },
	{ SLICE_INIT("once"), read_once },
	{ SLICE_INIT("repeat"), read_repeat },
	{ SLICE_INIT("late_task"), read_late_task },
	{ SLICE_INIT("needs"), read_needs },
};

/* Programs take their time unless they say otherwise, and what must not be
 * done twice is not run again, whatever its annotations promise. */
static void
settle_flags(struct reader *r, const struct json *run)
{
	const unsigned both = TOOL_ONCE | TOOL_REPEAT;
	struct program *p = r->out;

	if ((p->flags & both) == both) {
		finding_put(&r->findings, json_get(run, "repeat"),
		    "run.once and run.repeat contradict each other");
	}
	if ((p->flags & TOOL_ONCE) != 0)
		p->not_flags |= TOOL_REPEAT;
	p->flags |= TOOL_DETACHED;
	p->flags &= ~p->not_flags;
}

static void
read_member(struct reader *r, const struct json *m)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (slice_eq(m->name, members[i].name)) {
			members[i].read(r, m);
			return;
		}
	}
	finding_put(
	    &r->findings, m, "run has no member %.*s", FINDING_NAME(m->name));
}

enum rc
program_read(const struct json *run, struct slice text, const char *folder,
    struct arena *a, struct program *out, struct buf *why)
{
	struct reader r = {
		.arena = a,
		.folder = folder,
		.out = out,
		.findings = { .text = text, .out = why },
	};

	*out = (struct program){ .output = PROGRAM_TEXT };
	out->folder = keep(&r, slice_of(folder));
	out->env = arena_alloc(a, sizeof(*out->env));
	if (out->env == NULL)
		r.rc = RC_NOMEM;
	if (!json_is(run, JSON_OBJECT)) {
		finding_put(&r.findings, run, "run must be an object");
		return RC_SYNTAX;
	}
	for (const struct json *m = run->child; m != NULL; m = m->next)
		read_member(&r, m);
	if (json_get(run, "command") == NULL)
		finding_put(&r.findings, run, "run.command is missing");
	settle_flags(&r, run);
	if (r.rc != RC_OK)
		return r.rc;
	return r.findings.n > 0 ? RC_SYNTAX : RC_OK;
}
