"""How many calls a host takes: those that run, and those that wait."""
import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, wait_until


def asked(session):
    """A call that waits for its client; the id of its question."""
    stream = session.call_stream("greet")
    question, = stream.until(lambda m: m.get("method") == "elicitation/create")
    return stream, question["id"]


def states(host):
    return sorted(line.split()[1] for line in host.ctl("calls").splitlines())


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    host = world.host(catalog={"folder": catalog.folder},
                      limits={"calls": 1, "calls_waiting": 2})
    session = mcp.opened(host.url, capabilities={"elicitation": {}})
    first, question = asked(session)
    second, _ = asked(session)
    equal(states(host), ["waiting", "waiting"], "calls")

    # They do not keep others from running, but only one runs at a time.
    running = session.call_stream("steps", {"n": 1000, "ms": 20})
    check(running.is_stream, "no room beside those that wait: %r",
          running.body)
    equal(states(host), ["running", "waiting", "waiting"], "calls")
    refused = session.call("steps", {"n": 1})
    equal(refused.status, 503, "status beyond the limit")
    check(refused.headers["Retry-After"], "no Retry-After")

    # Who was answered runs on, whatever else runs.
    session.post({"jsonrpc": "2.0", "id": question, "result": {
        "action": "accept", "content": {"name": "Eve"}}})
    check("Hello, Eve" in str(first.rest()), "no greeting")
    for line in host.ctl("calls").splitlines():
        host.ctl("call", "cancel", line.split()[0])
    wait_until(lambda: not host.ctl("calls"), "the end of all calls")
    for stream in (first, second, running):
        stream.close()
    equal(mcp.text_of(session.call("steps", {"n": 1, "marker": "x"})),
          "done x\n", "a call when there is room again")


harness.run(test)
