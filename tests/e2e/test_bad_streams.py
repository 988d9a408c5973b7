"""Streams that are asked for in every wrong way, or while the store is away:
each gets the status it should, nobody else notices, and the session lives
on."""
import http.client
import json
import urllib.parse

import harness
import mcp
import speaking
import sse
from catalog import Catalog
from expect import (CHANGED, expect_alive, expect_error, finished_call,
                    ids_of, next_changed, opened_stream)
from support import check, equal, wait_until


# --------------------------------------------------------------- event ids

def refused_id(session, url, event_id):
    answer = session.get(url, after=event_id)
    expect_error(answer, 400, -32600, "Last-Event-ID %.60r" % event_id)


def test_event_ids(here, there):
    """Whatever is no event of this session is 400, on any host."""
    session, other = mcp.opened(here.url), mcp.opened(there.url)
    last = ids_of(finished_call(session, here.url))[-1]
    foreign = ids_of(finished_call(other, there.url))[0]
    incarnation, stream, seq = (int(part) for part in last.split("-"))
    forms = [
        "x", "0", "1-2", "1-2-3-4", "--", "-1-2-3", "1--2-3", "1-2-",
        "%d-%d-+%d" % (incarnation, stream, seq),
        "%d-%d-0%d" % (incarnation, stream, seq),
        "0%s" % last, "%sx" % last, "%s %s" % (last, last), '"%s"' % last,
        "%s,%s" % (last, last), "0x%x-%d-%d" % (incarnation, stream, seq),
        "%d-%d-%d.0" % (incarnation, stream, seq),
        "%d-%d-1e0" % (incarnation, stream), "\xb9-\xb2-\xb3", "1\t-2-3",
        "%d-%d-%d" % (incarnation, stream, 2 ** 63),
        "%d-%d-%d" % (incarnation, 2 ** 63, seq),
        "%d-%d-%d" % (2 ** 32, stream, seq),
        "%d-%d-%d" % (2 ** 32 + incarnation, stream, seq),
        "9" * 4000]
    forged = [
        foreign,
        "%d-%d-%d" % (incarnation, stream, seq + 1),
        "%d-%d-%d" % (incarnation, stream, 2 ** 63 - 1),
        "%d-%d-0" % (incarnation, 2 ** 63 - 1),
        "%d-0-0" % incarnation,
        "%d-%d-0" % (incarnation, stream + 1000),
        "%d-%d-%d" % (incarnation - 1, stream, seq),
        "%d-%d-%d" % (incarnation + 1, stream, seq),
        "0-%d-%d" % (stream, seq),
        "%d-%d-%d" % (2 ** 32 - 1, stream, seq)]
    for event_id in forms + forged:
        for host in (here, there):
            refused_id(session, host.url, event_id)
    expect_alive(session, here, there)
    expect_alive(other, here, there)
    # The right one is served all the same, and so is its owner.
    equal(session.get(there.url, after=last).rest(), [], "behind the last")
    check(other.get(here.url, after=foreign).rest(), "nothing came again")


def test_purged(here, there):
    """Who was away for too long hears of it, instead of missing something."""
    session = mcp.opened(here.url)
    stream = finished_call(session, here.url)

    def is_gone():
        here.ctl("-o", "limits.stream_keep=1s", "sweep")
        return session.get(there.url, after=stream.seen[0].id).status != 200
    wait_until(is_gone, "the end of a stream")
    for event_id in ids_of(stream):
        refused_id(session, here.url, event_id)
    expect_alive(session, here, there)


def test_ended_session(here, there):
    """Then it is 404, whatever the id of the event is."""
    session = mcp.opened(here.url)
    last = ids_of(finished_call(session, here.url))[0]
    session.delete(there.url)
    for event_id in (last, "1-2-3"):
        for host in (here, there):
            expect_error(session.get(host.url, after=event_id), 404, -32001,
                         "GET of an ended session")


def test_restarted(world):
    """After a restart of the machine the ids of before mean nothing."""
    if not world.store.is_file:
        print("not tried: servers do not end with the machine of a host")
        return
    catalog = world.folder / "catalog"
    host = world.host(store={"url": world.store.url("restarted")},
                      catalog={"folder": catalog})
    session = mcp.opened(host.url)
    before = ids_of(finished_call(session, host.url))[0]
    waiting = opened_stream(session, host.url)
    world.store.execute("UPDATE meta SET v = 'x' WHERE k = 'boot_id'",
                        "restarted")
    host.reload()
    wait_until(lambda: session.get(host.url, after=before).status == 400,
               "the first look at the store")
    refused_id(session, host.url, before)
    waiting.rest()
    session.send("ping").result()
    stream = opened_stream(session, host.url)
    next_changed(stream, host, "a new stream")
    check(stream.last_id.split("-")[0] != before.split("-")[0],
          "the same incarnation")
    stream.close()


# ------------------------------------------------------------------ limits

