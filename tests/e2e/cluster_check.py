"""A storm over a cluster, and whether all laws held in it."""
import asyncio
import itertools
import json
import time

import cluster_clients
import cluster_faults
import harness
from cluster import WORKERS
from support import check, wait_until

REVISIONS = ("2025-11-25", "2025-06-18", "2025-11-25", "2025-03-26")
LEFT_OVER = ("call", "task", "question", "cancel", "signal", "stream", "event",
             "want", "session WHERE state = 1")
BROKEN_MAX = 20
# They wait for an answer; a client that was cut off before it heard the
# question never gives one.
RUNNING = "call WHERE state = 1 AND tool NOT IN ('ask', 'think')"


def clients_of(cluster, ledger, n):
    found = []
    for i in range(n):
        if i % 8 == 5:
            found.append(cluster_clients.Oldest(
                cluster.url, i, ledger, cluster.seed))
        elif i % 8 == 6:
            found.append(cluster_clients.Newest(
                cluster.url, i, ledger, cluster.seed))
        else:
            found.append(cluster_clients.Member(
                cluster.url, i, REVISIONS[i % len(REVISIONS)], ledger,
                cluster.seed))
    return found


async def notify(cluster):
    """Somebody changes something all the time."""
    while True:
        await asyncio.sleep(1)
        hosts = cluster.up()
        if hosts:
            host = cluster.dice.choice(hosts)
            await asyncio.get_running_loop().run_in_executor(
                None, lambda: host.call(
                    [harness.CTL, "-c", host.conf, "notify", "tools"],
                    timeout=20))


async def storm(cluster, ledger, n, seconds, kinds, pause):
    """So many clients, for so long, and the faults of those kinds."""
    clients = clients_of(cluster, ledger, n)
    members = [c for c in clients if isinstance(c, cluster_clients.Member)]
    for i in range(0, len(members), 10):
        await asyncio.gather(*(c.begin() for c in members[i:i + 10]))
    driver = cluster_faults.Driver(cluster, kinds, pause) if kinds else None
    until = time.monotonic() + seconds
    done = await asyncio.gather(*(c.live(until) for c in clients),
                                return_exceptions=True)
    if driver:
        loop = asyncio.get_running_loop()
        print("faults: %s" % await loop.run_in_executor(None, driver.end))
    await asyncio.get_running_loop().run_in_executor(
        None, compare, cluster, ledger)
    done += await asyncio.gather(*(c.end() for c in clients),
                                 return_exceptions=True)
    for problem in done:
        if isinstance(problem, Exception):
            ledger.wrong("%s: %s", type(problem).__name__, problem)


def compare(cluster, ledger):
    """What was received is what the store says was sent."""
    # Cancelled calls would have gone on for long.
    try:
        wait_until(lambda: not left(cluster, RUNNING),
                   "the end of all calls", 40)
    except AssertionError:
        print(cluster.query("SELECT number, tool, state, runs, epoch, owner"
                            " FROM {}%s" % RUNNING))
        raise
    heads = dict(cluster.query("SELECT number, head FROM {}stream"))
    events = {}
    for number, seq, data in cluster.query(
            "SELECT stream, seq, %s FROM {}event ORDER BY stream, seq"
            % cluster.store.hexed("data")):
        events.setdefault(number, []).append((seq, bytes.fromhex(data[1:])))
    for number, rows in events.items():
        seqs = [seq for seq, _ in rows]
        if seqs != list(range(heads.get(number, 0) - len(seqs) + 1,
                              heads.get(number, 0) + 1)):
            ledger.wrong("stream %d has a gap: %r of %r", number, seqs,
                         heads.get(number))
    compared = 0
    for number, seen in ledger.streams.items():
        rows = dict(events.get(number, ()))
        for event_id, message in seen:
            data = rows.get(int(event_id.split("-")[2]))
            if message is None or data is None:
                continue
            compared += 1
            if json.loads(data) != message:
                ledger.wrong("%s: %r, and stored is %r", event_id, message,
                             data)
    print("compared %d events with the store's" % compared)
    runs = dict(cluster.query(
        "SELECT runs, count(*) FROM {}call GROUP BY runs"))
    print("calls by how often they were run: %s" % runs)
    claimed = cluster.query(
        "SELECT number, runs, epoch FROM {}call WHERE epoch > 1 OR runs > 1")
    if claimed and not (ledger.may_kill or ledger.may_renew):
        ledger.wrong("taken over, and nobody was dead: %r", claimed)


