#include "store_cached.h"

#include <stdlib.h>
#include <string.h>

#include "row_copy.h"
#include "store_cached_private.h"
#include "text.h"

static void
close_store(struct store *base)
{
	struct store_cached *c = CACHED(base);

	c->o.under->ops->close(c->o.under);
	c->o.kv->ops->close(c->o.kv);
	buf_release(&c->text);
	free(c);
}

static bool
is_prefix(struct slice prefix)
{
	return prefix.len <= CACHE_PREFIX_MAX &&
	    (prefix.len == 0 || text_visible_ok(prefix));
}

enum rc
store_cached_open(
    const struct store_cached_options *options, struct store **out)
{
	const struct slice prefix = slice_of(options->prefix);
	struct store_cached *c;

	*out = NULL;
	if (!is_prefix(prefix))
		return RC_SYNTAX;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return RC_NOMEM;
	c->o = *options;
	if (prefix.len > 0)
		memcpy(c->prefix, prefix.ptr, prefix.len);
	c->text = BUF_INIT(ROW_COPY_MAX);
	store_cached_fill(&c->ops);
	c->ops.session_get = store_cached_session_get;
	c->ops.session_set = store_cached_session_set;
	c->ops.session_end = store_cached_session_end;
	c->ops.settled_mono = store_cached_settled;
	c->ops.changes = store_cached_changes;
	c->ops.close = close_store;
	c->base.ops = &c->ops;
	*out = &c->base;
	return RC_OK;
}

struct store_cached_count
store_cached_counted(const struct store *base)
{
	return ((const struct store_cached *)base)->count;
}
