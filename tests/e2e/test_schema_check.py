"""The check of messages finds what is wrong, and only that."""
import json
import pathlib
import subprocess
import sys
import tempfile

import golden
import harness
import schema_check
import schema_rules
from schema_rules import M, R1, R2, R3, R4, R5, REVISIONS
from support import check, equal

LEGACY = REVISIONS[:-1]
INFO = {"name": "s", "version": "1"}
TEXT = {"type": "text", "text": "t"}
TASK = {"taskId": "t", "status": "working", "ttlMs": None,
        "createdAt": "2026-07-28T00:00:00Z",
        "lastUpdatedAt": "2026-07-28T00:00:00Z"}
OLD_TASK = dict({key: TASK[key] for key in (
    "taskId", "status", "createdAt", "lastUpdatedAt")}, ttl=1)
FORM = {"message": "m", "requestedSchema": {"type": "object", "properties": {
    "n": {"type": "number", "minimum": 0.5}}}}


def result(value, **more):
    return dict({"jsonrpc": "2.0", "id": 1, "result": value}, **more)


def modern(**members):
    return result(dict({"resultType": "complete"}, **members))


def cached(**members):
    return modern(ttlMs=0, cacheScope="private", **members)


def error(code, data=None, **more):
    value = {"code": code, "message": "m"}
    if data is not None:
        value["data"] = data
    return dict({"jsonrpc": "2.0", "id": 1, "error": value}, **more)


def notice(method, **params):
    return {"jsonrpc": "2.0", "method": method, "params": params}


def asks(method, **params):
    return dict(notice(method, **params), id="q")


def tool(**more):
    return dict({"name": "t", "inputSchema": {"type": "object"}}, **more)


def initialized(name):
    return result({"protocolVersion": name, "capabilities": {},
                   "serverInfo": INFO})


# revisions, method of the request, message
RIGHT = [
    (LEGACY, "ping", result({})),
    (LEGACY, "logging/setLevel", result({"_meta": {}})),
    (LEGACY, "initialize", initialized(R1)),
    (LEGACY, "tools/list", result({"tools": [tool()]})),
    (LEGACY, "tools/call", result({"content": [TEXT], "isError": True})),
    (LEGACY, "resources/read", result({"contents": [
        {"uri": "a:b", "blob": "AAA="}, {"uri": "a:b", "text": ""}]})),
    (LEGACY, "prompts/get", result({"messages": [
        {"role": "user", "content": TEXT}]})),
    (LEGACY, "completion/complete", result({"completion": {"values": []}})),
    (REVISIONS, "tools/call", error(-32602)),
    (LEGACY, None, notice("notifications/progress", progressToken=1,
                          progress=0.5)),
    (LEGACY, None, notice("notifications/tools/list_changed")),
    (LEGACY, None, asks("roots/list")),
    (LEGACY, None, asks("sampling/createMessage", maxTokens=1, messages=[
        {"role": "user", "content": TEXT}])),
    ((R3, R4), None, asks("elicitation/create", **FORM)),
    ((R4,), "tools/call", error(-32042, {"elicitations": [{
        "mode": "url", "message": "m", "url": "https://a/",
        "elicitationId": "e"}]})),
    ((R4,), "tasks/get", result(OLD_TASK)),
    ((R4,), "tasks/result", result({"content": []})),
    (REVISIONS, None, {"jsonrpc": "2.0",
                       "error": {"code": -32700, "message": "m"}}),
    ((R5,), "server/discover", cached(supportedVersions=[R5],
                                      capabilities={})),
    ((R5,), "tools/list", cached(tools=[tool()])),
    ((R5,), "tools/call", modern(content=[], structuredContent=None)),
    ((R5,), "tools/call", result({"resultType": "input_required",
                                  "requestState": "s", "inputRequests": {
                                      "k": {"method": "elicitation/create",
                                            "params": FORM}}})),
    ((R5,), "tools/call", result(dict(TASK, resultType="task"))),
    ((R5,), "tasks/get", modern(**TASK)),
    ((R5,), "tasks/get", modern(**dict(
        TASK, status="completed", result={"content": [TEXT]}))),
    ((R5,), "tasks/cancel", modern()),
    ((R5,), "tools/call", error(-32021, {"requiredCapabilities": {}})),
    ((R5,), "ping", error(-32601)),
    ((R5,), "ping", modern()),  # where it is configured
    ((R5,), None, notice("notifications/message", level="info", data=None)),
]

