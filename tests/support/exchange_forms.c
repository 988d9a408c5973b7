#include "exchange_forms.h"

#define CALL(name) "{\"name\":\"" name "\"}"
#define TASK(name) "{\"name\":\"" name "\",\"task\":{\"ttl\":5000}}"
#define SAID "{\"action\":\"accept\",\"content\":{\"is\":\"@mark\"}}"
#define AGAIN(name, key)                                                       \
	"{\"name\":\"" name "\",\"requestState\":\"@state\","                  \
	"\"inputResponses\":{\"" key "\":" SAID "}}"
#define URI(uri) "{\"uri\":\"" uri "\"}"
#define TASK_ID "{\"taskId\":\"@task\"}"

const struct exchange_form exchange_forms[] = {
	{ ERA_LEGACY, "ping", "{}" },
	{ ERA_LEGACY, "initialize",
	    "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{"
	    "\"elicitation\":{}},\"clientInfo\":{\"name\":\"@mark\","
	    "\"version\":\"1\"}}" },
	{ ERA_LEGACY, "logging/setLevel", "{\"level\":\"debug\"}" },
	{ ERA_LEGACY, "notifications/initialized", "{}" },
	{ ERA_BOTH, "notifications/cancelled",
	    "{\"requestId\":\"@request\",\"reason\":\"@mark\"}" },
	{ ERA_LEGACY, "notifications/cancelled", "{\"requestId\":1}" },
	{ ERA_LEGACY, "notifications/progress",
	    "{\"progressToken\":\"@mark\",\"progress\":1}" },
	{ ERA_LEGACY, "notifications/roots/list_changed", "{}" },
	{ ERA_LEGACY, NULL, "\"result\":" SAID },
	{ ERA_LEGACY, NULL,
	    "\"result\":{\"roots\":[{\"uri\":\"file:///a\"}]}" },
	{ ERA_LEGACY, NULL,
	    "\"result\":{\"role\":\"assistant\",\"model\":\"m\",\"content\":{"
	    "\"type\":\"text\",\"text\":\"@mark\"}}" },
	{ ERA_LEGACY, NULL, "\"error\":{\"code\":-1,\"message\":\"@mark\"}" },
	{ ERA_BOTH, "tools/list", "{}" },
	{ ERA_BOTH, "tools/list", "{\"cursor\":\"@cursor\"}" },
	{ ERA_BOTH, "tools/call",
	    "{\"name\":\"echo\",\"arguments\":{\"text\":\"@mark\"}}" },
	{ ERA_BOTH, "tools/call",
	    "{\"name\":\"weather\",\"arguments\":{\"region\":\"@mark\","
	    "\"days\":3,\"metric\":true,\"place\":{\"zone\":\"u\"}}}" },
	{ ERA_BOTH, "tools/call",
	    "{\"name\":\"compute\",\"arguments\":{\"a\":1,\"b\":2}}" },
	{ ERA_BOTH, "tools/call", CALL("list") },
	{ ERA_BOTH, "tools/call", CALL("image") },
	{ ERA_BOTH, "tools/call", CALL("fail") },
	{ ERA_BOTH, "tools/call", CALL("summarize") },
	{ ERA_BOTH, "tools/call", CALL("talk") },
	{ ERA_BOTH, "tools/call", CALL("talk_detached") },
	{ ERA_BOTH, "tools/call", CALL("ask_name") },
	{ ERA_BOTH, "tools/call", CALL("ask_many") },
	{ ERA_BOTH, "tools/call", CALL("ask_once") },
	{ ERA_BOTH, "tools/call", CALL("ask_twice") },
	{ ERA_BOTH, "tools/call", CALL("ask_url") },
	{ ERA_MODERN, "tools/call", AGAIN("ask_name", "name") },
	{ ERA_MODERN, "tools/call", AGAIN("ask_once", "name") },
	{ ERA_MODERN, "tools/call", AGAIN("ask_twice", "first") },
	{ ERA_MODERN, "tools/call", AGAIN("ask_twice", "second") },
	{ ERA_BOTH, "tools/call", CALL("job") },
	{ ERA_BOTH, "tools/call", CALL("job_ask") },
	{ ERA_BOTH, "tools/call", CALL("job_fail") },
	{ ERA_BOTH, "tools/call", CALL("job_must") },
	{ ERA_LEGACY, "tools/call", TASK("job") },
	{ ERA_LEGACY, "tools/call", TASK("job_ask") },
	{ ERA_LEGACY, "tools/call", TASK("job_fail") },
	{ ERA_LEGACY, "tools/call", TASK("job_must") },
	{ ERA_LEGACY, "tools/call", TASK("echo") },
	{ ERA_BOTH, "prompts/list", "{}" },
	{ ERA_BOTH, "prompts/list", "{\"cursor\":\"@cursor\"}" },
	{ ERA_BOTH, "prompts/get",
	    "{\"name\":\"greet\",\"arguments\":{\"name\":\"@mark\"}}" },
	{ ERA_BOTH, "prompts/get", CALL("ask") },
	{ ERA_MODERN, "prompts/get", AGAIN("ask", "name") },
	{ ERA_BOTH, "prompts/get", CALL("talk") },
	{ ERA_BOTH, "prompts/get", CALL("media") },
	{ ERA_BOTH, "prompts/get", CALL("mute") },
	{ ERA_BOTH, "prompts/get", CALL("again") },
	{ ERA_BOTH, "prompts/get", CALL("summary") },
	{ ERA_BOTH, "resources/list", "{}" },
	{ ERA_BOTH, "resources/list", "{\"cursor\":\"@cursor\"}" },
	{ ERA_BOTH, "resources/templates/list", "{}" },
	{ ERA_BOTH, "resources/read", URI("@note") },
	{ ERA_BOTH, "resources/read", URI("note://by/a%20b/c") },
	{ ERA_BOTH, "resources/read", URI("note://one") },
	{ ERA_BOTH, "resources/read", URI("note://many") },
	{ ERA_BOTH, "resources/read", URI("note://ask") },
	{ ERA_MODERN, "resources/read",
	    "{\"uri\":\"note://ask\",\"requestState\":\"@state\","
	    "\"inputResponses\":{\"name\":" SAID "}}" },
	{ ERA_BOTH, "resources/read", URI("note://talk") },
	{ ERA_BOTH, "resources/read", URI("note://gone") },
	{ ERA_BOTH, "resources/read", URI("note://fails") },
	{ ERA_LEGACY, "resources/subscribe", URI("@note") },
	{ ERA_LEGACY, "resources/unsubscribe", URI("@note") },
	{ ERA_BOTH, "completion/complete",
	    "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},"
	    "\"argument\":{\"name\":\"name\",\"value\":\"a\"},"
	    "\"context\":{\"arguments\":{\"style\":\"@mark\"}}}" },
	{ ERA_BOTH, "completion/complete",
	    "{\"ref\":{\"type\":\"ref/resource\","
	    "\"uri\":\"note://by/{author}/{title}\"},"
	    "\"argument\":{\"name\":\"author\",\"value\":\"\"}}" },
	{ ERA_BOTH, "tasks/get", TASK_ID },
	{ ERA_BOTH, "tasks/cancel", TASK_ID },
	{ ERA_LEGACY, "tasks/result", TASK_ID },
	{ ERA_LEGACY, "tasks/list", "{}" },
	{ ERA_LEGACY, "tasks/list", "{\"cursor\":\"@cursor\"}" },
	{ ERA_MODERN, "tasks/update",
	    "{\"taskId\":\"@task\",\"inputResponses\":{\"name\":" SAID "}}" },
	{ ERA_MODERN, "server/discover", "{}" },
	{ ERA_MODERN, "subscriptions/listen",
	    "{\"notifications\":{\"toolsListChanged\":true,"
	    "\"resourceSubscriptions\":[\"@note\"],\"taskIds\":[\"@task\"]}}" },
	{ ERA_BOTH, "no/such/method", "{\"a\":\"@mark\"}" },
};

const size_t exchange_forms_n =
    sizeof(exchange_forms) / sizeof(exchange_forms[0]);
