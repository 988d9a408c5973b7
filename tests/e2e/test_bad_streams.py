"""Streams that are asked for in every wrong way, and clients that treat them
badly: each gets the status it should, nobody else notices, and the session
lives on."""
import contextlib
import os
import socket
import sqlite3
import struct
import threading
import time
import urllib.parse

import harness
import mcp
import speaking
import sse
from catalog import Catalog
from support import check, equal, is_alive, wait_until

CHANGED = "notifications/tools/list_changed"
# What belongs to a database file, by what is added to its name.
PARTS = ("", "-wal", "-shm", "-lock", "-ballast")
# Much data in few events: 64 KiB a line is the most that is taken.
FLOOD = """
for i in range(arguments.get("lines", 200)):
    say(log={"level": "info", "data": "x" * arguments.get("size", 50000)})
if "then" in arguments:
    with open(arguments["pid_file"] + ".new", "w") as out:
        out.write(str(os.getpid()))
    os.rename(arguments["pid_file"] + ".new", arguments["pid_file"])
    time.sleep(arguments["then"])
print("all said")
"""


def expect_error(answer, status, code, what):
    """A status, and a JSON-RPC error in the body."""
    equal(answer.status, status, "%s: status (%r)" % (what, answer.body))
    equal(mcp_error(answer)["code"], code, "%s: code" % what)


def mcp_error(answer):
    import json
    message = json.loads(answer.body)
    check("error" in message, "no error: %r", message)
    return message["error"]


def expect_alive(session, here, there):
    for host in (here, there):
        session.send("ping", url=host.url).result()


def opened_stream(session, url):
    """The standalone stream, with its first bytes."""
    stream = session.get(url)
    equal(stream.status, 200, "status of GET")
    wait_until(lambda: stream.comments or stream.events.qsize(),
               "the first byte of a stream")
    return stream


def next_changed(stream, host, what):
    host.ctl("notify", "tools")
    message = stream.message()
    check(message is not None, "%s: the stream has ended", what)
    equal(message["method"], CHANGED, what)


# --------------------------------------------------------------- event ids

def finished_call(session, url, n=3):
    stream = session.call_stream("steps", {"n": n, "marker": "m"}, url)
    check("result" in stream.rest()[-1], "no result: %r", stream.seen)
    return stream


def ids_of(stream):
    return [event.id for event in stream.seen]


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
    path = world.folder / "restarted.db"
    catalog = world.folder / "catalog"
    host = world.host(store={"url": "sqlite://%s" % path},
                      catalog={"folder": catalog})
    session = mcp.opened(host.url)
    before = ids_of(finished_call(session, host.url))[0]
    waiting = opened_stream(session, host.url)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE meta SET v = 'x' WHERE k = 'boot_id'")
        database.commit()
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
            (client, {"fancyListChanged": 7, "promptsListChanged": True}, {}),
            (client, {"resourceSubscriptions": many[:1000]}, None),
            (client, {"resourceSubscriptions": ["a", "a"]}, None),
            (client, {"resourceSubscriptions": [longest]}, None),
            (with_tasks, {"taskIds": ["x", "y" * 22, ""[:0] + "z"]},
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
    import json
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    where = urllib.parse.urlsplit(url)
    import http.client
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
    # Who is ended by an operator is told by the end of the stream.
    other.close()


# ----------------------------------------------- clients that do not behave

class Rude:
    """A client that sends a request and then does as it likes."""

    def __init__(self, url, headers, message=None, room=4096):
        import json
        where = urllib.parse.urlsplit(url)
        body = b"" if message is None else json.dumps(message).encode()
        self.socket = socket.socket()
        # A small window: what it does not read, the server soon feels.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect((where.hostname, where.port))
        self.socket.settimeout(20)
        lines = ["%s %s HTTP/1.1" % ("POST" if body else "GET", where.path),
                 "Host: " + where.netloc, "Content-Length: %d" % len(body)]
        lines += ["%s: %s" % item for item in headers.items()]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode() + body)

    def read(self, n=1):
        """At least so many bytes."""
        text = b""
        while len(text) < n:
            piece = self.socket.recv(n - len(text))
            check(piece, "cut off behind %r", text[-200:])
            text += piece
        return text

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()


