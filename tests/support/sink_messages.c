#include "sink_messages.h"

struct event {
	struct slice data;
	struct slice id;
	bool is_endpoint; /* HTTP+SSE: says where to post, and is no JSON */
};

static bool
read_json(struct arena *a, struct slice text, struct slice event,
    const struct sink_messages *to)
{
	const struct json *root;

	if (json_read(a, text, &json_limits_default, &root, NULL) != RC_OK)
		return false;
	if (root->type != JSON_ARRAY) {
		to->message(to->ctx, root, event);
		return true;
	}
	for (const struct json *e = root->child; e != NULL; e = e->next)
		to->message(to->ctx, e, event);
	return root->count > 0;
}

/* Ours have one line of data. */
static bool
take_field(struct event *e, struct slice line)
{
	struct slice value;
	struct slice name = slice_cut(line, ':', &value);

	if (value.ptr == NULL)
		return false;
	value = slice_trim(value);
	if (slice_eq(name, SLICE("data"))) {
		if (e->data.ptr != NULL)
			return false;
		e->data = value;
	} else if (slice_eq(name, SLICE("id"))) {
		e->id = value;
	} else if (slice_eq(name, SLICE("event"))) {
		e->is_endpoint = slice_eq(value, SLICE("endpoint"));
	}
	return true;
}

static bool
read_events(struct slice text, struct arena *a, const struct sink_messages *to)
{
	struct event e = { SLICE_NONE, SLICE_NONE, false };

	while (text.ptr != NULL && text.len > 0) {
		struct slice line = slice_cut(text, '\n', &text);

		if (line.len > 0) {
			if (!take_field(&e, line))
				return false;
			continue;
		}
		if (e.data.len > 0 && !e.is_endpoint &&
		    !read_json(a, e.data, e.id, to))
			return false;
		e = (struct event){ SLICE_NONE, SLICE_NONE, false };
	}
	return true;
}

bool
sink_messages_read(const struct sink_mem *sink, struct arena *a,
    const struct sink_messages *to)
{
	struct slice type = sink_mem_header(sink, "Content-Type");
	struct slice body = buf_slice(&sink->body);

	if (type.ptr == NULL)
		return body.len == 0;
	if (slice_starts(type, SLICE("text/event-stream")))
		return read_events(body, a, to);
	return slice_eq(type, SLICE("application/json")) &&
	    read_json(a, body, SLICE_NONE, to);
}
