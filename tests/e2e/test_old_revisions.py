"""The revisions of old clients, each request to another host: 2024-11-05 with
its one stream, 2025-03-26 with its batches, 2025-06-18 with neither."""
import os

import harness
import mcp
import rotating
import speaking
from catalog import Catalog
from expect import expect_error, opened_stream
from mcp import accept, text
from offers import check_offers, code
from support import check, equal, is_alive, wait_until

CAPABILITIES = {"sampling": {}, "elicitation": {}, "roots": {}}
# Where the client lets tools look.
WHERE = """
line = ask(roots={"method": "roots/list"})
answer = line.get("answers", {}).get("roots")
print(json.dumps(line) if answer is None
      else " ".join(root["uri"] for root in answer["roots"]))
"""
SAID = {"role": "assistant", "model": "m", "stopReason": "endTurn",
        "content": {"type": "text", "text": "42"}}
ROOTS = {"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]}
NOBODY = {"jsonrpc": "2.0", "id": 99999, "result": {}}


def call(number, tool, arguments=None, **meta):
    params = {"name": tool, "arguments": arguments or {}}
    if meta:
        params["_meta"] = meta
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": params}


def ping(number):
    return {"jsonrpc": "2.0", "id": number, "method": "ping"}


def pong(number):
    return {"jsonrpc": "2.0", "id": number, "result": {}}


def notification(method, **params):
    return {"jsonrpc": "2.0", "method": "notifications/" + method,
            "params": params}


def levels(messages):
    return [m["params"]["level"] for m in messages
            if m.get("method") == "notifications/message"]


def tokens(messages):
    return [m["params"]["progressToken"] for m in messages
            if m.get("method") == "notifications/progress"]


def check_killed(start, cancel, folder, name):
    """Start a long call, cancel it: its process must go."""
    pid_file = str(folder / name)
    start({"n": 1000, "ms": 50, "pid_file": pid_file})
    wait_until(lambda: os.path.exists(pid_file), "the tool")
    with open(pid_file) as file:
        pid = int(file.read())
    cancel()
    wait_until(lambda: not is_alive(pid), "the end of the tool")


# -------------------------------------------------------------- 2024-11-05

def sse_lists(client):
    names = [tool["name"] for tool in client.result("tools/list")["tools"]]
    check("steps" in names and "greet" in names, "tools: %r", names)
    first = client.result("tools/list")["tools"][0]
    for later in ("title", "annotations", "outputSchema", "icons",
                  "execution", "_meta"):
        check(later not in first, "%s in a tool of 2024-11-05", later)
    equal(client.ask("none/such")["error"]["code"], -32601, "unknown method")
    equal(client.ask("tools/call", {"name": "none"})["error"]["code"],
          -32602, "unknown tool")


def sse_progress(client):
    for token in (7, "7", "", 0):
        number = client.start("tools/call", {
            "name": "steps", "arguments": {"n": 3, "marker": "m"},
            "_meta": {"progressToken": token}})
        messages = client.until_answer(number)
        equal(tokens(messages), [token] * 3, "progress tokens")
        for message in messages[:-1]:
            check("message" not in message["params"],
                  "2024-11-05 has no message: %r", message)
        equal(text(messages[-1]["result"]), "done m\n", "result")


def sse_levels(client):
    for level, expected in (("error", ["error"]),
                            ("debug", ["debug", "info", "error"])):
        equal(client.result("logging/setLevel", {"level": level}), {},
              "result of setLevel")
        messages = client.until_answer(
            client.start("tools/call", {"name": "logs"}))
        equal(levels(messages), expected, "levels from %s on" % level)
    equal(client.ask("logging/setLevel", {"level": "loud"})["error"]["code"],
          -32602, "no level")
    client.result("logging/setLevel", {"level": "emergency"})


def sse_questions(client):
    for tool, method, answer, expected in (
            ("think", "sampling/createMessage", SAID, "model says: 42\n"),
            ("where", "roots/list", ROOTS, "file:///a file:///b\n")):
        number = client.start("tools/call", {"name": tool, "arguments": {}})
        question = client.question()
        equal(question["method"], method, "question of %s" % tool)
        client.answer(question, answer)
        result = client.until_answer(number)[-1]["result"]
        equal(text(result), expected, "result of %s" % tool)
        # Again, and of the wrong type: taken, and of no effect.
        client.answer(question, answer)
        client.accepted({"jsonrpc": "2.0", "id": str(question["id"]),
                         "result": answer})
    # This revision cannot be asked for a form, whatever it declared.
    number = client.start("tools/call", {"name": "greet", "arguments": {}})
    messages = client.until_answer(number)
    equal(len(messages), 1, "messages of greet: %r" % messages)


def sse_pings(client):
    equal(client.result("ping"), {}, "result of ping")
    client.accepted(NOBODY)
    client.accepted({"jsonrpc": "2.0", "id": 5,
                     "error": {"code": -32601, "message": "no"}})
    equal(client.result("ping"), {}, "result of ping")


def sse_cancel(client, folder):
    numbers = []
    check_killed(
        lambda arguments: numbers.append(client.start(
            "tools/call", {"name": "steps", "arguments": arguments})),
        lambda: client.notify("notifications/cancelled",
                              {"requestId": numbers[0]}),
        folder, "sse")
    check(client.until_answer(client.start("ping"))[:-1] == [],
          "a cancelled call was answered")


def sse_refused(client):
    """What cannot be accepted is told to the POST, never on the stream."""
    for message, code in (([ping(1)], -32600), ({"id": 1}, -32600),
                          ({"jsonrpc": "2.0", "id": None,
                            "method": "ping"}, -32600)):
        expect_error(client.post(message), 400, code, "refused")
    equal(client.result("ping"), {}, "result of ping")


def sse_ends(client, hosts):
    for event in client.stream.seen:
        check(event.id is None and event.retry is None,
              "an id or a wish on this transport: %r", event)
    client.stream.cut()
    for _ in hosts:
        wait_until(lambda: client.post(ping(1)).status == 404,
                   "the end of the session")


def test_2024_11_05(hosts, folder):
    urls = [host.url for host in hosts]
    client = rotating.opened_events(urls, CAPABILITIES)
    for part in (sse_lists, sse_progress, sse_levels, sse_questions,
                 sse_pings, sse_refused):
        part(client)
        print("ok 2024-11-05 %s" % part.__name__)
    check_offers(client, "2024-11-05", client.stream, hosts)
    sse_cancel(client, folder)
    other = rotating.opened_events(urls, {}, "/mcp")
    check(other.endpoint.startswith("/mcp?sessionId="), other.endpoint)
    sse_ends(client, hosts)
    # That was one session; the other one has a life of its own.
    equal(other.result("ping"), {}, "result of ping")
    sse_ends(other, hosts)


# -------------------------------------------------------------- 2025-03-26

def by_id(answer):
    """The responses of a batch, in whatever order they came."""
    equal(answer.status, 200, "status of %r" % answer)
    messages = []
    for message in answer.messages():
        messages += message if isinstance(message, list) else [message]
    found = {message["id"]: message for message in messages}
    equal(len(found), len(messages), "ids of the responses")
    return found


def batch_mixed(session):
    found = by_id(session.post([
        ping(1), notification("progress", progressToken=1, progress=1),
        call("one", "steps", {"n": 1, "marker": "one"}),
        notification("cancelled", requestId="nobody"),
        call(2, "none"), {"jsonrpc": "2.0", "id": 3, "method": "none"}]))
    equal(set(found), {1, "one", 2, 3}, "ids")
    equal(found[1], pong(1), "ping")
    equal(text(found["one"]["result"]), "done one\n", "call")
    equal(found[2]["error"]["code"], -32602, "unknown tool")
    equal(found[3]["error"]["code"], -32601, "unknown method")


def batch_as_events(session):
    headers = dict(session.headers(), Accept="text/event-stream")
    answer = mcp.request(session.url, "POST", headers,
                         b'[{"jsonrpc":"2.0","id":1,"method":"ping"},'
                         b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}]')
    check(answer.is_stream(), "no stream: %r", answer)
    equal(set(by_id(answer)), {1, 2}, "ids")
    headers["Accept"] = "application/json"
    answer = mcp.request(session.url, "POST", headers,
                         b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]')
    check(not answer.is_stream(), "a stream: %r", answer)
    equal(set(by_id(answer)), {1}, "ids")


