#include "fake_offers.h"

#include "fake_definitions.h"
#include "revision.h"

static enum tool_done
done(enum rc rc)
{
	return rc == RC_OK ? TOOL_DONE : TOOL_FAILED;
}

static enum tool_done
call_again(struct tool_call *c)
{
	(void)c;
	return TOOL_AGAIN;
}

/* What a form was answered with, or what kept it from being asked. */
static enum tool_done
call_ask(struct tool_call *c)
{
	struct tool_question q = { .key = SLICE("name"),
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"message\":\"Name?\",\"requestedSchema\":{"
				"\"type\":\"object\",\"properties\":{"
				"\"is\":{\"type\":\"string\"}}}}") };
	enum tool_ask said = tool_ask(c, &q, 1);
	const struct json *answer;

	if (said == ASK_PENDING)
		return TOOL_AGAIN;
	if (said != ASK_ANSWERED)
		return done(tool_add_text(c, SLICE("(none)")));
	if (json_read(c->arena, q.answer, &json_limits_default, &answer,
		NULL) != RC_OK)
		return TOOL_FAILED;
	return done(tool_add_text(
	    c, json_text(json_get(json_get(answer, "content"), "is"))));
}

static enum tool_done
call_empty(struct tool_call *c)
{
	return done(tool_add_text(c, SLICE("")));
}

static enum tool_done
call_fails(struct tool_call *c)
{
	if (tool_add_text(c, SLICE("half")) != RC_OK ||
	    tool_fail(c, SLICE("it did not work")) != RC_OK)
		return TOOL_DONE;
	return TOOL_FAILED;
}

static enum tool_done
call_gone(struct tool_call *c)
{
	enum rc rc = tool_add_text(c, SLICE("half"));

	tool_miss(c);
	return done(rc);
}

static enum tool_done
call_greet(struct tool_call *c)
{
	enum rc rc =
	    tool_add_text(c, json_text(json_get(c->arguments, "name")));

	tool_set_role(c, true);
	return done(rc == RC_OK ? tool_add_text(c, SLICE("Hello!")) : rc);
}

static enum tool_done
call_image(struct tool_call *c)
{
	return done(
	    tool_add_media(c, CONTENT_IMAGE, SLICE(FAKE_MEDIA), SLICE_NONE));
}

static enum tool_done
set(struct tool_call *c, struct slice text)
{
	struct buf why = BUF_INIT(1024);
	const struct json *result;
	enum rc rc =
	    json_read(c->arena, text, &json_limits_default, &result, NULL);

	if (rc == RC_OK)
		rc = tool_set_result(c, result, &why);
	buf_release(&why);
	return done(rc);
}

static enum tool_done
call_many(struct tool_call *c)
{
	return set(c,
	    SLICE("{\"contents\":[{\"uri\":\"note://many\","
		  "\"mimeType\":\"text/plain\",\"text\":\"a\","
		  "\"_meta\":{\"example.org/k\":1}},"
		  "{\"uri\":\"note://many/b\",\"blob\":\"AQID\"}],"
		  "\"ttlMs\":7000,\"cacheScope\":\"public\","
		  "\"_meta\":{\"example.org/all\":true}}"));
}

static enum tool_done
call_media(struct tool_call *c)
{
	enum rc rc = tool_add_media(
	    c, CONTENT_IMAGE, SLICE(FAKE_MEDIA), SLICE("image/png"));

	if (rc == RC_OK)
		rc = tool_add_media(
		    c, CONTENT_AUDIO, SLICE(FAKE_MEDIA), SLICE("audio/wav"));
	if (rc == RC_OK)
		rc = tool_add_resource(c, SLICE("note://one"),
		    SLICE("text/plain"), SLICE("a note"), false);
	if (rc == RC_OK)
		rc = tool_add_link(c, SLICE("https://example.org/there"),
		    SLICE("there"), SLICE("text/html"));
	c->result.meta = SLICE("{\"example.org/k\":1}");
	return done(rc == RC_OK ? tool_describe(c, SLICE("Four blocks.")) : rc);
}

static enum tool_done
call_mute(struct tool_call *c)
{
	(void)c;
	return TOOL_FAILED;
}

static enum tool_done
call_nothing(struct tool_call *c)
{
	(void)c;
	return TOOL_DONE;
}

static enum tool_done
call_one(struct tool_call *c)
{
	return done(tool_add_text(c, SLICE("a note")));
}

static enum tool_done
call_talk(struct tool_call *c)
{
	c->env->progress(c, 1, 2, SLICE("half"));
	c->env->log(c, 3, SLICE("talk"), SLICE("{\"loud\":true}"));
	return done(tool_add_text(c, SLICE("said")));
}

static enum tool_done
call_any(struct tool_call *c)
{
	return done(tool_add_text(c, json_text(json_get(c->arguments, "any"))));
}

static enum tool_done
call_by(struct tool_call *c)
{
	struct buf text = BUF_INIT(4096);
	enum rc rc;

	buf_printf(&text, "%.*s: %.*s",
	    SLICE_FMT(json_text(json_get(c->arguments, "author"))),
	    SLICE_FMT(json_text(json_get(c->arguments, "title"))));
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = tool_add_text(c, buf_slice(&text));
	buf_release(&text);
	return done(rc);
}

