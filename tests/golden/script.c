#include "script.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* Lines of the file, one after the other. */
struct reader {
	struct slice rest;
	int line; /* number of the line last taken */
	struct arena *arena;
	struct buf *why;
	struct step **tail;
	struct step *step; /* the last one */
};

static enum rc
wrong(struct reader *r, const char *what)
{
	buf_printf(r->why, "line %d: %s", r->line, what);
	return RC_SYNTAX;
}

static struct slice
take_line(struct reader *r)
{
	struct slice rest;
	struct slice line = slice_cut(r->rest, '\n', &rest);

	r->rest = rest.ptr == NULL ? SLICE("") : rest;
	r->line++;
	return line;
}

/* Does a new part begin here? */
static bool
at_mark(const struct reader *r)
{
	return slice_starts(r->rest, SLICE(">>>")) ||
	    slice_starts(r->rest, SLICE("<<<")) ||
	    slice_starts(r->rest, SLICE("!")) || r->rest.len == 0;
}

struct slice
script_word(struct slice *rest)
{
	struct slice word = slice_cut(slice_trim(*rest), ' ', rest);

	*rest = rest->ptr == NULL ? SLICE("") : slice_trim(*rest);
	return word;
}

unsigned
script_depth(struct slice name)
{
	if (slice_eq(name, SLICE("core")))
		return DEPTH_CORE;
	if (slice_eq(name, SLICE("fcgi")))
		return DEPTH_FCGI;
	return slice_eq(name, SLICE("web")) ? DEPTH_WEB : 0;
}

static enum rc
add_field(struct reader *r, struct field ***tail, struct slice line, char at)
{
	struct field *f = arena_alloc(r->arena, sizeof(*f));
	struct slice value;

	if (f == NULL)
		return RC_NOMEM;
	f->name = slice_trim(slice_cut(line, at, &value));
	if (value.ptr == NULL || f->name.len == 0)
		return wrong(r, "not a name and a value");
	f->value = slice_trim(value);
	**tail = f;
	*tail = &f->next;
	return RC_OK;
}

/* Everything up to the next mark, without the newlines at its end. */
static struct slice
take_body(struct reader *r)
{
	struct slice body = { r->rest.ptr, 0 };

	while (!at_mark(r)) {
		(void)take_line(r);
		body.len = (size_t)(r->rest.ptr - body.ptr);
		if (r->rest.len == 0)
			body.len = strlen(body.ptr);
	}
	while (body.len > 0 && body.ptr[body.len - 1] == '\n')
		body.len--;
	return body;
}

/* First line, fields, and behind an empty line the body. */
static enum rc
take_message(struct reader *r, struct message *m)
{
	struct field **tail = &m->fields;
	enum rc rc;

	m->first = slice_trim(slice_from(take_line(r), 3));
	while (!at_mark(r)) {
		struct slice line = take_line(r);

		if (slice_trim(line).len == 0) {
			m->body = take_body(r);
			return RC_OK;
		}
		rc = add_field(r, &tail, line, ':');
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
add_step(struct reader *r, enum step_kind kind)
{
	struct step *s = arena_alloc(r->arena, sizeof(*s));

	if (s == NULL)
		return RC_NOMEM;
	s->kind = kind;
	s->line = r->line + 1;
	*r->tail = s;
	r->tail = &s->next;
	r->step = s;
	return RC_OK;
}

static enum rc
take_directive(struct reader *r)
{
	struct slice words;
	struct slice first;
	enum rc rc;

	rc = add_step(r, STEP_CONTROL);
	if (rc != RC_OK)
		return rc;
	words = slice_trim(slice_from(take_line(r), 1));
	r->step->words = words;
	first = script_word(&words);
	if (slice_eq(first, SLICE("session")))
		r->step->kind = STEP_SESSION;
	else if (slice_eq(first, SLICE("has")))
		r->step->kind = STEP_HAS;
	else
		return RC_OK;
	r->step->words = words;
	return RC_OK;
}

/* "400", or for one depth only "web 400". */
static enum rc
take_expectation(struct reader *r)
{
	struct expectation *e = arena_alloc(r->arena, sizeof(*e));
	struct expectation **tail;
	struct slice words;
	struct slice word;
	uint64_t status;
	enum rc rc;

	if (e == NULL)
		return RC_NOMEM;
	if (r->step == NULL || r->step->kind != STEP_EXCHANGE)
		return wrong(r, "<<< without >>>");
	e->line = r->line + 1;
	rc = take_message(r, &e->message);
	if (rc != RC_OK)
		return rc;
	words = e->message.first;
	word = script_word(&words);
	while (script_depth(word) != 0) {
		e->depths |= script_depth(word);
		word = script_word(&words);
	}
	if (text_u64(word, 599, &status) != RC_OK || status < 100)
		return wrong(r, "no HTTP status behind <<<");
	e->status = (int)status;
	for (tail = &r->step->expect; *tail != NULL; tail = &(*tail)->next)
		continue;
	*tail = e;
	return RC_OK;
}

static enum rc
take_steps(struct reader *r)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && r->rest.len > 0) {
		if (slice_starts(r->rest, SLICE(">>>"))) {
			rc = add_step(r, STEP_EXCHANGE);
			if (rc == RC_OK)
				rc = take_message(r, &r->step->request);
		} else if (slice_starts(r->rest, SLICE("<<<"))) {
			rc = take_expectation(r);
		} else if (slice_starts(r->rest, SLICE("!"))) {
			rc = take_directive(r);
		} else if (slice_trim(take_line(r)).len > 0) {
			rc = wrong(r, "neither >>>, <<< nor !");
		}
	}
	return rc;
}

