#include "schema_private.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/*
 * Patterns are those of ECMA-262 with its unicode flag, and PCRE2 is asked to
 * read them so.  What it says differently is rewritten before.
 *
 * Backtracking is bounded twice: most patterns need less than EASY_MAX steps
 * of PCRE2 at a starting point; what needs more pays HARD_COST for each, and
 * stops at HARD_MAX.  Starting points are paid for, too, for a long subject
 * can be looked through from every one.
 */
#define PATTERN_MAX ((size_t)16 * 1024)
#define EASY_MAX 200
#define HARD_MAX 20000
#define HARD_COST 500
#define HEAP_MAX_KIB 4096
/* Starting points tried at once, at first. */
#define WINDOW 64
/* Looking at so many bytes from one starting point is a step. */
#define BYTES_PER_STEP 4096

struct schema_pattern {
	struct schema_pattern *next;
	struct slice source;
	pcre2_code *code;
	bool is_anchored; /* at the front: has only one starting point */
};

/* What all patterns of a schema share. */
struct schema_engine {
	pcre2_general_context *memory;
	pcre2_compile_context *compile;
	pcre2_match_context *limits;
};

/* What a check needs to match. */
struct schema_matcher {
	pcre2_match_data *data;
	pcre2_match_context *limits; /* of the starting points tried now */
};

static void *
memory_get(size_t n, void *ctx)
{
	(void)ctx;
	return malloc(n);
}

static void
memory_free(void *p, void *ctx)
{
	(void)ctx;
	free(p);
}

static enum rc
engine_new(struct schema *s)
{
	struct schema_engine *e = arena_alloc(&s->mem, sizeof(*e));

	if (e == NULL)
		return RC_NOMEM;
	s->engine = e;
	e->memory = pcre2_general_context_create(memory_get, memory_free, NULL);
	e->compile = pcre2_compile_context_create(e->memory);
	e->limits = pcre2_match_context_create(e->memory);
	if (e->memory == NULL || e->compile == NULL || e->limits == NULL)
		return RC_NOMEM;
	(void)pcre2_set_compile_extra_options(e->compile, PCRE2_EXTRA_ALT_BSUX);
	(void)pcre2_set_match_limit(e->limits, EASY_MAX);
	(void)pcre2_set_heap_limit(e->limits, HEAP_MAX_KIB);
	return RC_OK;
}

/* ----------------------------------------------------------- rewriting */

/* Names of general categories that PCRE2 knows by their letters only. */
static const struct {
	struct slice name;
	const char *letters;
} categories[] = {
	{ SLICE_INIT("Letter"), "L" },
	{ SLICE_INIT("Cased_Letter"), "L&" },
	{ SLICE_INIT("Uppercase_Letter"), "Lu" },
	{ SLICE_INIT("Lowercase_Letter"), "Ll" },
	{ SLICE_INIT("Titlecase_Letter"), "Lt" },
	{ SLICE_INIT("Modifier_Letter"), "Lm" },
	{ SLICE_INIT("Other_Letter"), "Lo" },
	{ SLICE_INIT("Mark"), "M" },
	{ SLICE_INIT("Combining_Mark"), "M" },
	{ SLICE_INIT("Nonspacing_Mark"), "Mn" },
	{ SLICE_INIT("Spacing_Mark"), "Mc" },
	{ SLICE_INIT("Enclosing_Mark"), "Me" },
	{ SLICE_INIT("Number"), "N" },
	{ SLICE_INIT("Decimal_Number"), "Nd" },
	{ SLICE_INIT("digit"), "Nd" },
	{ SLICE_INIT("Letter_Number"), "Nl" },
	{ SLICE_INIT("Other_Number"), "No" },
	{ SLICE_INIT("Punctuation"), "P" },
	{ SLICE_INIT("punct"), "P" },
	{ SLICE_INIT("Connector_Punctuation"), "Pc" },
	{ SLICE_INIT("Dash_Punctuation"), "Pd" },
	{ SLICE_INIT("Open_Punctuation"), "Ps" },
	{ SLICE_INIT("Close_Punctuation"), "Pe" },
	{ SLICE_INIT("Initial_Punctuation"), "Pi" },
	{ SLICE_INIT("Final_Punctuation"), "Pf" },
	{ SLICE_INIT("Other_Punctuation"), "Po" },
	{ SLICE_INIT("Symbol"), "S" },
	{ SLICE_INIT("Math_Symbol"), "Sm" },
	{ SLICE_INIT("Currency_Symbol"), "Sc" },
	{ SLICE_INIT("Modifier_Symbol"), "Sk" },
	{ SLICE_INIT("Other_Symbol"), "So" },
	{ SLICE_INIT("Separator"), "Z" },
	{ SLICE_INIT("Space_Separator"), "Zs" },
	{ SLICE_INIT("Line_Separator"), "Zl" },
	{ SLICE_INIT("Paragraph_Separator"), "Zp" },
	{ SLICE_INIT("Other"), "C" },
	{ SLICE_INIT("Control"), "Cc" },
	{ SLICE_INIT("cntrl"), "Cc" },
	{ SLICE_INIT("Format"), "Cf" },
	{ SLICE_INIT("Surrogate"), "Cs" },
	{ SLICE_INIT("Private_Use"), "Co" },
	{ SLICE_INIT("Unassigned"), "Cn" },
};

