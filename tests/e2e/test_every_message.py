"""Whatever a revision lets a server say, ours says here, and all of it is
what the schema of the revision allows."""
import base64
import json
import sys

import harness
import mcp
import schema_check
import schema_rules
import speaking
from catalog import Catalog
from mcp import M, accept, poll_task
from schema_rules import R1, R2, R3, R4, R5
from support import check, equal

LEGACY = schema_rules.REVISIONS[:-1]
BYTES = b"\0\1\2\377"
DATA = base64.b64encode(BYTES).decode()
HINTS = {"audience": ["user"], "priority": 0.5,
         "lastModified": "2026-07-28T00:00:00Z"}
ICONS = [{"src": "https://example.org/i.png", "mimeType": "image/png",
          "sizes": ["48x48"], "theme": "dark"}]
META = {"example.org/kind": "test"}
COMMON = {"title": "A title", "description": "A description",
          "icons": ICONS, "_meta": META}
BLOCKS = [
    {"type": "text", "text": "text", "annotations": HINTS, "_meta": META},
    {"type": "image", "data": DATA, "mimeType": "image/png"},
    {"type": "audio", "data": DATA, "mimeType": "audio/wav"},
    {"type": "resource_link", "uri": "test://text", "name": "text",
     "size": 4, "mimeType": "text/plain", "annotations": HINTS},
    {"type": "resource", "resource": {
        "uri": "test://text", "text": "text", "_meta": META}},
    {"type": "resource", "resource": {
        "uri": "test://blob", "blob": DATA, "mimeType": "a/b"}},
]
ANSWERS = {
    "elicitation/create": accept(name="Ada"),
    "sampling/createMessage": {
        "role": "assistant", "model": "m",
        "content": {"type": "text", "text": "thought"}},
    "roots/list": {"roots": [{"uri": "file:///here", "name": "here"}]},
}
CAPABILITIES = {"elicitation": {"form": {}, "url": {}}, "sampling": {},
                "roots": {"listChanged": True}}
TASKS = {"extensions": {M + "tasks": {}}}

# What we never say, and why that is right; for one revision, or for all.
NEVER = {
    # Whether somebody is there is seen when something is written.
    "ping",
    # We ask clients for nothing that takes them a task.
    "tasks/get", "tasks/result", "tasks/list", "tasks/cancel",
    # It may be sent; who wants to know asks.
    "notifications/tasks/status",
    # There is no request of ours that it could take back.
    (R5, "notifications/cancelled"),
}


# ------------------------------------------------------------- catalog

def define_tools(catalog):
    speaking.define_all(catalog)
    speaking.define_tasks(catalog)
    speaking.define(catalog, "roots", """
print(json.dumps(ask(roots={"method": "roots/list", "params": {}})))
""")
    speaking.define(catalog, "fields", """
print(json.dumps(ask(name={"method": "elicitation/create", "params": {
    "message": "All kinds", "requestedSchema": {"type": "object",
    "required": ["name"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9,
                 "title": "Name", "description": "A name"},
        "mail": {"type": "string", "format": "email"},
        "half": {"type": "number", "minimum": 0.5, "maximum": 1.5},
        "whole": {"type": "integer", "minimum": 1},
        "yes": {"type": "boolean", "default": True},
        "one": {"type": "string", "enum": ["a", "b"]}}}}})))
""")
    speaking.define(catalog, "visit", """
line = ask(page={"method": "elicitation/create", "params": {
    "mode": "url", "message": "Go there", "url": "https://example.org/",
    "elicitationId": "e-1"}})
say(elicited="e-1")
print(json.dumps(line))
""")
    catalog.write("blocks", json.dumps(dict(
        COMMON, name="blocks", inputSchema={
            "type": "object", "properties": {"a": {
                "type": "string", "x-mcp-header": "A"}}},
        outputSchema={"type": "object", "properties": {
            "n": {"type": "number"}}, "required": ["n"]},
        annotations={"title": "T", "readOnlyHint": True},
        run={"command": ["/bin/cat", "blocks.txt"], "output": "result"})))
    (catalog.tools / "blocks.txt").write_text(json.dumps({
        "content": BLOCKS, "structuredContent": {"n": 0.5}, "_meta": META}))
    catalog.write("any", json.dumps({
        "name": "any", "inputSchema": {"type": "object"},
        "outputSchema": {"type": "array"},
        "run": {"command": ["/bin/echo", "[1, null]"], "output": "json"}}))
    catalog.shell("fails", "echo no >&2; exit 1")


