#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "catalog_part.h"
#include "content.h"
#include "placeholder.h"
#include "text.h"
#include "tool_block.h"

/* One block as it is written out. */
struct draft {
	const struct catalog_tool *tool;
	struct tool_call *call; /* NULL: files are left empty */
	struct buf out;
	size_t max;
	struct slice path; /* of a file that could not be used ... */
	const char *why;   /* ... because of this */
	enum rc rc;
};

/* ------------------------------------------------------------------ files */

/* Where a file's bytes go: by the type of the block, which a resource within
 * a block does not have. */
static const struct {
	struct slice type;
	struct slice member;
} places[] = {
	{ SLICE_INIT("text"), SLICE_INIT("text") },
	{ SLICE_INIT("image"), SLICE_INIT("data") },
	{ SLICE_INIT("audio"), SLICE_INIT("data") },
};

static struct slice
place_of(const struct json *block, bool is_text)
{
	const struct json *type = json_get(block, "type");

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (json_text_is(type, places[i].type))
			return places[i].member;
	return is_text ? SLICE("text") : SLICE("blob");
}

static void
put_bytes(struct draft *d, const struct json *block, struct slice path,
    struct slice bytes)
{
	const struct json *named = json_get(block, "mimeType");
	const struct slice mime =
	    named == NULL ? content_mime(path, bytes) : json_text(named);
	const bool is_text = content_is_text(bytes, mime);
	const struct slice place = place_of(block, is_text);

	json_put_name(&d->out, place);
	if (slice_eq(place, SLICE("text"))) {
		if (!text_utf8_ok(bytes))
			d->why = "is no text";
		json_put_string(&d->out, bytes);
	} else {
		buf_put_char(&d->out, '"');
		text_put_b64(&d->out, bytes.ptr, bytes.len);
		buf_put_char(&d->out, '"');
	}
	if (named == NULL &&
	    !json_text_is(json_get(block, "type"), SLICE("text"))) {
		json_put_key(&d->out, "mimeType");
		json_put_string(&d->out, mime);
	}
}

static void
put_file(struct draft *d, const struct json *block, const struct json *file)
{
	struct buf bytes = BUF_INIT(d->max);
	const char *path;
	enum rc rc = RC_OK;

	d->path = json_text(file);
	if (d->call != NULL) {
		path = catalog_resolve(
		    d->call->arena, d->tool->root, json_text(file));
		rc = path == NULL ? RC_NOMEM
				  : files_read(AT_FDCWD, path, &bytes);
	}
	if (rc == RC_OK) {
		put_bytes(d, block, json_text(file),
		    bytes.len == 0 ? SLICE("") : buf_slice(&bytes));
	} else if (rc == RC_NOMEM) {
		d->rc = rc;
	} else {
		d->why = rc == RC_FULL ? "is too long" : "could not be read";
	}
	buf_release(&bytes);
}

/* ----------------------------------------------------------------- a block */

static void
put_string(struct draft *d, const struct json *value)
{
	struct buf text = BUF_INIT(d->max);

	if (d->call == NULL) {
		buf_put_slice(&d->out, value->raw);
		return;
	}
	placeholder_put(&text, value->text, d->call->arguments);
	if (text.failed)
		d->out.failed = true;
	if (text.full)
		d->out.full = true;
	json_put_string(&d->out, buf_slice(&text));
	buf_release(&text);
}

/* No deeper than json_read() allowed. */
static void
put_value(struct draft *d, const struct json *value)
{
	const bool is_object = value->type == JSON_OBJECT;

	if (value->name.ptr != NULL && placeholder_is_exempt(value->name)) {
		json_put_compact(&d->out, value);
		return;
	}
	if (value->type == JSON_STRING) {
		put_string(d, value);
		return;
	}
	if (!is_object && value->type != JSON_ARRAY) {
		buf_put_slice(&d->out, value->raw);
		return;
	}
	buf_put_char(&d->out, is_object ? '{' : '[');
	for (const struct json *c = value->child; c != NULL; c = c->next) {
		if (is_object)
			json_put_name(&d->out, c->name);
		else
			json_put_comma(&d->out);
		put_value(d, c);
	}
	buf_put_char(&d->out, is_object ? '}' : ']');
}

