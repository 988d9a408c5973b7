#include "catalog.h"

#include <stdlib.h>

#include "catalog_shelf.h"
#include "catalog_watch.h"

enum { TOOLS, PROMPTS, RESOURCES, SHELVES };

static const struct shelf shelves[SHELVES] = {
	[TOOLS] = { .name = "tools", .first = OFFER_TOOL, .last = OFFER_TOOL },
	[PROMPTS] = { .name = "prompts",
	    .first = OFFER_PROMPT,
	    .last = OFFER_PROMPT },
	[RESOURCES] = { .name = "resources",
	    .first = OFFER_RESOURCE,
	    .last = OFFER_TEMPLATE },
};

static const unsigned char shelf_of[OFFERS] = {
	[OFFER_TOOL] = TOOLS,
	[OFFER_PROMPT] = PROMPTS,
	[OFFER_RESOURCE] = RESOURCES,
	[OFFER_TEMPLATE] = RESOURCES,
};

struct catalog {
	struct toolbox base;
	struct catalog_options options;
	struct shelf shelf[SHELVES];
	int64_t checked_mono[SHELVES];
	struct catalog_watch watch;
};

/* The shelf as it is now, or was a moment ago. */
static const struct shelf *
look(struct catalog *c, unsigned i)
{
	const int64_t now = clock_mono_ms(c->options.clock);

	if (c->options.folder != NULL &&
	    now - c->checked_mono[i] >= c->options.check_ms) {
		c->checked_mono[i] = now;
		shelf_look(&c->shelf[i]);
	}
	return &c->shelf[i];
}

static const struct tool_set *
view(struct toolbox *box, enum offer kind)
{
	return &look((struct catalog *)box, shelf_of[kind])->set[kind];
}

/* Never 0: each shelf made its lists at least once. */
static uint64_t
version(struct toolbox *box)
{
	struct catalog *c = (struct catalog *)box;
	uint64_t sum = 0;

	for (unsigned i = 0; i < SHELVES; i++)
		sum += look(c, i)->version;
	return sum;
}

static void
watch(struct toolbox *box, void (*changed)(void *ctx, struct slice uri),
    void *ctx)
{
	struct catalog *c = (struct catalog *)box;

	catalog_watch_look(&c->watch, look(c, RESOURCES), changed, ctx);
}

static const struct toolbox_ops catalog_ops = {
	.view = view,
	.version = version,
	.watch = watch,
};

enum rc
catalog_open(const struct catalog_options *options, struct catalog **out,
    struct buf *why)
{
	struct catalog *c = calloc(1, sizeof(*c));
	enum rc rc = RC_OK;

	*out = NULL;
	if (c == NULL)
		return RC_NOMEM;
	c->base.ops = &catalog_ops;
	c->options = *options;
	for (int i = 0; i < SHELVES; i++) {
		c->shelf[i] = shelves[i];
		c->shelf[i].options = &c->options;
		c->checked_mono[i] = clock_mono_ms(options->clock);
		if (rc == RC_OK)
			rc = shelf_open(&c->shelf[i], why);
	}
	if (rc != RC_OK) {
		catalog_free(c);
		return rc;
	}
	*out = c;
	return RC_OK;
}

struct toolbox *
catalog_toolbox(struct catalog *c)
{
	return &c->base;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < SHELVES; i++)
		shelf_release(&c->shelf[i]);
	catalog_watch_release(&c->watch);
	free(c);
}
