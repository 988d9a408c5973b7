"""What is edited in the catalog counts without a restart."""
import harness
import mcp
from catalog import Catalog
from support import check, equal, wait_until


def said(session):
    return mcp.text_of(session.call("greet")).strip()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    catalog.shell("greet", "echo one")
    host = world.host(catalog={"folder": catalog.folder})
    session = mcp.opened(host.url)
    equal(said(session), "one", "first version")

    catalog.shell("greet", "echo two")
    wait_until(lambda: said(session) == "two", "the edited tool")
    catalog.shell("other", "echo other")
    wait_until(lambda: "other" in session.tools(), "the added tool")
    check_broken(catalog, host, session)

    catalog.shell("greet", "echo three")
    wait_until(lambda: said(session) == "three", "the mended tool")
    host.ctl("check")
    catalog.remove("other")
    wait_until(lambda: "other" not in session.tools(), "the removed tool")
    answer = session.call("other").json()
    check("error" in answer, "a removed tool was called: %r", answer)
    host.reload()
    # Two workers: each must know.
    for _ in range(8):
        check("other" not in session.tools(), "a removed tool came back")


def check_broken(catalog, host, session):
    """A broken file: the last good version serves, in new workers also."""
    catalog.write("greet", '{\n  "name": "greet",\n  "run": 7,,\n}\n')
    # The folder is looked at when requests come.
    wait_until(lambda: said(session) == "two" and "greet.json" in host.log(),
               "the fault in the log")
    for _ in range(8):
        equal(said(session), "two", "while the file is broken")
    host.reload()
    for _ in range(8):
        equal(said(session), "two", "broken, with new workers")
    report = host.ctl("check", status=1)
    check("greet.json:3" in report, "no file and line: %s", report)


harness.run(test)
