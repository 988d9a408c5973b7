/* mcp-tell: what tools in shell say while they run (mcp-tell(1)). */
#include <stdio.h>
#include <string.h>

#include "tell.h"

/* A question with its form, and no more than the server takes anyway. */
#define ROOM ((size_t)256 * 1024)
#define MAX_TOKENS "1000"
#define FIELDS_MAX 64

/* The arguments behind the name of the command: options may stand anywhere,
 * up to a "--". */
struct arguments {
	char *word[FIELDS_MAX];
	int n;
	bool is_json;
	const char *schema;
	const char *max_tokens;
	const char *system;
	const char *logger;
	const char *url;
	const char *id;
};

/* ------------------------------------------------------------ little lines */

/* Append an argument that is JSON; t->reply is what it says. */
static enum tell_status
put_json(struct tell *t, const char *text)
{
	const struct json *root = NULL;

	if (json_read(&t->arena, slice_of(text), &json_limits_default, &root,
		NULL) != RC_OK)
		return tell_complain(TELL_USAGE, "this is no JSON: %s", text);
	json_put_compact(&t->line, root);
	t->reply = root;
	return TELL_OK;
}

static enum tell_status
put_number(struct tell *t, const char *text)
{
	enum tell_status status = put_json(t, text);

	if (status == TELL_OK && t->reply->type != JSON_NUMBER)
		return tell_complain(TELL_USAGE, "this is no number: %s", text);
	return status;
}

static enum tell_status
put_object(struct tell *t, const char *text)
{
	enum tell_status status = put_json(t, text);

	if (status == TELL_OK && t->reply->type != JSON_OBJECT)
		return tell_complain(
		    TELL_USAGE, "this is no JSON object: %s", text);
	return status;
}

static enum tell_status
tell_progress(struct tell *t, const struct arguments *a)
{
	enum tell_status status;

	buf_put_slice(&t->line, SLICE("{\"progress\":"));
	status = put_number(t, a->word[0]);
	if (status == TELL_OK && a->n > 1) {
		json_put_key(&t->line, "total");
		status = put_number(t, a->word[1]);
	}
	if (a->n > 2) {
		json_put_key(&t->line, "message");
		json_put_string(&t->line, slice_of(a->word[2]));
	}
	buf_put_char(&t->line, '}');
	return status == TELL_OK ? tell_send(t) : status;
}

static const char *const levels[] = { "debug", "info", "notice", "warning",
	"error", "critical", "alert", "emergency" };

static bool
is_level(const char *word)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(word, levels[i]) == 0)
			return true;
	return false;
}

static enum tell_status
tell_log(struct tell *t, const struct arguments *a)
{
	enum tell_status status = TELL_OK;

	if (!is_level(a->word[0])) {
		return tell_complain(TELL_USAGE,
		    "%s is no level: debug, info, notice, warning, error, "
		    "critical, alert or emergency",
		    a->word[0]);
	}
	buf_put_slice(&t->line, SLICE("{\"log\":{\"level\":"));
	json_put_string(&t->line, slice_of(a->word[0]));
	if (a->logger != NULL) {
		json_put_key(&t->line, "logger");
		json_put_string(&t->line, slice_of(a->logger));
	}
	json_put_key(&t->line, "data");
	if (a->is_json)
		status = put_json(t, a->word[1]);
	else
		json_put_string(&t->line, slice_of(a->word[1]));
	buf_put_slice(&t->line, SLICE("}}"));
	return status == TELL_OK ? tell_send(t) : status;
}

/* A line with one member, which is a string. */
static enum tell_status
tell_word(struct tell *t, struct slice name, const char *word)
{
	buf_put_char(&t->line, '{');
	json_put_name(&t->line, name);
	json_put_string(&t->line, slice_of(word));
	buf_put_char(&t->line, '}');
	return tell_send(t);
}

static enum tell_status
tell_changed(struct tell *t, const struct arguments *a)
{
	static const char *const lists[] = { "tools", "prompts", "resources" };
	bool is_known = strchr(a->word[0], ':') != NULL;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		is_known = is_known || strcmp(a->word[0], lists[i]) == 0;
	if (is_known)
		return tell_word(t, SLICE("changed"), a->word[0]);
	return tell_complain(TELL_USAGE,
	    "%s is neither tools, prompts, resources nor a URI", a->word[0]);
}

static enum tell_status
tell_elicited(struct tell *t, const struct arguments *a)
{
	return tell_word(t, SLICE("elicited"), a->word[0]);
}

static enum tell_status
tell_close(struct tell *t, const struct arguments *a)
{
	(void)a;
	buf_put_slice(&t->line, SLICE("{\"close\":true}"));
	return tell_send(t);
}

static enum tell_status
tell_task(struct tell *t, const struct arguments *a)
{
	(void)a;
	buf_put_slice(&t->line, SLICE("{\"task\":true}"));
	return tell_send(t);
}

