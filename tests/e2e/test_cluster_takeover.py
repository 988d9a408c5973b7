"""A whole host dies: how long until somebody else has run, or ended, what it
was at.  The number is printed; the test only waits until it is done."""
import time

import cluster
import mcp
from mcp import text
from support import check, equal, wait_until

BUDGET = 4.5
SECONDS = 20
CALLS = 3


def state_of(it):
    """(state, runs, epoch, head of its stream) of each call by number."""
    return {row[0]: row[1:] for row in it.query(
        "SELECT c.number, c.state, c.runs, c.epoch, s.head FROM {}call c"
        " JOIN {}stream s ON s.number = c.stream ORDER BY c.number")}


def taken_over(it, before, repeatable):
    """Seconds until each call had ended, or said something again."""
    begin, found = time.monotonic(), {}

    def look():
        after = state_of(it)
        for number, was in before.items():
            now = after[number]
            again = now[2] > was[2] and now[3] > was[3]
            if number not in found and again and (
                    now[1] > 1 or number not in repeatable):
                found[number] = time.monotonic() - begin
        return len(found) == len(before)
    wait_until(look, "somebody else", SECONDS)
    return found


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
    dead.kill()
    found = taken_over(it, before, set(mine[:CALLS]))
    late = [seconds for seconds in found.values() if seconds > BUDGET]
    print("%s: lost host, calls taken over after %s s (budget %.1f): %s"
          % (it.store.name, sorted(round(s, 2) for s in found.values()),
             BUDGET, "LATE" if late else "in time"), flush=True)
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
