#include "question_kind.h"

#include "tool.h"

static uint32_t
elicitation_needs(const struct json *params)
{
	const struct json *mode = json_get(params, "mode");

	if (mode == NULL || json_text_is(mode, SLICE("form")))
		return CAP_ELICITATION;
	return json_text_is(mode, SLICE("url")) ? CAP_ELICITATION_URL : 0;
}

static uint32_t
sampling_needs(const struct json *params)
{
	const struct json *include = json_get(params, "includeContext");
	uint32_t needs = CAP_SAMPLING;

	if (json_get(params, "tools") != NULL ||
	    json_get(params, "toolChoice") != NULL)
		needs |= CAP_SAMPLING_TOOLS;
	if (include != NULL && !json_text_is(include, SLICE("none")))
		needs |= CAP_SAMPLING_CONTEXT;
	return needs;
}

static uint32_t
roots_needs(const struct json *params)
{
	(void)params;
	return CAP_ROOTS;
}

static bool
is_elicited(const struct json *answer)
{
	const struct json *action = json_get(answer, "action");
	const struct json *content = json_get(answer, "content");

	return (content == NULL || content->type == JSON_OBJECT) &&
	    (json_text_is(action, SLICE("accept")) ||
		json_text_is(action, SLICE("decline")) ||
		json_text_is(action, SLICE("cancel")));
}

static bool
is_sampled(const struct json *answer)
{
	const struct json *content = json_get(answer, "content");

	return json_is(json_get(answer, "role"), JSON_STRING) &&
	    json_is(json_get(answer, "model"), JSON_STRING) &&
	    (json_is(content, JSON_OBJECT) || json_is(content, JSON_ARRAY));
}

static bool
is_roots(const struct json *answer)
{
	return json_is(json_get(answer, "roots"), JSON_ARRAY);
}

static const struct {
	struct slice method;
	uint32_t (*needs)(const struct json *params);
	bool (*fits)(const struct json *answer);
} kinds[] = {
	{ SLICE_INIT("elicitation/create"), elicitation_needs, is_elicited },
	{ SLICE_INIT("sampling/createMessage"), sampling_needs, is_sampled },
	{ SLICE_INIT("roots/list"), roots_needs, is_roots },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

uint32_t
question_needs(struct slice method, const struct json *params)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (slice_eq(method, kinds[i].method))
			return kinds[i].needs(params);
	}
	return 0;
}

bool
question_fits(struct slice method, const struct json *answer)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (slice_eq(method, kinds[i].method))
			return json_is(answer, JSON_OBJECT) &&
			    kinds[i].fits(answer);
	}
	return false;
}
