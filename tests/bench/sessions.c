#include "sessions.h"

#include <stdio.h>

#include "clock.h"
#include "rng.h"
#include "store_open.h"

#define URL_MAX 4096
#define CALL_MS 10000

enum rc
sessions_open_url(const char *url, struct log *log, struct store **out)
{
	struct buf why = BUF_INIT(URL_MAX);
	const struct store_open_options options = { .url = url,
		.create = true,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = log };
	enum rc rc = store_open(&options, out, &why);

	if (rc != RC_OK)
		(void)fprintf(stderr, "%s: %s\n", rc_name(rc),
		    why.len > 0 ? why.ptr : url);
	buf_release(&why);
	return rc;
}

enum rc
sessions_open(const char *path, struct log *log, struct store **out)
{
	struct buf url = BUF_INIT(URL_MAX);
	enum rc rc;

	buf_printf(&url, "sqlite://%s", path);
	rc = buf_finish(&url);
	if (rc == RC_OK)
		rc = sessions_open_url(url.ptr, log, out);
	buf_release(&url);
	return rc;
}

struct op
sessions_op(struct arena *a)
{
	arena_reset(a);
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) + CALL_MS,
		.relaxed = true,
		.arena = a };
}

static enum rc
make_one(struct store *store, const struct op *op, struct session_id *id)
{
	const struct session_caps no_caps = { 0 };
	struct session_row row;
	int64_t number;
	enum rc rc = rng_fill(&rng_system, id->key.sid, SID_BYTES);

	if (rc != RC_OK)
		return rc;
	id->key.created = op->now_ms;
	rc = store->ops->session_get(
	    store, op, &id->key, &row, &id->key.incarnation);
	if (rc != RC_NOTFOUND)
		return rc == RC_OK ? RC_BUG : rc;
	row = (struct session_row){ .key = id->key,
		.state = SESSION_LIVE,
		.principal_name = SLICE(""),
		.transport = (int)id->transport,
		.revision = revision_get(id->revision)->date,
		.client = SLICE("{\"capabilities\":{},\"clientInfo\":"
				"{\"name\":\"bench\",\"version\":\"1\"}}"),
		.log_level = -1,
		.initialized = true,
		.created = op->now_ms,
		.touched = op->now_ms };
	return store->ops->session_put(store, op, &row, &no_caps, &number);
}

enum rc
sessions_make(struct store *store, struct arena *a, size_t n,
    void (*each)(void *ctx, const struct session_id *), void *ctx)
{
	struct session_id id = { .transport = TRANSPORT_STREAMABLE,
		.revision = REVISION_2025_11_25 };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct op op = sessions_op(a);

		rc = make_one(store, &op, &id);
		if (rc == RC_OK)
			each(ctx, &id);
	}
	return rc;
}