def test_too_many(here, there):
    session = mcp.opened(here.url)
    streams = [opened_stream(session, here.url) for _ in range(3)]
    refused = session.get(here.url)
    expect_error(refused, 429, -32600, "a fourth GET")
    equal(refused.headers["Retry-After"], "5", "Retry-After")
    # Calls have streams of their own.
    first = ids_of(finished_call(session, here.url))[0]
    for host in (here, there):
        check("result" in session.get(host.url, after=first).rest()[-1],
              "nothing came again")
    expect_alive(session, here, there)
    streams.pop().close()
    wait_until(lambda: session.get(here.url).status == 200,
               "room for another one")
    for stream in streams:
        stream.close()


def test_wrong_gets(here):
    session = mcp.opened(here.url)
    right = {"Accept": "text/event-stream", "Mcp-Session-Id": session.id}
    for status, code, change in (
            (406, -32600, {"Accept": "application/json"}),
            (404, -32001, {"Mcp-Session-Id": session.id[:-1] + "~"}),
            (404, -32001, {"Mcp-Session-Id": "x"}),
            (400, -32022, {"MCP-Protocol-Version": "1999-01-01"}),
            (405, -32600, {"MCP-Protocol-Version": mcp.MODERN})):
        answer = mcp.request(here.url, "GET", dict(right, **change))
        expect_error(answer, status, code, "GET with %r" % change)
        if status == 405:
            equal(answer.headers["Allow"], "POST", "Allow")
    legacy = dict(right, **{"MCP-Protocol-Version": "2025-06-18"})
    del legacy["Mcp-Session-Id"]
    expect_error(mcp.request(here.url, "GET", legacy), 400, -32600,
                 "GET without a session")
    session.send("ping").result()


# ------------------------------------------------------------------ listen

def test_listen(here):
    many = ["file:///%d" % i for i in range(1001)]
    client = mcp.Modern(here.url)
    for code, filters in (
            (-32602, None), (-32602, []), (-32602, "tools"), (-32602, 1),
            (-32602, {"toolsListChanged": "true"}),
            (-32602, {"toolsListChanged": 1}),
            (-32602, {"resourcesListChanged": None}),
            (-32602, {"promptsListChanged": {}}),
            (-32602, {"resourceSubscriptions": "file:///a"}),
            (-32602, {"resourceSubscriptions": {"file:///a": True}}),
            (-32602, {"resourceSubscriptions": ["file:///a", 1]}),
            (-32602, {"resourceSubscriptions": ["file:///a", None]}),
            (-32602, {"resourceSubscriptions": [""]}),
            (-32602, {"resourceSubscriptions": ["x" * 2040]}),
            (-32602, {"resourceSubscriptions": ["x" * 1000000]}),
            (-32602, {"taskIds": "x"}),
            (-32603, {"resourceSubscriptions": many})):
        answer = client.stream("subscriptions/listen",
                               {"notifications": filters})
        expect_error(answer, 200, code, "listen with %.60r" % filters)
    expect_error(client.stream("subscriptions/listen", {}), 200, -32602,
                 "listen without a filter")
    expect_error(client.listen(taskIds=["x"]), 400, -32021,
                 "listen to tasks, undeclared")
    # What is at the limit, twice, unknown or false is no fault.
    longest = "x" * (2048 - len("resource:"))
    with_tasks = mcp.Modern(here.url, {"extensions": {mcp.M + "tasks": {}}})
    for which, wanted, honoured in (
            (client, {}, {}), (client, {"toolsListChanged": False}, {}),
            (client, {"fancyListChanged": 7, "promptsListChanged": True},
             {"promptsListChanged": True}),
            (client, {"resourceSubscriptions": many[:1000]}, None),
            (client, {"resourceSubscriptions": ["a", "a"]}, None),
            (client, {"resourceSubscriptions": [longest]}, None),
            (with_tasks, {"taskIds": ["x", "y" * 22]},
             {"taskIds": []})):
        stream = which.listen(**wanted)
        equal(stream.status, 200, "status of listen %.60r" % wanted)
        ack = stream.message()
        check(ack is not None and "method" in ack, "no stream: %r", ack)
        equal(ack["params"]["notifications"],
              wanted if honoured is None else honoured, "what is honoured")
        stream.close()


# ---------------------------------------------------------------- HTTP+SSE

def at(url, path):
    return urllib.parse.urljoin(url, path)


def sse_opened(url):
    """A stream of the first revision, and where to post."""
    stream = sse.Stream(at(url, "/sse"))
    equal(stream.status, 200, "status of GET /sse")
    endpoint = stream.next()
    equal(endpoint.type, "endpoint", "the first event")
    return stream, at(url, endpoint.data)


def sse_post(url, body, **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=20)
    try:
        path = where.path + ("?" + where.query if where.query else "")
        connection.request("POST", path, body, dict(mcp.HEADERS, **headers))
        return mcp.Answer(connection.getresponse())
    finally:
        connection.close()


