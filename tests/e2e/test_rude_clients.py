"""Clients that do not read, reset, close one half, or never finish what they
ask: their calls go on, and nobody else notices."""
import contextlib
import json
import socket
import struct
import time
import urllib.parse

import harness
import mcp
import speaking
from catalog import Catalog
from expect import CHANGED, expect_alive, ids_of, opened_stream
from support import check, equal, is_alive, wait_until

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


class Rude:
    """A client that sends a request and then does as it likes."""

    def __init__(self, url, headers, message=None, room=4096):
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


def first_id(text):
    """Of the first event of a stream."""
    return text.partition(b"\nid: ")[2].partition(b"\n")[0].decode()


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
    first = first_id(text)
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
    first = first_id(rude.read(2000))
    wait_until(pid_file.exists, "what comes behind the lines")
    stream = session.get(there.url, after=first)
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
    first = first_id(rude.read(2000))
    rude.reset()
    check_neighbours(streams, here, "a client that resets")
    lines, content = replayed(session, there.url, first)
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
    first = first_id(rude.read(2000))
    rude.half_close()
    check_neighbours(streams, here, "a client that closes one half")
    wait_until(lambda: "flood" not in here.ctl("calls"), "the end")
    lines, content = replayed(session, there.url, first)
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


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define(catalog, "flood", FLOOD)
    here, there = world.two_hosts(catalog, http={"comment": "500ms"})
    for part in (test_unread, test_unread_goes_on, test_reset,
                 test_half_closed, test_never_a_request):
        part(here, there)
        print("ok %s" % part.__name__, flush=True)


harness.run(test)
