"""Streams that are closed because they are old: with mcp-stream and without,
their clients come back and miss nothing."""
import itertools
import urllib.parse

import harness
import mcp
import speaking
import sse
from catalog import Catalog
from expect import CHANGED
from support import check, equal, wait_until


def texts(message):
    check("result" in message, "no result: %.300r", message)
    return "".join(c.get("text", "") for c in message["result"]["content"])


def sse_opened(host):
    stream = sse.Stream(urllib.parse.urljoin(host.url, "/sse"))
    return stream, urllib.parse.urljoin(host.url, stream.next().data)


class Reader:
    """Comes back whenever its stream is closed, to where it was."""

    def __init__(self, session):
        self.session = session
        self.last = None
        self.numbers = []  # of the messages
        self.aged = 0      # connections that were closed by their age
        self.stream = None

    def open(self):
        if self.stream is None:
            self.stream = self.session.get(after=self.last)
            equal(self.stream.status, 200, "status of GET")

    def check_age(self):
        """Old connections are closed with the wish to come back, where there
        is such a thing."""
        self.aged += 1
        retry = [event.retry for event in self.stream.seen
                 if event.retry is not None and event.id is None]
        if self.session.revision == "2025-11-25":
            check(retry and 1000 <= retry[-1] <= 5000, "retry: %r",
                  self.stream.seen)
        else:
            equal(retry, [], "retry")

    def next(self):
        """Up to the next message, over as many connections as it takes."""
        while True:
            self.open()
            message = self.stream.message()
            self.last = self.stream.last_id or self.last
            if message is not None:
                equal(message["method"], CHANGED, "what is told")
                self.numbers.append(int(self.last.split("-")[2]))
                return
            self.check_age()
            self.stream = None

    def rest(self):
        self.open()
        equal(self.stream.rest(), [], "what nobody said")
        self.check_age()
        self.stream = None


def test_age(host, revision, notify):
    """Old connections are closed; who comes back has lost nothing."""
    session = mcp.opened(host.url, revision)
    reader = Reader(session)
    for _ in range(2):
        reader.open()
        notify()
        reader.next()
        reader.rest()
        # Nobody is there just now.
        notify()
        reader.next()
    check(reader.aged >= 2, "closed %d times", reader.aged)
    equal(reader.numbers, list(range(reader.numbers[0],
                                     reader.numbers[0] + 4)), "numbers")
    # A call that lasts longer than three connections.
    call = session.call_stream("steps", {"n": 50, "ms": 60, "marker": "old"})
    call.until(lambda message: "method" in message)
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


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    folder = {"folder": catalog.folder}
    other = world.host(catalog=folder)
    for streams in (True, False):
        host = world.host(streams=streams, catalog=folder,
                          http={"stream_age": "1s", "comment": "300ms"})
        for revision in ("2025-06-18", "2025-11-25"):
            test_age(host, revision, lambda: other.ctl("notify", "tools"))
            print("ok age in %s" % revision, flush=True)
        test_age_of_others(host)
        print("ok age of others", flush=True)


harness.run(test)