static enum rc
take_depths(struct reader *r, struct slice words, unsigned *depths)
{
	while (words.len > 0) {
		unsigned bit = script_depth(script_word(&words));

		if (bit == 0)
			return wrong(r, "unknown depth");
		*depths |= bit;
	}
	return RC_OK;
}

/* One line in front of the first step. */
static enum rc
take_head_line(struct reader *r, struct script *s, struct field ***config)
{
	struct slice line = slice_trim(take_line(r));
	struct slice value;
	struct slice name;

	if (line.len == 0 || line.ptr[0] == '#')
		return RC_OK;
	name = slice_cut(line, ':', &value);
	if (value.ptr == NULL)
		return wrong(r, "not `name: value`");
	value = slice_trim(value);
	if (slice_eq(name, SLICE("config")))
		return add_field(r, config, value, '=');
	if (slice_eq(name, SLICE("depth")))
		return take_depths(r, value, &s->depths);
	if (slice_eq(name, SLICE("row")))
		s->row = value;
	else if (slice_eq(name, SLICE("time")))
		s->time = value;
	else
		return wrong(r, "unknown name in front of the exchanges");
	return RC_OK;
}

/* The keys as an ini file; each in a section of its own, which inih takes. */
static enum rc
write_config(struct script *s)
{
	struct buf text = BUF_INIT(65536);
	enum rc rc;

	for (const struct field *f = s->config; f != NULL; f = f->next) {
		struct slice key;
		struct slice section = slice_cut(f->name, '.', &key);

		buf_printf(&text, "[%.*s]\n%.*s = %.*s\n", SLICE_FMT(section),
		    SLICE_FMT(key), SLICE_FMT(f->value));
	}
	rc = buf_finish(&text);
	if (rc == RC_OK && text.len > 0)
		rc = arena_copy(&s->arena, buf_slice(&text), &s->config_text);
	buf_release(&text);
	return rc;
}

static enum rc
check(const struct script *s, struct reader *r)
{
	if (s->depths == 0)
		return wrong(r, "no `depth:` line");
	if (s->row.ptr == NULL)
		return wrong(r, "no `row:` line");
	if (s->steps == NULL)
		return wrong(r, "no exchange");
	for (const struct step *t = s->steps; t != NULL; t = t->next) {
		r->line = t->line;
		if (t->kind == STEP_EXCHANGE && t->expect == NULL)
			return wrong(r, ">>> without <<<");
		if (t->kind == STEP_CONTROL && s->depths != DEPTH_CORE)
			return wrong(r, "this needs `depth: core`");
	}
	return RC_OK;
}

static enum rc
read_text(const char *file, struct arena *a, struct slice *out)
{
	char *bytes = arena_bytes(a, FILE_MAX + 1);
	FILE *f = fopen(file, "rb");
	size_t n = 0;
	bool bad = true;

	if (f != NULL && bytes != NULL) {
		n = fread(bytes, 1, FILE_MAX, f);
		bad = ferror(f) != 0 || memchr(bytes, 0, n) != NULL;
		bytes[n] = '\0';
	}
	if (f != NULL)
		(void)fclose(f);
	*out = (struct slice){ bytes, n };
	return bad ? RC_IO : RC_OK;
}

enum rc
script_read(const char *file, struct script *out, struct buf *why)
{
	struct reader r = { .arena = &out->arena, .why = why };
	struct field **config = &out->config;
	enum rc rc;

	*out = (struct script){ .arena = ARENA_INIT(4 * FILE_MAX) };
	r.tail = &out->steps;
	out->file = arena_string(&out->arena, slice_of(file));
	rc = read_text(file, &out->arena, &r.rest);
	if (rc != RC_OK || out->file == NULL) {
		buf_printf(why, "cannot be read, or holds a NUL");
		return RC_IO;
	}
	while (rc == RC_OK && !at_mark(&r))
		rc = take_head_line(&r, out, &config);
	if (rc == RC_OK)
		rc = take_steps(&r);
	if (rc == RC_OK)
		rc = check(out, &r);
	if (rc == RC_OK)
		rc = write_config(out);
	return rc;
}

void
script_release(struct script *s)
{
	arena_release(&s->arena);
}