def batch_of_offers(session):
    found = by_id(session.post([
        {"jsonrpc": "2.0", "id": "p", "method": "prompts/get", "params": {
            "name": "explain_word", "arguments": {"word": "tool"}}},
        {"jsonrpc": "2.0", "id": "r", "method": "resources/read",
         "params": {"uri": "glossary://words/none"}},
        {"jsonrpc": "2.0", "id": "c", "method": "completion/complete",
         "params": {"ref": {"type": "ref/prompt", "name": "explain_word"},
                    "argument": {"name": "word", "value": "to"}}}]))
    equal(len(found["p"]["result"]["messages"]), 2, "messages")
    equal(code(found["r"]), -32002, "code")
    equal(found["c"]["result"]["completion"]["values"], ["tool"], "values")


def batch_without_requests(session):
    for batch in ([notification("initialized")], [NOBODY],
                  [notification("roots/list_changed"), NOBODY, NOBODY]):
        answer = session.post(batch)
        equal((answer.status, answer.body), (202, b""), "no requests")


def batch_answers(session):
    """A question is answered by an element of a batch, on the other host."""
    stream = session.call_stream("think", {"prompt": "6*7"})
    question = stream.until(lambda m: "method" in m and "id" in m)[-1]
    found = by_id(session.post([
        {"jsonrpc": "2.0", "id": question["id"], "result": SAID}, ping(7)]))
    equal(found, {7: pong(7)}, "answer of the batch")
    equal(text(stream.rest()[-1]["result"]), "model says: 42\n", "result")