static void
put_property(struct buf *b, struct slice name)
{
	static const struct slice prefixes[] = { SLICE_INIT("gc="),
		SLICE_INIT("General_Category=") };
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (slice_starts(name, prefixes[i]))
			name = slice_from(name, prefixes[i].len);
	}
	for (i = 0; i < sizeof(categories) / sizeof(categories[0]); i++) {
		if (slice_eq(name, categories[i].name))
			name = slice_of(categories[i].letters);
	}
	buf_put_char(b, '{');
	buf_put_slice(b, name);
	buf_put_char(b, '}');
}

/* An escape, `s` behind the backslash; gives what stands behind it. */
static struct slice
put_escape(struct buf *b, struct slice s, bool in_class)
{
	struct slice name, rest;
	char c = '\0';

	if (s.len > 0)
		c = s.ptr[0];
	if (c == 's' && in_class)
		buf_printf(b, "\\s\\ufeff\\p{Z}");
	else if (c == 's')
		buf_printf(b, "[\\s\\ufeff\\p{Z}]");
	else if (c == 'S' && !in_class)
		buf_printf(b, "[^\\s\\ufeff\\p{Z}]");
	else {
		buf_put_char(b, '\\');
		buf_put(b, s.ptr, s.len == 0 ? 0 : 1);
	}
	if (s.len == 0)
		return s;
	s = slice_from(s, 1);
	if ((c != 'p' && c != 'P') || s.len == 0 || s.ptr[0] != '{')
		return s;
	name = slice_cut(slice_from(s, 1), '}', &rest);
	if (rest.ptr == NULL)
		return s;
	put_property(b, name);
	return rest;
}

static void
rewrite(struct buf *b, struct slice s)
{
	bool in_class = false;

	while (s.len > 0) {
		char c = s.ptr[0];

		s = slice_from(s, 1);
		if (c == '\\') {
			s = put_escape(b, s, in_class);
			continue;
		}
		if (c == '[' && in_class) {
			/* Here it stands for itself, not for [:alpha:]. */
			buf_put(b, "\\[", 2);
			continue;
		}
		if (c == '[' || c == ']')
			in_class = c == '[';
		buf_put_char(b, c);
	}
}

/* ----------------------------------------------------------- compiling */

static enum rc
code_new(struct schema_engine *e, struct slice text, pcre2_code **out,
    struct buf *why)
{
	const uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C |
	    PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
	    PCRE2_MATCH_UNSET_BACKREF | PCRE2_USE_OFFSET_LIMIT;
	PCRE2_UCHAR message[120] = { 0 };
	PCRE2_SIZE offset = 0;
	int error = 0;

	*out = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, options, &error,
	    &offset, e->compile);
	if (*out != NULL)
		return RC_OK;
	/* 121: "failed to allocate heap memory" */
	if (error == PCRE2_ERROR_HEAP_FAILED)
		return RC_NOMEM;
	(void)pcre2_get_error_message(error, message, sizeof(message));
	buf_printf(why, "%s", (const char *)message);
	return RC_SYNTAX;
}

enum rc
schema_pattern_make(struct schema *s, struct slice source,
    const struct schema_pattern **out, struct buf *why)
{
	struct buf text = BUF_INIT(PATTERN_MAX * 4);
	struct schema_pattern *p;
	uint32_t options = 0;
	enum rc rc = RC_OK;

	if (source.len > PATTERN_MAX) {
		buf_printf(why, "it is too long");
		return RC_SYNTAX;
	}
	if (s->engine == NULL)
		rc = engine_new(s);
	p = rc == RC_OK ? arena_alloc(&s->mem, sizeof(*p)) : NULL;
	if (p == NULL)
		return RC_NOMEM;
	p->source = source;
	p->next = s->patterns;
	s->patterns = p;
	*out = p;
	buf_put(&text, "", 0);
	rewrite(&text, source);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = code_new(s->engine, buf_slice(&text), &p->code, why);
	buf_release(&text);
	if (rc == RC_OK)
		(void)pcre2_pattern_info(
		    p->code, PCRE2_INFO_ALLOPTIONS, &options);
	p->is_anchored = (options & PCRE2_ANCHORED) != 0;
	return rc;
}

