"""The demo: one command, hosts behind a balancer, nothing left at the end."""
import os
import signal

import harness
import mcp
from support import check, children_of, equal, is_alive, wait_until

# It builds the release if nobody did so before.
BUILD_SECONDS = 540


def line_with(log, start):
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith(start):
            return line[len(start):].strip()
    return None


def family_of(pid):
    """A process and all that came from it."""
    found = [pid]
    for child in children_of(pid):
        found += family_of(child)
    return found


def start(world):
    """The demo and the URL it says is ready."""
    temporary = world.folder / "tmp"
    temporary.mkdir()
    log = world.folder / "demo" / "demo.log"
    log.parent.mkdir()
    demo = world.start(
        ["sh", harness.SOURCE / "httpd-conf" / "demo", "--no-install",
         "--hosts", "2"], log, env=dict(os.environ, TMPDIR=str(temporary)))
    wait_until(lambda: line_with(log, "ready:") or demo.poll() is not None,
               "ready", BUILD_SECONDS)
    equal(demo.poll(), None, "status of a demo that should run")
    return demo, log, temporary


def test(world):
    for program in ("lighttpd", "nginx", "cmake", "ninja"):
        harness.need(program)
    demo, log, temporary = start(world)
    hosts = [line_with(log, "host %d:" % number) for number in (1, 2)]
    check(None not in hosts, "no line for each host: %s", log.read_text())
    equal(len(list(temporary.iterdir())), 1, "scratch folders")

    session = mcp.opened(line_with(log, "ready:"))
    for url in hosts + [session.url]:
        check("convert_units" in session.tools(url), "no tools at %s", url)
        answer = session.call("convert_units",
                              {"value": 1, "from": "km", "to": "m"}, url)
        check("1000" in mcp.text_of(answer), "wrong: %r", answer)
    for _ in range(10):
        session.tools()

    family = family_of(demo.pid)
    check(len(family) > 6, "few processes for two hosts: %s", family)
    demo.send_signal(signal.SIGTERM)
    equal(demo.wait(30), 0, "exit status of the demo")
    wait_until(lambda: not any(map(is_alive, family)), "the end of all")
    equal(list(temporary.iterdir()), [], "what is left of the scratch folder")


harness.run(test)