WRONG = [
    (REVISIONS, "tools/list", result({})),
    (LEGACY, "tools/list", result({"tools": [{"name": "t"}]})),
    (LEGACY, "tools/list", result({"tools": [tool(
        inputSchema={"type": "array"})]})),
    (LEGACY, "tools/call", result({"content": [{"type": "text"}]})),
    (LEGACY, "tools/call", result({"content": [dict(TEXT, type="video")]})),
    (LEGACY, "tools/call", result({"content": [
        {"type": "image", "data": "no base64", "mimeType": "a/b"}]})),
    ((R1,), "tools/call", result({"content": [
        {"type": "audio", "data": "", "mimeType": "a/b"}]})),
    ((R1, R2), "tools/list", result({"tools": [tool(title="T")]})),
    ((R1,), "tools/list", result({"tools": [tool(annotations={})]})),
    ((R5,), "tools/list", cached(tools=[tool(execution={})])),
    ((R1, R2), "prompts/list", result({"prompts": [
        {"name": "p", "arguments": [{"name": "a", "title": "A"}]}]})),
    ((R1, R2, R3), "resources/list", result({"resources": [
        {"uri": "a:b", "name": "n", "icons": []}]})),
    ((R1, R2), "initialize", result({
        "protocolVersion": R1, "capabilities": {},
        "serverInfo": dict(INFO, title="T")})),
    ((R1,), "initialize", result({
        "protocolVersion": R1, "capabilities": {"completions": {}},
        "serverInfo": INFO})),
    ((R1, R2), "tools/call", result({"content": [
        {"type": "resource_link", "uri": "a:b", "name": "n"}]})),
    ((R3, R4), "tools/call", result({"content": [],
                                     "structuredContent": []})),
    (LEGACY, "resources/read", result({"contents": [{"uri": "a:b"}]})),
    (LEGACY, "resources/read", result({"contents": [
        {"uri": "no uri", "text": ""}]})),
    (LEGACY, "prompts/get", result({"messages": [
        {"role": "user", "content": [TEXT]}]})),
    (LEGACY, "completion/complete", result({"completion": {}})),
    (LEGACY, "initialize", result({"protocolVersion": R1,
                                   "capabilities": {}})),
    # Of the other era.
    (LEGACY, "ping", result({"resultType": "complete"})),
    (LEGACY, "tools/call", result({"content": [], "resultType": "complete"})),
    (LEGACY, "tools/list", result({"tools": [], "ttlMs": 0})),
    (LEGACY, "tools/call", result({"content": [], "_meta": {
        M + "serverInfo": INFO}})),
    (LEGACY, None, notice("notifications/tools/list_changed", _meta={
        M + "subscriptionId": 1})),
    (LEGACY, "ping", result({"more": 1})),
    (LEGACY, "tools/call", error(-32021, {"requiredCapabilities": {}})),
    (LEGACY, "server/discover", cached(supportedVersions=[R5],
                                       capabilities={})),
    ((R1, R2, R3), "tasks/get", result(OLD_TASK)),
    (LEGACY, "tasks/update", result({})),
    ((R1, R2), None, asks("elicitation/create", **FORM)),
    ((R1, R2, R3), None, notice("notifications/tasks/status", **OLD_TASK)),
    ((R5,), "ping", result({})),
    ((R5,), "tasks/list", modern(tasks=[])),
    ((R5,), "resources/read", error(-32002)),
    ((R5,), "tools/call", error(-32042, {"elicitations": []})),
    ((R5,), None, asks("roots/list")),
    ((R5,), None, notice("notifications/tasks/status", **OLD_TASK)),
    # What every message is.
    (REVISIONS, "ping", {"jsonrpc": "2.0", "id": 1}),
    (REVISIONS, "tools/call", result({}, error={"code": 1, "message": ""})),
    (REVISIONS, "tools/call", result([])),
    (REVISIONS, "tools/call", result({}, id=None)),
    (REVISIONS, "tools/call", result({}, jsonrpc="1.0")),
    (REVISIONS, "tools/call", "text"),
    (REVISIONS, "tools/call", error("1")),
    (REVISIONS, "tools/call", error(1.5)),
    (REVISIONS, "tools/call", {"jsonrpc": "2.0", "id": 1, "error": {
        "code": 1}}),
    (REVISIONS, None, error(-32700, id=None)),
    (REVISIONS, None, notice("notifications/nothing")),
    (REVISIONS, None, notice("notifications/progress", progress=1)),
    (REVISIONS, None, notice("notifications/message", level="loud", data=1)),
    (REVISIONS, None, notice("notifications/resources/updated")),
    (LEGACY, None, asks("nothing")),
    (LEGACY, None, asks("sampling/createMessage", messages=[])),
    (LEGACY, None, dict(asks("roots/list"), id=None)),
    ((R3, R4), None, asks("elicitation/create", message="m")),
    ((R4,), "tools/call", error(-32042)),
    ((R4,), "tasks/get", result(dict(OLD_TASK, status="done"))),
    # What 2026-07-28 wants.
    ((R5,), "tools/call", result({"content": []})),
    ((R5,), "tools/call", modern()),
    ((R5,), "tools/call", result({"resultType": "other", "content": []})),
    ((R5,), "tools/call", cached(content=[])),
    ((R5,), "tools/call", result({"resultType": "input_required"})),
    ((R5,), "tools/call", result({
        "resultType": "input_required", "requestState": "s", "ttlMs": 0})),
    ((R5,), "tools/call", result({
        "resultType": "input_required", "inputRequests": {
            "k": {"method": "ping"}}})),
    ((R5,), "tools/list", result({
        "resultType": "input_required", "requestState": "s"})),
    ((R5,), "tools/list", modern(tools=[])),
    ((R5,), "tools/list", modern(tools=[], ttlMs=0)),
    ((R5,), "tools/list", modern(tools=[], ttlMs=-1, cacheScope="public")),
    ((R5,), "tools/list", modern(tools=[], ttlMs=0, cacheScope="ours")),
    ((R5,), "tools/list", cached(tools=[], _meta={M + "serverInfo": {}})),
    ((R5,), "subscriptions/listen", modern()),
    ((R5,), "tools/call", error(-32021)),
    ((R5,), "tools/call", error(-32021, {"requiredCapabilities": []})),
    ((R5,), "tools/call", error(-32022, {"supported": [R5]})),
    ((R5,), "prompts/get", result(dict(TASK, resultType="task"))),
    ((R5,), "tools/call", result(dict(TASK, resultType="task", ttl=1))),
    ((R5,), "tools/call", result(dict(TASK, resultType="task", ttlMs=0))),
    ((R5,), "tools/call", result(dict(TASK, resultType="task", result={}))),
    ((R5,), "tasks/get", result(dict(TASK, resultType="task"))),
    ((R5,), "tasks/get", modern(**dict(TASK, status="completed"))),
    ((R5,), "tasks/get", modern(**dict(TASK, createdAt="today"))),
    ((R5,), "tasks/get", modern(**dict(
        TASK, status="completed", result={"content": 1}))),
    ((R5,), "tasks/cancel", modern(**TASK)),
    ((R5,), None, notice("notifications/tasks", taskId="t")),
]