/* A block, or the resource within one: these may have a file. */
static void
put_block(struct draft *d, const struct json *block)
{
	buf_put_char(&d->out, '{');
	for (const struct json *m = block->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE("file"))) {
			put_file(d, block, m);
			continue;
		}
		json_put_name(&d->out, m->name);
		if (m->type == JSON_OBJECT &&
		    slice_eq(m->name, SLICE("resource")))
			put_block(d, m);
		else
			put_value(d, m);
	}
	buf_put_char(&d->out, '}');
}

/* ------------------------------------------------------------------ serve */

static enum rc
fail(struct draft *d, struct slice why)
{
	struct buf sentence = BUF_INIT((size_t)16 * 1024);
	enum rc rc;

	buf_put_slice(&sentence, d->call->tool->name);
	buf_put_slice(&sentence, SLICE(" cannot be told: "));
	buf_put_slice(&sentence, why);
	rc = buf_finish(&sentence);
	if (rc == RC_OK)
		rc = tool_fail(d->call, buf_slice(&sentence));
	buf_release(&sentence);
	return rc;
}

static enum rc
fail_file(struct draft *d)
{
	struct buf why = BUF_INIT((size_t)8 * 1024);
	enum rc rc;

	buf_put_slice(&why, SLICE("its file "));
	buf_put_slice(&why, d->path);
	buf_printf(&why, " %s", d->why);
	rc = buf_finish(&why);
	if (rc == RC_OK)
		rc = fail(d, buf_slice(&why));
	buf_release(&why);
	return rc;
}

/* The block's text becomes one of the call's. */
static enum rc
add_block(struct draft *d)
{
	struct buf why = BUF_INIT(1024);
	const struct json *block = NULL;
	struct slice kept;
	enum rc rc = arena_copy(d->call->arena, buf_slice(&d->out), &kept);

	if (rc == RC_OK)
		rc = json_read(
		    d->call->arena, kept, &json_limits_default, &block, NULL);
	if (rc == RC_OK)
		rc = tool_add_block(d->call, block, &why);
	/* What was filled in made it none. */
	if (rc == RC_SYNTAX)
		rc = fail(d, buf_slice(&why));
	buf_release(&why);
	return rc;
}

static enum rc
add_message(struct draft *d, const struct json *message)
{
	buf_reset(&d->out);
	put_block(d, json_get(message, "content"));
	if (d->rc != RC_OK)
		return d->rc;
	if (d->why != NULL)
		return fail_file(d);
	if (d->out.failed && d->out.full)
		return fail(d, SLICE("it would be too long"));
	if (d->out.failed)
		return RC_NOMEM;
	tool_set_role(d->call,
	    json_text_is(json_get(message, "role"), SLICE("assistant")));
	return add_block(d);
}

enum tool_done
catalog_call_messages(const struct tool *tool, struct tool_call *call)
{
	const struct catalog_tool *t = tool->ctx;
	struct draft d = { .tool = t, .call = call };
	enum rc rc = RC_OK;

	d.max = program_output_max(t->host);
	/* Base64 makes a file longer. */
	d.out = BUF_INIT(2 * d.max);
	for (const struct json *m = t->messages->child;
	     rc == RC_OK && !call->result.is_error && m != NULL; m = m->next)
		rc = add_message(&d, m);
	buf_release(&d.out);
	return program_done(call, rc);
}

/* ------------------------------------------------------------------- read */

