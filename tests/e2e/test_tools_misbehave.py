"""Whatever a program does: an error the model can read, no process left."""
import harness
import mcp
from catalog import Catalog
from support import check, children_of, is_alive, wait_until

# Each is a shell text, and what else is set in `run`.
TOOLS = {
    "hangs": ("sleep 60", {"timeout": 1}),
    "ignores_signals": ("trap '' TERM INT HUP; while :; do sleep 60; done",
                        {"timeout": 1}),
    "floods": ("while :; do echo 0123456789012345678901234567890123456789; "
               "done", {"max_output": "64K", "timeout": 10}),
    "fails": ("echo the reason >&2; exit 3", {}),
    "crashes": ("kill -SEGV $$", {}),
    "floods_errors": ("head -c 3000000 /dev/zero >&2; exit 1", {}),
    "no_json": ("echo 'not {json'", {"output": "json"}),
    "no_result": ("echo '[1, 2]'", {"output": "result"}),
    "no_text": ("printf '\\377\\376\\000'; exit 1", {}),
}
# It ends at once and well, but its child does not.
LEAVES = "sleep 60 >/dev/null 2>&1 & echo $!"
# Its child keeps standard output open.
HOLDS = "sleep 60 & echo $!; exit 1"


def test(world):
    catalog = Catalog(world.folder / "catalog")
    for name, (text, run) in TOOLS.items():
        catalog.shell(name, text, **run)
    catalog.define("missing", ["no-such-program"])
    catalog.shell("leaves", LEAVES)
    catalog.shell("holds", HOLDS, timeout=3)
    host = world.host(catalog={"folder": catalog.folder})
    session = mcp.opened(host.url)
    workers = host.workers()

    for name in list(TOOLS) + ["missing", "holds"]:
        answer = session.call(name)
        result = answer.result()
        check(result.get("isError") is True, "%s: %r", name, answer)
        check(mcp.text_of(answer), "%s: no text for the model", name)
        print("ok %s: %s" % (name, mcp.text_of(answer)[:70].strip()))
        check_quiet(host)
    check("the reason" in mcp.text_of(session.call("fails")),
          "standard error is not in the answer")

    child = int(mcp.text_of(session.call("leaves")))
    wait_until(lambda: not is_alive(child), "the end of a child left behind")
    check_quiet(host)
    # No worker came to harm; more may be there for calls.
    check(set(workers) <= set(host.workers()), "%s of %s are left",
          host.workers(), workers)


def check_quiet(host):
    """No process but the workers, soon after the answer."""
    family = [host.responder.pid] + host.workers()
    wait_until(lambda: all(child in family for pid in family
                           for child in children_of(pid)),
               "the end of all that the tool started")


harness.run(test)
