"""A store in trouble is 503 and a reason to try again, never 404.

A client that is told 404 throws its session away; with 503 it waits.
"""
import contextlib
import os
import sqlite3
import subprocess

import harness
import mcp
from support import check, equal, wait_until

# No more than this is waited for a store.
TIMEOUT = "300ms"


def expect_busy(answer):
    equal(answer.status, 503, "status without a store, %r" % answer)
    check(int(answer.headers["Retry-After"]) > 0, "no Retry-After")
    check("error" in answer.json(), "no JSON-RPC error: %r", answer)


def works(session):
    answer = session.send("tools/list")
    check(answer.status in (200, 503), "neither here nor later: %r", answer)
    return answer.status == 200


def works_again(session, host):
    """Each worker notices for itself that the store is back."""
    for _ in range(2 * len(host.workers())):
        wait_until(lambda: works(session), "the old session")
    wait_until(lambda: mcp.Session(host.url).initialize().status == 200,
               "a new session")


@contextlib.contextmanager
def locked(file):
    """Nobody else may write, as during a long transaction."""
    db = sqlite3.connect(str(file), isolation_level=None)
    try:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


def test_locked(world):
    file = world.folder / "locked.db"
    host = world.host(store={"url": "sqlite://%s" % file,
                             "timeout": TIMEOUT})
    session, ended = mcp.opened(host.url), mcp.opened(host.url)
    with locked(file):
        expect_busy(mcp.Session(host.url).initialize())
        expect_busy(ended.delete())
        # Reading needs no lock.
        works(session)
    works_again(session, host)
    check(ended.delete().status in (200, 204), "DELETE after the lock")


def test_moved_away(world):
    folder = world.folder / "moved"
    folder.mkdir()
    host = world.host(store={"url": "sqlite://%s" % (folder / "sessions.db"),
                             "timeout": TIMEOUT})
    session = mcp.opened(host.url)
    away = world.folder / "away"
    folder.rename(away)
    # A write notices at once, a read soon, each worker for itself.
    for _ in range(4):
        expect_busy(mcp.Session(host.url).initialize())
    wait_until(lambda: not any([works(session) for _ in range(8)]),
               "refusals by all workers")
    expect_busy(session.send("tools/list"))
    host.reload()
    expect_busy(session.send("tools/list"))
    away.rename(folder)
    works_again(session, host)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own; None where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder]
    mounted = os.getuid() == 0 and subprocess.run(
        command, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder):
    """Not one byte more fits there."""
    with open(folder / "ballast", "wb", buffering=0) as ballast:
        with contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 4096)


def test_disk_full(world):
    with small_disk(world.folder / "disk", "2M") as disk:
        if disk is None:
            print("no disk of our own: this needs root and mount")
            return
        host = world.host(store={
            "url": "sqlite://%s" % (disk / "sessions.db"),
            "timeout": TIMEOUT})
        session = mcp.opened(host.url)
        fill(disk)
        refused = until_refused(host)
        expect_busy(refused)
        check(session.send("tools/list").status in (200, 503),
              "the old session on a full disk")
        (disk / "ballast").unlink()
        works_again(session, host)


def until_refused(host):
    """Some sessions may still fit into space the store holds already."""
    for _ in range(2000):
        answer = mcp.Session(host.url).initialize()
        if answer.status != 200:
            return answer
    raise AssertionError("the disk was never full")


def test(world):
    for part in (test_locked, test_moved_away, test_disk_full):
        part(world)
        print("ok %s" % part.__name__)


harness.run(test)