def write(folder, name, value):
    folder.mkdir(exist_ok=True)
    (folder / (name + ".json")).write_text(json.dumps(value))


def define_offers(root):
    """Resources, templates and prompts."""
    resources = root / "resources"
    write(resources, "text", dict(
        COMMON, uri="test://text", name="text", mimeType="text/plain",
        size=4, annotations=HINTS, text="text",
        cache={"ttlMs": 1000, "scope": "public"}))
    write(resources, "blob", {"uri": "test://blob", "name": "blob",
                              "mimeType": "a/b", "file": "blob.bin"})
    (root / "blob.bin").write_bytes(BYTES)
    (root / "files").mkdir()
    (root / "files" / "a b.md").write_text("# A")
    write(resources, "folder", {"uri": "test://files/", "name": "files",
                                "folder": "files"})
    write(resources, "program", {
        "uri": "test://program", "name": "program", "mimeType": "text/plain",
        "run": {"command": [sys.executable, "-c", speaking.PRELUDE + """
line = ask(name=form("Who are you?", "name"))
print(json.dumps(line))
"""]}})
    write(resources, "template", dict(
        COMMON, uriTemplate="test://greeting/{name}", name="greeting",
        mimeType="text/plain", text="Hello, {{name}}", annotations=HINTS,
        complete={"name": ["Ada", "Bob"]}))
    prompts = root / "prompts"
    write(prompts, "blocks", dict(
        COMMON, name="blocks", arguments=[
            {"name": "who", "title": "Who", "description": "A name",
             "required": True}],
        messages=[{"role": "user", "content": block} for block in BLOCKS]
        + [{"role": "assistant", "content": {
            "type": "text", "text": "Hello, {{who}}"}}],
        complete={"who": ["Ada", "Bob"]}))
    write(prompts, "file", {"name": "file", "messages": [
        {"role": "user", "content": {
            "type": "image", "file": "blob.bin",
            "mimeType": "image/png"}}]})
    write(prompts, "asks", {
        "name": "asks", "run": {"command": [
            sys.executable, "-c", speaking.PRELUDE + """
print(json.dumps(ask(name=form("Who are you?", "name"))))
"""]}})


# -------------------------------------------------------------- legacy

def answered(session, stream):
    """Answer what is asked on a stream; its last message."""
    while True:
        message = stream.message()
        if "method" not in message:
            return message
        if "id" in message:
            answer = ANSWERS[message["method"]]
            if message["params"].get("mode") == "url":
                answer = {"action": "accept"}
            equal(session.post({"jsonrpc": "2.0", "id": message["id"],
                                "result": answer}).status, 202,
                  "status of an answer")


def asked(session, method, **params):
    """A request that may be answered by a stream and questions."""
    session.number += 1
    stream = session.stream({
        "jsonrpc": "2.0", "id": session.number, "method": method,
        "params": dict(params, _meta={
            "progressToken": "t%d" % session.number})})
    last = answered(session, stream) if stream.is_stream \
        else json.loads(stream.body)
    stream.close()
    return last


def read_lists(send):
    """Lists page by page, and what is in them."""
    for method in ("tools/list", "prompts/list", "resources/list",
                   "resources/templates/list"):
        cursor, pages = {}, 0
        while cursor is not None and pages < 50:
            result = send(method, cursor).result()
            cursor = {"cursor": result["nextCursor"]} \
                if "nextCursor" in result else None
            pages += 1
        check(pages > 1 or method.startswith("resources/templates"),
              "one page of %s", method)
    for uri in ("test://text", "test://blob", "test://files/a%20b.md",
                "test://greeting/Ada"):
        send("resources/read", {"uri": uri}).result()
    send("prompts/get", {"name": "blocks",
                         "arguments": {"who": "Ada"}}).result()
    for ref in ({"type": "ref/prompt", "name": "blocks"},
                {"type": "ref/resource", "uri": "test://greeting/{name}"}):
        name = "who" if "name" in ref else "name"
        send("completion/complete", {"ref": ref, "argument": {
            "name": name, "value": "a"}}).result()
    for tool in ("blocks", "any", "fails"):
        send("tools/call", {"name": tool, "arguments": {}}).result()