/* ------------------------------------------------------------- the answers */

static void
print(struct slice s)
{
	(void)fwrite(s.ptr, 1, s.len, stdout);
}

/* A string as it is, anything else as JSON. */
static void
print_value(const struct json *value)
{
	if (value != NULL)
		print(value->type == JSON_STRING ? value->text : value->raw);
	(void)fputc('\n', stdout);
}

/* The answer to this key; what was sent before is forgotten. */
static enum tell_status
ask(struct tell *t, const char *key, const struct json **answer)
{
	enum tell_status status;

	buf_put_slice(&t->line, SLICE("}}}"));
	status = tell_ask(t, key);
	if (status == TELL_OK)
		*answer = json_member(t->reply, slice_of(key));
	return status;
}

static void
begin_question(struct tell *t, const char *key, const char *method)
{
	buf_put_slice(&t->line, SLICE("{\"ask\":{"));
	json_put_string(&t->line, slice_of(key));
	buf_put_slice(&t->line, SLICE(":{\"method\":"));
	json_put_string(&t->line, slice_of(method));
	json_put_key(&t->line, "params");
	buf_put_char(&t->line, '{');
}

static enum tell_status
declined(void)
{
	return tell_complain(TELL_DECLINED, "the user declined");
}

/* Where somebody is to go, rather than a form. */
static enum tell_status
tell_elicit_url(struct tell *t, const struct arguments *a)
{
	const struct json *answer = NULL;
	enum tell_status status;

	if (a->n > 2 || a->schema != NULL)
		return tell_complain(TELL_USAGE, "with --url there is no form");
	begin_question(t, a->word[0], "elicitation/create");
	buf_put_slice(&t->line, SLICE("\"mode\":\"url\""));
	json_put_key(&t->line, "message");
	json_put_string(&t->line, slice_of(a->word[1]));
	json_put_key(&t->line, "url");
	json_put_string(&t->line, slice_of(a->url));
	if (a->id != NULL) {
		json_put_key(&t->line, "elicitationId");
		json_put_string(&t->line, slice_of(a->id));
	}
	buf_put_char(&t->line, '}');
	status = ask(t, a->word[0], &answer);
	if (status != TELL_OK)
		return status;
	if (a->is_json)
		print_value(answer);
	return json_text_is(json_get(answer, "action"), SLICE("accept"))
	    ? TELL_OK
	    : declined();
}

static enum tell_status
tell_elicit(struct tell *t, const struct arguments *a)
{
	/* Without fields: one, of the name of the key. */
	char *own[] = { a->word[0] };
	const int n = a->n > 2 ? a->n - 2 : 1;
	char *const *fields = a->n > 2 ? a->word + 2 : own;
	const struct json *answer = NULL, *content;
	enum tell_status status;

	if (a->url != NULL)
		return tell_elicit_url(t, a);
	begin_question(t, a->word[0], "elicitation/create");
	json_put_key(&t->line, "message");
	json_put_string(&t->line, slice_of(a->word[1]));
	json_put_key(&t->line, "requestedSchema");
	status = a->schema == NULL ? tell_put_form(&t->line, fields, n)
				   : put_object(t, a->schema);
	buf_put_char(&t->line, '}');
	if (status == TELL_OK)
		status = ask(t, a->word[0], &answer);
	if (status != TELL_OK)
		return status;
	content = json_get(answer, "content");
	if (a->is_json)
		print_value(answer);
	if (!json_text_is(json_get(answer, "action"), SLICE("accept")))
		return declined();
	if (!a->is_json && a->schema == NULL && n == 1)
		content = json_member(content, tell_field_name(fields[0]));
	if (!a->is_json)
		print_value(content);
	return TELL_OK;
}

/* The text of one block, or of several. */
static void
print_content(const struct json *content)
{
	const struct json *block =
	    json_is(content, JSON_ARRAY) ? content->child : content;

	for (; block != NULL; block = block->next) {
		const struct slice text = json_text(json_get(block, "text"));

		print(text.ptr == NULL ? block->raw : text);
		if (!json_is(content, JSON_ARRAY))
			break;
	}
	(void)fputc('\n', stdout);
}

static enum tell_status
tell_sample(struct tell *t, const struct arguments *a)
{
	const struct json *answer = NULL;
	enum tell_status status;

	begin_question(t, a->word[0], "sampling/createMessage");
	buf_put_slice(&t->line,
	    SLICE("\"messages\":[{\"role\":\"user\",\"content\":"
		  "{\"type\":\"text\",\"text\":"));
	json_put_string(&t->line, slice_of(a->word[1]));
	buf_put_slice(&t->line, SLICE("}}]"));
	if (a->system != NULL) {
		json_put_key(&t->line, "systemPrompt");
		json_put_string(&t->line, slice_of(a->system));
	}
	json_put_key(&t->line, "maxTokens");
	status =
	    put_number(t, a->max_tokens == NULL ? MAX_TOKENS : a->max_tokens);
	buf_put_char(&t->line, '}');
	if (status == TELL_OK)
		status = ask(t, a->word[0], &answer);
	if (status != TELL_OK)
		return status;
	if (a->is_json)
		print_value(answer);
	else
		print_content(json_get(answer, "content"));
	return TELL_OK;
}

