"""Which statements each kind of request needs, as PostgreSQL counts them."""
import functools
import sys
import time

import hosts_used
import mcp

# What goes on in the background, and is not of a request.
BACKGROUND = ("change", "revs", "host", "sweep", "owner", "info", "keys",
              "topic", "wants")


def statements(site):
    """(calls, bytes of the log, changed something) of each routine."""
    rows = site.store.engine.sql(
        "SELECT substring(query from 'mcp_[a-z_]+'), sum(calls),"
        " sum(wal_bytes), sum(wal_records), sum(total_exec_time) * 1000"
        " FROM pg_stat_statements WHERE query LIKE '%mcp_%'"
        " GROUP BY 1", "mcp")
    found = {}
    for row in rows.splitlines():
        name, *numbers = row.split("|")
        if name:
            found[name[4:]] = [float(n) for n in numbers]
    return found


def count(site, title, do, times, quiet):
    """Statements of one request, by name; quiet: what goes on without."""
    do()
    before = statements(site)
    with hosts_used.Used(site) as used:
        for _ in range(times):
            do()
    time.sleep(0.3)
    after = statements(site)
    zero = [0.0] * 4
    print("    %s: CPU %s" % (title, ", ".join(
        "%s %.0f us" % (role, max(
            0, us - quiet[role] * 1e4 * used.seconds) / times)
        for role, us in used.us.items() if us)))
    for name, now in sorted(after.items()):
        if name.startswith(BACKGROUND):
            continue
        n, bytes_, records, us = (
            a - b for a, b in zip(now, before.get(name, zero)))
        if n >= times / 2:
            print("      %5.2f %-24s %s%5.0f us in the database" % (
                n / times, name, "%6.0f bytes of WAL, " % (bytes_ / n)
                if records else " " * 21, us / n))
    sys.stdout.flush()


def measure(site):
    if site.store.name != "postgresql":
        return
    host, = site.only(1)
    site.store.engine.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
                          "mcp")
    print("  statements of a request%s, one host"
          % (", memcached" if site.cache else ""))
    session = mcp.opened(host.url)
    modern = mcp.Modern(host.url)
    spare = []

    def open_one():
        spare.append(mcp.opened(host.url))

    def beat(n):
        mcp.text_of(session.call("beat", {"n": n, "ms": 20}))

    def read_stream():
        stream = session.get()
        stream.next()
        stream.close()

    times = 20
    quiet = hosts_used.idle(site, [host], 3)
    for title, do in (
            ("initialize and notifications/initialized", open_one),
            ("ping", lambda: session.send("ping")),
            ("tools/list", session.tools),
            ("tools/call, answered at once",
             lambda: session.call("echo", {"text": "x"}).result()),
            ("tools/call without a session, answered at once",
             lambda: modern.call("echo", {"text": "x"}).result()),
            ("tools/call with a stream, nothing said",
             functools.partial(beat, 0)),
            ("the same, ten events", lambda: session.call_stream(
                "beat", {"n": 10, "ms": 20}).rest()),
            ("GET of the session's stream, and leaving", read_stream),
            ("DELETE", lambda: spare.pop().delete())):
        count(site, title, do, times, quiet)