def flood_message(number, **arguments):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "flood", "arguments": arguments}}


def neighbours(here, there):
    """Two sessions that have nothing to do with all this."""
    sessions = [mcp.opened(here.url), mcp.opened(there.url)]
    return [opened_stream(session, here.url) for session in sessions]


def check_neighbours(streams, here, what):
    begun = time.monotonic()
    here.ctl("notify", "tools")
    for stream in streams:
        message = stream.message()
        equal(message and message["method"], CHANGED, "neighbour of " + what)
    return time.monotonic() - begun


def replayed(session, url, first):
    """How many lines there are, and the text of the result."""
    messages = session.get(url, after=first).rest(20)
    return (sum(m.get("method") == "notifications/message"
                for m in messages), messages[-1]["result"]["content"])


def flooded(session, url, **arguments):
    stream = session.call_stream("flood", arguments, url)
    check("result" in stream.rest(20)[-1], "no result: %r", stream.seen[-1])
    return stream


def test_unread(here, there):
    """Who asks for much and does not read it hinders nobody, and may come
    back for all of it."""
    streams = neighbours(here, there)
    session = mcp.opened(here.url)
    rude = Rude(here.url, session.headers(), flood_message(1))
    text = rude.read(2000)
    first = text.partition(b"\nid: ")[2].partition(b"\n")[0].decode()
    check(first, "no id in %r", text)
    check_neighbours(streams, here, "a call that is not read")
    # Its own session is served, too, and so is a client that comes back.
    session.send("ping").result()
    lines, content = replayed(session, there.url, first)
    equal((lines, content[0]["text"]), (200, "all said\n"), "what came again")
    last_first = first
    # The same on streams that mcp-stream holds: replays that are not read.
    unread = [rude]
    for other in [session] + [mcp.opened(here.url) for _ in range(3)]:
        if other is not session:
            first = ids_of(flooded(other, there.url))[0]
        unread.append(Rude(here.url, dict(
            other.headers(), Accept="text/event-stream",
            **{"Last-Event-ID": first})))
        unread[-1].read(2000)
    check_neighbours(streams, here, "streams that are not read")
    equal(replayed(session, here.url, last_first)[0], 200, "and once more")
    for other in unread:
        other.close()
    check_neighbours(streams, here, "clients that are gone")
    for stream in streams:
        stream.close()


def test_unread_goes_on(here, there):
    """A call whose client does not read goes on, is taken over by a client
    that does, and hears that it is cancelled."""
    session = mcp.opened(here.url)
    pid_file = here.folder / "pid"
    rude = Rude(here.url, session.headers(), flood_message(
        1, lines=200, then=60, pid_file=str(pid_file)))
    first = rude.read(2000).partition(b"\nid: ")[2].partition(b"\n")[0]
    wait_until(pid_file.exists, "what comes behind the lines")
    stream = session.get(there.url, after=first.decode())
    for _ in range(200):
        check(stream.message() is not None, "the stream has ended")
    rude.close()
    # The same, but for the other client.
    rude = Rude(here.url, session.headers(), flood_message(
        2, lines=200, then=60, pid_file=str(here.folder / "pid2")))
    rude.read(2000)
    wait_until((here.folder / "pid2").exists, "what comes behind the lines")
    for number, path in ((1, pid_file), (2, here.folder / "pid2")):
        begun = time.monotonic()
        session.post({"jsonrpc": "2.0", "method": "notifications/cancelled",
                      "params": {"requestId": number}}, there.url)
        wait_until(lambda: not is_alive(int(path.read_text())),
                   "the end of the tool")
        check(time.monotonic() - begun < 5, "cancelled after %.1f s",
              time.monotonic() - begun)
    equal(stream.rest(), [], "what a cancelled call still says")
    rude.close()


