"""mcp-stream alone, over FastCGI records: what is delivered, what ends a
stream, and that no death of a process loses anything."""
import json
import os
import signal
import time

import harness
from catalog import Catalog
from expect import CHANGED
from mcp import HEADERS, REVISION
from records import Reply
from support import check, children_of, equal, wait_until


class Responders:
    """mcp-request and mcp-stream of one host."""

    def __init__(self, world):
        self.world = world
        self.folder = world.folder / "host"
        (self.folder / "state").mkdir(parents=True)
        self.catalog = Catalog(self.folder / "catalog")
        self.request = self.folder / "request.sock"
        self.stream = self.folder / "stream.sock"
        self.conf = self.folder / "mcp-fcgi.conf"
        self.conf.write_text(harness.configuration({
            "server": {"socket": self.request, "workers": 1,
                       "state": self.folder / "state",
                       "trace": world.trace},
            **world.store.sections(),
            "stream": {"socket": self.stream},
            "http": {"comment": "200ms"},
            "catalog": {"folder": self.catalog.folder, "check": "50ms"}}))
        self.catalog.shell("first", "echo")
        for program, path in ((harness.REQUEST, self.request),
                              (harness.STREAM, self.stream)):
            process = world.start(
                [program, "-c", self.conf],
                self.folder / ("%s.log" % program.name))
            wait_until(path.is_socket, "socket of %s" % program)
        self.parent = process
        self.session = self.initialize()

    def initialize(self):
        body = json.dumps({
            "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": REVISION, "capabilities": {},
                "clientInfo": {"name": "raw", "version": "1"}}}).encode()
        reply = Reply(self.request, "POST", HEADERS, body)
        equal(reply.status(), 200, "initialize")
        session = reply.header("Mcp-Session-Id")
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"},
                  session)
        return session

    def headers(self, session):
        return dict(HEADERS, **{"Mcp-Session-Id": session,
                                "MCP-Protocol-Version": REVISION})

    def post(self, message, session):
        reply = Reply(self.request, "POST", self.headers(session),
                      json.dumps(message).encode())
        reply.whole()
        return reply

    def get(self, after=None, session=None):
        headers = dict(self.headers(session or self.session),
                       Accept="text/event-stream")
        if after is not None:
            headers["Last-Event-ID"] = after
        return Reply(self.stream, "GET", headers)

    def opened(self, after=None):
        """A stream that has begun: with an event or a comment."""
        stream = self.get(after)
        equal(stream.status(), 200, "status of GET")
        return stream.until(lambda: stream.text.endswith(b"\n\n"),
                            "the first bytes")

    def child(self):
        return wait_until(lambda: children_of(self.parent.pid),
                          "the process with the streams")[0]

    def log(self):
        return (self.folder / "mcp-stream.log").read_text()


def next_message(stream, number):
    stream.until(lambda: len(stream.messages()) >= number, "an event")
    event = stream.messages()[number - 1]
    equal(event.message()["method"], CHANGED, "the message")
    return event.id


def a_change_reaches_every_stream(host):
    other = host.initialize()
    streams = [host.opened()]
    second = host.get(session=other)
    equal(second.status(), 200, "status of another session's GET")
    streams.append(second)
    host.catalog.shell("second", "echo")
    ids = [next_message(stream, 1) for stream in streams]
    check(ids[0] != ids[1], "two sessions got the same event id")
    for stream in streams:
        stream.close()


def no_death_loses_an_event(host):
    stream = host.opened()
    host.catalog.shell("third", "echo")
    last = next_message(stream, 1)
    before = host.child()
    os.kill(before, signal.SIGKILL)
    stream.until(lambda: stream.is_closed, "the cut")
    check(not stream.has_end, "a killed process ended a request")
    wait_until(lambda: host.child() != before, "another process")
    again = host.opened(after=last)
    host.catalog.shell("fourth", "echo")
    new = next_message(again, 1)
    equal(int(new.split("-")[2]), int(last.split("-")[2]) + 1,
          "number of the next event")
    again.close()
    # What was missed in between is sent first.
    resumed = host.opened(after=last)
    equal(next_message(resumed, 1), new, "the event that was missed")
    resumed.close()


def a_session_has_so_many_streams(host):
    session = host.initialize()
    streams = [host.get(session=session) for _ in range(3)]
    for stream in streams:
        equal(stream.status(), 200, "status of GET")
    refused = host.get(session=session)
    equal(refused.status(), 429, "status of one too many")
    check(refused.header("Retry-After"), "no Retry-After")
    refused.whole()
    check(refused.has_end, "the refusal was cut")
    # The place of one that has left is free at once.
    streams.pop(0).close()
    wait_until(lambda: host.log().count("why=left") > 0, "its end")
    streams.append(host.get(session=session))
    equal(streams[-1].status(), 200, "status with room again")
    # The end of a session is the end of its streams.
    gone = Reply(host.request, "DELETE", host.headers(session))
    equal(gone.status(), 204, "status of DELETE")
    for stream in streams:
        stream.until(lambda stream=stream: stream.is_closed, "the end")
        check(stream.has_end, "the stream was cut")


def what_runs_tools_is_sent_away(host):
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    reply = Reply(host.stream, "POST", host.headers(host.session), body)
    equal(reply.status(), 421, "status of a POST that is no listen")


def a_store_that_is_busy_is_waited_for(host):
    stream = host.opened()
    said = len(stream.text)
    host.world.store.freeze()
    late = host.get()
    never = host.get()
    # Connections have nothing to do with the store.
    stream.until(lambda: len(stream.text) >= said + 4 * len(b":\n\n"),
                 "comments")
    check(not late.text, "answered without a store: %r", late.text)
    host.world.store.thaw()
    equal(late.status(), 200, "status of GET when the store is back")
    equal(never.status(), 200, "status of the next one")
    late.close()
    never.close()
    other = host.initialize()
    host.world.store.freeze()
    begun = time.monotonic()
    refused = host.get(session=other)
    equal(refused.status(), 503, "status of GET while the store is away")
    check(4 < time.monotonic() - begun < 9, "it was answered after %g s",
          time.monotonic() - begun)
    check(refused.header("Retry-After"), "no Retry-After")
    host.world.store.thaw()
    # What was open goes on as if nothing had been.
    check(not stream.is_closed, "an open stream was closed")
    again = host.opened()
    host.catalog.shell("fifth", "echo")
    again.until(again.messages, "an event")
    again.close()
    stream.close()


def to_stop_ends_all_streams_in_time(host):
    streams = [host.opened() for _ in range(3)]
    host.parent.terminate()
    for stream in streams:
        stream.until(lambda stream=stream: stream.is_closed, "the end")
        check(stream.has_end, "the stream was cut")
        retry = [event.retry for event in stream.events()
                 if event.retry is not None]
        check(1000 <= retry[-1] <= 5000, "retry is %r", retry)
    equal(host.parent.wait(5), 0, "status of mcp-stream")
    check("worker-killed" not in host.log(), "it did not leave by itself")


def test(world):
    host = Responders(world)
    a_change_reaches_every_stream(host)
    no_death_loses_an_event(host)
    a_session_has_so_many_streams(host)
    what_runs_tools_is_sent_away(host)
    a_store_that_is_busy_is_waited_for(host)
    to_stop_ends_all_streams_in_time(host)


harness.run(test)
