"""Whole hosts with memcached in front of their store: it helps, and whatever
it does (hang, go, come back with what it had) no answer is wrong."""
import subprocess
import time

import engine_mariadb
import engine_memcached
import engine_postgresql
import harness
import mcp
from support import check, equal, wait_until

SETTLE_S = 0.26


def hosts_of(world, server, cut, url):
    changes = {"cache": {
        "servers": "%s, %s" % (cut.address, server.address),
        "rows": "on", "hints": "on", "prefix": url.split(":")[0]}}
    if url:
        changes["store"] = {"url": url}
        # The default is to have them.
        changes["cache"].update(rows="auto", hints="auto")
    else:
        changes["cache"]["prefix"] = "sqlite"
    return [world.host(**changes) for _ in range(2)]


def hits(server):
    return int(server.statistics()["get_hits"])


def published(host):
    return (host.folder / "state" / "run" / "revs").exists()


def ended(session, url):
    """How long its DELETE took."""
    start = time.monotonic()
    equal(session.delete(url).status, 204, "status of DELETE")
    return time.monotonic() - start


def expect_gone(session, hosts):
    for host in hosts:
        for _ in range(2):
            equal(session.send("ping", url=host.url).status, 404,
                  "status after DELETE")


def check_copies(server, here, there):
    """Both hosts use copies, and an end is waited for."""
    session = mcp.opened(here.url)
    before = hits(server)

    def are_used():
        session.tools(here.url)
        session.tools(there.url)
        return hits(server) - before >= 10

    wait_until(are_used, "use of copies")
    took = ended(session, there.url)
    check(took >= SETTLE_S - 0.01, "answered after %.3f s", took)
    expect_gone(session, (here, there))


def check_level(here, there):
    """A log level that was answered is known everywhere."""
    session = mcp.opened(here.url)
    for level in ("debug", "error", "warning"):
        session.tools(there.url)
        answer = session.send("logging/setLevel", {"level": level},
                              url=here.url)
        equal(answer.status, 200, "status of setLevel")
        shown = here.ctl("session", "export", session.id)
        check(there.ctl("session", "export", session.id) == shown,
              "hosts differ")
    session.delete(here.url)


def check_operator(here, there):
    session = mcp.opened(here.url)
    session.tools(there.url)
    session.tools(there.url)
    start = time.monotonic()
    here.ctl("session", "end", session.id)
    check(time.monotonic() - start >= SETTLE_S - 0.01, "it did not wait")
    expect_gone(session, (there, here))


def check_cut(cut, here, there):
    """Deletes are lost, and old contents come back."""
    for _ in range(4):
        sessions = [mcp.opened(here.url) for _ in range(4)]
        for session in sessions:
            for host in (here, there, here, there):
                session.tools(host.url)
        cut.cut()
        for session in sessions[:2]:
            ended(session, here.url)
        cut.mend()
        # Somebody must have noticed that it is back.
        deadline = time.monotonic() + 0.8
        while time.monotonic() < deadline:
            expect_gone(sessions[0], (here, there))
            expect_gone(sessions[1], (here, there))
            sessions[2].tools(there.url)
        for session in sessions[2:]:
            ended(session, there.url)
            expect_gone(session, (here, there))


def check_hang(server, here, there):
    """The first ones wait for 20 ms, the others do not."""
    session = mcp.opened(here.url)
    session.tools(there.url)
    server.stop()
    try:
        for _ in range(20):
            session.tools(here.url)
            session.tools(there.url)
        ended(session, here.url)
        expect_gone(session, (here, there))
    finally:
        server.resume()
    expect_gone(session, (here, there))


def check_death(server, here, there):
    session = mcp.opened(here.url)
    session.tools(there.url)
    server.kill()
    session.tools(here.url)
    session.tools(there.url)
    server.start()
    session.tools(here.url)
    session.tools(there.url)
    ended(session, here.url)
    expect_gone(session, (here, there))


def check_no_publisher(here):
    """Without mcp-stream the store is read."""
    session = mcp.opened(here.url)
    here.streamer.terminate()
    here.streamer.wait(15)
    for _ in range(5):
        session.tools(here.url)
    ended(session, here.url)
    expect_gone(session, (here,))


def check_all(world, server, url):
    cut = engine_memcached.Cut(server.port)
    try:
        here, there = hosts_of(world, server, cut, url)
        for host in (here, there):
            wait_until(lambda: published(host), "revisions")
        check_copies(server, here, there)
        check_level(here, there)
        check_operator(here, there)
        check_cut(cut, here, there)
        check_hang(server, here, there)
        check_death(server, here, there)
        check_no_publisher(here)
    finally:
        cut.close()


def check_engine(world, server, engine):
    if engine.missing():
        print("not with %s: %s" % (engine.name, engine.missing()))
        return
    database = engine(world.folder)
    database.start()
    try:
        url = database.url("mcp")
        # Hosts that meet at an empty database answer 503 for a moment.
        subprocess.run([harness.CTL, "-o", "store.url=%s" % url,
                        "schema", "apply"],
                       check=True, stdout=subprocess.DEVNULL)
        check_all(world, server, url)
    finally:
        database.stop()


def test(world):
    missing = engine_memcached.Memcached.missing()
    if missing:
        raise harness.Skip(missing)
    server = engine_memcached.Memcached(world.folder)
    server.start()
    try:
        check_all(world, server, "")
        check_engine(world, server, engine_postgresql.Postgresql)
        check_engine(world, server, engine_mariadb.Mariadb)
    finally:
        server.close()


harness.run(test)