def test_reset(here, there):
    """RST in the middle of a stream: the call goes on, the stream is free."""
    streams = neighbours(here, there)
    session = mcp.opened(here.url)
    rude = Rude(here.url, session.headers(), flood_message(1, lines=50))
    first = rude.read(2000).partition(b"\nid: ")[2].partition(b"\n")[0]
    rude.reset()
    check_neighbours(streams, here, "a client that resets")
    lines, content = replayed(session, there.url, first.decode())
    equal((lines, content[0]["text"]), (50, "all said\n"), "what came again")
    headers = dict(session.headers(), Accept="text/event-stream")
    for _ in range(20):
        rude = Rude(here.url, headers)
        rude.read(100)
        rude.reset()
    check_neighbours(streams, here, "GETs that reset")
    # None of the twenty is counted any more.
    wait_until(lambda: session.get(here.url).status == 200, "room for a GET")
    expect_alive(session, here, there)
    for stream in streams:
        stream.close()


def test_half_closed(here, there):
    """Whoever closes its own half may wait for the rest or have left: in
    either case the session and its events are there."""
    streams = neighbours(here, there)
    session = mcp.opened(here.url)
    rude = Rude(here.url, session.headers(), flood_message(1, lines=20))
    first = rude.read(2000).partition(b"\nid: ")[2].partition(b"\n")[0]
    rude.half_close()
    check_neighbours(streams, here, "a client that closes one half")
    wait_until(lambda: "flood" not in here.ctl("calls"), "the end")
    lines, content = replayed(session, there.url, first.decode())
    equal((lines, content[0]["text"]), (20, "all said\n"), "what came again")
    rude.close()
    rude = Rude(here.url, dict(session.headers(), Accept="text/event-stream"))
    rude.read(100)
    rude.half_close()
    check_neighbours(streams, here, "a GET that closes one half")
    expect_alive(session, here, there)
    rude.close()
    for stream in streams:
        stream.close()


def test_never_a_request(here, there):
    """Connections that ask for nothing, or stop in the middle."""
    streams = neighbours(here, there)
    where = urllib.parse.urlsplit(here.url)
    idle = []
    for text in (b"", b"GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-",
                 b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 b"Content-Type: application/json\r\n"
                 b"Content-Length: 1000\r\n\r\n{\"jsonrpc\"",
                 b"\x00" * 1000, b"\r\n" * 1000):
        for _ in range(5):
            connection = socket.create_connection(
                (where.hostname, where.port))
            with contextlib.suppress(OSError):
                connection.sendall(text)
            idle.append(connection)
    check_neighbours(streams, here, "silent connections")
    mcp.opened(here.url).tools()
    for connection in idle:
        connection.close()
    for stream in streams:
        stream.close()


# ------------------------------------------------------ the store, away

def move(path, folder):
    """A database with all that belongs to it, or what there is of that."""
    for part in PARTS:
        with contextlib.suppress(FileNotFoundError):
            os.rename(str(path) + part, folder / (path.name + part))


def test_store_away(world):
    """Streams stay open meanwhile, and miss nothing."""
    folder, away = world.folder / "here", world.folder / "away"
    folder.mkdir()
    away.mkdir()
    path = folder / "moved.db"
    host = world.host(store={"url": "sqlite://%s" % path, "timeout": "500ms"},
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
    move(path, away)
    wait_until(lambda: session.send("tools/list").status == 503,
               "that the store is missed")
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
    check(not path.exists(), "an empty database was made")
    move(away / path.name, folder)
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
    speaking.define(catalog, "flood", FLOOD)
    here, there = [world.host(catalog={"folder": catalog.folder},
                              http={"comment": "500ms"})
                   for _ in range(2)]
    for part in (test_event_ids, test_purged, test_ended_session,
                 test_too_many, test_sse_errors, test_unread,
                 test_unread_goes_on, test_reset, test_half_closed,
                 test_never_a_request):
        begun = time.monotonic()
        part(here, there)
        print("ok %s (%.1f s)" % (part.__name__, time.monotonic() - begun),
              flush=True)
    for part in (test_wrong_gets, test_listen):
        part(here)
        print("ok %s" % part.__name__, flush=True)
    for part in (test_restarted, test_store_away):
        part(world)
        print("ok %s" % part.__name__, flush=True)


harness.run(test)