def test_messages():
    for rows, is_right in ((RIGHT, True), (WRONG, False)):
        for names, method, message in rows:
            for name in names:
                found = schema_rules.check_message(name, message, method)
                check(is_right == (not found), "%s %s: %r in %r", name, method,
                      found, message)


def test_subscription_ids():
    """They are where a listen is answered, and nowhere else."""
    plain = notice("notifications/tools/list_changed")
    named = notice("notifications/tools/list_changed",
                   _meta={M + "subscriptionId": 1})
    for message, stream, is_right in (
            (plain, "tools/call", True), (named, "tools/call", False),
            (plain, "subscriptions/listen", False),
            (named, "subscriptions/listen", True)):
        found = schema_rules.check_message(R5, message, stream=stream)
        equal(not found, is_right, "%r on a stream of %s" % (message, stream))


def test_numbers():
    """An old copy of a schema that wants integers is read as meant."""
    for name in (R3, R4, R5):
        numbers = schema_rules.revision(name).definitions["NumberSchema"]
        numbers["properties"]["minimum"]["type"] = "integer"
        own = schema_rules.Revision(name)
        own.definitions["NumberSchema"] = numbers
        schema_rules.right_numbers(own.definitions)
        equal(own.violations("NumberSchema",
                             {"type": "number", "minimum": 0.5}), [], name)


# ---------------------------------------------------------------- traces

