"""Two hosts, one store, a balancer that knows nothing of sessions.

Every request goes to the other host than the one before.  First nothing may
fail.  Then workers are killed all the while: a kill costs one request at most,
and never a session.
"""
import collections
import concurrent.futures
import json
import os
import signal
import threading

import harness
import mcp
from support import check, equal

SESSIONS = 200
FOLLOW_UPS = 20
AT_ONCE = 4
KILL_EVERY = 0.2
# Enough that a worker lives for longer than a second before its turn comes.
WORKERS = 4


class Killer(threading.Thread):
    """Kill the oldest worker of the hosts in turn; never a parent."""

    def __init__(self, hosts):
        super().__init__(daemon=True)
        self.hosts = hosts
        self.stop = threading.Event()
        self.kills = 0
        self.start()

    def run(self):
        while not self.stop.wait(KILL_EVERY):
            host = self.hosts[self.kills % len(self.hosts)]
            workers = host.workers()
            if workers:
                os.kill(workers[0], signal.SIGKILL)
                self.kills += 1

    def end(self):
        self.stop.set()
        self.join(5)
        return self.kills


def ask(send, failures):
    """Send once; the answer, or None after writing down the failure."""
    try:
        answer = send()
    except mcp.CUT:
        failures.append("cut")
        return None
    if answer.status >= 400:
        failures.append(answer.status)
        return None
    return answer


def raw_session(url, patient):
    """One session without a client library; its failures."""
    failures = []
    session = mcp.Session(url)
    for _ in range(20 if patient else 1):
        if ask(session.initialize, failures) is not None:
            break
    check(session.id, "no session: %s", failures)
    ask(session.initialized, failures)
    for i in range(FOLLOW_UPS):
        ask(lambda: session.send("ping" if i % 2 else "tools/list"), failures)
    return failures


def raw_clients(url, sessions, patient):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        each = pool.map(lambda _: raw_session(url, patient), range(sessions))
        return [failure for failures in each for failure in failures]


def official_clients(world, url, sessions, patient):
    found = json.loads(world.script(
        "many.mjs", url, sessions, FOLLOW_UPS, AT_ONCE, int(patient)))
    equal(found["sessions"], sessions, "sessions of the official client")
    equal(found["requests"], sessions * FOLLOW_UPS, "its requests")
    return found["failures"]


def both(world, url, patient):
    """Half the sessions by each kind of client at the same time."""
    half = SESSIONS // 2
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        official = pool.submit(official_clients, world, url, half, patient)
        raw = raw_clients(url, half, patient)
        return raw + official.result()


def test(world):
    harness.node()
    hosts = [world.host(server={"workers": WORKERS}) for _ in range(2)]
    url = world.balancer(hosts)

    equal(both(world, url, False), [], "failures")
    print("%d sessions, %d requests each: 0 failures"
          % (SESSIONS, FOLLOW_UPS))
    served = [host.log().count("request http=POST status=200")
              for host in hosts]
    check(min(served) > max(served) // 2, "not balanced: %s", served)

    killer = Killer(hosts)
    failures = both(world, url, True)
    kills = killer.end()
    counts = dict(collections.Counter(map(str, failures)))
    print("the same with %d workers killed: %d failures %s"
          % (kills, len(failures), counts))
    check(kills > 0, "no worker was killed")
    check(len(failures) <= kills, "more failures than kills")
    strange = [one for one in failures if one != "cut" and one < 500]
    equal(strange, [], "failures that are neither 5xx nor a cut connection")


harness.run(test)