/* The URIs, one on each line. */
static enum tell_status
tell_roots(struct tell *t, const struct arguments *a)
{
	const struct json *answer = NULL, *roots, *root;
	enum tell_status status;

	begin_question(t, a->word[0], "roots/list");
	buf_put_char(&t->line, '}');
	status = ask(t, a->word[0], &answer);
	if (status != TELL_OK)
		return status;
	if (a->is_json) {
		print_value(answer);
		return TELL_OK;
	}
	roots = json_get(answer, "roots");
	for (root = roots == NULL ? NULL : roots->child; root != NULL;
	     root = root->next)
		print_value(json_get(root, "uri"));
	return TELL_OK;
}

static enum tell_status
tell_raw(struct tell *t, const struct arguments *a)
{
	enum tell_status status = put_object(t, a->word[0]);

	if (status != TELL_OK)
		return status;
	if (json_get(t->reply, "ask") == NULL)
		return tell_send(t);
	status = tell_ask(t, NULL);
	if (status == TELL_OK)
		print_value(t->reply);
	return status;
}

/* ---------------------------------------------------------------- the rest */

static const struct command {
	const char *name;
	enum tell_status (*run)(struct tell *, const struct arguments *);
	int least; /* words behind the name */
	int most;
	const char *how;
} commands[] = {
	{ "ask", tell_elicit, 2, FIELDS_MAX,
	    "[--json] [--schema JSON] KEY QUESTION [NAME[:TYPE][!]]..." },
	{ "ask", tell_elicit, 2, 2,
	    "--url URL [--id ID] [--json] KEY QUESTION" },
	{ "changed", tell_changed, 1, 1, "tools|prompts|resources|URI" },
	{ "close", tell_close, 0, 0, "" },
	{ "elicited", tell_elicited, 1, 1, "ID" },
	{ "log", tell_log, 2, 2, "[--json] [--logger NAME] LEVEL DATA" },
	{ "progress", tell_progress, 1, 3, "DONE [TOTAL [MESSAGE]]" },
	{ "raw", tell_raw, 1, 1, "JSON" },
	{ "roots", tell_roots, 1, 1, "[--json] KEY" },
	{ "sample", tell_sample, 2, 2,
	    "[--json] [--max-tokens N] [--system TEXT] KEY PROMPT" },
	{ "task", tell_task, 0, 0, "" },
};

static enum tell_status
usage(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		(void)fprintf(stderr, "%s mcp-tell %s %s\n",
		    i == 0 ? "usage:" : "      ", commands[i].name,
		    commands[i].how);
	}
	return TELL_USAGE;
}

/* How many words this option takes; 0: it is none. */
static int
take_option(struct arguments *a, char *const *words, int left)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{ "--schema", &a->schema },
		{ "--max-tokens", &a->max_tokens },
		{ "--system", &a->system },
		{ "--logger", &a->logger },
		{ "--url", &a->url },
		{ "--id", &a->id },
	};

	if (strcmp(words[0], "--json") == 0) {
		a->is_json = true;
		return 1;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(words[0], options[i].name) == 0 && left > 1) {
			*options[i].value = words[1];
			return 2;
		}
	}
	return 0;
}

static bool
read_arguments(struct arguments *a, char *const *words, int n)
{
	bool has_ended = false; /* nothing is an option any more */

	for (int i = 0; i < n;) {
		int taken = 0;

		if (!has_ended && strncmp(words[i], "--", 2) == 0) {
			has_ended = words[i][2] == '\0';
			taken =
			    has_ended ? 1 : take_option(a, words + i, n - i);
			if (taken == 0)
				return false;
			i += taken;
			continue;
		}
		if (a->n == FIELDS_MAX)
			return false;
		a->word[a->n++] = words[i++];
	}
	return true;
}

static enum tell_status
run(struct tell *t, int argc, char **argv)
{
	struct arguments a = { .n = 0 };

	if (argc < 2 || !read_arguments(&a, argv + 2, argc - 2))
		return usage();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (strcmp(argv[1], c->name) != 0)
			continue;
		if (a.n < c->least || a.n > c->most)
			return usage();
		return c->run(t, &a);
	}
	return usage();
}

int
main(int argc, char **argv)
{
	struct tell t = { .arena = ARENA_INIT((size_t)64 * 1024 * 1024),
		.line = BUF_INIT(ROOM) };
	enum tell_status status = run(&t, argc, argv);

	buf_release(&t.line);
	arena_release(&t.arena);
	if (fflush(stdout) != 0 && status == TELL_OK)
		return 1;
	return (int)status;
}
