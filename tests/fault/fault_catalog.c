#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog.h"
#include "catalog_tool.h"
#include "failalloc.h"
#include "fake_clock.h"
#include "tool_program.h"

#define DEFINITION                                                             \
	"{\"name\":\"a\",\"description\":\"b\",\"inputSchema\":{"              \
	"\"type\":\"object\"},\"run\":{\"command\":[\"./echo\"]}}"

/* Each is read, and what can be said of it. */
static enum rc
read_an_offer(enum offer kind, const char *text)
{
	const struct program_host host = { .clock = &clock_system };
	const struct catalog_place place = {
		.kind = kind,
		.folder = "/tmp",
		.root = "/tmp",
		.host = &host,
	};
	struct buf why = BUF_INIT(4000);
	struct catalog_tool *t = NULL;
	enum rc rc = catalog_tool_read(&place, slice_of(text), &t, &why);

	if (rc == RC_SYNTAX || (rc != RC_OK && t != NULL))
		rc = RC_BUG;
	if (rc == RC_OK) {
		catalog_tool_put_hints(t, &why);
		rc = buf_finish(&why);
	}
	catalog_tool_free(t);
	buf_release(&why);
	return rc;
}

#define PROMPT                                                                 \
	"{\"name\":\"p\",\"arguments\":[{\"name\":\"a\",\"required\":true},"   \
	"{\"name\":\"b\"}],\"messages\":[{\"role\":\"user\",\"content\":{"     \
	"\"type\":\"text\",\"text\":\"{{a}}\"}},{\"role\":\"assistant\","      \
	"\"content\":{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\","    \
	"\"file\":\"tools/a.json\"}}}],\"complete\":{\"a\":[\"x\",\"y\"],"     \
	"\"b\":{\"command\":[\"echo\",\"z\"]}}}"
#define RESOURCE                                                               \
	"{\"uri\":\"a:b\",\"name\":\"n\",\"mimeType\":\"x/y\","                \
	"\"annotations\":{\"audience\":[\"user\"]},\"file\":\"tools/a.json\"}"
#define TEMPLATE                                                               \
	"{\"uriTemplate\":\"a://{b}\",\"name\":\"n\",\"text\":\"{{b}}\","      \
	"\"complete\":{\"b\":[\"x\"]}}"
#define FILES                                                                  \
	"{\"uri\":\"f:/\",\"folder\":\"tools\",\"include\":[\"*.json\"],"      \
	"\"annotations\":{\"priority\":1}}"

static enum rc
read_a_prompt(void)
{
	return read_an_offer(OFFER_PROMPT, PROMPT);
}

static enum rc
read_a_resource(void)
{
	return read_an_offer(OFFER_RESOURCE, RESOURCE);
}

static enum rc
read_a_template(void)
{
	return read_an_offer(OFFER_RESOURCE, TEMPLATE);
}

static enum rc
read_a_folder(void)
{
	return read_an_offer(OFFER_RESOURCE, FILES);
}

/* ----------------------------------------------------------------- catalog */

/* A folder with one definition; made once, before memory runs short. */
static char folder[64] = "/tmp/mcp-fault-XXXXXX";

static const struct {
	const char *name;
	const char *text; /* NULL: a folder */
} files[] = {
	{ "tools", NULL },
	{ "tools/a.json", DEFINITION },
	{ "prompts", NULL },
	{ "prompts/a.json", PROMPT },
	{ "resources", NULL },
	{ "resources/a.json", RESOURCE },
	{ "resources/b.json", TEMPLATE },
	{ "resources/c.json", FILES },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int
file_make(const char *path, const char *text)
{
	FILE *f;

	if (text == NULL)
		return mkdir(path, 0700);
	f = fopen(path, "w");
	if (f == NULL)
		return -1;
	(void)fputs(text, f);
	return fclose(f);
}

static int
folder_make(void)
{
	char path[128];

	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", folder, files[i].name);
		if (file_make(path, files[i].text) != 0)
			return -1;
	}
	return 0;
}

static void
folder_remove(void)
{
	char path[128];

	for (size_t i = COUNT(files); i > 0; i--) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", folder, files[i - 1].name);
		(void)remove(path);
	}
	(void)rmdir(folder);
}

static const size_t want[OFFERS] = {
	[OFFER_TOOL] = 1,
	[OFFER_PROMPT] = 1,
	[OFFER_RESOURCE] = 2,
	[OFFER_TEMPLATE] = 1,
};

