"""What a message of a server may be, revision by revision.

A response is held against the definition for the method of the request it
answers, everything else against the one of its own method, in the schemas of
tests/schema; what those cannot say is in this file.
"""
import json
import os
import pathlib
import re

try:
    import jsonschema
except ImportError:
    jsonschema = None

MISSING = "python3-jsonschema is not installed"
FOLDER = pathlib.Path(os.environ.get(
    "MCP_SOURCE", pathlib.Path(__file__).resolve().parents[2])
) / "tests" / "schema"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
             "2026-07-28")
R1, R2, R3, R4, R5 = REVISIONS
M = "io.modelcontextprotocol/"
# A member of an example that has further ones: nothing is missing there.
OPEN = "\0and more"
# What answers a method: the name of its definition.
RESULTS = {
    "initialize": "InitializeResult",
    "ping": "EmptyResult",
    "logging/setLevel": "EmptyResult",
    "resources/subscribe": "EmptyResult",
    "resources/unsubscribe": "EmptyResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "completion/complete": "CompleteResult",
    "tasks/get": "GetTaskResult",
    # Ours are made for calls of tools only.
    "tasks/result": "CallToolResult",
    "tasks/list": "ListTasksResult",
    "tasks/cancel": "CancelTaskResult",
    "server/discover": "DiscoverResult",
    "subscriptions/listen": "SubscriptionsListenResult",
}
# What a revision has not, and we answer where it is configured:
# http.modern_ping.
BEYOND = {(R5, "ping")}
# Of 2026-07-28, by an extension.
EXTENSION = {"tasks/get", "tasks/update", "tasks/cancel"}
EXTENSION_NOTIFICATIONS = {"notifications/tasks"}
EMPTY = {"ping", "logging/setLevel", "resources/subscribe",
         "resources/unsubscribe"}
CACHED = {"server/discover", "tools/list", "prompts/list", "resources/list",
          "resources/templates/list", "resources/read"}
ASKING = {"tools/call", "prompts/get", "resources/read"}
TYPED_ERRORS = {
    (R4, -32042): "URLElicitationRequiredError",
    (R5, -32020): "HeaderMismatchError",
    (R5, -32021): "MissingRequiredClientCapabilityError",
    (R5, -32022): "UnsupportedProtocolVersionError",
}
# Codes that belong to the one era or to the other.
NOT_MODERN = {-32002, -32042}
NOT_LEGACY = {-32020, -32021, -32022}
TASK_STATES = {"working", "input_required", "completed", "failed",
               "cancelled"}
TASK_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


# -------------------------------------------------------------- schemas

def right_numbers(definitions):
    """See tests/schema/README.md."""
    numbers = definitions.get("NumberSchema", {}).get("properties", {})
    for name in ("minimum", "maximum", "default"):
        if numbers.get(name, {}).get("type") == "integer":
            numbers[name]["type"] = "number"


def is_base64(value):
    return (not isinstance(value, str) or len(value) % 4 == 0 and re.fullmatch(
        r"[A-Za-z0-9+/]*={0,2}", value) is not None)


def is_uri(value):
    return not isinstance(value, str) or re.match(
        r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]*\Z", value) is not None


def formats():
    """Those that the schemas use and that can be told without a library."""
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("byte")(is_base64)
    checker.checks("uri")(is_uri)
    return checker


def required(validator, names, instance, schema):
    """The keyword, but for examples."""
    if not isinstance(instance, dict) or OPEN not in instance:
        yield from validator.VALIDATORS["required as it is"](
            validator, names, instance, schema)


def with_examples(kind):
    """A class of validators that takes them."""
    return jsonschema.validators.extend(kind, {
        "required": required, "required as it is": kind.VALIDATORS["required"]})


class Revision:
    """Definitions of one revision; a validator is made when it is needed."""

    def __init__(self, name):
        self.name = name
        document = json.loads((FOLDER / (name + ".json")).read_text())
        self.where = "$defs" if "$defs" in document else "definitions"
        self.definitions = document[self.where]
        right_numbers(self.definitions)
        self.validators = {}
        self.methods = {
            "request": self.members("ServerRequest"),
            "notification": self.members("ServerNotification")}

    def members(self, union):
        """Method and name of each definition in a union."""
        found = {}
        for member in self.definitions.get(union, {}).get("anyOf", []):
            name = member["$ref"].rpartition("/")[2]
            method = self.definitions[name]["properties"]["method"]["const"]
            found[method] = name
        return found

    def has(self, name):
        return name in self.definitions

    def validator(self, name):
        if name not in self.validators:
            kind = (jsonschema.Draft202012Validator if self.where == "$defs"
                    else jsonschema.Draft7Validator)
            self.validators[name] = with_examples(kind)(
                {"$ref": "#/%s/%s" % (self.where, name),
                 self.where: self.definitions}, format_checker=formats())
        return self.validators[name]

    def violations(self, name, value):
        """Sentences; none if the value is what the definition says."""
        error = jsonschema.exceptions.best_match(
            self.validator(name).iter_errors(value))
        if error is None:
            return []
        path = "/".join(map(str, error.absolute_path))
        return ["%s: at /%s: %.300s" % (name, path, error.message)]


