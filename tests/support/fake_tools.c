#include "fake_tools.h"

#include <stdio.h>
#include <stdlib.h>

#include "definition.h"
#include "fake_askers.h"
#include "fake_definitions.h"
#include "revision.h"

/* RC_OK becomes TOOL_DONE; the caller's builder notes the rest. */
static enum tool_done
done(enum rc rc)
{
	return rc == RC_OK ? TOOL_DONE : TOOL_FAILED;
}

static enum tool_done
call_audio(struct tool_call *c)
{
	return done(tool_add_media(
	    c, CONTENT_AUDIO, SLICE(FAKE_MEDIA), SLICE("audio/wav")));
}

static enum rc
set_structured(struct tool_call *c, struct slice text)
{
	const struct json *value;
	enum rc rc;

	rc = json_read(c->arena, text, &json_limits_default, &value, NULL);
	if (rc != RC_OK)
		return rc;
	return tool_set_structured(c, value);
}

static enum tool_done
call_compute(struct tool_call *c)
{
	struct buf text = BUF_INIT(64);
	struct slice kept;
	int64_t a = 0, b = 0;
	enum rc rc = RC_OK;

	if (json_int64(json_get(c->arguments, "a"), &a) != RC_OK ||
	    json_int64(json_get(c->arguments, "b"), &b) != RC_OK ||
	    a > INT32_MAX || a < INT32_MIN || b > INT32_MAX || b < INT32_MIN)
		return done(tool_fail(c, SLICE("out of range")));
	buf_printf(&text, "{\"sum\":%lld}", (long long)a + b);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(c->arena, buf_slice(&text), &kept);
	buf_release(&text);
	return done(rc == RC_OK ? set_structured(c, kept) : rc);
}

static enum tool_done
call_echo(struct tool_call *c)
{
	return done(
	    tool_add_text(c, json_text(json_get(c->arguments, "text"))));
}

static enum tool_done
call_fail(struct tool_call *c)
{
	return tool_fail(c, SLICE("it did not work")) == RC_OK ? TOOL_FAILED
							       : TOOL_DONE;
}

static enum tool_done
call_image(struct tool_call *c)
{
	return done(tool_add_media(
	    c, CONTENT_IMAGE, SLICE(FAKE_MEDIA), SLICE("image/png")));
}

static enum tool_done
call_link(struct tool_call *c)
{
	return done(tool_add_link(c, SLICE("https://example.org/there"),
	    SLICE("there"), SLICE("text/html")));
}

static enum tool_done
call_list(struct tool_call *c)
{
	return done(set_structured(c, SLICE("[1,2,3]")));
}

static enum tool_done
call_nothing(struct tool_call *c)
{
	(void)c;
	return TOOL_DONE;
}

static enum tool_done
call_resource(struct tool_call *c)
{
	return done(tool_add_resource(c, SLICE("note://one"),
	    SLICE("text/plain"), SLICE("a note"), false));
}

static enum tool_done
call_summarize(struct tool_call *c)
{
	return done(tool_add_text(c, SLICE("short")));
}

static enum tool_done
call_weather(struct tool_call *c)
{
	return done(tool_add_text(c, SLICE("sunny")));
}

/* Sorted by name. */
static const struct fake fakes[] = {
	{ FAKE_AUDIO, call_audio, 0, 0 },
	{ FAKE_COMPUTE, call_compute, 0, 0 },
	{ FAKE_ECHO, call_echo, 0, 0 },
	{ FAKE_FAIL, call_fail, 0, 0 },
	{ FAKE_IMAGE, call_image, 0, 0 },
	{ FAKE_LINK, call_link, 0, 0 },
	{ FAKE_LIST, call_list, 0, 0 },
	{ FAKE_NOTHING, call_nothing, 0, 0 },
	{ FAKE_RESOURCE, call_resource, 0, 0 },
	{ FAKE_SUMMARIZE, call_summarize, CAP_SAMPLING, 0 },
	{ FAKE_WEATHER, call_weather, 0, 0 },
	{ FAKE_ZERO, call_nothing, 0, 0 },
};

#define FAKES (sizeof(fakes) / sizeof(fakes[0]))
/* Those that are there if they are asked for come on top. */
#define ALL_MAX (FAKES + 32)

struct fake_tools {
	struct toolbox base; /* first */
	struct tool_set set;
	const struct tool *tool[ALL_MAX];
	struct context {
		const struct fake *fake;
		unsigned long *calls;
	} context[ALL_MAX];
	struct definition definition[ALL_MAX];
	size_t n;
};

static enum tool_done
call_fake(const struct tool *tool, struct tool_call *c)
{
	const struct context *x = tool->ctx;

	if (x->calls != NULL)
		(*x->calls)++;
	return x->fake->call(c);
}

static const struct tool_set *
view(struct toolbox *t, enum offer kind)
{
	if (kind != OFFER_TOOL)
		return &tool_set_none;
	return &((struct fake_tools *)t)->set;
}

static const struct toolbox_ops fake_tools_ops = { .view = view };

static enum rc
add(struct fake_tools *f, const struct fake *fake, unsigned long *calls)
{
	struct buf why = BUF_INIT(4096);
	struct definition *d = &f->definition[f->n];
	struct context *x = &f->context[f->n];
	enum rc rc;

	rc = definition_read(slice_of(fake->definition), d, &why);
	if (rc != RC_OK) {
		(void)fprintf(stderr, "fake tool %zu: %s: %.*s\n", f->n,
		    rc_name(rc), SLICE_FMT(buf_slice(&why)));
		buf_release(&why);
		return rc;
	}
	x->fake = fake;
	x->calls = calls;
	d->tool.needs = fake->needs;
	d->tool.flags |= fake->flags;
	d->tool.call = call_fake;
	d->tool.ctx = x;
	f->tool[f->n++] = &d->tool;
	buf_release(&why);
	return RC_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct tool *const *x = a, *const *y = b;

	return slice_cmp((*x)->name, (*y)->name);
}

static enum rc
open_all(unsigned long *calls, bool with_askers, struct fake_tools **out)
{
	struct fake_tools *f = calloc(1, sizeof(*f));
	size_t more = with_askers ? fake_askers_n : 0;
	enum rc rc = RC_OK;

	*out = NULL;
	if (f == NULL)
		return RC_NOMEM;
	f->base.ops = &fake_tools_ops;
	if (FAKES + more > ALL_MAX)
		rc = RC_BUG;
	for (size_t i = 0; i < FAKES && rc == RC_OK; i++)
		rc = add(f, &fakes[i], calls);
	for (size_t i = 0; i < more && rc == RC_OK; i++)
		rc = add(f, &fake_askers[i], calls);
	if (rc != RC_OK) {
		fake_tools_free(f);
		return rc;
	}
	qsort(f->tool, f->n, sizeof(const struct tool *), by_name);
	f->set = (struct tool_set){ f->tool, f->n };
	*out = f;
	return RC_OK;
}

enum rc
fake_tools_open(unsigned long *calls, struct fake_tools **out)
{
	return open_all(calls, false, out);
}

enum rc
fake_tools_open_all(unsigned long *calls, struct fake_tools **out)
{
	return open_all(calls, true, out);
}

struct toolbox *
fake_tools_toolbox(struct fake_tools *f)
{
	return &f->base;
}

void
fake_tools_free(struct fake_tools *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		definition_release(&f->definition[i]);
	free(f);
}