/* Bytes can come from one place only. */
static void
check_file(struct catalog_reader *r, const struct json *block)
{
	const struct json *file = json_get(block, "file");
	const struct json *resource = json_get(block, "resource");

	if (file != NULL && json_text(file).len == 0)
		finding_put(&r->findings, file, "file must be a path");
	if (file != NULL &&
	    (json_get(block, "text") != NULL ||
		json_get(block, "data") != NULL ||
		json_get(block, "blob") != NULL || resource != NULL))
		finding_put(&r->findings, file,
		    "file takes the place of text, data and blob");
	if (json_is(resource, JSON_OBJECT))
		check_file(r, resource);
}

/* What would be sent if all files were empty. */
static void
check_block(struct catalog_reader *r, const struct json *block)
{
	struct definition *definition = &r->tool->definition;
	struct draft d = { .tool = r->tool, .out = BUF_INIT(DEFINITION_MAX) };
	struct buf why = BUF_INIT(1024);
	const struct json *whole = NULL;
	unsigned type;
	struct slice kept, said;
	enum rc rc;

	put_block(&d, block);
	rc = buf_finish(&d.out);
	if (rc == RC_OK)
		rc = arena_copy(&definition->arena, buf_slice(&d.out), &kept);
	if (rc == RC_OK)
		rc = json_read(&definition->arena, kept, &json_limits_default,
		    &whole, NULL);
	if (rc == RC_OK && tool_block_check(whole, &type, &why) == RC_SYNTAX) {
		said = buf_slice(&why);
		finding_put(&r->findings, block, "%.*s", SLICE_FMT(said));
	}
	if (rc != RC_OK)
		r->rc = rc == RC_SYNTAX ? RC_BUG : rc;
	buf_release(&why);
	buf_release(&d.out);
}

static void
read_message(struct catalog_reader *r, const struct json *message)
{
	const struct json *role = json_get(message, "role");
	const struct json *content = json_get(message, "content");
	const size_t before = r->findings.n;

	if (!json_text_is(role, SLICE("user")) &&
	    !json_text_is(role, SLICE("assistant")))
		finding_put(&r->findings, role == NULL ? message : role,
		    "role of a message must be \"user\" or \"assistant\"");
	if (!json_is(content, JSON_OBJECT)) {
		finding_put(&r->findings, content == NULL ? message : content,
		    "content of a message must be one block, an object");
		return;
	}
	check_file(r, content);
	catalog_check_placeholders(r, content);
	if (r->findings.n == before)
		check_block(r, content);
}

void
catalog_read_messages(struct catalog_reader *r, const struct json *value)
{
	if (value->type != JSON_ARRAY || value->count == 0) {
		finding_put(&r->findings, value,
		    "messages must be an array of at least one message");
		return;
	}
	for (const struct json *m = value->child; m != NULL; m = m->next)
		read_message(r, m);
	r->tool->messages = value;
	r->tool->definition.tool.call = catalog_call_messages;
}

/* ------------------------------------------------------------------ hints */

static void
hint_file(
    const struct catalog_tool *t, const struct json *block, struct findings *f)
{
	const struct json *file = json_get(block, "file");
	const struct json *resource = json_get(block, "resource");
	struct buf path = BUF_INIT(DEFINITION_MAX);

	if (file != NULL) {
		if (!slice_starts(file->text, SLICE("/")))
			buf_printf(&path, "%s/", t->root);
		buf_put_slice(&path, file->text);
		if (path.failed)
			f->out->failed = true;
		else if (access(path.ptr, R_OK) != 0)
			finding_put(f, file,
			    "the file does not exist or may not be read");
	}
	buf_release(&path);
	if (resource != NULL)
		hint_file(t, resource, f);
}

void
catalog_hint_messages(const struct catalog_tool *t, struct findings *f)
{
	for (const struct json *m = t->messages->child; m != NULL; m = m->next)
		hint_file(t, json_get(m, "content"), f);
	catalog_hint_unused(t, t->messages, f);
}
