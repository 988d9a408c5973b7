"""Two releases at once, as while hosts are upgraded one after the other: the
last one that was released, built from its commit, and this one share a store.
Requests go to both in turn and processes of both are killed; nothing is lost.
And a session moves between them as a document.

SKIPPED in a clone without history.
"""
import asyncio
import json
import os
import secrets
import subprocess

import harness
import killing
import mcp
from support import check, equal, wait_until

SECONDS = int(os.environ.get("MCP_NEIGHBOURS_SECONDS", "20"))
PROGRAMS = ["mcp-request", "mcp-stream", "mcpctl", "mcp-tell"]
MODULES = ["units", "count"]
BUILD_SECONDS = 400


def last_release():
    text = (harness.SOURCE / "tests" / "releases"
            / "releases.txt").read_text()
    lines = [line.split() for line in text.splitlines()
             if line and not line.startswith("#")]
    return lines[-1]


def unpack(commit, folder):
    git = ["git", "-C", str(harness.SOURCE)]
    try:
        there = subprocess.run(
            [*git, "cat-file", "-e", commit + "^{commit}"], check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise harness.Skip("git is not installed") from None
    if there.returncode != 0:
        raise harness.Skip("there is no history of %s" % commit)
    archive = subprocess.run([*git, "archive", commit], check=True,
                             stdout=subprocess.PIPE)
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout,
                   check=True)


def build(folder):
    """Its programs and modules; the folder they are in."""
    harness.need("cmake")
    log = folder.parent / "former-build.log"
    out = folder / "build" / "release"
    with open(log, "wb") as said:
        for command in (["--preset", "release"],
                        ["--build", "--preset", "release", "-j2",
                         "--target", *PROGRAMS, *MODULES]):
            done = subprocess.run(
                ["cmake", *command], cwd=folder, stdout=said, stderr=said,
                timeout=BUILD_SECONDS, check=False)
            check(done.returncode == 0, "cmake %s failed:\n%s", command,
                  log.read_text()[-2000:])
    return out


class Former(harness.Host):
    """A host of the former release."""

    built = None  # where its programs are

    def program(self, name):
        return self.built / "bin" / name

    def start_responder(self):
        self.responder = self.world.start(
            [self.program("mcp-request"), "-c", self.conf],
            self.folder / "request.log")
        wait_until(lambda: self.socket.is_socket(), "socket of mcp-request")

    def start_streamer(self):
        self.streamer = self.world.start(
            [self.program("mcp-stream"), "-c", self.conf],
            self.folder / "stream.log")
        wait_until(lambda: self.stream_socket.is_socket(),
                   "socket of mcp-stream")

    def ctl(self, *arguments, text=None, status=0):
        done = subprocess.run(
            [self.program("mcpctl"), "-c", self.conf, *arguments],
            input=text, timeout=20, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True, check=False)
        equal(done.returncode, status, "mcpctl %s of the former release said "
              "%s; its status" % (arguments, done.stdout))
        return done.stdout


def former_host(world, built, **changes):
    """As world.host()."""
    world.hosts += 1
    folder = world.folder / ("host%d" % world.hosts)
    sections = {
        "server": {"socket": folder / "request.sock",
                   "state": folder / "state", "workers": 2,
                   "trace": world.trace},
        "stream": {"socket": folder / "stream.sock"},
        "store": {"url": "sqlite://%s" % (world.folder / "sessions.db")},
        "catalog": {"check": "50ms"},
    }
    for section, keys in changes.items():
        sections.setdefault(section, {}).update(keys)
    sections["catalog"]["modules"] = [
        built / "examples" / (name + ".so") for name in MODULES]
    Former.built = built
    return Former(world, folder, sections, True)


# --------------------------------------------------------------- documents

def move(session, old, new):
    """Its document from one release to the other; the document."""
    document = json.loads(old.ctl("session", "export", session.id))
    # What a reader does not know it ignores.
    document["addedLater"] = {"x": [1]}
    new.ctl("session", "import", text=json.dumps(document))
    check("convert_units" in session.tools(new.url), "not taken over")
    back = json.loads(new.ctl("session", "export", session.id))
    # Only what is the row's own may differ.
    for name in ("sid", "principal", "principalDigest", "created", "state",
                 "transport", "revision", "capabilityBits", "client",
                 "logLevel", "initialized"):
        equal(back[name], document[name], name)
    document["version"] = 1000
    document["sid"] = secrets.token_hex(16)
    new.ctl("session", "import", text=json.dumps(document), status=1)


def test_documents(world, built):
    key = secrets.token_hex(32)

    def store(name):
        return {"url": "sqlite://%s" % (world.folder / name),
                "cluster_key": key}
    former = former_host(world, built, store=store("former.db"))
    present = world.host(store=store("present.db"))
    for old, new in ((former, present), (present, former)):
        session = mcp.opened(old.url, capabilities={
            "elicitation": {}, "experimental": {"x": {"y": [1, None]}}})
        session.send("logging/setLevel", {"level": "warning"})
        move(session, old, new)
    print("ok documents of both releases")


# ------------------------------------------------------------------- storm

def test_storm(world, built):
    changes = {"server": {"workers": 4}, "limits": {"calls": 128}}
    # The tables are those of the newer one, as after the first upgrade.
    present = world.host(catalog={
        "folder": harness.CATALOG,
        "modules": [harness.UNITS, harness.COUNT]}, **changes)
    former = former_host(world, built, catalog={
        "folder": harness.CATALOG}, **changes)
    for host in (present, former):
        mcp.opened(host.url).delete()
    tombstones = killing.rows(world, "session WHERE state = 2")
    equal(tombstones, 2, "tombstones of the first clients")
    asyncio.run(killing.storm_of(world, [present, former], SECONDS))
    killing.check_nothing_is_left(world, [present, former], tombstones)
    # Whoever cleans up.
    former.ctl("sweep", "0")
    present.ctl("sweep", "0")


def test(world):
    world.only_files("the former release knows files alone")
    version, commit = last_release()
    folder = world.folder / "former"
    folder.mkdir()
    unpack(commit, folder)
    built = build(folder)
    said = subprocess.run([built / "bin" / "mcp-request", "-V"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    check(version in said, "%s is not %s", said, version)
    test_documents(world, built)
    test_storm(world, built)
    print("ok %s and this one share a store" % version)


harness.run(test, seconds=SECONDS + 200 + BUILD_SECONDS)