LOADED = {}


def revision(name):
    if name not in LOADED:
        LOADED[name] = Revision(name)
    return LOADED[name]


# ------------------------------------------------------ other revisions

# What tools and files say of themselves is passed on, whatever it is.
PASSED_ON = {"_meta", "lastModified", OPEN}
LISTS = {"tools": "Tool", "prompts": "Prompt", "resources": "Resource",
         "resourceTemplates": "ResourceTemplate"}
BLOCKS = {"text": "TextContent", "image": "ImageContent",
          "audio": "AudioContent", "resource": "EmbeddedResource",
          "resource_link": "ResourceLink"}


def objects(value):
    return [one for one in value if isinstance(one, dict)] \
        if isinstance(value, list) else []


def contents_of(item):
    kind = "Text" if "text" in item else "Blob"
    return kind + "ResourceContents", item


def parts(result):
    """Objects in a result, and the names of their definitions."""
    for key, definition in LISTS.items():
        for item in objects(result.get(key)):
            yield definition, item
            for argument in objects(item.get("arguments")):
                yield "PromptArgument", argument
    blocks = objects(result.get("content")) + objects(
        [one.get("content") for one in objects(result.get("messages"))])
    for block in blocks:
        yield BLOCKS.get(block.get("type")), block
        yield "Annotations", block.get("annotations")
        if isinstance(block.get("resource"), dict):
            yield contents_of(block["resource"])
    for item in objects(result.get("contents")):
        yield contents_of(item)
    yield "Implementation", result.get("serverInfo")
    yield "ServerCapabilities", result.get("capabilities")


def members_of(name, definition):
    found = revision(name).definitions.get(definition, {})
    return set(found.get("properties", {}))


def newer(name, result):
    """Members that the definitions of other revisions have."""
    wrong = []
    for definition, item in parts(result):
        own = members_of(name, definition)
        if not own or not isinstance(item, dict):
            continue
        others = set().union(*(members_of(other, definition)
                               for other in REVISIONS))
        wrong += ["%s in %s: that is of another revision" % (member, definition)
                  for member in item
                  if member in others - own - PASSED_ON]
    return wrong


# ------------------------------------------------------------- messages

def meta_of(holder):
    meta = holder.get("_meta") if isinstance(holder, dict) else None
    return meta if isinstance(meta, dict) else {}


def foreign(message, holder):
    """What a message of a revision with sessions must not have."""
    found = ["%s in _meta" % key for key in meta_of(holder)
             if key in (M + "serverInfo", M + "subscriptionId")]
    if "result" in message and isinstance(holder, dict):
        found += ["%s in a result" % key for key in ("resultType", "cacheScope",
                                                      "ttlMs") if key in holder]
    return ["%s: that is of %s" % (one, R5) for one in found]


def check_task(task):
    """A task of the extension."""
    wrong = []
    if OPEN in task:
        return wrong
    for name in ("taskId", "createdAt", "lastUpdatedAt"):
        if not isinstance(task.get(name), str):
            wrong.append("task: %s is no string" % name)
    for name in ("createdAt", "lastUpdatedAt"):
        if not TASK_TIME.match(str(task.get(name))):
            wrong.append("task: %s is no time" % name)
    if task.get("status") not in TASK_STATES:
        wrong.append("task: status is %r" % task.get("status"))
    if "ttlMs" not in task:
        wrong.append("task: no ttlMs")
    for name in ("ttlMs", "pollIntervalMs"):
        value = task.get(name)
        if name in task and not (
                name == "ttlMs" and value is None or
                type(value) is int and value > 0):
            wrong.append("task: %s is %r" % (name, value))
    wrong += ["task: %s is of another revision" % name
              for name in ("ttl", "pollInterval", "task") if name in task]
    return wrong


def check_detailed_task(task):
    """The same with what its status brings."""
    wrong = check_task(task)
    brings = {"completed": "result", "failed": "error",
              "input_required": "inputRequests"}
    for status, name in brings.items():
        if OPEN not in task and (name in task) != (task.get("status") == status):
            wrong.append("task: %s while %s" % (
                name if name in task else "no " + name, task.get("status")))
    r5 = revision(R5)
    if isinstance(task.get("result"), dict):
        wrong += r5.violations(
            "CallToolResult", dict({"resultType": "complete"}, **task["result"]))
    if "inputRequests" in task:
        wrong += r5.violations("InputRequests", task["inputRequests"])
    if "error" in task:
        wrong += r5.violations("Error", task["error"])
    return wrong