static struct slice
asked_for(const struct tool_call *c, struct slice member)
{
	return json_text(
	    json_member(json_get(c->arguments, "argument"), member));
}

static enum tool_done
complete_greet(struct tool_call *c)
{
	static const struct slice names[] = { SLICE_INIT("ada"),
		SLICE_INIT("alan"), SLICE_INIT("grace") };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < 3 && rc == RC_OK; i++) {
		if (slice_starts(names[i], asked_for(c, SLICE("value"))))
			rc = tool_add_text(c, names[i]);
	}
	return done(rc);
}

static enum tool_done
complete_by(struct tool_call *c)
{
	static const struct slice one = SLICE_INIT(
	    "{\"completion\":{\"values\":[\"one\"],\"hasMore\":true}}");
	enum rc rc = RC_OK;

	if (slice_eq(asked_for(c, SLICE("name")), SLICE("title")))
		return set(c, one);
	for (int i = 0; i < 250 && rc == RC_OK; i++)
		rc = tool_add_text(c, SLICE("x"));
	return done(rc);
}

static enum tool_done
complete_fails(struct tool_call *c)
{
	return call_fails(c);
}

#define PROMPT(members) OFFER_PROMPT, "{" members "}"
#define PLAIN(name) PROMPT("\"name\":\"" name "\"")
#define RESOURCE(members) OFFER_RESOURCE, "{" members "}"
#define NOTE(name) RESOURCE("\"uri\":\"note://" name "\",\"name\":\"" name "\"")
#define TEMPLATE(members) OFFER_TEMPLATE, "{" members "}"

#define ICONS                                                                  \
	"\"icons\":[{\"src\":\"https://example.org/i.png\","                   \
	"\"mimeType\":\"image/png\",\"sizes\":[\"48x48\"]}],"
#define META "\"_meta\":{\"example.org/kind\":\"toy\"}"
#define ANNOTATIONS                                                            \
	"\"annotations\":{\"audience\":[\"user\"],\"priority\":0.5,"           \
	"\"lastModified\":\"2026-01-02T03:04:05Z\"},"

const struct fake_offer fake_offers[] = {
	{ PLAIN("again"), call_again, NULL, 0, 0 },
	{ PLAIN("ask"), call_ask, NULL, 0, 0 },
	{ PROMPT("\"name\":\"fails\",\"arguments\":[{\"name\":\"a\"}]"),
	    call_fails, complete_fails, 0, 0 },
	{ PROMPT("\"name\":\"greet\",\"title\":\"Greet\","
		 "\"description\":\"Say hello.\",\"arguments\":["
		 "{\"name\":\"name\",\"title\":\"Name\","
		 "\"description\":\"Whom.\",\"required\":true},"
		 "{\"name\":\"style\"}]," ICONS META),
	    call_greet, complete_greet, 0, 0 },
	{ PROMPT("\"name\":\"media\",\"description\":\"Blocks.\""), call_media,
	    NULL, 0, 0 },
	{ PLAIN("mute"), call_mute, NULL, 0, 0 },
	{ PLAIN("plain"), call_nothing, NULL, 0, 0 },
	{ PLAIN("summary"), call_one, NULL, CAP_SAMPLING, 0 },
	{ PLAIN("talk"), call_talk, NULL, 0, TOOL_DETACHED },
	{ NOTE("ask"), call_ask, NULL, 0, 0 },
	{ NOTE("empty"), call_empty, NULL, 0, 0 },
	{ NOTE("fails"), call_fails, NULL, 0, 0 },
	{ NOTE("gone"), call_gone, NULL, 0, 0 },
	{ RESOURCE("\"uri\":\"note://image\",\"name\":\"image\","
		   "\"mimeType\":\"image/png\""),
	    call_image, NULL, 0, 0 },
	{ NOTE("many"), call_many, NULL, 0, 0 },
	{ NOTE("nothing"), call_nothing, NULL, 0, 0 },
	{ RESOURCE(
	      "\"uri\":\"note://one\",\"name\":\"one\","
	      "\"title\":\"One\",\"description\":\"A note.\","
	      "\"mimeType\":\"text/markdown\",\"size\":6," ANNOTATIONS ICONS
	      "\"cache\":{\"ttlMs\":5000,"
	      "\"scope\":\"public\"}," META),
	    call_one, NULL, 0, 0 },
	{ NOTE("talk"), call_talk, NULL, 0, TOOL_DETACHED },
	{ TEMPLATE("\"uriTemplate\":\"note://by/{author}/{title}\","
		   "\"name\":\"by\",\"title\":\"By\","
		   "\"description\":\"Notes by people.\","
		   "\"mimeType\":\"text/x-note\"," ANNOTATIONS ICONS META),
	    call_by, complete_by, 0, 0 },
	{ TEMPLATE("\"uriTemplate\":\"note://{any}\",\"name\":\"any\""),
	    call_any, NULL, 0, 0 },
};

const size_t fake_offers_n = sizeof(fake_offers) / sizeof(fake_offers[0]);
