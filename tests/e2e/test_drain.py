"""A host is taken out of service: what runs there goes on to its end, its
streams go elsewhere, and nothing new begins; then it comes back."""
import subprocess
import time

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, wait_until


def name_of(host):
    return (host.folder / "state" / "run" / "host").read_text()


def line_of(asked, host):
    """What a host is told of another."""
    return next(line for line in asked.ctl("host", "list").splitlines()
                if line.startswith(name_of(host)))


def is_refused(answer, what):
    equal(answer.status, 503, what)
    equal(answer.headers["Retry-After"], "2", what)


def test_drain(here, there):
    session = mcp.opened(here.url)
    stream = session.get(here.url)
    wait_until(lambda: stream.next(), "the first event")
    call = session.call_stream(
        "steps", {"n": 40, "ms": 50, "marker": "m"}, here.url)
    call.message()
    # From another host, by name.
    there.ctl("host", "drain", name_of(here))
    begun = time.monotonic()
    events = stream.rest()
    print("ok the stream was closed after %.1f s, %d events"
          % (time.monotonic() - begun, len(events)))
    check("draining" in line_of(there, here), "it is not said")
    # The store was told when its call came, not what it had done.
    refused = session.call("steps", {"n": 1}, here.url)
    is_refused(refused, "a call that needs a process")
    is_refused(session.get(here.url), "a stream")
    check("result" in session.call("convert_units", {
        "value": 1, "from": "m", "to": "km"}, here.url).json(),
        "a call that does not is refused")
    equal(mcp.text_of(session.call("steps", {"n": 1, "marker": "x"},
                                   there.url)), "done x\n", "the other host")
    again = session.get(there.url)
    messages = call.rest()
    check("done m" in mcp.text(messages[-1]["result"]), "the call was cut")
    again.close()


def test_wait(here, there):
    session = mcp.opened(there.url)
    here.ctl("host", "undrain")
    check("draining" not in line_of(here, here), "still draining")
    call = session.call_stream(
        "steps", {"n": 30, "ms": 50, "marker": "m"}, here.url)
    call.message()
    begun = time.monotonic()
    said = here.ctl("host", "drain", "--wait")
    check(time.monotonic() - begun > 0.5, "it did not wait: %s", said)
    equal(here.world.store.query(
        "SELECT count(*) FROM {}call WHERE state = 1")[0][0],
          0, "running calls")
    check("done m" in mcp.text(call.rest()[-1]["result"]), "the call was cut")
    check("processes=0" in line_of(there, here), "something runs there")
    is_refused(session.call("steps", {"n": 1}, here.url), "at once")
    # Over a restart.
    here.responder.terminate()
    here.responder.wait(10)
    here.start_responder()
    # The web server has a 503 of its own until it is back.
    wait_until(lambda: session.send("ping", url=here.url).status == 200,
               "an answer")
    is_refused(session.call("steps", {"n": 1}, here.url), "after a restart")
    there.ctl("host", "undrain", name_of(here))
    wait_until(lambda: session.call("steps", {"n": 1}, here.url).status == 200,
               "new work")


def test_wait_from_elsewhere(here, there):
    """Nothing runs there, and when it is said that nothing will, it is so."""
    session = mcp.opened(there.url)
    for _ in range(3):
        there.ctl("host", "drain", "--wait", name_of(here))
        is_refused(session.call("steps", {"n": 1}, here.url), "right then")
        here.ctl("host", "undrain")
    # One that is not there any more is not waited for.
    for process in (here.responder, here.streamer):
        process.terminate()
        process.wait(10)
    there.ctl("host", "drain", "--wait", name_of(here))


def test_held_in_place(here, there):
    """Without mcp-stream."""
    session = mcp.opened(here.url)
    stream = session.get(here.url)
    wait_until(lambda: stream.next(), "the first event")
    here.ctl("host", "drain")
    stream.rest()
    is_refused(session.get(here.url), "a stream")
    equal(session.get(there.url).status, 200, "elsewhere")
    here.ctl("host", "undrain")


def test_words(here):
    for words in ((), ("drain", "--wait", "a", "b"), ("undrain", "--wait"),
                  ("what",), ("list", "x")):
        done = subprocess.run(
            [harness.CTL, "-c", here.conf, "host", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        equal(done.returncode, 2, "status of %r" % (words,))
        check(b"usage" in done.stdout, "no usage: %r", done.stdout)
    check("no such host" in here.ctl("host", "drain", "0" * 16, status=1),
          "a host that is none")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    lone = world.host(streams=False, catalog={"folder": catalog.folder})
    test_drain(here, there)
    test_wait(here, there)
    test_held_in_place(lone, there)
    test_words(here)
    test_wait_from_elsewhere(here, there)


harness.run(test)