def check_modern_result(method, result):
    kind = result.get("resultType", "complete" if OPEN in result else None)
    wrong = []
    if kind == "input_required":
        if method not in ASKING:
            wrong.append("%s cannot ask" % method)
        if not {"inputRequests", "requestState"} & set(result):
            wrong.append("input_required without anything")
        wrong += revision(R5).violations("InputRequiredResult", result)
    elif kind == "task":
        if method != "tools/call":
            wrong.append("%s cannot become a task" % method)
        wrong += check_task(result)
        wrong += ["a new task with %s" % name
                  for name in ("result", "error", "inputRequests",
                               "requestState") if name in result]
    elif kind != "complete":
        wrong.append("resultType is %r" % kind)
    elif method == "tasks/get":
        wrong += check_detailed_task(result)
    elif method in EXTENSION:
        wrong += ["an acknowledgement with %s" % name for name in result
                  if name not in ("resultType", "_meta", OPEN)]
    if kind in ("complete", "input_required"):
        is_cached = kind == "complete" and method in CACHED
        # A task has a ttlMs of its own.
        names = ["cacheScope"] if method == "tasks/get" else ["cacheScope",
                                                              "ttlMs"]
        for name in names:
            if (name in result) != is_cached and OPEN not in result:
                wrong.append("%s%s in a result of %s" % (
                    "" if name in result else "no ", name, method))
    return wrong + revision(R5).violations("Result", result)


def result_definition(name, method, params):
    """Of a result that is complete; None if the method has none there."""
    if name == R5 and method in EXTENSION:
        return "Result"
    if (name, method) in BEYOND:
        return RESULTS[method]
    if (name == R4 and method == "tools/call" and isinstance(params, dict)
            and "task" in params):
        return "CreateTaskResult"
    # Methods that a revision has not are refused, not answered.
    if not any(definition.get("properties", {}).get("method", {})
               .get("const") == method
               for definition in revision(name).definitions.values()):
        return None
    return RESULTS.get(method)


def check_result(name, message, method, params):
    result = message["result"]
    own = revision(name)
    envelope = "JSONRPCResultResponse"
    wrong = own.violations(
        envelope if own.has(envelope) else "JSONRPCResponse", message)
    if wrong or method is None:
        return wrong
    wrong += newer(name, result)
    definition = result_definition(name, method, params)
    if definition is None:
        return ["a result for %s, which %s has not" % (method, name)]
    if name == R5:
        wrong += check_modern_result(method, result)
        if result.get("resultType") in ("input_required", "task"):
            return wrong
    elif definition == "CreateTaskResult" and "task" not in result:
        # The server may have refused the wish, and simply called.
        definition = "CallToolResult"
    wrong += own.violations(definition, result)
    if name != R5 and method in EMPTY and set(result) - {"_meta", OPEN}:
        wrong.append("%s in a result that is empty" % sorted(result))
    return wrong


def check_error(name, message):
    own = revision(name)
    code = None
    if isinstance(message["error"], dict):
        code = message["error"].get("code")
    # See tests/schema/README.md.
    if "id" not in message and name < R4:
        own = revision(R4)
    envelope = "JSONRPCErrorResponse"
    wrong = own.violations(
        envelope if own.has(envelope) else "JSONRPCError", message)
    if (name, code) in TYPED_ERRORS:
        wrong += own.violations(TYPED_ERRORS[name, code], message)
    if code in (NOT_MODERN if name == R5 else NOT_LEGACY):
        wrong.append("error %s in %s" % (code, name))
    return wrong


def check_spoken(name, message, stream):
    """A request or a notification of the server; stream: the method of the
    request whose answer brings it, if that is known."""
    own = revision(name)
    method = message["method"]
    kind = "request" if "id" in message else "notification"
    if kind == "request" and name == R5:
        return ["a request in %s: %s" % (R5, method)]
    wrong = own.violations("JSONRPC" + kind.capitalize(), message)
    definition = own.methods[kind].get(method)
    if name == R5 and method in EXTENSION_NOTIFICATIONS:
        if not isinstance(message.get("params"), dict):
            return wrong + ["%s without params" % method]
        wrong += check_detailed_task(message["params"])
    elif definition is None:
        return wrong + ["%s knows no %s %s" % (name, kind, method)]
    else:
        wrong += own.violations(definition, message)
    if name == R5 and stream is not None:
        has = M + "subscriptionId" in meta_of(message.get("params"))
        if has != (stream == "subscriptions/listen"):
            wrong.append("%s subscriptionId on a stream of %s" % (
                "a" if has else "no", stream))
    return wrong


def check_message(name, message, method=None, params=None, stream=None):
    """Sentences about one message of a server, of the revision `name`;
    method, params: of the request it answers, stream: see check_spoken()."""
    if not isinstance(message, dict):
        return ["no object: %.100r" % (message,)]
    kinds = [key for key in ("method", "result", "error") if key in message]
    if len(kinds) != 1:
        return ["neither or more than one of method, result, error: %s" % kinds]
    holder = message.get("result", message.get("params"))
    wrong = foreign(message, holder) if name != R5 else []
    if kinds == ["result"]:
        return wrong + check_result(name, message, method, params)
    if kinds == ["error"]:
        return wrong + check_error(name, message)
    return wrong + check_spoken(name, message, stream)
