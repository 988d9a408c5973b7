"""The database server is away for 1, 5 and 12 seconds, while calls run on all
hosts: every request is answered 503 with Retry-After, no host is taken for
dead, no call is run twice, and every stream goes on without a gap."""
import threading
import time

import cluster
import mcp
from support import check, equal, wait_until

OUTAGES = (1, 5, 12)
STEPS, MS = 300, 100
CALLS = 2
# Of a request that was under way when it began or ended.
EDGE = 0.1
BACK = 10


class Probe(threading.Thread):
    """Asks a host all the time; what it was answered, and when."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host = host
        self.session = mcp.opened(host.url)
        self.answers = []
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.05):
            begin = time.monotonic()
            try:
                answer = self.session.send("tools/list")
                found = (answer.status, answer.headers["Retry-After"])
            except mcp.CUT as reason:
                found = (0, repr(reason))
            self.answers.append((begin, time.monotonic(), *found))

    def between(self, begin, end):
        return [answer for answer in list(self.answers)
                if answer[0] >= begin and answer[1] <= end]


def outage(it, probes, seconds):
    begin = time.monotonic()
    it.store.down()
    down = time.monotonic()
    time.sleep(max(0, seconds - (down - begin)))
    end = time.monotonic()
    it.store.up()
    up = time.monotonic()
    for probe in probes:
        wait_until(lambda: any(a[2] == 200 for a in probe.between(
            end, time.monotonic())), "%s is back" % probe.host.name, BACK)
    back = time.monotonic()
    refused = 0
    for probe in probes:
        during = probe.between(down + EDGE, end)
        for begin_, end_, status, after in during:
            check(status == 503 and int(after) > 0, "%s, %.2f to %.2f s: "
                  "%s %s", probe.host.name, begin_ - down, end_ - down,
                  status, after)
        others = [a for a in probe.answers if a[2] not in (200, 503)]
        equal(others, [], "answers that are neither")
        refused += len(during)
    check(refused or seconds < 2, "nobody asked meanwhile")
    print("%s away for %.1f s: %d requests, all 503; all hosts answer %.2f s "
          "after it can be reached" % (it.store.name, end - begin, refused,
                                       back - up), flush=True)


def test(it):
    streams = []
    for i, host in enumerate(it.hosts * CALLS):
        session = mcp.opened(host.url)
        marker = "call-%d" % i
        streams.append((marker, session.call_stream(
            "steps", {"n": STEPS, "ms": MS, "marker": marker})))
    probes = [Probe(host) for host in it.hosts]
    time.sleep(1)
    for seconds in OUTAGES:
        outage(it, probes, seconds)
        time.sleep(1)
    for probe in probes:
        probe.is_over.set()
    for marker, stream in streams:
        messages = stream.rest(60)
        check(messages, "nothing at all of %s", marker)
        steps = [m["params"]["progress"] for m in messages[:-1]]
        # What could not be stored was never said; what was, comes once.
        check(steps == sorted(set(steps)), "progress of %s: %s", marker,
              steps)
        ids = [int(event.id.split("-")[2]) for event in stream.seen]
        equal(ids, list(range(ids[0], ids[0] + len(ids))), "ids")
        check("result" in messages[-1] and marker in str(messages[-1]),
              "%s ended with %r", marker, messages[-1])
    equal(it.query("SELECT state, runs, epoch, count(*) FROM {}call"
                   " GROUP BY state, runs, epoch"),
          [(2, 1, 1, len(streams))], "state, runs, epoch of all calls")


cluster.run(test, store={"timeout": "1s"})
