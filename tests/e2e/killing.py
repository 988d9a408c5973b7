"""A storm of clients whose servers are killed all the time; see storm.py."""
import asyncio
import collections
import os
import random
import signal
import time

import harness
import storm
from support import check, children_of, equal, wait_until

CLIENTS = int(os.environ.get("MCP_KILL_CLIENTS", "200"))
CALLERS = CLIENTS * 3 // 10
KILL_EVERY = 0.3
SWEEP_LATER = 3600
LEFT_OVER = ("call", "question", "cancel", "signal", "stream", "event", "want")


def owns(pid, folder, owners):
    """Is this process at a call?  It holds the lock of its name."""
    try:
        for fd in os.listdir("/proc/%d/fd" % pid):
            path = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            if path.startswith(str(folder / "state" / "run")) and \
                    os.path.basename(path) in owners:
                return True
    except OSError:
        pass
    return False


def running(world):
    """Names of processes that are at a call."""
    return {owner.partition(".")[2] for owner, in world.store.query(
        "SELECT DISTINCT %s FROM {}call WHERE state = 1"
        % world.store.text("owner"))}


def victims(world, hosts):
    kinds = {"worker": [], "runner": [], "stream": []}
    owners = running(world)
    for host in hosts:
        for pid in children_of(host.responder.pid):
            # The parent's other children are tools that lost their own.
            if not is_ours(pid, "mcp-request"):
                continue
            kinds["runner" if owns(pid, host.folder, owners)
                  else "worker"].append(pid)
        kinds["stream"] += [pid for pid in children_of(host.streamer.pid)
                            if is_ours(pid, "mcp-stream")]
    return kinds


def is_ours(pid, name):
    try:
        with open("/proc/%d/comm" % pid) as comm:
            return comm.read().strip() == name
    except OSError:
        return False


async def kill_all_the_time(world, hosts, dice, killed):
    while True:
        await asyncio.sleep(KILL_EVERY)
        # Clients go on while the store is asked.
        found = await asyncio.get_running_loop().run_in_executor(
            None, victims, world, hosts)
        kinds = {kind: pids for kind, pids in found.items() if pids}
        kind = dice.choice(sorted(kinds))
        try:
            os.kill(dice.choice(kinds[kind]), signal.SIGKILL)
            killed[kind] += 1
        except ProcessLookupError:
            pass


async def notify_all_the_time(host):
    while True:
        await asyncio.sleep(1)
        process = await asyncio.create_subprocess_exec(
            str(harness.CTL), "-c", str(host.conf), "notify", "tools",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL)
        await process.wait()


async def call_all_the_time(client, until, counts):
    number = 0
    while time.monotonic() < until:
        number += 1
        marker = "m-%d-%d-" % (client.number, number)
        script = (client.number + number) % 4 == 0
        response = await client.call(
            "count_script" if script else "count",
            {"n": 10, "ms": 150}, marker)
        if response is None:
            counts["not accepted"] += 1
            await asyncio.sleep(0.1)
        elif "error" in response:
            counts["error"] += 1
            print("error of %s: %r" % (marker, response["error"]))
        else:
            counts["result"] += 1


async def storm_of(world, hosts, seconds):
    dice = random.Random(os.environ.get("MCP_KILL_SEED", "1"))
    urls = [host.url for host in hosts]
    clients = [storm.Client(urls, i, "2025-11-25" if i % 2 else "2025-06-18")
               for i in range(CLIENTS)]
    for start in range(0, CLIENTS, 20):
        await asyncio.gather(*(c.open() for c in clients[start:start + 20]))
    streams = [asyncio.ensure_future(c.listen()) for c in clients]
    killed, counts = collections.Counter(), collections.Counter()
    until = time.monotonic() + seconds
    disturbers = [
        asyncio.ensure_future(kill_all_the_time(world, hosts, dice, killed)),
        asyncio.ensure_future(notify_all_the_time(hosts[0]))]
    calls = [asyncio.ensure_future(call_all_the_time(c, until, counts))
             for c in clients[:CALLERS]]
    done = await asyncio.gather(*calls, return_exceptions=True)
    for task in disturbers + streams:
        if task.done() and task.exception() is not None:
            done.append(task.exception())
        task.cancel()
    await asyncio.gather(*disturbers, *streams, return_exceptions=True)
    await asyncio.gather(*(c.delete() for c in clients))
    broken = [str(e) for e in done if e is not None]
    broken += [text for client in clients for text in client.broken]
    print("killed %s; calls %s; notices %d" % (
        dict(killed), dict(counts), sum(c.notices for c in clients)))
    for text in broken[:20]:
        print("BROKEN:", text)
    check(not broken, "%d laws were broken", len(broken))
    check(counts["result"] > 0, "no call came through")
    check(sum(killed.values()) >= seconds / KILL_EVERY / 6, "too few killed")
    check(sum(c.notices for c in clients) > CLIENTS, "hardly any notice came")


def rows(world, table):
    return world.store.query("SELECT count(*) FROM {}%s" % table)[0][0]


def tools_left(hosts):
    return [pid for host in hosts for pid in children_of(host.responder.pid)
            if not is_ours(pid, "mcp-request")]


def check_nothing_is_left(world, hosts, others=0):
    """All sessions have been ended; what is kept is kept for some seconds now,
    and in the end only tombstones stay, with those of others."""
    wait_until(lambda: not tools_left(hosts), "the end of all tools")
    equal(rows(world, "session WHERE state = 1"), 0, "live sessions")
    equal(rows(world, "session WHERE state = 2"), CLIENTS + others,
          "tombstones")

    # Servers keep signals for as long as clocks may differ.
    later = dict(os.environ, **harness.preload(
        harness.CLOCK_OFFSET, MCP_CLOCK_OFFSET=SWEEP_LATER))

    def is_swept():
        hosts[0].ctl("sweep", "2", env=later)
        return not any(rows(world, table) for table in LEFT_OVER)
    wait_until(is_swept, "an empty store", 75)