def be_refused(send):
    for method, params in (
            ("tools/call", {"name": "none"}),
            ("prompts/get", {"name": "none"}),
            ("prompts/get", {"name": "blocks"}),
            ("resources/read", {"uri": "test://none"}),
            ("tools/list", {"cursor": "none"}),
            ("completion/complete", {"ref": {"type": "ref/prompt",
                                             "name": "none"},
                                     "argument": {"name": "a", "value": ""}}),
            ("nothing/here", {})):
        check("error" in send(method, params).json(), "%s was not refused",
              method)


def test_questions(session):
    tools = ["greet", "twice", "think", "roots", "fields", "steps", "logs"]
    if session.revision == R4:
        tools.append("visit")
    for tool in tools:
        asked(session, "tools/call", name=tool, arguments={})
    asked(session, "prompts/get", name="asks")
    asked(session, "resources/read", uri="test://program")


def test_notices(session, host):
    stream = session.get()
    session.send("resources/subscribe", {"uri": "test://text"}).result()
    for order in (["tools"], ["prompts"], ["resources"],
                  ["resource", "test://text"]):
        host.ctl("notify", *order)
        stream.message()
    session.send("resources/unsubscribe", {"uri": "test://text"}).result()
    stream.close()


def test_given_up(session, impatient):
    """A question that nobody answers is taken back."""
    session.number += 1
    stream = session.stream({
        "jsonrpc": "2.0", "id": session.number, "method": "tools/call",
        "params": {"name": "think", "arguments": {}}}, impatient.url)
    messages = [message["method"] for message in stream.rest()
                if "method" in message]
    equal(messages, ["sampling/createMessage", "notifications/cancelled"],
          "what was said")


def test_referred(session):
    """A client that takes no events is told where somebody has to go."""
    refused = mcp.request(
        session.url, "POST", dict(session.headers(), Accept="application/json"),
        json.dumps({"jsonrpc": "2.0", "id": "u", "method": "tools/call",
                    "params": {"name": "visit", "arguments": {}}}).encode())
    equal(refused.json()["error"]["code"], -32042, "code")


def test_old_tasks(session):
    """Those of 2025-11-25."""
    made = session.send("tools/call", {
        "name": "greet_task", "arguments": {}, "task": {"ttl": 60000}})
    task = made.result()["task"]["taskId"]
    poll_task(session, None, task, "input_required")
    asked(session, "tasks/result", taskId=task)
    poll_task(session, None, task, "completed")
    session.send("tasks/list").result()
    made = session.send("tools/call", {
        "name": "steps_task", "arguments": {"n": 1000, "ms": 20}, "task": {}})
    session.send("tasks/cancel", {
        "taskId": made.result()["task"]["taskId"]}).result()
    check("error" in session.send("tasks/get", {"taskId": "none"}).json(),
          "a task that there is not")


def test_legacy(host, impatient, name):
    session = mcp.opened(host.url, name, CAPABILITIES)
    equal(session.revision, name, "revision")
    session.send("ping").result()
    session.send("logging/setLevel", {"level": "debug"}).result()
    read_lists(session.send)
    be_refused(session.send)
    test_questions(session)
    test_notices(session, host)
    test_given_up(session, impatient)
    if name == R4:
        test_referred(session)
        test_old_tasks(session)
    mcp.request(session.url, "POST", session.headers(), b"{")
    session.delete()
    session.send("ping")


# -------------------------------------------------------------- modern

def rounds(client, method, params):
    """Until it is done, with an answer to each question."""
    for _ in range(5):
        message = client.send(method, params).json()
        result = message.get("result", {})
        if result.get("resultType") != "input_required":
            return message
        params = dict(params, requestState=result["requestState"],
                      inputResponses={
                          key: ANSWERS[question["method"]]
                          for key, question in
                          result["inputRequests"].items()})
    raise AssertionError("no end of questions: %r" % result)


def test_listen(client, host):
    stream = client.listen(
        toolsListChanged=True, promptsListChanged=True,
        resourcesListChanged=True, resourceSubscriptions=["test://text"])
    stream.message()
    for order in (["tools"], ["prompts"], ["resources"],
                  ["resource", "test://text"]):
        host.ctl("notify", *order)
        stream.message()
    return stream


