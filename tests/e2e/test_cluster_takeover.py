"""A whole host dies: how long until somebody else has run, or ended, what it
was at.  The number is printed; the test only waits until it is done."""
import time

import cluster
import mcp
from mcp import text
from support import check, equal, wait_until

BUDGET = 4.5
SECONDS = 60
CALLS = 3


def state_of(it):
    """(state, runs, epoch, head of its stream) of each call by number."""
    return {row[0]: row[1:] for row in it.query(
        "SELECT c.number, c.state, c.runs, c.epoch, s.head FROM {}call c"
        " JOIN {}stream s ON s.number = c.stream ORDER BY c.number")}


def taken_over(it, before, begin):
    """Seconds until each call was claimed, and until it had ended, or said
    something new: that is more than was said before, so it takes a while."""
    claimed, said = {}, {}

    def look():
        after = state_of(it)
        now = time.monotonic() - begin
        for number, was in before.items():
            _, _, epoch, head = after[number]
            if epoch > was[2]:
                claimed.setdefault(number, now)
                if head > was[3]:
                    said.setdefault(number, now)
        return len(said) == len(before)
    wait_until(look, "somebody else", SECONDS)
    return claimed, said


def in_order(seconds):
    return sorted(round(one, 2) for one in seconds.values())


def start(session, host, tool, n):
    stream = session.call_stream(tool, {"n": n, "ms": 500, "marker": tool},
                                 host.url)
    stream.until(lambda m: m.get("method") == "notifications/progress")
    return stream


def test(it):
    dead, *others = it.hosts
    session = mcp.opened(dead.url)
    streams = [start(session, dead, tool, 20) for tool in
               ["steps"] * CALLS + ["once"] * CALLS]
    living = start(session, others[0], "steps", 20)
    numbers = sorted(state_of(it))
    equal(len(numbers), 2 * CALLS + 1, "calls")
    mine, before = numbers[:-1], state_of(it)
    before = {number: before[number] for number in mine}
    begin = time.monotonic()
    dead.kill()
    claimed, said = taken_over(it, before, begin)
    late = [seconds for seconds in claimed.values() if seconds > BUDGET]
    print("%s: lost host, calls claimed after %s s (budget %.1f): %s; they"
          " have said something new after %s s" % (
              it.store.name, in_order(claimed), BUDGET,
              "LATE" if late else "in time", in_order(said)), flush=True)
    for i, stream in enumerate(streams):
        stream.cut()
        again = session.get(others[i % 2].url, after=stream.last_id)
        last = again.rest(30)[-1]
        check("method" not in last, "ended without an answer: %r", last)
        if i < CALLS:
            check("result" in last, "not run again: %r", last)
            equal(text(last["result"]), "done steps\n", "result")
        else:
            check("error" in last, "not given up: %r", last)
    check("result" in living.rest(30)[-1], "a living host's call: %r",
          living.seen[-1])
    equal(state_of(it)[numbers[-1]][1], 1, "runs of a living host's call")
    dead.revive()
    session.send("ping", url=dead.url).result()


cluster.run(test)
