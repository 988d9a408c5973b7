"""The first command of the README: everything that it says, and no more."""
import json
import os
import re
import shutil
import signal
import subprocess

import harness
import mcp
from support import check, children_of, equal, listens, wait_until

DEMO = harness.SOURCE / "httpd-conf" / "demo"
READY = re.compile(r"ready: (http://127\.0\.0\.1:(\d+)/mcp)\n")


class Demo:
    """A demo, started; its lines up to the one that says ready."""

    def __init__(self, world, *options, group=False):
        self.scratch = world.folder / "tmp"
        self.scratch.mkdir(exist_ok=True)
        self.errors = open(world.folder / "demo.err", "wb")
        # In a process group of its own, as at a terminal.
        self.process = subprocess.Popen(
            ["sh", str(DEMO), "--no-install", *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, universal_newlines=True, preexec_fn=os.setsid,
            env=dict(os.environ, TMPDIR=str(self.scratch)))
        world.processes.append(self.process)
        self.lines = []
        self.url = None
        for line in self.process.stdout:
            self.lines.append(line)
            found = READY.fullmatch(line)
            if found:
                self.url, self.port = found[1], int(found[2])
                break
        check(self.url, "never ready: %s",
              (world.folder / "demo.err").read_text())

    def hosts(self):
        return [line.split()[2] for line in self.lines
                if re.match(r"host \d+: http", line)]

    def end(self, stop):
        """Stop it in this way; nothing may be left."""
        servers = children_of(self.process.pid)
        check(len(servers) >= 2, "servers: %s", servers)
        stop()
        equal(self.process.wait(15), 0, "exit status of the demo")
        equal(self.process.stdout.read(), "", "what it says at the end")
        self.process.stdout.close()
        self.errors.close()
        wait_until(lambda: not children_of(os.getpid()),
                   "that no process is left")
        equal(os.listdir(self.scratch), [], "what is left in the folder")
        check(not listens(self.port), "somebody still listens")


def check_pasted(demo):
    """What a person would paste into a client."""
    text = "".join(demo.lines)
    configuration = json.loads(
        re.search(r"^ *(\{.*mcpServers.*\})$", text, re.M)[1])
    server, = configuration["mcpServers"].values()
    equal(server, {"type": "http", "url": demo.url}, "the configuration")
    command = re.search(r"^ *claude mcp add (.*)$", text, re.M)[1].split()
    equal(command[:2] + command[3:], ["--transport", "http", demo.url],
          "the command line")


def check_examples(session):
    """Of each kind, one of the catalog and one of the modules."""
    for method, member, key, names in (
            ("tools/list", "tools", "name", ("greet", "count")),
            ("prompts/list", "prompts", "name",
             ("explain", "explain_word")),
            ("resources/list", "resources", "uri",
             ("docs://documents/sessions.md", "glossary://all")),
            ("resources/templates/list", "resourceTemplates", "uriTemplate",
             ("outline://{name}", "glossary://words/{word}"))):
        there = {one[key] for one in session.send(method).result()[member]}
        check(there >= set(names), "%s: %s", method, sorted(there))


def test_one_host(world):
    demo = Demo(world)
    check_pasted(demo)
    equal(demo.hosts(), [demo.url], "the only host")
    session = mcp.opened(demo.url)
    check("convert_units" in session.tools(), "no example tools")
    answer = session.call("convert_units",
                          {"value": 1, "from": "km", "to": "m"})
    check("1000" in mcp.text_of(answer), "wrong: %r", answer)
    check_examples(session)
    said = (world.folder / "demo.err").read_text()
    check("0 errors" in said, "the catalog: %s", said)
    return demo


def test_many_hosts(world):
    store = world.store.url("kept")
    demo = Demo(world, "--hosts", 3, "--store", store)
    check_pasted(demo)
    hosts = demo.hosts()
    equal(len(set(hosts) | {demo.url}), 4, "places to listen at")
    session = mcp.opened(demo.url)
    for url in (demo.url, *hosts):
        session.tools(url)
    # Ctrl-C at a terminal reaches all processes at once.
    demo.end(lambda: os.killpg(demo.process.pid, signal.SIGINT))
    again = Demo(world, "--store", store)
    session.url = again.url
    check("convert_units" in session.tools(), "the session is lost")
    again.end(again.process.terminate)


def test_fixture(world):
    """The example server of the conformance suite."""
    demo = Demo(world, "--fixture")
    names = mcp.opened(demo.url).tools()
    for name in ("greet", "test_simple_text", "count", "count_script"):
        check(name in names, "no %s", name)
    demo.end(demo.process.terminate)


def test_port(world, taken):
    """A port that is taken is said to be so."""
    done = subprocess.run(
        ["sh", str(DEMO), "--no-install", "--port", str(taken)], timeout=60,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, TMPDIR=str(world.folder / "tmp")))
    check(done.returncode not in (0, None), "two demos on one port")
    check("ready" not in done.stdout, "it was ready: %s", done.stdout)
    check(str(taken) in done.stderr, "no word of the port: %s", done.stderr)


def test(world):
    for program in ("lighttpd", "nginx", "cmake", "ninja"):
        harness.need(program)
    if not shutil.which("sh"):
        raise harness.Skip("no shell")
    first = test_one_host(world)
    test_port(world, first.port)
    first.end(first.process.terminate)
    test_many_hosts(world)
    test_fixture(world)


# The release may have to be built first.
harness.run(test, 570)