struct slice
schema_pattern_source(const struct schema_pattern *p)
{
	return p->source;
}

void
schema_patterns_free(struct schema *s)
{
	struct schema_pattern *p;

	for (p = s->patterns; p != NULL; p = p->next)
		pcre2_code_free(p->code);
	if (s->engine == NULL)
		return;
	pcre2_match_context_free(s->engine->limits);
	pcre2_compile_context_free(s->engine->compile);
	pcre2_general_context_free(s->engine->memory);
}

/* ------------------------------------------------------------ matching */

static bool
matcher_ready(struct schema_run *run)
{
	const struct schema_engine *e = run->schema->engine;
	struct schema_matcher *m = run->matcher;

	if (m != NULL)
		return true;
	m = calloc(1, sizeof(*m));
	run->matcher = m;
	if (m != NULL)
		m->data = pcre2_match_data_create(1, e->memory);
	if (m == NULL || m->data == NULL)
		run->rc = RC_NOMEM;
	return run->rc == RC_OK;
}

static bool
limits_ready(struct schema_run *run)
{
	struct schema_matcher *m = run->matcher;

	if (m->limits == NULL)
		m->limits =
		    pcre2_match_context_copy(run->schema->engine->limits);
	if (m->limits == NULL)
		run->rc = RC_NOMEM;
	return m->limits != NULL;
}

void
schema_matcher_free(struct schema_matcher *m)
{
	if (m == NULL)
		return;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->limits);
	free(m);
}

static bool
verdict(struct schema_run *run, int found)
{
	if (found >= 0)
		return true;
	if (found == PCRE2_ERROR_NOMATCH)
		return false;
	if (found == PCRE2_ERROR_NOMEMORY)
		run->rc = RC_NOMEM;
	else if (found == PCRE2_ERROR_MATCHLIMIT ||
	    found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT)
		run->rc = RC_FULL;
	else
		run->rc = RC_BUG;
	return false;
}

/* The n starting points from `from` on, with whatever they need. */
static int
match_some(struct schema_run *run, const struct schema_pattern *p,
    struct slice s, size_t from, size_t n)
{
	struct schema_matcher *m = run->matcher;
	int found;

	if (!limits_ready(run))
		return PCRE2_ERROR_NOMATCH;
	(void)pcre2_set_offset_limit(m->limits, from + n - 1);
	(void)pcre2_set_match_limit(m->limits, EASY_MAX);
	found = pcre2_match(
	    p->code, (PCRE2_SPTR)s.ptr, s.len, from, 0, m->data, m->limits);
	if (found != PCRE2_ERROR_MATCHLIMIT ||
	    !schema_spend(run, (uint64_t)n * HARD_COST))
		return found;
	(void)pcre2_set_match_limit(m->limits, HARD_MAX);
	return pcre2_match(
	    p->code, (PCRE2_SPTR)s.ptr, s.len, from, 0, m->data, m->limits);
}

/* Starting points in growing windows, each paid for before it is tried. */
static bool
matches_far(
    struct schema_run *run, const struct schema_pattern *p, struct slice s)
{
	size_t from = 0, window = WINDOW;
	int found = PCRE2_ERROR_NOMATCH;

	while (from <= s.len && found == PCRE2_ERROR_NOMATCH) {
		size_t left = s.len - from;
		size_t n = left < window ? left + 1 : window;

		if (!schema_spend(
			run, (uint64_t)n * (1 + left / BYTES_PER_STEP)))
			return false;
		found = match_some(run, p, s, from, n);
		if (run->rc != RC_OK)
			return false;
		from += n;
		window *= 2;
		while (
		    from < s.len && ((unsigned char)s.ptr[from] & 0xC0) == 0x80)
			from++;
	}
	return verdict(run, found);
}

bool
schema_pattern_matches(struct schema_run *run, const struct schema_pattern *p,
    struct slice subject)
{
	size_t starts = p->is_anchored ? 1 : subject.len + 1;
	int found;

	if (!schema_spend(run, 4 + subject.len / 16) || !matcher_ready(run))
		return false;
	if (starts > WINDOW)
		return matches_far(run, p, subject);
	if (!schema_spend(run, starts))
		return false;
	found = pcre2_match(p->code, (PCRE2_SPTR)subject.ptr, subject.len, 0, 0,
	    run->matcher->data, run->schema->engine->limits);
	if (found == PCRE2_ERROR_MATCHLIMIT)
		found = match_some(run, p, subject, 0, starts);
	return run->rc == RC_OK && verdict(run, found);
}