class Lines:
    """A trace that a test writes."""

    def __init__(self):
        self.lines = []
        self.last = 0

    def add(self, number, what, **members):
        self.lines.append(json.dumps(dict(
            {"ms": 1, "pid": 1, "connection": number, "what": what},
            **members)))

    def request(self, body=None, session=None, method="POST", **headers):
        self.last += 1
        members = {"session": session} if session else {}
        self.add(self.last, "request", method=method, target="/mcp",
                 headers={key.replace("_", "-"): value
                          for key, value in headers.items()},
                 body="" if body is None else json.dumps(body), **members)
        return self.last

    def answer(self, number, body, session=None, kind="application/json"):
        members = {"session": session} if session else {}
        self.add(number, "answer", status=200, body=body,
                 headers={"Content-Type": kind}, **members)

    def exchange(self, body, answer, session=None, made=None, **headers):
        self.answer(self.request(body, session, **headers),
                    json.dumps(answer), made)

    def open(self, name, session):
        """What makes a session."""
        self.exchange({"id": 0, "method": "initialize"},
                      dict(initialized(name), id=0), made=session)

    def stream(self, session=None, text="", body=None, method="GET"):
        number = self.request(body, session, method)
        self.answer(number, text, kind="text/event-stream")
        return number

    def violations(self, folder):
        path = pathlib.Path(folder) / "trace"
        path.write_text("\n".join(self.lines) + "\n")
        return schema_check.check_trace([path])[0]


def call(number=1, **params):
    return {"id": number, "method": "tools/call", "params": params}


def event(message):
    return "event: message\nid: 1-1-1\ndata: %s\n\n" % json.dumps(message)


def with_session(name):
    lines = Lines()
    lines.open(name, "s")
    return lines


def by_session():
    """The session says the revision: no audio in the first one."""
    audio = result({"content": [
        {"type": "audio", "data": "", "mimeType": "a/b"}]})
    lines = with_session(R1)
    lines.open(R2, "other")
    lines.exchange(call(), audio, session="other")
    yield lines, None
    lines.exchange(call(), audio, session="s")
    yield lines, "audio"


def by_claim():
    lines = with_session(R1)
    meta = {"_meta": {M + "protocolVersion": R5}}
    lines.exchange(call(**meta), modern(content=[]), session="s")
    yield lines, None
    lines.exchange(call(**meta), result({"content": []}), session="s")
    yield lines, "resultType"


def by_header():
    lines = Lines()
    lines.exchange(call(), error(-32022, {"supported": [R5],
                                          "requested": "1"}),
                   MCP_Protocol_Version="1")
    yield lines, None
    lines.exchange(call(), error(-32022), MCP_Protocol_Version="2025-06-18")
    yield lines, "-32022"


def elsewhere():
    """A response on another connection is found by session and id."""
    lines = with_session(R3)
    lines.request(call(7), "s")
    lines.stream("s", event(result({"content": []}, id=7)))
    yield lines, None
    lines.stream("s", event(result({"tools": []}, id=7)))
    yield lines, "'content' is a required property"


def unasked():
    lines = with_session(R3)
    lines.open(R3, "other")
    lines.request(call(7), "s")
    lines.stream("other", event(result({"content": []}, id=7)))
    yield lines, "answers nothing"


def in_pieces():
    lines = with_session(R3)
    lines.request(call(7), "s")
    text = event(result({"content": [{}]}, id=7))
    number = lines.stream("s", ": hello\n\nretry: 1\ndata: \n\n" + text[:40])
    lines.add(number, "more", body=text[40:-1])
    yield lines, None
    lines.add(number, "more", body="\n")
    yield lines, "CallToolResult"


def http_sse():
    """What the first transport answers, on its one stream."""
    lines = Lines()
    number = lines.stream(text="event: endpoint\n"
                          "data: /messages?sessionId=s\n\n")
    lines.request({"id": 1, "method": "initialize"}, "s")
    lines.add(number, "more", body=event(initialized(R1)))
    lines.request(call(2), "s")
    lines.add(number, "more", body=event(result({"content": []}, id=2)))
    yield lines, None
    lines.add(number, "more", body=event(notice("notifications/nothing")))
    yield lines, "%s knows no notification" % R1


def batches():
    answers = [result({"content": []}), result({}, id=2)]
    for name, wrong in ((R2, None), (R3, "a batch in")):
        lines = with_session(name)
        lines.exchange([call(), {"id": 2, "method": "ping"}], answers, "s")
        yield lines, wrong


