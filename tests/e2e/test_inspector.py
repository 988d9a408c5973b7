"""The page about MCP Inspector: every command in it, word for word, and what
it prints."""
import os
import re
import subprocess

import harness
from support import check, equal

PAGE = harness.SOURCE / "docs" / "inspector.md"
INSPECTOR = (harness.JS / "inspector" / "node_modules" / "@modelcontextprotocol"
             / "inspector")


def transcripts(page):
    """(command, output) of the indented blocks that begin with npx."""
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", page, re.M):
        lines = [line[4:] for line in block.strip("\n").splitlines()]
        if not re.match("npx .* --cli ", lines[0]):
            continue
        n = 1
        while lines[n - 1].endswith("\\"):
            n += 1
        yield "\n".join(lines[:n]), "\n".join(lines[n:]).strip() + "\n"


def put_npx(world):
    """A folder with an npx that runs the pinned one; npm would fetch it."""
    folder = world.folder / "bin"
    folder.mkdir()
    npx = folder / "npx"
    npx.write_text(
        "#!/bin/sh\n"
        "[ \"$1\" = @modelcontextprotocol/inspector ] || exit 2\n"
        "shift\n"
        "exec '%s' '%s' \"$@\"\n"
        % (harness.node(), INSPECTOR / "clients/launcher/build/index.js"))
    npx.chmod(0o755)
    return folder


def test(world):
    if not INSPECTOR.is_dir():
        raise harness.Skip("no inspector: npm ci in tests/e2e/js/inspector")
    # What the demo serves.
    url = world.host(catalog={"folder": harness.CATALOG, "modules": [
        harness.UNITS, harness.COUNT, harness.GLOSSARY]}).url
    environment = dict(os.environ, HOME=str(world.folder), PATH="%s:%s" % (
        put_npx(world), os.environ["PATH"]))
    tried = 0
    for command, output in transcripts(PAGE.read_text()):
        check("http://127.0.0.1:PORT/mcp" in command, "where to? %s", command)
        done = subprocess.run(
            ["sh", "-c", command.replace("http://127.0.0.1:PORT/mcp", url)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True, timeout=60,
            env=environment)
        equal((done.returncode, done.stdout.strip() + "\n"), (0, output),
              "%s (%s)\n" % (command, done.stderr))
        print("ok %s" % command.split("--method", 1)[1])
        tried += 1
    check(tried >= 6, "only %d commands on the page", tried)


harness.run(test, 115)
