"""The store was restored from a backup while a host runs: events and calls of
before mean nothing any more, sessions go on."""
import contextlib
import shutil
import sqlite3
import subprocess

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, is_alive, wait_until


def test_recovered(here, there, folder):
    session = mcp.opened(here.url)
    stream = session.get(here.url)
    wait_until(lambda: stream.next(), "the first event")
    before = stream.last_id
    pid_file = folder / "pid"
    call = session.call_stream(
        "steps", {"n": 10000, "ms": 50, "marker": "m",
                  "pid_file": str(pid_file)}, here.url)
    wait_until(lambda: pid_file.exists(), "the tool")
    said = there.ctl("store", "recovered")
    check("sessions go on" in said, "%s", said)
    # Who runs a call of before may not write for it, and stops.
    wait_until(lambda: not is_alive(int(pid_file.read_text())),
               "the end of the tool")
    call.rest()
    stream.rest()
    for host in (here, there):
        equal(session.get(host.url, after=before).status, 400,
              "status of an event of before")
        equal(session.send("ping", url=host.url).status, 200, "session")
    again = session.get(there.url)
    wait_until(lambda: again.next(), "the first event of a new stream")
    check(again.last_id.split("-")[0] != before.split("-")[0],
          "%s and %s are of one incarnation", again.last_id, before)
    here.ctl("notify", "tools")
    equal(again.message()["method"], "notifications/tools/list_changed",
          "what comes")
    again.close()
    equal(mcp.text_of(session.call("steps", {"n": 1, "marker": "x"},
                                   here.url)), "done x\n", "a new call")


def test_restored_twice(world, host):
    """From one backup: what was given out after the first time means nothing
    after the second."""
    backup = world.folder / "backup.db"
    seen = set()
    with contextlib.closing(sqlite3.connect(
            world.folder / "sessions.db", timeout=10)) as store:
        with contextlib.closing(sqlite3.connect(backup)) as copy:
            store.backup(copy)
    for number in range(3):
        restored = world.folder / ("restored%d.db" % number)
        shutil.copy(backup, restored)
        said = subprocess.run(
            [harness.CTL, "-c", host.conf, "-o",
             "store.url=sqlite://%s" % restored, "store", "recovered"],
            stdout=subprocess.PIPE, check=True).stdout.split()
        seen.add(said[1])
    equal(len(seen), 3, "incarnations of three restored stores, %s" % seen)


def test_schema(host, store):
    """A line for each fact, and the store is made where it is wanted."""
    said = dict(line.rsplit(None, 1) for line in
                host.ctl("schema", "status").splitlines())
    equal(said["engine"], store.kind, "engine")
    equal(said["schema"], said["this program"], "steps")
    check(int(said["oldest program"]) <= int(said["schema"]), "%r", said)
    url = "store.url=%s" % store.empty_url("made")

    def ctl(*words):
        return subprocess.run(
            [harness.CTL, "-c", host.conf, "-o", url, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=False).returncode
    equal(ctl("schema", "status"), 1, "status without a store")
    equal(ctl("schema", "apply"), 0, "making one")
    equal(ctl("schema", "apply"), 0, "making it again")
    equal(ctl("schema", "status"), 0, "status")
    for words in (("schema",), ("schema", "x"), ("store",), ("store", "x")):
        equal(ctl(*words), 2, "status of %r" % (words,))


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    test_recovered(here, there, world.folder)
    if world.store.is_file:
        test_restored_twice(world, here)
    test_schema(here, world.store)


harness.run(test)
