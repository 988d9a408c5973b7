"""The pages: links, manuals, and the scripts for a demo."""
import re
import shutil
import subprocess

import harness
from support import check, equal, wait_until

STREAMS = harness.SOURCE / "docs" / "streams.md"
TOOLS = harness.SOURCE / "docs" / "tools.md"
README = harness.SOURCE / "README.md"
BLOCK = re.compile(r"^((?: {4}.*\n|\n(?= {4}))+)", re.M)
# What people are to fill in, in the first lines of a script.
SETTING = re.compile(r"^(HOST1|HOST2|PARENT|CTL)=.*$", re.M)


def check_pages(world):
    """No manual page has a fault."""
    if shutil.which("mandoc") is None:
        return
    made = world.folder / "mcp-fcgi.conf.5"
    made.write_text(subprocess.check_output([harness.CTL, "manual"],
                                            universal_newlines=True))
    pages = sorted(harness.SOURCE.glob("fcgi/*.[158]")) + [made]
    check(len(pages) >= 4, "manual pages are missing: %r", pages)
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages],
                          stdout=subprocess.PIPE, universal_newlines=True)
    equal((done.returncode, done.stdout), (0, ""), "mandoc")


def check_links():
    """What the pages refer to is there."""
    for page in [harness.SOURCE / "README.md",
                 *harness.SOURCE.glob("docs/*.md"),
                 *harness.SOURCE.glob("*/README.md"),
                 *harness.SOURCE.glob("tests/*/README.md")]:
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            check("://" in link or (page.parent / link).exists(),
                  "%s refers to %s", page.name, link)


def script_of(text, settings):
    """The indented blocks of a page as one script."""
    lines = "".join(BLOCK.findall(text)).split("\n")
    script = "\n".join(line[4:] for line in lines)
    return SETTING.sub(
        lambda m: "%s='%s'" % (m[1], settings[m[1]]), script)


def run_script(script, folder):
    """In a folder of its own; what it prints."""
    folder.mkdir()
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=str(folder),
        timeout=40, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, universal_newlines=True)
    equal(done.returncode, 0, "%s said %s; its status"
          % (folder.name, done.stdout))
    return done.stdout


def settings_of(here, there):
    return {"HOST1": here.url, "HOST2": there.url,
            "PARENT": here.responder.pid,
            "CTL": "%s -c %s" % (harness.CTL, here.conf)}


def progress_of(text):
    return [int(n) for n in re.findall(r'"progress":(\d+)', text)]


def check_readme(here, there, folder):
    """The call that goes on when all that ran it was killed."""
    text = README.read_text().split("\n## ")
    part, = [p for p in text if p.startswith("A call that outlives")]
    part = part[part.index("    HOST1="):]
    script = script_of(part, settings_of(here, there))
    # Less time than a person takes to look at it.
    for old, new in (('"ms":500', '"ms":150'), ("-m 3", "-m 1"),
                     ('cd "$(mktemp -d)"', "")):
        check(old in script, "no %s in the script", old)
        script = script.replace(old, new)
    said = run_script(script, folder)
    equal(progress_of(said), list(range(1, 21)), "progress over both hosts")
    check("counted to 20" in said, "no result: %s", said)
    wait_until(lambda: "taken-over call=1" in here.log(), "the second run")


def check_streams(here, there, folder):
    """What the page about streams promises."""
    script = script_of(STREAMS.read_text(), settings_of(here, there))
    said = run_script(script, folder)
    read = {path.name: path.read_text() for path in folder.iterdir()}
    check("completed" in said, "no task: %s", said)
    equal(progress_of(read["first"] + read["rest"]), list(range(1, 11)),
          "progress over both hosts")
    for name, text in (
            ("rest", "counted to 10"),
            ("events", "notifications/tools/list_changed"),
            ("heard", "notifications/subscriptions/acknowledged"),
            ("heard", "notifications/resources/updated"),
            ("asked", "Hello, Ada!"),
            ("round1", '"resultType":"input_required"'),
            ("round2", "Hello, Ada!"),
            ("task", '"status":"working"'),
            ("result", "counted to 5")):
        check(text in read[name], "no %s in %s: %s", text, name, read[name])


def check_curl(here, folder):
    """One request by hand."""
    said = run_script(script_of(TOOLS.read_text(), {}).replace(
        "http://127.0.0.1:PORT/mcp", here.url), folder)
    check("3 km = 3000 m" in said, "no result: %s", said)


def check_scripts(world):
    """What is for the demo, with two hosts."""
    harness.need("curl")
    harness.need("pkill")
    here, there = (world.host(catalog={"folder": harness.CATALOG})
                   for _ in range(2))
    check_readme(here, there, world.folder / "readme")
    check_streams(here, there, world.folder / "streams")
    check_curl(here, world.folder / "tools")


def test(world):
    check_links()
    check_pages(world)
    check_scripts(world)


harness.run(test)
