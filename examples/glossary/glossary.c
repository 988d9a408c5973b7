/*
 * glossary: a prompt, a resource and a template of resources in C.
 *
 *     cc -std=c17 -shared -fPIC -fvisibility=hidden \
 *         -I common/tools -o glossary.so examples/glossary/glossary.c
 *
 * The prompt "explain_word" asks a model to explain a word of this server;
 * the resource glossary://all is the whole list, and glossary://words/{word}
 * what one word means.  Words are completed while somebody types them.
 */
#include "mcp_module.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The only name that this object shows. */
#define EXPORT __attribute__((visibility("default")))

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define TEXT_MAX 512

static const struct mcp_api *mcp;

static const struct {
	const char *word;
	const char *meaning;
} glossary[] = {
	{ "catalog", "The folder of JSON files that say what a server offers" },
	{ "completion", "What is proposed while somebody types an argument" },
	{ "module", "A shared object whose functions are called" },
	{ "prompt", "Messages for a model, chosen by a person" },
	{ "resource", "Something to read, with a URI" },
	{ "task", "A call whose result is fetched later" },
	{ "template", "A pattern of URIs, for resources that are not listed" },
	{ "tool", "Something a model may call, with arguments" },
};

static const char *const audiences[] = { "beginner", "administrator",
	"developer" };

/* What a word means; NULL if it is not in the list. */
static const char *
meaning_of(const char *word)
{
	for (size_t i = 0; i < COUNT(glossary); i++)
		if (strcmp(glossary[i].word, word) == 0)
			return glossary[i].meaning;
	return NULL;
}

/* An argument as text; `otherwise` if the client left it out. */
static const char *
argument(struct mcp_call *call, const char *name, const char *otherwise)
{
	const char *text = mcp->string(call, mcp->argument(call, name), NULL);

	return text == NULL ? otherwise : text;
}

/* ------------------------------------------------------------ completion */

static void
propose(struct mcp_call *call, const char *value)
{
	const char *typed = mcp->about(call, MCP_ABOUT_VALUE);

	if (strncasecmp(value, typed, strlen(typed)) == 0)
		mcp->text(call, value, strlen(value));
}

/* Of the prompt's arguments, and of the variable of the template. */
static enum mcp_done
complete(struct mcp_call *call, void *ctx)
{
	const char *name = mcp->about(call, MCP_ABOUT_ARGUMENT);

	(void)ctx;
	for (size_t i = 0; strcmp(name, "word") == 0 && i < COUNT(glossary);
	     i++)
		propose(call, glossary[i].word);
	for (size_t i = 0;
	     strcmp(name, "audience") == 0 && i < COUNT(audiences); i++)
		propose(call, audiences[i]);
	return MCP_DONE;
}

/* ---------------------------------------------------------------- explain */

static enum mcp_done
explain(struct mcp_call *call, void *ctx)
{
	const char *word = argument(call, "word", "");
	const char *audience = argument(call, "audience", "beginner");
	const char *meaning = meaning_of(word);
	char text[TEXT_MAX];

	(void)ctx;
	if (meaning == NULL) {
		mcp->fail(call,
		    "The word is not in the glossary. Read glossary://all.");
		return MCP_FAILED;
	}
	(void)snprintf(text, sizeof(text),
	    "Explain to a %.40s what a %s of an MCP server is, in three "
	    "sentences.",
	    audience, word);
	mcp->text(call, text, strlen(text));
	/* The answer begins with what the glossary says. */
	mcp->role(call, 1);
	mcp->text(call, meaning, strlen(meaning));
	return MCP_DONE;
}

/* -------------------------------------------------------------- resources */

static enum mcp_done
read_all(struct mcp_call *call, void *ctx)
{
	char text[4096] = "";
	size_t len = 0;

	(void)ctx;
	for (size_t i = 0; i < COUNT(glossary) && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s: %s.\n", glossary[i].word, glossary[i].meaning);
	mcp->text(call, text, strlen(text));
	return MCP_DONE;
}

static enum mcp_done
read_word(struct mcp_call *call, void *ctx)
{
	const char *meaning = meaning_of(argument(call, "word", ""));

	(void)ctx;
	if (meaning == NULL) {
		mcp->missing(call);
		return MCP_FAILED;
	}
	mcp->text(call, meaning, strlen(meaning));
	return MCP_DONE;
}

/* ------------------------------------------------------------- the module */

static const struct mcp_tool explain_prompt = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"explain_word\",\"title\":\"Explain a word\","
	    "\"description\":\"Ask for an explanation of a word of MCP.\","
	    "\"arguments\":["
	    "{\"name\":\"word\",\"required\":true},"
	    "{\"name\":\"audience\","
	    "\"description\":\"for whom; a beginner if it is not said\"}]}",
	.call = explain,
	.complete = complete,
};

static const struct mcp_tool all_resource = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uri\":\"glossary://all\",\"name\":\"glossary\","
		      "\"description\":\"Every word and what it means.\","
		      "\"mimeType\":\"text/plain\"}",
	.call = read_all,
};

static const struct mcp_tool word_template = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uriTemplate\":\"glossary://words/{word}\","
		      "\"name\":\"word\","
		      "\"description\":\"What one word means.\","
		      "\"mimeType\":\"text/plain\"}",
	.call = read_word,
	.complete = complete,
};

static const struct mcp_tool *const prompts[] = { &explain_prompt, NULL };
static const struct mcp_tool *const resources[] = { &all_resource, NULL };
static const struct mcp_tool *const templates[] = { &word_template, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "glossary",
	.prompts = prompts,
	.resources = resources,
	.templates = templates,
};

EXPORT const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	/* An older server may lack functions that we call. */
	if (api->size < sizeof(struct mcp_api))
		return NULL;
	mcp = api;
	return &module;
}