def batch_refused(session, folder):
    """One bad element, and nothing of the whole is done."""
    pid_file = str(folder / "refused")
    good = call(1, "steps", {"n": 1, "pid_file": pid_file})
    for bad in ({"jsonrpc": "2.0"}, 1, [], {"jsonrpc": "1.0", "id": 2,
                                           "method": "ping"},
                {"jsonrpc": "2.0", "id": None, "method": "ping"},
                {"jsonrpc": "2.0", "id": 9, "method": "initialize",
                 "params": {"protocolVersion": "2025-03-26",
                            "capabilities": {},
                            "clientInfo": {"name": "x", "version": "1"}}}):
        answer = session.post([good, bad])
        expect_error(answer, 400, -32600, "a batch with %r" % bad)
        check("id" not in answer.json(), "an id: %r", answer)
    expect_error(session.post([]), 400, -32600, "an empty batch")
    check(not os.path.exists(pid_file), "a refused batch ran a tool")


def test_2025_03_26(hosts, folder):
    session = rotating.opened([host.url for host in hosts], "2025-03-26",
                              CAPABILITIES)
    for part in (batch_mixed, batch_as_events, batch_of_offers,
                 batch_without_requests, batch_answers):
        # Once for each host to be the first.
        part(session)
        part(session)
        print("ok 2025-03-26 %s" % part.__name__)
    batch_refused(session, folder)
    own = opened_stream(session, session.url)
    check_offers(session, "2025-03-26", own, hosts)
    own.close()
    stream = session.call_stream("steps", {"n": 3, "marker": "m"})
    messages = stream.rest()
    equal(len(tokens(messages)), 3, "progress")
    check(messages[0]["params"]["message"], "no message: %r", messages)
    check(all(event.data for event in stream.seen), "priming: %r",
          stream.seen)
    equal(session.delete().status, 204, "status of DELETE")
    for _ in hosts:
        expect_error(session.post([ping(1)]), 404, -32001, "an ended one")


