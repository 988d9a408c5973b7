"""Any process may be killed at any moment: 200 clients with open streams, 60
of them with a running call at any time, for a minute; then nothing is left."""
import asyncio
import operator
import os

import harness
import killing
from support import wait_until

SECONDS = int(os.environ.get("MCP_KILL_SECONDS", "60"))


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def test(world):
    hosts = [world.host(
        server={"workers": 4}, limits={"calls": 128},
        catalog={"folder": harness.CATALOG,
                 "modules": [harness.UNITS, harness.COUNT]})
        for _ in range(2)]
    # Some are still being started.
    wait_until(lambda: all(len(host.workers()) == 4 for host in hosts),
               "all workers")
    before = [descriptors(host.responder.pid) for host in hosts]
    asyncio.run(killing.storm_of(world, hosts, SECONDS))
    killing.check_nothing_is_left(world, hosts)

    def after():
        return [descriptors(host.responder.pid) for host in hosts]
    # Those of processes that have ended go when the parent looks again.
    wait_until(lambda: all(map(operator.le, after(), before)),
               "descriptors of the parents, which were %s" % before, 20)
    print("ok descriptors of the parents: %s" % before)


harness.run(test, seconds=SECONDS + 200)
