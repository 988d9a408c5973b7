"""Only the call of a process that is dead is taken over."""
import os
import subprocess

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal


def take_over(host, number):
    done = subprocess.run(
        [str(harness.REQUEST), "-c", str(host.conf), "-r", str(number)],
        timeout=20, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)
    equal(done.returncode, 0, "status of mcp-request -r: %s" % done.stdout)
    return done.stdout


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define(catalog, "steps", speaking.STEPS, repeat=True)
    host = world.host(catalog={"folder": catalog.folder})
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


harness.run(test)