def no_json():
    lines = Lines()
    lines.answer(lines.request(call()), "{")
    yield lines, "no JSON"


def not_whole():
    """What is cut short, or no line at all, cannot be told."""
    lines = with_session(R3)
    lines.lines.append('{"half')
    lines.add(99, "more", body="lost")
    lines.add(lines.request(call(), "s"), "answer", status=200, body='{"id',
              bytes=2000000, headers={"Content-Type": "application/json"})
    lines.add(50, "request", method="POST", session="s", target="/mcp",
              headers={}, body='[{"id":9', bytes=2000000)
    lines.stream("s", event(result({}, id=9)))
    yield lines, None


def torn():
    """A line behind half a line of another process is there."""
    lines = with_session(R3)
    lines.request(call(), "s")
    asked = lines.lines.pop()
    lines.lines.append('{"ms":1,"pid":2,"what":"more","bo' + asked)
    lines.answer(lines.last, json.dumps(result({"content": []})))
    yield lines, None
    lines.answer(lines.last, json.dumps(result({})))
    yield lines, "CallToolResult"


def test_traces():
    with tempfile.TemporaryDirectory(prefix="mcp-e2e.") as folder:
        for test in (by_session, by_claim, by_header, elsewhere, unasked,
                     in_pieces, http_sse, batches, no_json, not_whole,
                     torn):
            for lines, wanted in test():
                found = lines.violations(folder)
                check(len(found) == (wanted is not None)
                      and all(wanted in one for one in found),
                      "%s: expected %r, found %r", test.__name__, wanted,
                      found)


def test_sample():
    """Of many messages every kind is checked, and not every message."""
    chosen = schema_check.Chosen(sample=10)
    for number in range(1000):
        chosen.add("here", R3, result({"content": [dict(
            TEXT, text=str(number))]}, id=number), "tools/call", {}, None)
        chosen.add("here", R3, result({}, id=number), "ping", {}, None)
    chosen.add("here", R3, result({"content": 1}), "tools/call", {}, None)
    equal(chosen.total, 2001, "messages")
    check(10 <= len(chosen.each()) <= 14, "%d chosen", len(chosen.each()))
    equal(len(chosen.violations()), 1, "violations")


def test_command():
    with tempfile.TemporaryDirectory(prefix="mcp-e2e.") as folder:
        for lines, wanted in by_session():
            lines.violations(folder)
            done = subprocess.run(
                [sys.executable, schema_check.__file__, folder + "/trace"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                universal_newlines=True)
            equal(done.returncode, 1 if wanted else 0, "its status")
            check(bool(wanted) == ("audio" in done.stdout), "it said %r",
                  done.stdout)


GOLDEN = """# An example.
row: none
depth: core

! session 2025-06-18 one

>>> POST /mcp
Mcp-Session-Id: {{one}}

{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}
<<< 200
Content-Type: text/event-stream

id: 1
data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"{{any}}"}}

data: {"jsonrpc":"2.0","id":1,"result":{"content":[%s]}}

>>> POST /mcp

{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}
<<< core 200

{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":%s,"{{more}}":0}],"ttlMs":"{{number}}"%s}}
"""


def test_golden():
    text = '{"type":"text","text":"{{text}}"}'
    scope = ',"cacheScope":"{{text}}"'
    for one, name, two, wanted in (
            (text, '"{{text}}"', scope, set()),
            ('{}', '"a"', scope, {"x:11"}),
            (text, '"a"', "", {"x:22"}),
            (text, '"a"', ',"{{more}}":0', set()),
            (text, '"{{any}}"', scope, set()),
            (text, '"{{number}}"', scope, {"x:22"})):
        trace = schema_check.Trace(schema_check.Chosen())
        equal(golden.play(GOLDEN % (one, name, two), trace, "x"), 2, "answers")
        equal({sentence.partition(": ")[0]
               for sentence in trace.wrong + trace.chosen.violations()},
              wanted, "lines with violations")
        equal(trace.chosen.total, 3, "messages")


def main():
    if schema_rules.jsonschema is None:
        print("SKIPPED: %s" % schema_rules.MISSING)
        return harness.SKIPPED
    for test in (test_messages, test_subscription_ids, test_numbers,
                 test_traces, test_sample, test_command, test_golden):
        test()
        print("ok %s" % test.__name__)
    return 0


sys.exit(main())
