"""The database server is away, or does not want us, when a host starts: what
operators are told, once and without the password, and nobody tries all the
time.  When it is there all goes on by itself."""
import os
import pathlib
import time

import harness
import mcp
import stores
from support import check, children_of, equal, wait_until

# As the configuration has it; it must not be seen anywhere.
SECRET = "SECRET"
TICK = os.sysconf("SC_CLK_TCK")
# What a second of waiting may cost, of a processor; and how long we look.
CPU_SHARE = 0.1
LOOK_S = 2
LINES_MAX = 12

ROLES = {
    "postgresql": "CREATE ROLE poor LOGIN; CREATE ROLE other LOGIN PASSWORD"
                  " 'another'; ALTER ROLE mcp PASSWORD 'SECRET'",
    "mariadb": "CREATE USER poor@'127.0.0.1' IDENTIFIED BY 'SECRET',"
               " other@'127.0.0.1' IDENTIFIED BY 'another';"
               " ALTER USER mcp@'127.0.0.1' IDENTIFIED BY 'SECRET';"
               " GRANT SELECT ON start.* TO poor@'127.0.0.1'",
}
HBA = "local all all trust\nhost all other all scram-sha-256\n" \
    "host all all all trust\n"
# Role, database, further text of the URL, status of mcpctl check, and some of
# what is said.
ROWS = (
    ("other", "start", "", 1, ("password authentication failed",
                               "Access denied")),
    ("mcp", "nowhere", "", 1, ("does not exist", "Access denied")),
    ("poor", "start", "", 0, ("empty; set it up",)),
    ("mcp", "start", "?unheard_of=SECRET", 1, ("the URL of the store",
                                               "unheard_of")),
)


def said_by(host, *words):
    """Status and text of mcpctl."""
    done = host.call([harness.CTL, "-c", host.conf, *words], timeout=20)
    check(SECRET not in done.stdout, "the password: %s", done.stdout)
    return done.returncode, done.stdout


def cpu_of(process):
    """Seconds, of it and its children."""
    total = 0
    for pid in (process.pid, *children_of(process.pid)):
        stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
        total += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return total / TICK


def check_quiet(host):
    """Little work, few lines, no password."""
    processes = (host.responder, host.streamer)
    before = [cpu_of(process) for process in processes]
    time.sleep(LOOK_S)
    for process, used in zip(processes, before):
        used = cpu_of(process) - used
        check(used < LOOK_S * CPU_SHARE, "%.2f s of work in %d s", used,
              LOOK_S)
    for name in ("request.log", "stream.log"):
        said = (host.folder / name).read_text()
        check(SECRET not in said, "the password: %s", said)
        check("why=" in said, "no reason: %s", said)
        check(said.count("\n") <= LINES_MAX, "too much is said: %s", said)


def check_refused(host):
    for _ in range(3):
        answer = mcp.Session(host.url).initialize()
        equal(answer.status, 503, "status without a database")
        check(int(answer.headers["Retry-After"]) > 0, "no Retry-After")


def stop(host):
    for process in (host.responder, host.streamer):
        process.terminate()
        equal(process.wait(10), 0, "status at the end")


def check_row(world, url, checked, sentences):
    host = world.host(store={"url": url})
    for wanted, words in ((checked, ("check",)), (1, ("schema", "status"))):
        status, said = said_by(host, *words)
        equal(status, wanted, "status of %s (%s)" % (words, said))
        check(any(text in said for text in sentences), "%s: %s", words, said)
        check(all(said.count(text) <= 1 for text in sentences),
              "said twice: %s", said)
    status, said = said_by(host, "schema", "apply")
    equal(status, 1, "status of schema apply (%s)" % said)
    check(": " in said.partition("mcpctl: ")[2], "no sentence: %s", said)
    check_quiet(host)
    check_refused(host)
    stop(host)


def check_later(world, server, url):
    """It comes after the hosts, and is empty."""
    server.stop()
    host = world.host(store={"url": url})
    equal(said_by(host, "check")[0], 1, "status of check")
    check_quiet(host)
    check_refused(host)
    server.start()
    wait_until(lambda: mcp.Session(host.url).initialize().status == 200,
               "a session")
    # Each worker tries again by itself.
    wait_until(lambda: all(mcp.Session(host.url).initialize().status == 200
                           for _ in range(8)), "all workers")
    session = mcp.opened(host.url)
    equal(session.get(host.url).status, 200, "status of a stream")
    status, said = said_by(host, "check")
    equal((status, "0 errors" in said), (0, True), "check: %s" % said)
    stop(host)


def check_other_reason(world, server, url, sentences):
    """It is away, and when it comes it refuses us: that is told, too."""
    server.stop()
    host = world.host(store={"url": url})
    log = host.folder / "stream.log"
    wait_until(lambda: "why=" in log.read_text(), "the first reason")
    check(not any(text in log.read_text() for text in sentences),
          "it was refused by nobody")
    server.start()
    wait_until(lambda: any(text in log.read_text() for text in sentences),
               "the other reason")
    stop(host)


def check_engine(world, engine):
    missing = engine.missing()
    if missing:
        print("not with %s: %s" % (engine.name, missing))
        return
    server = engine(world.folder)
    server.start()
    try:
        server.url("start")
        server.sql(ROLES[engine.name])
        if engine.name == "postgresql":
            (server.data / "pg_hba.conf").write_text(HBA)
            server.sql("SELECT pg_reload_conf()")

        def url(role, database, rest=""):
            return "%s://%s:%s@127.0.0.1:%d/%s%s" % (
                engine.name, role, SECRET, server.port, database, rest)
        for role, database, rest, *wanted in ROWS:
            check_row(world, url(role, database, rest), *wanted)
        check_later(world, server, url("mcp", "start"))
        check_other_reason(world, server, url("other", "start"), ROWS[0][-1])
    finally:
        server.stop()
    print("ok with %s" % engine.name)


def test(world):
    for kind in ("postgresql", "mariadb"):
        check_engine(world, stores.KINDS[kind].Engine)


harness.run(test)
