#include "host_watch.h"

#include <stdlib.h>
#include <string.h>

static const struct host_seen *
find(const struct host_watch *w, struct slice name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (slice_eq(slice_of(w->seen[i].name), name))
			return &w->seen[i];
	}
	return NULL;
}

enum rc
host_watch_look(
    struct host_watch *w, int64_t mono_ms, const struct host_rows *rows)
{
	struct host_seen *seen = calloc(rows->n + 1, sizeof(*seen));
	bool goes_on = w->has_looked && mono_ms - w->looked <= HOST_LOOK_MS;
	size_t n = 0;

	if (seen == NULL) {
		host_watch_fail(w);
		return RC_NOMEM;
	}
	for (size_t i = 0; i < rows->n; i++) {
		const struct host_row *row = &rows->row[i];
		const struct host_seen *before = find(w, row->name);
		struct host_seen *now = &seen[n];

		if (row->name.len >= sizeof(now->name))
			continue;
		if (row->name.len > 0)
			memcpy(now->name, row->name.ptr, row->name.len);
		now->beat = row->beat;
		now->since = mono_ms;
		if (goes_on && before != NULL && before->beat == row->beat)
			now->since = before->since;
		n++;
	}
	free(w->seen);
	*w = (struct host_watch){ seen, n, mono_ms, true };
	return RC_OK;
}

void
host_watch_fail(struct host_watch *w)
{
	w->has_looked = false;
}

bool
host_watch_is_dead(const struct host_watch *w, size_t i)
{
	return w->has_looked && w->looked - w->seen[i].since >= HOST_DEAD_MS;
}

void
host_watch_release(struct host_watch *w)
{
	free(w->seen);
	*w = (struct host_watch){ NULL, 0, 0, false };
}
