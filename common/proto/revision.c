#include "revision.h"

#include <stddef.h>

#define CONTENT_FIRST (CONTENT_TEXT | CONTENT_IMAGE | CONTENT_RESOURCE)

/* One row per published revision; what a row does not name is false. */
static const struct revision table[REVISIONS] = {
	{
	    .name = REVISION_2024_11_05,
	    .date = SLICE_INIT("2024-11-05"),
	    .tasks = TASKS_NONE,
	    .content = CONTENT_FIRST,
	    .resource_not_found = -32002,
	},
	{
	    .name = REVISION_2025_03_26,
	    .date = SLICE_INIT("2025-03-26"),
	    .has_batch = true,
	    .has_tool_annotations = true,
	    .has_completions_capability = true,
	    .has_progress_message = true,
	    .tasks = TASKS_NONE,
	    .content = CONTENT_FIRST | CONTENT_AUDIO,
	    .resource_not_found = -32002,
	},
	{
	    .name = REVISION_2025_06_18,
	    .date = SLICE_INIT("2025-06-18"),
	    .has_version_header = true,
	    .has_title = true,
	    .has_tool_annotations = true,
	    .has_output_schema = true,
	    .has_completions_capability = true,
	    .has_progress_message = true,
	    .tasks = TASKS_NONE,
	    .content = CONTENT_FIRST | CONTENT_AUDIO | CONTENT_RESOURCE_LINK,
	    .resource_not_found = -32002,
	},
	{
	    .name = REVISION_2025_11_25,
	    .date = SLICE_INIT("2025-11-25"),
	    .has_version_header = true,
	    .has_priming = true,
	    .bad_arguments_are_results = true,
	    .has_title = true,
	    .has_tool_annotations = true,
	    .has_output_schema = true,
	    .has_icons = true,
	    .has_execution = true,
	    .has_completions_capability = true,
	    .has_progress_message = true,
	    .tasks = TASKS_EXPERIMENTAL,
	    .content = CONTENT_FIRST | CONTENT_AUDIO | CONTENT_RESOURCE_LINK,
	    .resource_not_found = -32002,
	},
	{
	    .name = REVISION_2026_07_28,
	    .date = SLICE_INIT("2026-07-28"),
	    .has_version_header = true,
	    .is_modern = true,
	    .has_result_type = true,
	    .has_cache_hints = true,
	    .has_server_info_meta = true,
	    .asks_in_result = true,
	    .bad_arguments_are_results = true,
	    .has_title = true,
	    .has_tool_annotations = true,
	    .has_output_schema = true,
	    .any_output_schema = true,
	    .has_icons = true,
	    .has_completions_capability = true,
	    .has_progress_message = true,
	    .tasks = TASKS_EXTENSION,
	    .content = CONTENT_FIRST | CONTENT_AUDIO | CONTENT_RESOURCE_LINK,
	    .resource_not_found = -32602,
	},
};

const struct revision *
revision_find(struct slice date)
{
	for (size_t i = 0; i < REVISIONS; i++) {
		if (slice_eq(table[i].date, date))
			return &table[i];
	}
	return NULL;
}

const struct revision *
revision_get(enum revision_name name)
{
	return (unsigned)name < REVISIONS ? &table[name] : NULL;
}

const struct revision *
revision_negotiate(struct slice requested)
{
	const struct revision *asked = revision_find(requested);

	if (asked != NULL && !asked->is_modern)
		return asked;
	return &table[REVISION_2025_11_25];
}

bool
revision_text_is_modern(struct slice text)
{
	return slice_cmp(text, table[REVISION_2026_07_28].date) >= 0;
}

const struct revision *
revision_assumed(void)
{
	return &table[REVISION_2025_03_26];
}

const struct revision *
revision_modern(void)
{
	return &table[REVISION_2026_07_28];
}
