"""A store that cannot be used: 503 and Retry-After, and nothing is lost."""
import contextlib
import ctypes
import os
import signal
import sqlite3
import subprocess

import harness
import mcp
from support import check, equal, wait_until

# What belongs to a database file, by what is added to its name.
PARTS = ("", "-wal", "-shm", "-lock", "-ballast")
# The store lays 32 MiB by if there is twice as much.
DISK = "80m"
CLONE_NEWNS = 0x00020000


def expect_unavailable(answer, what):
    """503, when to come back, and a JSON-RPC error that gives no path."""
    equal(answer.status, 503, what)
    check(int(answer.headers["Retry-After"]) > 0, "%s: no Retry-After", what)
    message = answer.json()
    check("error" in message, "%s: no error: %r", what, message)
    check(b"/" not in answer.body, "%s: tells a path: %r", what, answer)


def expect_working(session, url):
    check("convert_units" in session.tools(url), "the session is lost")
    mcp.opened(url).delete()


def works(session):
    """Often enough to have met all workers."""
    return all(session.send("tools/list").status == 200 and
               mcp.Session(session.url).initialize().status == 200
               for _ in range(8))


def ended(session):
    """Try to end it; a try that fails must not end it."""
    answer = session.delete()
    if answer.status == 503:
        expect_unavailable(answer, "DELETE, full")
        session.tools()
    return answer.status in (200, 204)


def store_of(world, name, **options):
    path = world.folder / name
    return path, world.host(store=dict(options, url="sqlite://%s" % path))


def test_locked(world):
    """Somebody holds the lock: a request waits, but not for ever."""
    path, host = store_of(world, "locked.db", timeout="300ms")
    session, other = mcp.opened(host.url), mcp.opened(host.url)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.isolation_level = None
        database.execute("BEGIN EXCLUSIVE")
        for _ in range(2):
            expect_unavailable(mcp.Session(host.url).initialize(),
                               "initialize, locked")
            expect_unavailable(other.delete(), "DELETE, locked")
        # Readers do not need the lock.
        session.tools()
        database.execute("ROLLBACK")
    # What was refused did not happen.
    expect_working(other, host.url)
    expect_working(session, host.url)
    check(other.delete().status in (200, 204), "DELETE failed")
    equal(other.send("ping").status, 404, "status after DELETE")


def move(folder, path):
    """A database with all that belongs to it, or what there is of that."""
    for part in PARTS:
        with contextlib.suppress(FileNotFoundError):
            os.rename(str(path) + part, folder / (path.name + part))


def test_removed(world):
    """The file is gone: nobody makes an empty one in its place."""
    (world.folder / "here").mkdir()
    away = world.folder / "away"
    away.mkdir()
    path, host = store_of(world, "here/moved.db")
    session, late = mcp.opened(host.url), mcp.opened(host.url)
    late.delete()
    move(away, path)
    wait_until(lambda: session.send("tools/list").status != 200,
               "that the file is missed")
    for worker in host.workers():
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(host.workers()) == 2, "new workers")
    for _ in range(4):
        expect_unavailable(session.send("tools/list"), "tools/list, moved")
        expect_unavailable(mcp.Session(host.url).initialize(),
                           "initialize, moved")
        expect_unavailable(session.delete(), "DELETE, moved")
    host.reload()
    expect_unavailable(session.send("tools/list"), "tools/list, reloaded")
    check(not path.exists(), "an empty database was made")

    move(path.parent, away / path.name)
    # Nothing has to be restarted; each worker looks again after a while.
    wait_until(lambda: works(session), "that the file is found again")
    expect_working(session, host.url)
    equal(late.send("ping").status, 404, "what had ended")
    equal(sorted(p.name for p in away.iterdir()), [], "what is left there")


def small_disk(folder):
    """Mount a disk that is full soon; nobody else sees it, and it goes away
    with the last of our processes.  False where we may not."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0:
        return False
    folder.mkdir()
    commands = (["--make-rprivate", "/"],
                ["-t", "tmpfs", "-o", "size=" + DISK, "none", folder])
    return all(subprocess.run(["mount", *command],
                              stderr=subprocess.DEVNULL).returncode == 0
               for command in commands)


def fill(path):
    """Take all the room there is."""
    with open(path, "wb", buffering=0) as out:
        for block in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    out.write(bytes(block))


def test_full(world):
    """No room: no new sessions, and the old ones go on and can end."""
    disk = world.folder / "disk"
    if not small_disk(disk):
        print("no right to mount a small disk: not tried with a full one")
        return
    _, host = store_of(world, "disk/full.db")
    session, other = mcp.opened(host.url), mcp.opened(host.url)
    fill(disk / "filler")
    for _ in range(4):
        expect_unavailable(mcp.Session(host.url).initialize(),
                           "initialize, full")
        session.tools()
    # The first that does not fit gives up the ballast.
    wait_until(lambda: ended(other), "the end on a full disk")
    equal(other.send("ping").status, 404, "status after DELETE")
    (disk / "filler").unlink()
    wait_until(lambda: works(session), "room for a new session")
    expect_working(session, host.url)
    equal(other.send("ping").status, 404, "what had ended")
    # Or the folder could not be removed.
    subprocess.run(["umount", "-l", disk], check=True)


def test(world):
    world.only_files("this is about files; servers: test_cluster_outage.py,"
                     " contract.*_trouble and contract.*_cuts")
    for part in (test_locked, test_removed, test_full):
        part(world)
        print("ok %s" % part.__name__)


harness.run(test)
