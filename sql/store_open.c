#include "store_open.h"

#include "slice.h"
#include "store_sqlite.h"

static enum rc
open_sqlite(const struct store_open_options *o, struct slice rest,
    struct store **out, struct buf *why)
{
	const struct store_sqlite_options options = {
		.path = rest.ptr,
		.create = o->create,
		.allow_network_fs = o->allow_network_fs,
		.clock = o->clock,
		.rng = o->rng,
		.log = o->log,
	};

	if (rest.len < 2 || rest.ptr[0] != '/') {
		buf_printf(why,
		    "%s: an absolute path is needed: "
		    "sqlite:///folder/file",
		    o->url);
		return RC_SYNTAX;
	}
	if (memchr(rest.ptr, '?', rest.len) != NULL ||
	    memchr(rest.ptr, '#', rest.len) != NULL ||
	    memchr(rest.ptr, '%', rest.len) != NULL) {
		/* They mean something else in other URLs. */
		buf_printf(why, "%s: no ?, # or %% in the path", o->url);
		return RC_SYNTAX;
	}
	return store_sqlite_open(&options, out, why);
}

enum rc
store_open(
    const struct store_open_options *o, struct store **out, struct buf *why)
{
	static const struct {
		struct slice scheme;
		enum rc (*open)(const struct store_open_options *,
		    struct slice rest, struct store **, struct buf *);
	} engines[] = {
		{ SLICE_INIT("sqlite://"), open_sqlite },
	};
	const struct slice url = slice_of(o->url);

	*out = NULL;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const struct slice scheme = engines[i].scheme;

		if (slice_starts(url, scheme))
			return engines[i].open(
			    o, slice_from(url, scheme.len), out, why);
	}
	buf_printf(why, "%s: not the URL of a store; known is sqlite:///path",
	    url.len == 0 ? "(empty)" : o->url);
	return RC_SYNTAX;
}