def test_new_tasks(host):
    client = mcp.Modern(host.url, dict(CAPABILITIES, **TASKS))
    task = client.call("greet_task").result()["taskId"]
    poll_task(client, None, task, "input_required")
    client.send("tasks/update", {"taskId": task, "inputResponses": {
        "name": ANSWERS["elicitation/create"]}}).result()
    poll_task(client, None, task, "completed")
    task = client.call("steps_task", {"n": 1000, "ms": 20}).result()["taskId"]
    client.send("tasks/cancel", {"taskId": task}).result()
    poll_task(client, None, task, "cancelled")
    check("error" in client.send("tasks/get", {"taskId": "none"}).json(),
          "a task that there is not")
    check("error" in mcp.Modern(host.url).send(
        "tasks/get", {"taskId": task}).json(), "without the capability")


def test_modern(host):
    client = mcp.Modern(host.url, CAPABILITIES)
    client.send("server/discover").result()
    read_lists(client.send)
    be_refused(client.send)
    for tool in ("greet", "twice", "think", "roots", "fields", "visit"):
        rounds(client, "tools/call", {"name": tool, "arguments": {}})
    rounds(client, "prompts/get", {"name": "asks"})
    rounds(client, "resources/read", {"uri": "test://program"})
    for tool in ("steps", "logs"):
        stream = client.stream(
            "tools/call", {"name": tool, "arguments": {}},
            meta={"progressToken": 1, M + "logLevel": "debug"})
        stream.rest()
    message = client.message("tools/list")
    for headers in (dict(client.headers(message), **{"Mcp-Method": "other"}),
                    dict(client.headers(message),
                         **{"MCP-Protocol-Version": "2099-01-01"})):
        equal(mcp.request(host.url, "POST", headers,
                          json.dumps(message).encode()).status, 400,
              "status of headers that differ")
    message["params"]["_meta"][M + "protocolVersion"] = "2099-01-01"
    equal(mcp.request(host.url, "POST", headers,
                      json.dumps(message).encode()).status, 400, "status")
    test_new_tasks(host)
    return test_listen(client, host)


# ------------------------------------------------------------ coverage

def said(world):
    """What was said in each revision: (revision, kind, method or code)."""
    chosen = schema_check.Chosen(sample=sys.maxsize)
    trace = schema_check.Trace(chosen)
    trace.read(world.trace)
    found = set()
    for _, name, message, method, *_ in chosen.each():
        if "result" in message:
            kind = message["result"].get("resultType", "complete")
            found.add((name, kind, method))
        elif "error" in message:
            found.add((name, "error", message["error"]["code"]))
        else:
            kind = "request" if "id" in message else "notification"
            found.add((name, kind, message["method"]))
    return found


def expected():
    wanted = set()
    for name in schema_rules.REVISIONS:
        own = schema_rules.revision(name)
        for kind, methods in own.methods.items():
            wanted |= {(name, kind, method) for method in methods
                       if not {method, (name, method)} & NEVER}
        wanted |= {(name, "complete", method)
                   for method in schema_rules.RESULTS
                   if schema_rules.result_definition(name, method, None)}
        wanted.add((name, "error", -32602))
        wanted.add((name, "error", -32601))
    for name in LEGACY:
        wanted |= {(name, "error", -32700), (name, "error", -32002)}
    wanted.add((R4, "error", -32042))
    wanted |= {(R5, "error", code) for code in (-32020, -32021, -32022)}
    wanted |= {(R5, "input_required", method)
               for method in schema_rules.ASKING}
    wanted.add((R5, "task", "tools/call"))
    return wanted


def test(world):
    root = world.folder / "catalog"
    catalog = Catalog(root)
    define_tools(catalog)
    define_offers(root)
    host = world.host(catalog={"folder": root}, limits={"page": 2})
    impatient = world.host(catalog={"folder": root}, limits={"question": "1s"},
                           http={"modern_ping": "yes"})
    for name in (R1, R2, R3, R4):
        test_legacy(host, impatient, name)
        print("ok %s" % name)
    mcp.Modern(impatient.url).send("ping").result()
    stream = test_modern(host)
    # What is open ends with a result when the server does.
    host.streamer.terminate()
    stream.rest()
    missing = expected() - said(world)
    check(not missing, "never said: %s",
          "\n".join(map(str, sorted(missing, key=str))))


harness.run(test)