def refusals(ledger, may_kill):
    """Every error is one that may be.  may_kill: hosts or processes died, so
    that others than the server may say it is not there."""
    for _, status, who, method, headers in ledger.refused:
        if status == 404:
            # Judged by those who asked.
            continue
        if who == "server" and status == 400 and ledger.may_renew:
            continue
        if who == "server" and status in (429, 503) and \
                int(headers.get("retry-after", 0)) > 0:
            continue
        if who == "balancer" and may_kill:
            continue
        if who == "lighttpd" and may_kill and status in (500, 502, 503, 504):
            continue
        ledger.wrong("%s was refused: %d of %s, %r", method, status, who,
                     headers)


def rotation(cluster, ledger):
    """No two requests of a session that followed each other, same host."""
    last, n = {}, 0
    with open(cluster.balancer_log) as log:
        records = sorted(map(json.loads, log), key=lambda r: r["at"])
    for record in records:
        n += 1
        session = record["session"]
        if session is None:
            continue
        if last.get(session) == record["host"]:
            ledger.wrong("two requests to host %d: %r", record["host"],
                         record)
        last[session] = record["host"]
    check(n > 0, "nothing went through the balancer")
    return n


def left(cluster, table):
    return cluster.query("SELECT count(*) FROM {}%s" % table)[0][0]


def nothing_left(cluster, before, seconds=30):
    """No rows, processes, descriptors."""
    later = itertools.count(2)

    def is_swept():
        # What a sweep says of itself is for another one.
        cluster.up()[0].sweep(next(later) * 3600)
        return not any(left(cluster, table) for table in LEFT_OVER)
    wait_until(lambda: not any(host.tools() for host in cluster.up()),
               "the end of all tools")
    try:
        wait_until(is_swept, "an empty store", seconds)
    except AssertionError:
        for table in LEFT_OVER:
            if left(cluster, table):
                print(table, cluster.store.rows(table))
        raise
    wait_until(lambda: all(now <= then for now, then in zip(
        cluster.descriptors(), before)), "descriptors %s, as before: now %s"
        % (before, cluster.descriptors()), 20)
    print("ok nothing is left: rows, tools, descriptors")


def run_storm(cluster, kinds, clients=24, seconds=20, pause=1.0,
              may_kill=True):
    """The whole of it; what it has found is printed."""
    ledger = cluster_clients.Ledger()
    ledger.may_kill = may_kill
    ledger.may_fill = cluster_faults.FillStore in kinds
    ledger.may_renew = cluster_faults.FailOver in kinds
    # Some workers are still being started.
    wait_until(lambda: all(len(host.workers()) >= WORKERS
                           for host in cluster.hosts), "all workers", 30)
    before = cluster.descriptors()
    asyncio.run(storm(cluster, ledger, clients, seconds, kinds, pause))
    refusals(ledger, may_kill)
    n = rotation(cluster, ledger)
    print("%d requests; %s" % (n, dict(ledger.counts)))
    print("statuses %s" % dict(sorted(ledger.statuses.items())))
    for text in ledger.broken[:BROKEN_MAX]:
        print("BROKEN:", text[:600])
    check(not ledger.broken, "%d laws were broken", len(ledger.broken))
    check(ledger.counts["result"] > 0, "no call came through")
    nothing_left(cluster, before)
    return ledger
