#!/usr/bin/env python3
"""Is every message that a server sent one that its revision allows?

    schema_check.py TRACE...

reads what `server.trace` wrote and prints violations, one per line; the exit
status is 1 if there are any, 77 without python3-jsonschema.

A response is held against the definition for the method of the request it
answers, whichever connection it came by; everything else against the one of
its own method.  What the schemas cannot say is in this file.
"""
import collections
import hashlib
import json
import os
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None

SKIPPED = 77
MISSING = "python3-jsonschema is not installed"
FOLDER = pathlib.Path(os.environ.get(
    "MCP_SOURCE", pathlib.Path(__file__).resolve().parents[2])
) / "tests" / "schema"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
             "2026-07-28")
R1, R2, R3, R4, R5 = REVISIONS
# Of a request without a session that names no revision.
UNNAMED = R2
M = "io.modelcontextprotocol/"
# The messages of one trace that are held against a schema, besides one of
# each kind and shape.
SAMPLE = 2000

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


# --------------------------------------------------------------- choice

def shape(value, depth=0):
    """What it looks like without its contents."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(
            "%s:%s" % (key, shape(one, depth + 1))
            for key, one in sorted(value.items())) if depth < 12 else "{}"
    if isinstance(value, list):
        return "[%s]" % ",".join(sorted({shape(one, depth + 1)
                                         for one in value}))
    return {str: "s", bool: "b", type(None): "0"}.get(type(value), "n")


class Chosen:
    """Messages to be checked: each once, one of each shape, and of the rest
    so many, drawn evenly."""

    def __init__(self, sample=SAMPLE):
        self.sample = sample
        self.seen = set()
        self.shapes = set()
        self.first = []
        self.others = []
        self.total = 0

    def add(self, where, name, message, method, params, stream):
        self.total += 1
        text = json.dumps(
            [name, method, stream, isinstance(params, dict)
             and "task" in params, dict(message, id="id" in message)
             if isinstance(message, dict) and "method" not in message
             else message], sort_keys=True)
        key = hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()
        if key in self.seen:
            return
        self.seen.add(key)
        one = (where, name, message, method, params, stream)
        look = (name, method, stream, message.get("method")
                if isinstance(message, dict) else None, shape(message))
        if look in self.shapes:
            self.others.append(one)
        else:
            self.shapes.add(look)
            self.first.append(one)

    def each(self):
        step = max(1, -(-len(self.others) // self.sample))
        return self.first + self.others[::step]

    def violations(self):
        found = []
        for where, name, message, *context in self.each():
            found += ["%s: %s: %s in %.600s" % (
                where, name, sentence, json.dumps(message))
                for sentence in check_message(name, message, *context)]
        return found


# --------------------------------------------------------------- traces

Asked = collections.namedtuple("Asked", "method params revision")


class Connection:
    """One exchange of a trace."""

    def __init__(self, line):
        self.line = line
        self.session = line.get("session")
        self.is_sse = False  # the first revision's stream
        self.is_stream = False
        self.is_json = False
        self.method = None  # of the only request
        self.claim = None
        self.is_lost = "bytes" in line  # its body is not all there
        self.own = {}  # what was asked here
        self.text = ""


def load(text):
    try:
        # A byte order mark is not refused.
        return json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def messages_of(document):
    return document if isinstance(document, list) else [document]


class Trace:
    """Reads lines and chooses the messages of the server in them."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.wrong = []
        self.connections = {}
        self.revisions = {}  # by session
        self.asked = {}      # by session and id
        self.lossy = set()   # sessions that asked what is not there
        self.unread = 0      # lines and bodies that are not whole

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as lines:
            for number, text in enumerate(lines, 1):
                line = load(text)
                if line is None:
                    self.unread += 1 if text.strip() else 0
                    # Behind what was left by who was killed while writing;
                    # within a string it would look different.
                    line = load(text[max(0, text.rfind('{"ms":')):])
                if isinstance(line, dict) and "what" in line:
                    self.take(line, "%s:%d" % (pathlib.Path(path).name, number))

    def take(self, line, where):
        key = (line["pid"], line["connection"])
        if line["what"] == "request":
            self.connections[key] = Connection(line)
            self.take_request(self.connections[key])
            return
        connection = self.connections.get(key)
        if connection is None:
            self.unread += 1
        elif line["what"] == "end":
            del self.connections[key]
        else:
            if line["what"] == "answer":
                self.take_head(connection, line)
            self.take_bytes(connection, line, where)

    def take_request(self, connection):
        line = connection.line
        if connection.is_lost and connection.session:
            self.lossy.add(connection.session)
        requests = [one for one in messages_of(load(line.get("body", "")))
                    if isinstance(one, dict) and "method" in one]
        for one in requests:
            params = one.get("params")
            claim = meta_of(params).get(M + "protocolVersion")
            if claim is not None:
                connection.claim = claim
            asked = Asked(one["method"], params, self.of_request(connection))
            key = json.dumps(one.get("id"))
            connection.own[key] = asked
            if connection.session and "id" in one:
                self.asked[connection.session, key] = asked
        if len(requests) == 1:
            connection.method = requests[0]["method"]

    def of_request(self, connection):
        """By what it says itself; None if it says nothing."""
        header = connection.line.get("headers", {}).get("MCP-Protocol-Version")
        if connection.claim is not None:
            return R5
        # One that nobody knows is refused as 2026-07-28 has it.
        if header and (header == R5 or header not in REVISIONS):
            return R5
        known = self.revisions.get(connection.session) \
            if connection.session else None
        return known or header or None

    def take_head(self, connection, line):
        kind = line.get("headers", {}).get("Content-Type", "")
        connection.is_stream = kind.startswith("text/event-stream")
        connection.is_json = kind.startswith("application/json")
        # What answers initialize names the session that it makes.
        if "session" in line:
            connection.session = line["session"]

    def take_bytes(self, connection, line, where):
        body = line.get("body", "")
        if "bytes" in line:
            self.unread += 1
            connection.text = ""
        elif connection.is_stream:
            self.take_events(connection, body, where)
        elif connection.is_json and body:
            document = load(body)
            if document is None:
                self.wrong.append("%s: no JSON: %.200r" % (where, body))
                return
            self.take_document(connection, document, where)

    def take_events(self, connection, body, where):
        blocks = (connection.text + body).split("\n\n")
        connection.text = blocks.pop()
        for block in blocks:
            lines = [line.partition(": ") for line in block.split("\n")]
            data = "\n".join(value for name, _, value in lines
                             if name == "data")
            if ("event", ": ", "endpoint") in lines:
                connection.is_sse = True
                connection.session = data.rpartition("sessionId=")[2]
            elif data:
                document = load(data)
                if document is None:
                    self.wrong.append("%s: no JSON: %.200r" % (where, data))
                else:
                    self.take_document(connection, document, where)

    def take_document(self, connection, document, where):
        if isinstance(document, list) and not document:
            self.wrong.append("%s: an empty batch" % where)
        for message in messages_of(document):
            self.take_message(connection, message, where)
        if isinstance(document, list) and self.of(connection) != R2:
            self.wrong.append("%s: a batch in %s" % (
                where, self.of(connection)))

    def find(self, connection, message):
        """What a response answers; (None, where it may be) if nothing."""
        key = json.dumps(message.get("id"))
        found = connection.own.get(key)
        if found is None and connection.session:
            found = self.asked.get((connection.session, key))
        return found

    def take_message(self, connection, message, where):
        asked = None
        if isinstance(message, dict) and "method" not in message:
            asked = self.find(connection, message)
            if asked is None:
                self.take_unasked(connection, message, where)
        name = asked.revision if asked is not None else None
        if asked is not None and asked.method == "initialize":
            name = self.take_initialize(connection, message) or name
        name = name or self.of(connection)
        self.chosen.add(
            where, name, message, asked.method if asked else None,
            asked.params if asked else None, connection.method)

    def take_unasked(self, connection, message, where):
        if "result" in message and not connection.is_lost and \
                connection.session not in self.lossy:
            self.wrong.append("%s: answers nothing that was asked: %.300s" % (
                where, json.dumps(message)))

    def take_initialize(self, connection, message):
        """It is of the revision that it tells; None for an error."""
        result = message.get("result")
        name = result.get("protocolVersion") if isinstance(
            result, dict) else None
        if name not in REVISIONS:
            return None
        if connection.session:
            self.revisions[connection.session] = name
        return name

    def of(self, connection):
        """The revision of what answers no request that was read."""
        name = self.of_request(connection)
        if name is None and connection.is_sse:
            name = R1
        # Whoever does not post has no id that an error could give back.
        return name or (UNNAMED if connection.line.get("method") == "POST"
                        else R5)


def check_trace(paths, sample=SAMPLE):
    """(violations, messages, of them checked, lines that could not be
    read)"""
    chosen = Chosen(sample)
    trace = Trace(chosen)
    for path in paths:
        trace.read(path)
    return (trace.wrong + chosen.violations(), chosen.total,
            len(chosen.each()), trace.unread)


def main(paths):
    if jsonschema is None:
        print("SKIPPED: %s" % MISSING)
        return SKIPPED
    wrong, total, checked, unread = check_trace(paths)
    print("".join(sentence + "\n" for sentence in wrong), end="")
    print("%d messages, %d checked, %d violations, %d lines not whole"
          % (total, checked, len(wrong), unread), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
