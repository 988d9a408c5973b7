"""Only the call of a process that is dead is taken over."""
import os
import socket
import subprocess

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, wait_until


def take_over(host, number):
    done = subprocess.run(
        [str(harness.REQUEST), "-c", str(host.conf), "-r", str(number)],
        timeout=20, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)
    equal(done.returncode, 0, "status of mcp-request -r: %s" % done.stdout)
    return done.stdout


def order(host, text):
    """As the housekeeper of that host says it to the parent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), str(host.folder / "state" / "run" / "orders"))


def test_late_order(host, other):
    """Two housekeepers see the same dead host.  When the order of one is
    followed the other's has been, and who runs the call lives, elsewhere."""
    session = mcp.opened(host.url)
    stream = session.call_stream(
        "steps", {"n": 40, "ms": 50, "marker": "y"})
    stream.until(lambda m: m.get("method") is not None)
    order(other, "run 2 7")
    wait_until(lambda: "taken-over call=2" in other.log(), "the order")
    check("taken-over call=2 rc=conflict" in other.log(),
          "a live call was taken over: %s", other.log())
    last = stream.rest()[-1]
    check("result" in last, "no result: %r", last)


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define(catalog, "steps", speaking.STEPS, repeat=True)
    host, other = world.two_hosts(catalog)
    session = mcp.opened(host.url)
    pid_file = str(world.folder / "pid")
    stream = session.call_stream(
        "steps", {"n": 20, "ms": 50, "marker": "x", "pid_file": pid_file})
    first = stream.until(lambda m: m.get("method") is not None)
    os.unlink(pid_file)
    check("conflict" in take_over(host, 1), "a live call was taken over")
    messages = first + stream.rest()
    equal([m["params"]["progress"] for m in messages[:-1]],
          list(range(1, 21)), "progress")
    check("result" in messages[-1], "no result: %r", messages[-1])
    check(not os.path.exists(pid_file), "the tool was run twice")
    check("conflict" in take_over(host, 1), "an ended call was taken over")
    test_late_order(host, other)


harness.run(test)
