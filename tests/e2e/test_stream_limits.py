"""Limits of calls and streams: what is too much is refused with the status it
should, the rest goes on, and there is room again when something ends."""
import itertools
import json
import time
import urllib.parse

import harness
import mcp
import speaking
import sse
from catalog import Catalog
from expect import CHANGED, expect_error, opened_stream
from support import check, equal, wait_until

CAPABILITIES = {"elicitation": {}}
LONG = {"n": 1000, "ms": 50}
LARGE = """
for _ in range(arguments.get("lines", 0)):
    say(log={"level": "info", "data": "x" * 10000})
say(progress=1)
print("x" * arguments["bytes"])
"""


def expect_full(answer, what):
    """503, when to come again, and an error as every client reads it."""
    expect_error(answer, 503, -32603, what)
    check(int(answer.headers["Retry-After"]) > 0, "%s: no Retry-After", what)


def texts(message):
    check("result" in message, "no result: %.300r", message)
    return "".join(c.get("text", "") for c in message["result"]["content"])


def started(stream):
    stream.until(lambda message: "method" in message)
    return stream


def cancelled(session, number):
    session.post({"jsonrpc": "2.0", "method": "notifications/cancelled",
                  "params": {"requestId": number}})


def sse_opened(host):
    stream = sse.Stream(urllib.parse.urljoin(host.url, "/sse"))
    if stream.status != 200:
        return stream, None
    return stream, urllib.parse.urljoin(host.url, stream.next().data)


# ------------------------------------------------------------------- calls

