#include "fake_tools.h"

#include <stdio.h>
#include <stdlib.h>

#include "definition.h"
#include "fake_askers.h"
#include "fake_definitions.h"
#include "fake_offers.h"
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
#define ALL_MAX (FAKES + 64)

struct fake_tools {
	struct toolbox base; /* first */
	struct tool_set set[OFFERS];
	const struct tool *tool[OFFERS][ALL_MAX];
	struct context {
		enum tool_done (*call)(struct tool_call *);
		enum tool_done (*complete)(struct tool_call *);
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
	return x->call(c);
}

static enum tool_done
complete_fake(const struct tool *tool, struct tool_call *c)
{
	const struct context *x = tool->ctx;

	return x->complete(c);
}

static const struct tool_set *
view(struct toolbox *t, enum offer kind)
{
	return &((struct fake_tools *)t)->set[kind];
}

static const struct toolbox_ops fake_tools_ops = { .view = view };

static enum rc
add_offer(
    struct fake_tools *f, const struct fake_offer *fake, unsigned long *calls)
{
	struct buf why = BUF_INIT(4096);
	struct tool_set *set = &f->set[fake->kind];
	struct definition *d = &f->definition[f->n];
	struct context *x = &f->context[f->n];
	enum rc rc = f->n == ALL_MAX ? RC_BUG
				     : definition_read_as(fake->kind,
					   slice_of(fake->definition), d, &why);

	if (rc != RC_OK) {
		(void)fprintf(stderr, "fake %zu: %s: %.*s\n", f->n, rc_name(rc),
		    SLICE_FMT(buf_slice(&why)));
		buf_release(&why);
		return rc;
	}
	x->call = fake->call;
	x->complete = fake->complete;
	x->calls = calls;
	d->tool.needs = fake->needs;
	d->tool.flags |= fake->flags;
	d->tool.call = call_fake;
	d->tool.complete = fake->complete == NULL ? NULL : complete_fake;
	d->tool.ctx = x;
	f->tool[fake->kind][set->n++] = &d->tool;
	f->n++;
	buf_release(&why);
	return RC_OK;
}

static enum rc
add(struct fake_tools *f, const struct fake *fake, unsigned long *calls)
{
	const struct fake_offer offer = { .kind = OFFER_TOOL,
		.definition = fake->definition,
		.call = fake->call,
		.needs = fake->needs,
		.flags = fake->flags };

	return add_offer(f, &offer, calls);
}

static int
by_name(const void *a, const void *b)
{
	const struct tool *const *x = a, *const *y = b;

	return slice_cmp((*x)->name, (*y)->name);
}

static enum rc
open_all(unsigned long *calls, bool with_more, struct fake_tools **out)
{
	struct fake_tools *f = calloc(1, sizeof(*f));
	enum rc rc = RC_OK;

	*out = NULL;
	if (f == NULL)
		return RC_NOMEM;
	f->base.ops = &fake_tools_ops;
	for (size_t i = 0; i < FAKES && rc == RC_OK; i++)
		rc = add(f, &fakes[i], calls);
	for (size_t i = 0; with_more && i < fake_askers_n && rc == RC_OK; i++)
		rc = add(f, &fake_askers[i], calls);
	for (size_t i = 0; with_more && i < fake_offers_n && rc == RC_OK; i++)
		rc = add_offer(f, &fake_offers[i], calls);
	if (rc != RC_OK) {
		fake_tools_free(f);
		return rc;
	}
	for (size_t i = 0; i < OFFERS; i++) {
		qsort(f->tool[i], f->set[i].n, sizeof(const struct tool *),
		    by_name);
		f->set[i].tool = f->tool[i];
	}
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
