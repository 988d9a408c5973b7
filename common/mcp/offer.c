#include "offer.h"

#include "cursor.h"
#include "project.h"
#include "reply.h"
#include "topic.h"
#include "uri_template.h"

/* A page with more than one entry is not longer. */
#define PAGE_BYTES ((size_t)1024 * 1024)

/* The member of a list's answer; its cursors are of that name, too. */
static const struct slice members[OFFERS] = {
	[OFFER_TOOL] = SLICE_INIT("tools"),
	[OFFER_PROMPT] = SLICE_INIT("prompts"),
	[OFFER_RESOURCE] = SLICE_INIT("resources"),
	[OFFER_TEMPLATE] = SLICE_INIT("resourceTemplates"),
};

const struct tool_set *
offer_all(struct exchange *x, enum offer kind)
{
	struct toolbox *box = x->server->toolbox;

	return box->ops->view(box, kind);
}

/* The first one behind a name, by binary search. */
static size_t
behind(const struct tool_set *set, struct slice name)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_cmp(set->tool[middle]->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the page begins; *first is unchanged on a refusal (answered). */
static enum rc
page_start(struct exchange *x, const struct tool_set *set, struct slice list,
    size_t *first)
{
	const struct json *cursor = json_get(x->message.params, "cursor");
	struct slice after = SLICE_NONE;
	enum rc rc = RC_OK;

	if (cursor == NULL) {
		*first = 0;
		return RC_OK;
	}
	if (cursor->type == JSON_STRING)
		rc = cursor_read(x, cursor->text, list, &after);
	if (rc != RC_OK && rc != RC_SYNTAX)
		return rc;
	if (after.ptr == NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "cursor is not one of ours", SLICE_NONE);
	} else {
		*first = behind(set, after);
	}
	return RC_OK;
}

/* Append what is on one page, and say where the next one begins.  Whatever
 * the definitions hold, a list can be read to its end. */
static size_t
put_page(struct exchange *x, const struct tool_set *set, size_t first)
{
	struct buf *b = &x->server->body;
	const size_t most = b->max / 2 < PAGE_BYTES ? b->max / 2 : PAGE_BYTES;
	const size_t begin = b->len;
	size_t i = first;

	buf_put_char(b, '[');
	for (; i < set->n && i - first < x->server->rules.page; i++) {
		const size_t before = b->len;

		json_put_comma(b);
		project_offer(b, set->tool[i], x->revision);
		if (i == first || (!b->failed && b->len - begin <= most))
			continue;
		buf_truncate(b, before);
		break;
	}
	buf_put_char(b, ']');
	return i;
}

enum rc
offer_list(struct exchange *x, enum offer kind)
{
	const struct tool_set *set = offer_all(x, kind);
	size_t first = SIZE_MAX, end;
	struct buf *b;
	enum rc rc = page_start(x, set, members[kind], &first);

	if (rc != RC_OK || first == SIZE_MAX)
		return rc;
	b = answer_begin(x);
	json_put_name(b, members[kind]);
	end = put_page(x, set, first);
	if (end < set->n) {
		json_put_key(b, "nextCursor");
		buf_put_char(b, '"');
		rc = cursor_put(x, b, members[kind], set->tool[end - 1]->name);
		buf_put_char(b, '"');
	}
	answer_end(x, true, NULL);
	return rc;
}

enum rc
offer_find_resource(
    struct exchange *x, struct slice uri, struct offer_call *out)
{
	const struct tool_set *templates;
	enum rc rc = RC_NOTFOUND;

	*out = (struct offer_call){ .makes = MAKES_CONTENTS, .uri = uri };
	/* Not what method_resources_read() refuses. */
	if (uri.len > TOPIC_URI_MAX)
		return RC_NOTFOUND;
	out->tool = tool_find(offer_all(x, OFFER_RESOURCE), uri);
	if (out->tool != NULL)
		return RC_OK;
	templates = offer_all(x, OFFER_TEMPLATE);
	for (size_t i = 0; i < templates->n && rc == RC_NOTFOUND; i++) {
		out->tool = templates->tool[i];
		rc = uri_template_match(
		    out->tool->uris, uri, x->arena, &out->arguments);
	}
	return rc;
}
