"""Running calls look at the store seldom, and are told all the same: of a
cancellation on another host, and of answers; also after mcp-stream was
killed, and where there is none."""
import os
import signal
import time

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, is_alive, wait_until

CAPABILITIES = {"elicitation": {}}


def sockets(host):
    return sorted(path.name for path in
                  (host.folder / "state" / "run").glob("*.sock"))


def start(session, host, folder):
    """A call that listens; the process of its tool."""
    pid_file = folder / "pid"
    if pid_file.exists():
        pid_file.unlink()
    stream = session.call_stream(
        "steps", {"n": 10000, "ms": 50, "marker": "x",
                  "pid_file": str(pid_file)}, host.url)
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), "the tool")
    wait_until(lambda: len(sockets(host)) == 2, "sockets of the call")
    return stream, int(pid_file.read_text())


def cancel(session, host, pid):
    """Milliseconds until its process is gone."""
    begun = time.monotonic()
    done = session.post({
        "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": session.number}}, host.url)
    equal(done.status, 202, "status of cancelled")
    wait_until(lambda: not is_alive(pid), "the end of the tool")
    return (time.monotonic() - begun) * 1000


def test_cancel(here, there, folder, what):
    session = mcp.opened(here.url, "2025-11-25", CAPABILITIES)
    took = []
    for other in (here, there, there):
        stream, pid = start(session, here, folder)
        took.append(cancel(session, other, pid))
        stream.rest()
        wait_until(lambda: not sockets(here), "the end of the sockets")
    print("ok %s: process gone after %s ms" % (
        what, ", ".join("%.0f" % ms for ms in took)))
    # Far from the five seconds of a ring that was lost.
    check(sorted(took)[1] < 1500, "nobody rang: %s", took)


def test_killed_ringer(here, there, folder):
    session = mcp.opened(here.url, "2025-11-25", CAPABILITIES)
    stream, pid = start(session, here, folder)
    for process in here.stream_processes():
        os.kill(process, signal.SIGKILL)
    print("ok mcp-stream killed: process gone after %.0f ms"
          % cancel(session, there, pid))
    stream.rest()


def test_cancel_at_once(here, there, folder):
    """Just when it has begun to listen, on a host that holds streams anyway."""
    session = mcp.opened(here.url, "2025-11-25", CAPABILITIES)
    other = mcp.opened(here.url)
    held = other.get(here.url)
    wait_until(lambda: held.next(), "the first event")
    took = []
    for _ in range(4):
        stream, pid = start(session, here, folder)
        took.append(cancel(session, there, pid))
        stream.rest()
        wait_until(lambda: not sockets(here), "the end of the sockets")
    print("ok beside a stream: process gone after %s ms" % (
        ", ".join("%.0f" % ms for ms in took)))
    check(sorted(took)[2] < 1500, "nobody rang: %s", took)
    held.close()


def test_held_in_place(host, there):
    """A stream that the web server did not send to mcp-stream, which is there
    all the same."""
    host.stream_socket = host.folder / "stream.sock"
    host.start_streamer()
    session = mcp.opened(host.url)
    stream = session.get(host.url)
    wait_until(lambda: [name for name in sockets(host)
                        if name.startswith("follow-")], "its socket")
    took = []
    for _ in range(5):
        begun = time.monotonic()
        there.ctl("notify", "tools")
        check(stream.message() is not None, "the stream ended")
        took.append((time.monotonic() - begun) * 1000)
    print("ok held in place: told after %s ms" % (
        ", ".join("%.0f" % ms for ms in took)))
    check(sorted(took)[2] < 500, "nobody rang: %s", took)
    stream.close()
    wait_until(lambda: not sockets(host), "the end of the socket")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    test_cancel(here, there, world.folder, "with mcp-stream")
    test_cancel_at_once(here, there, world.folder)
    test_killed_ringer(here, there, world.folder)
    lone = world.host(streams=False, catalog={"folder": catalog.folder})
    test_cancel(lone, there, world.folder, "without mcp-stream")
    test_held_in_place(lone, there)


harness.run(test)
