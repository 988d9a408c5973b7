"""The examples of docs/tools.md, pasted as they stand there."""
import json
import re
import shlex
import shutil
import subprocess

import harness
import mcp
from support import check, equal

PAGE = harness.SOURCE / "docs" / "tools.md"
# A file name in backquotes on a line of its own, then an indented block.
FILE = re.compile(r"^`([^`\n]+)`:\n\n((?:(?: {4}.*)?\n)+)", re.M)
# A command: an indented line that begins with the name of the program.
COMMAND = r"^ {4}(%s .*)$"
ROW = re.compile(r"^\| `(\w+)` \| `(\{.*\})` \| (result|error) \| `(.*)` \|$",
                 re.M)
SOURCE_IN_PAGE = "/src/mcp-fcgi"


def paste(text, folder):
    """Write every file of the page; their names."""
    names = []
    for name, block in FILE.findall(text):
        lines = [line[4:] for line in block.rstrip("\n").split("\n")]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        names.append(name)
    return names


def command(text, program, folder):
    """Run the one command of the page that starts this program."""
    found = re.findall(COMMAND % program, text, re.M)
    equal(len(found), 1, "commands of the page with %s" % program)
    words = shlex.split(found[0].replace(SOURCE_IN_PAGE, str(harness.SOURCE)))
    if program == "mcpctl":
        words[0] = str(harness.CTL)
    done = subprocess.run(words, cwd=str(folder), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    equal(done.returncode, 0, "%s said %s; its status"
          % (found[0], done.stdout))
    return done.stdout


def try_row(session, tool, arguments, kind, text):
    answer = session.call(tool, json.loads(arguments))
    what = "%s %s" % (tool, arguments)
    equal(bool(answer.result().get("isError")), kind == "error",
          "isError of %s: %r" % (what, answer))
    check(text in mcp.text_of(answer), "%s: %r", what, answer)


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
                 harness.SOURCE / "httpd-conf" / "README.md"]:
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            check("://" in link or (page.parent / link).exists(),
                  "%s refers to %s", page.name, link)


def test(world):
    check_links()
    check_pages(world)
    text = PAGE.read_text()
    folder = world.folder / "pasted"
    names = paste(text, folder)
    tools = {name.split("/")[-1].split(".")[0] for name in names
             if name != "mcp-fcgi.conf"}
    check(len(tools) == 5, "not five examples: %r", names)
    command(text, "chmod", folder)
    command(text, "cc", folder)
    equal(command(text, "mcpctl", folder), "0 errors\n", "mcpctl check")

    host = world.host(catalog={"folder": folder / "catalog",
                               "modules": [folder / "leap_year.so"]})
    session = mcp.opened(host.url)
    equal(set(session.tools()), tools, "tools")
    rows = ROW.findall(text)
    for row in rows:
        try_row(session, *row)
    for kind in ("result", "error"):
        equal({row[0] for row in rows if row[2] == kind}, tools,
              "tools with a %s in the table" % kind)


harness.run(test)