static bool
has_all(struct catalog *c)
{
	struct toolbox *box = catalog_toolbox(c);

	for (int kind = 0; kind < OFFERS; kind++)
		if (box->ops->view(box, (enum offer)kind)->n != want[kind])
			return false;
	return true;
}

static void
ignore(void *ctx, struct slice uri)
{
	(void)ctx;
	(void)uri;
}

static const struct {
	enum offer kind;
	enum tool_makes makes;
	const char *name;
	const char *arguments;
} calls[] = {
	{ OFFER_PROMPT, MAKES_MESSAGES, "p", "{\"a\":\"1\"}" },
	{ OFFER_PROMPT, MAKES_VALUES, "p",
	    "{\"argument\":{\"name\":\"a\",\"value\":\"x\"}}" },
	{ OFFER_PROMPT, MAKES_VALUES, "p",
	    "{\"argument\":{\"name\":\"b\",\"value\":\"\"}}" },
	{ OFFER_RESOURCE, MAKES_CONTENTS, "a:b", "{}" },
	{ OFFER_RESOURCE, MAKES_CONTENTS, "f:/a.json", "{}" },
	{ OFFER_TEMPLATE, MAKES_CONTENTS, "a://{b}", "{\"b\":\"1\"}" },
};

/* One call; want of memory is remembered, and no error for the client. */
static enum rc
call_offer(struct catalog *c, size_t i, long nth, bool *refused)
{
	struct toolbox *box = catalog_toolbox(c);
	const struct tool *tool = tool_find(
	    box->ops->view(box, calls[i].kind), slice_of(calls[i].name));
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct tool_call call = {
		.tool = tool,
		.arena = &arena,
		.makes = calls[i].makes,
		.uri = SLICE("a:b"),
		.deadline_mono = INT64_MAX,
		.env = &tool_env_inline,
	};
	enum rc rc = json_read(&arena, slice_of(calls[i].arguments),
	    &json_limits_default, &call.arguments, NULL);

	if (rc != RC_OK || tool == NULL)
		return RC_BUG;
	failalloc_arm(nth);
	if (calls[i].makes == MAKES_VALUES)
		(void)tool->complete(tool, &call);
	else
		(void)tool->call(tool, &call);
	*refused = failalloc_disarm();
	rc = call.failed;
	if (rc == RC_NOMEM && *refused)
		rc = RC_OK;
	else if (rc == RC_OK &&
	    (call.result.first == NULL || call.result.error.ptr != NULL))
		rc = RC_BUG;
	arena_release(&arena);
	return rc;
}

static enum rc
call_each_offer(void)
{
	struct program_host host = { .clock = &clock_system };
	struct catalog_options options = {
		.folder = folder,
		.check_ms = 1000000,
		.host = &host,
		.clock = &clock_system,
	};
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	enum rc rc = catalog_open(&options, &c, &why);

	for (size_t i = 0; rc == RC_OK && i < COUNT(calls); i++) {
		bool refused = true;

		for (long nth = 0; rc == RC_OK && refused; nth++)
			rc = call_offer(c, i, nth, &refused);
		if (rc != RC_OK)
			(void)fprintf(stderr, "%s %s: %s\n", calls[i].name,
			    calls[i].arguments, rc_name(rc));
	}
	catalog_free(c);
	buf_release(&why);
	return rc;
}

/* The catalog opens or says why not; a file that found no memory is read with
 * the next look, so that the tool is there in the end. */
static enum rc
scenario_catalog(long nth, bool *refused)
{
	struct fake_clock clock;
	struct catalog_options options = { .folder = folder, .check_ms = 1000 };
	struct program_host host = { .clock = &clock_system };
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	enum rc rc;

	fake_clock_init(&clock, INT64_C(4000000000000));
	options.clock = &clock.clock;
	options.host = &host;
	failalloc_arm(nth);
	rc = catalog_open(&options, &c, &why);
	*refused = failalloc_disarm();
	buf_release(&why);
	if (rc == RC_NOMEM && *refused && c == NULL)
		return RC_OK;
	if (rc != RC_OK)
		return RC_BUG;
	fake_clock_advance(&clock, 1000);
	if (!has_all(c))
		rc = RC_BUG;
	catalog_free(c);
	return rc;
}