def test_calls(here, there, folder):
    pid_file = str(folder / "too-many")
    session = mcp.opened(here.url)
    client = mcp.Modern(here.url)
    early, post = sse_opened(here)
    running, numbers = [], []
    for _ in range(2):
        running.append(started(session.call_stream("steps", LONG)))
        numbers.append(session.number)
    refused = dict(LONG, pid_file=pid_file)
    for number in range(3):
        expect_full(session.call("steps", refused), "a third call")
        expect_full(client.call("steps", refused), "a stateless one")
        answer = sse.Stream(post, mcp.HEADERS, "POST", {
            "jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "steps", "arguments": refused}})
        expect_full(answer, "one of the first revision")
        # Who need not stay is answered all the same.
        check("16.09344" in mcp.text_of(session.call(
            "convert_units", {"value": 10, "from": "mi", "to": "km"})),
            "an inline call")
        session.tools()
    # Another host has limits of its own.
    equal(texts(session.call("steps", {"n": 1}, there.url).json()),
          "done None\n", "a call on the other host")
    for stream, number in zip(running, numbers):
        cancelled(session, number)
        stream.rest()
    wait_until(lambda: "steps" not in here.ctl("calls"), "the end of both")
    wait_until(lambda: session.call("steps", {"n": 1}).status == 200,
               "room again")
    check(not (folder / "too-many").exists(), "a refused call was started")
    early.close()


def test_waiting(host):
    """So many calls may wait for a person; the next one cannot ask."""
    sessions = [mcp.opened(host.url, capabilities=CAPABILITIES)
                for _ in range(2)]
    stream = sessions[0].call_stream("greet")
    asked = stream.until(lambda m: "method" in m and "id" in m)[-1]
    equal(texts(sessions[1].call("greet").json()),
          'nobody: {"unsupported": true}\n', "what the second one is told")
    sessions[0].post({"jsonrpc": "2.0", "id": asked["id"], "result": {
        "action": "accept", "content": {"name": "Ada"}}})
    equal(texts(stream.rest()[-1]), "Hello, Ada\n", "result")
    stream = sessions[1].call_stream("greet")
    stream.until(lambda m: "method" in m and "id" in m)
    cancelled(sessions[1], sessions[1].number)
    stream.rest()


# ----------------------------------------------- streams without mcp-stream

def test_held(host):
    """mcp-request holds streams itself, one in a process, three at most."""
    session, other = mcp.opened(host.url), mcp.opened(host.url)
    held = [opened_stream(session, host.url)]
    client = mcp.Modern(host.url)
    held.append(client.listen(toolsListChanged=True))
    equal(held[1].message()["method"],
          "notifications/subscriptions/acknowledged", "first")
    first, post = sse_opened(host)
    held.append(first)
    for _ in range(2):
        expect_full(other.get(), "a GET too many")
        expect_full(client.listen(toolsListChanged=True), "a listen too many")
        expect_full(sse_opened(host)[0], "a GET /sse too many")
        other.tools()
        # Calls have a limit of their own.
        equal(texts(other.call("steps", {"n": 1}).json()), "done None\n",
              "a call")
    equal(sse.Stream(post, mcp.HEADERS, "POST", {
        "jsonrpc": "2.0", "id": 1, "method": "ping"}).status, 202, "status")
    equal(held[2].message(), {"jsonrpc": "2.0", "id": 1, "result": {}},
          "the answer")
    # All of them hear of it.
    host.ctl("notify", "tools")
    for stream in held[:2]:
        equal(stream.message()["method"], CHANGED, "what is told")
    held.pop().close()
    # A call is taken up where it was left, in the place of the other one.
    call = started(other.call_stream("steps", {"n": 20, "ms": 50}))
    call.cut()

    def resumed():
        stream = other.get(after=call.last_id)
        check(stream.status in (200, 503), "status %d", stream.status)
        return stream if stream.status == 200 else None
    again = wait_until(resumed, "room for one more")
    equal(texts(again.rest()[-1]), "done None\n", "result")
    for stream in held:
        stream.close()

    def is_free():
        streams = [other.get() for _ in range(3)]
        statuses = [stream.status for stream in streams]
        for stream in streams:
            stream.close()
        return statuses == [200, 200, 200]
    wait_until(is_free, "room for all")


# -------------------------------------------------------------------- age

def aged(stream, has_retry):
    """Messages up to the end of a stream, which is closed by its age."""
    messages = stream.rest(10)
    retry = [event.retry for event in stream.seen
             if event.retry is not None and event.id is None]
    if has_retry:
        check(retry and 1000 <= retry[-1] <= 5000, "retry: %r", stream.seen)
    else:
        equal(retry, [], "retry")
    return messages


def test_age(host, revision, notify):
    """Old connections are closed; who comes back has lost nothing."""
    session = mcp.opened(host.url, revision)
    has_retry = revision == "2025-11-25"
    last, numbers = None, []
    for _ in range(3):
        stream = session.get(after=last)
        equal(stream.status, 200, "status of GET")
        notify()
        equal([m["method"] for m in aged(stream, has_retry)], [CHANGED],
              "what is told")
        last = stream.last_id
        numbers.append(int(last.split("-")[2]))
        # Nobody is there just now.
        notify()
        stream = session.get(after=last)
        equal(stream.message()["method"], CHANGED, "what was missed")
        last = stream.last_id
        numbers.append(int(last.split("-")[2]))
        stream.close()
    equal(numbers, list(range(numbers[0], numbers[0] + 6)), "numbers")
    # A call that lasts longer than three connections.
    call = started(session.call_stream("steps", {"n": 50, "ms": 60,
                                                 "marker": "old"}))
    last = call.last_id
    found = [call.seen[-1].message()]
    call.cut()
    for connections in itertools.count(1):
        stream = session.get(after=last)
        equal(stream.status, 200, "status of a resume")
        found += stream.rest()
        last = stream.last_id or last
        if "method" not in found[-1]:
            break
    check(connections > 1, "it was never closed")
    equal([m["params"]["progress"] for m in found[:-1]],
          list(range(1, 51)), "progress")
    equal(texts(found[-1]), "done old\n", "result")


def test_age_of_others(host):
    client = mcp.Modern(host.url)
    stream = client.listen(toolsListChanged=True)
    messages = stream.rest()
    equal(messages[-1]["id"], client.number, "what ends a subscription")
    equal(messages[-1]["result"]["_meta"][mcp.M + "subscriptionId"],
          client.number, "its tag")
    # Of the first revision the connection is the session.
    stream, post = sse_opened(host)
    equal(stream.rest(), [], "what is said")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    wait_until(lambda: sse.Stream(post, mcp.HEADERS, "POST",
                                  ping).status == 404, "its end")


# ----------------------------------------------------------------- results

def expect_too_large(message, number, what):
    check("error" in message, "%s: no error: %.200r", what, message)
    equal(message["error"]["code"], -32603, "%s: code" % what)
    equal(message["id"], number, "%s: id" % what)


def test_large(host, size):
    """Neither sent nor kept, and said so: the tool is not to run again."""
    arguments = {"bytes": size}
    for revision in ("2025-03-26", "2025-06-18", "2025-11-25"):
        session = mcp.opened(host.url, revision)
        stream = session.call_stream("large", arguments)
        equal(stream.status, 200, "status")
        messages = stream.rest()
        expect_too_large(messages[-1], session.number, revision)
        check("Retry-After" not in stream.headers, "to be tried again")
        first = next(event.id for event in stream.seen if event.id)
        expect_too_large(session.get(after=first).rest()[-1], session.number,
                         "once more in " + revision)
        answer = mcp.request(host.url, "POST", dict(
            session.headers(), Accept="application/json"), json.dumps({
                "jsonrpc": "2.0", "id": 99, "method": "tools/call",
                "params": {"name": "large",
                           "arguments": arguments}}).encode())
        equal(answer.status, 200, "status of JSON")
        expect_too_large(answer.json(), 99, "JSON in " + revision)
        equal(texts(session.call("large", {"bytes": 1000}).json()),
              "x" * 1000 + "\n", "one that is not too large")


def test_much(host):
    """A stream keeps so much: what is told beyond that is left out, and what
    is answered is not."""
    for revision in ("2025-06-18", "2025-11-25"):
        session = mcp.opened(host.url, revision)
        stream = session.call_stream("large", {"lines": 50, "bytes": 200000})
        messages = stream.rest()
        told = len(messages) - 1
        check(0 < told < 20, "told %d times", told)
        equal(len(texts(messages[-1])), 200001, "the result")
        first = next(event.id for event in stream.seen if event.id)
        again = session.get(after=first).rest()
        equal(again, messages[-len(again):], "what comes again")
        check(len(again) >= told, "it was not kept")


def test_large_elsewhere(host, size):
    """Where nothing is kept only the answer itself counts."""
    client = mcp.Modern(host.url)
    answer = client.call("large", {"bytes": size})
    equal(answer.status, 200, "status")
    expect_too_large(answer.json(), client.number, mcp.MODERN)
    stream, post = sse_opened(host)
    done = sse.Stream(post, mcp.HEADERS, "POST", {
        "jsonrpc": "2.0", "id": 5, "method": "tools/call",
        "params": {"name": "large", "arguments": {"bytes": size}}})
    equal(done.status, 202, "status of a POST")
    expect_too_large(stream.message(), 5, "HTTP+SSE")
    stream.close()


# ----------------------------------------------------------- responses = json

def test_json(host):
    """No POST is answered with events; GET is."""
    for revision in ("2025-03-26", "2025-06-18", "2025-11-25"):
        session = mcp.opened(host.url, revision, CAPABILITIES)
        stream = opened_stream(session, host.url)
        answer = session.stream({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                "name": "steps", "arguments": {"n": 20, "ms": 20},
                "_meta": {"progressToken": 1}}})
        check(not answer.is_stream, "a stream: %r", answer.headers)
        equal(texts(json.loads(answer.body)), "done None\n", "result")
        answer = session.call("greet")
        check(not answer.is_stream(), "a stream: %r", answer.headers)
        equal(texts(answer.json()), 'nobody: {"unsupported": true}\n',
              "what it is told")
        host.ctl("notify", "tools")
        equal(stream.message()["method"], CHANGED, "what GET brings")
        stream.close()
    client = mcp.Modern(host.url, {"elicitation": {}})
    answer = client.call("steps", {"n": 20, "ms": 20},
                         meta={"progressToken": 1})
    check(not answer.is_stream(), "a stream: %r", answer.headers)
    equal(texts(answer.json()), "done None\n", "result")
    asked = client.call("greet").result()
    equal(asked["resultType"], "input_required", "type")
    done = client.call("greet", requestState=asked["requestState"],
                       inputResponses={"name": {
                           "action": "accept", "content": {"name": "Ada"}}})
    equal(texts(done.json()), "Hello, Ada\n", "result")
    # What is nothing but a stream is one.
    stream = client.listen(toolsListChanged=True)
    check("method" in stream.message(), "no acknowledgement")
    stream.close()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    speaking.define(catalog, "large", LARGE)
    folder = {"folder": catalog.folder}

    def run(part, *arguments):
        begun = time.monotonic()
        part(*arguments)
        print("ok %s (%.1f s)" % (part.__name__, time.monotonic() - begun),
              flush=True)
    few, other = [world.host(catalog=folder,
                             limits={"calls": 2, "calls_waiting": 1})
                  for _ in range(2)]
    run(test_calls, few, other, world.folder)
    run(test_waiting, few)
    alone = world.host(streams=False, catalog=folder,
                       limits={"held": 3}, http={"comment": "300ms"})
    run(test_held, alone)
    for streams in (True, False):
        host = world.host(streams=streams, catalog=folder,
                          http={"stream_age": "1s", "comment": "300ms"})
        for revision in ("2025-06-18", "2025-11-25"):
            run(test_age, host, revision,
                lambda: other.ctl("notify", "tools"))
        run(test_age_of_others, host)
    small = world.host(catalog=folder, limits={"result": "16K"})
    run(test_large, small, 20000)
    run(test_large_elsewhere, small, 20000)
    run(test_much, world.host(catalog=folder, limits={
        "stream_bytes": "64K"}))
    run(test_json, world.host(catalog=folder, http={"responses": "json"}))


harness.run(test)