# -------------------------------------------------------------- 2025-06-18

def no_batches(session):
    for batch in ([ping(1)], [ping(1), ping(2)], [NOBODY],
                  [notification("initialized")], []):
        answer = session.post(batch)
        expect_error(answer, 400, -32600, "a batch")
        check("id" not in answer.json(), "an id: %r", answer)


def version_header(session):
    """One of the session, another one, none: served; one of nobody: not."""
    for version, status in (("2025-06-18", 200), ("2025-03-26", 200),
                            ("2025-11-25", 200), (None, 200),
                            ("1900-01-01", 400), ("2025-01-01", 400)):
        headers = session.headers()
        headers.pop("MCP-Protocol-Version")
        if version is not None:
            headers["MCP-Protocol-Version"] = version
        for _ in range(2):
            answer = mcp.request(
                session.url, "POST", headers,
                b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
            equal(answer.status, status, "status under %s" % version)
        headers.pop("Content-Type")
        if status == 400:
            headers["Accept"] = "text/event-stream"
            for method in ("GET", "DELETE"):
                equal(mcp.request(session.url, method, headers).status, 400,
                      "status of %s under %s" % (method, version))
    equal(session.send("ping").result(), {}, "result of ping")


def of_2025_06_18(session):
    """What came with it, and nothing of what came later."""
    tools = session.send("tools/list").result()["tools"]
    convert = [tool for tool in tools if tool["name"] == "convert_units"][0]
    check("outputSchema" in convert, "no output schema: %r", convert)
    for tool in tools:
        check("execution" not in tool and "icons" not in tool,
              "too new: %r", tool)
    result = session.call("convert_units", {
        "value": 10, "from": "mi", "to": "km"}).result()
    check(isinstance(result.get("structuredContent"), dict),
          "nothing structured: %r", result)
    for later in ("server/discover", "tasks/list", "subscriptions/listen"):
        expect_error(session.send(later), 200, -32601, later)


def asks_a_form(session):
    stream = session.call_stream("greet")
    question = stream.until(lambda m: "method" in m and "id" in m)[-1]
    equal(question["method"], "elicitation/create", "method")
    equal(session.post({"jsonrpc": "2.0", "id": question["id"],
                        "result": accept(name="Ada")}).status, 202, "answer")
    equal(text(stream.rest()[-1]["result"]), "Hello, Ada\n", "result")
    check(all(event.data for event in stream.seen), "priming: %r",
          stream.seen)


def test_2025_06_18(hosts, folder):
    session = rotating.opened([host.url for host in hosts], "2025-06-18",
                              CAPABILITIES)
    for part in (no_batches, version_header, of_2025_06_18, asks_a_form):
        part(session)
        print("ok 2025-06-18 %s" % part.__name__)
    own = opened_stream(session, session.url)
    check_offers(session, "2025-06-18", own, hosts)
    own.close()
    streams = []
    check_killed(
        lambda arguments: streams.append(
            session.call_stream("steps", arguments)),
        lambda: session.post(notification(
            "cancelled", requestId=session.number, reason="enough")),
        folder, "2025-06-18")
    check(all("method" in m for m in streams[0].rest()),
          "a cancelled call was answered: %r", streams[0].seen)


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    speaking.define(catalog, "where", WHERE)
    hosts = [world.host(catalog={
        "folder": catalog.folder,
        "modules": [harness.UNITS, harness.GLOSSARY]}) for _ in range(2)]
    test_2024_11_05(hosts, world.folder)
    test_2025_03_26(hosts, world.folder)
    test_2025_06_18(hosts, world.folder)


harness.run(test)