/* An edit is taken up although memory was short at first. */
static enum rc
scenario_edit(long nth, bool *refused)
{
	struct fake_clock clock;
	struct catalog_options options = { .check_ms = 1000 };
	struct program_host host = { .clock = &clock_system };
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	struct toolbox *box;
	enum rc rc;

	fake_clock_init(&clock, 0);
	options.folder = folder;
	options.clock = &clock.clock;
	options.host = &host;
	rc = catalog_open(&options, &c, &why);
	buf_release(&why);
	if (rc != RC_OK)
		return rc;
	box = catalog_toolbox(c);
	fake_clock_advance(&clock, 1000);
	failalloc_arm(nth);
	rc = has_all(c) ? RC_OK : RC_BUG;
	box->ops->watch(box, ignore, NULL);
	*refused = failalloc_disarm();
	fake_clock_advance(&clock, 1000);
	if (!has_all(c))
		rc = RC_BUG;
	catalog_free(c);
	return rc;
}

/* What the catalog would be after it was looked at in vain. */
static const struct {
	const char *name;
	const char *text;
} changed[] = {
	{ "tools/a.json",
	    "{\"name\":\"z\",\"inputSchema\":{\"type\":"
	    "\"object\"},\"run\":{\"command\":[\"true\"]}}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:z\",\"name\":\"z\",\"text\":\"z\"}" },
	{ "tools/z.json", "broken, but a file of the folder" },
};

static int
change_files(bool back)
{
	int failed = 0;
	char path[128];

	for (size_t i = 0; i < COUNT(changed); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", folder, changed[i].name);
		if (!back)
			failed += file_make(path, changed[i].text) != 0;
		else if (strcmp(changed[i].name, "tools/z.json") == 0)
			failed += remove(path) != 0;
		for (size_t k = 0; back && k < COUNT(files); k++)
			if (strcmp(files[k].name, changed[i].name) == 0)
				failed += file_make(path, files[k].text) != 0;
	}
	return failed;
}

static bool
has(struct catalog *c, enum offer kind, const char *name)
{
	struct toolbox *box = catalog_toolbox(c);
	const struct tool_set *set = box->ops->view(box, kind);

	/* All of it must be there, whatever went wrong. */
	for (size_t i = 0; i < set->n; i++) {
		if (tool_find(set, set->tool[i]->name) != set->tool[i] ||
		    set->tool[i]->definition->type != JSON_OBJECT)
			return false;
	}
	return name == NULL || tool_find(set, slice_of(name)) != NULL;
}

static enum rc
look_at_changes(
    struct catalog *c, struct fake_clock *clock, long nth, bool *refused)
{
	struct toolbox *box = catalog_toolbox(c);
	enum rc rc = RC_OK;

	box->ops->watch(box, ignore, NULL);
	fake_clock_advance(clock, 1000);
	failalloc_arm(nth);
	for (int kind = 0; kind < OFFERS; kind++)
		if (!has(c, (enum offer)kind, NULL))
			rc = RC_BUG;
	box->ops->watch(box, ignore, NULL);
	*refused = failalloc_disarm();
	box->ops->watch(box, ignore, NULL);
	fake_clock_advance(clock, 1000);
	if (!has(c, OFFER_TOOL, "z") || !has(c, OFFER_RESOURCE, "a:z") ||
	    !has(c, OFFER_RESOURCE, "f:/z.json"))
		rc = RC_BUG;
	return rc;
}

/* What changed is there in the end, and what was there until then. */
static enum rc
scenario_change(long nth, bool *refused)
{
	struct fake_clock clock;
	struct program_host host = { .clock = &clock_system };
	struct catalog_options options = {
		.folder = folder,
		.check_ms = 1000,
		.host = &host,
		.clock = &clock.clock,
	};
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	enum rc rc;

	fake_clock_init(&clock, 0);
	rc = catalog_open(&options, &c, &why);
	buf_release(&why);
	if (rc != RC_OK)
		return rc;
	rc = change_files(false) == 0 ? look_at_changes(c, &clock, nth, refused)
				      : RC_IO;
	if (change_files(true) != 0)
		rc = RC_IO;
	catalog_free(c);
	return rc;
}

static const struct {
	const char *name;
	enum rc (*scenario)(void);
} scenarios[] = {
	{ "read a prompt", read_a_prompt },
	{ "read a resource", read_a_resource },
	{ "read a template", read_a_template },
	{ "read a folder", read_a_folder },
};

int
main(void)
{
	int failures = 0;

	if (folder_make() != 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < COUNT(scenarios); i++)
		failures +=
		    failalloc_each(scenarios[i].name, scenarios[i].scenario);
	failures += failalloc_repeat("open a catalog", scenario_catalog);
	failures += failalloc_repeat("look again", scenario_edit);
	failures += failalloc_repeat("look at changes", scenario_change);
	failures += call_each_offer() != RC_OK;
	folder_remove();
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