def test_sse_errors(here, there):
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    stream, post = sse_opened(here.url)
    other, other_post = sse_opened(here.url)
    for host in (here, there):
        def expect(status, path, body=ping, **headers):
            answer = sse_post(at(host.url, path), body, **headers)
            equal(answer.status, status, "POST %.80s %.80r: status"
                  % (path, body))
        query = urllib.parse.urlsplit(post).query
        right = "/messages?" + query
        expect(400, "/messages")
        expect(400, "/messages?")
        expect(400, "/messages?sessionId=")
        expect(400, "/messages?session=x&SESSIONID=y")
        expect(404, "/messages?sessionId=x")
        expect(404, right[:-1] + "~")
        expect(404, right + "x")
        # One of the other transport is none here.
        expect(404, "/messages?sessionId=" + mcp.opened(host.url).id)
        expect(400, right, b"")
        expect(400, right, b"{")
        expect(400, right, b"\x00\xff")
        expect(400, right, b"[]")
        expect(400, right, {"id": 1})
        expect(400, right, dict(ping, id=None))
        expect(415, right, ping, **{"Content-Type": "text/plain"})
        expect(405, "/sse")
        # What is well is accepted, wherever it is posted.
        expect(202, right)
        equal(stream.message(), {"jsonrpc": "2.0", "id": 1, "result": {}},
              "the answer")
    for method, path in (("DELETE", "/sse"), ("GET", "/messages")):
        answer = mcp.request(at(here.url, path), method,
                             {"Accept": "text/event-stream"})
        equal(answer.status, 405, "status of %s %s" % (method, path))
    check(other.silent(0.1), "another session's: %r", other.seen)
    # A session ends with its connection, and nobody else's does.
    stream.close()
    wait_until(lambda: sse_post(post, ping).status == 404, "its end")
    equal(sse_post(other_post, ping).status, 202, "status of the other one")
    check("result" in other.message(), "no answer")
    other.close()


# ------------------------------------------------------ the store, away

def test_store_away(world):
    """Streams stay open meanwhile, and miss nothing."""
    host = world.host(store={"url": world.store.url("moved"),
                             "timeout": "2s"},
                      http={"comment": "200ms"},
                      catalog={"folder": world.folder / "catalog"})
    session, other = mcp.opened(host.url), mcp.opened(host.url)
    stream = opened_stream(session, host.url)
    next_changed(stream, host, "before")
    listening = mcp.Modern(host.url).listen(toolsListChanged=True)
    listening.message()
    call = other.call_stream("steps", {"n": 100, "ms": 50, "marker": "s"})
    before = call.until(lambda m: "method" in m)
    said = stream.comments
    world.store.down("moved")
    # Each process looks now and then where its file is.
    log = host.folder / "stream.log"
    wait_until(lambda: "store-fails" in log.read_text()
               and all(session.send("tools/list").status == 503
                       for _ in range(8)), "that the store is missed")
    for _ in range(4):
        answer = session.send("tools/list")
        equal(answer.status, 503, "status of a request")
        check(int(answer.headers["Retry-After"]) > 0, "no Retry-After")
        equal(other.call("steps").status, 503, "status of a call")
    late = session.get(host.url)
    equal(late.status, 503, "status of GET")
    check(int(late.headers["Retry-After"]) > 0, "no Retry-After")
    equal(sse.Stream(at(host.url, "/sse")).status, 503, "status of GET /sse")
    equal(mcp.Modern(host.url).listen(toolsListChanged=True).status, 503,
          "status of listen")
    wait_until(lambda: stream.comments >= said + 3, "comments")
    world.store.up("moved")
    wait_until(lambda: all(session.send("tools/list").status == 200
                           for _ in range(8)), "that the store is found")
    # No gap, nothing twice: the numbers say so.
    last = stream.last_id
    next_changed(stream, host, "afterwards")
    equal(int(stream.last_id.split("-")[2]), int(last.split("-")[2]) + 1,
          "number of the next event")
    equal(listening.message()["method"], CHANGED, "what listen is told")
    messages = before + call.rest(20)
    numbers = [int(event.id.split("-")[2]) for event in call.seen if event.id]
    equal(numbers, sorted(set(numbers)), "numbers of events")
    equal(numbers[-1] - numbers[0], len(numbers) - 1, "how many there are")
    check("done s" in messages[-1]["result"]["content"][0]["text"],
          "result: %r", messages[-1])
    for one in (stream, listening):
        one.close()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    for part in (test_event_ids, test_purged, test_ended_session,
                 test_too_many, test_sse_errors):
        part(here, there)
        print("ok %s" % part.__name__, flush=True)
    for part in (test_wrong_gets, test_listen):
        part(here)
        print("ok %s" % part.__name__, flush=True)
    for part in (test_restarted, test_store_away):
        part(world)
        print("ok %s" % part.__name__, flush=True)


harness.run(test)
