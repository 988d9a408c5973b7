"""Does memory stay flat?  Many sessions that are opened and abandoned, and many
streams that are opened and dropped; README.md.

Started by tests/bench/run --flat, which has built everything.  Ends with
status 1 if something grew.
"""

import argparse
import json
import multiprocessing
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = HERE.parent.parent / "build" / "bench" / "bin"

BEGIN, PARAMS, STDIN = 1, 4, 5
# Behind this part of the work memory must be what it will be.
WARM = 0.3
# What may come later: the page cache of each handle of the store fills, with
# 2 MiB at most, and allocators are not exact to the page.
CACHE_KIB = 2048
SLACK_KIB = 512
# Sessions whose streams are opened again and again.
POOL = 2000
SAMPLES = 10

INITIALIZE = json.dumps({
    "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"}}}).encode()
LISTEN = json.dumps({
    "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
        "notifications": {"toolsListChanged": True,
                          "resourceSubscriptions": ["file:///a"]},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}}}).encode()
JSON = {"CONTENT_TYPE": "application/json",
        "HTTP_ACCEPT": "application/json, text/event-stream"}
EVENTS = {"HTTP_ACCEPT": "text/event-stream"}


# ------------------------------------------------------------ one request

def record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def request(method, path, variables, body=b""):
    """All records of it."""
    params = b""
    for name, value in dict(variables, REQUEST_METHOD=method,
                            REQUEST_URI=path, SERVER_NAME="localhost",
                            HTTP_HOST="localhost").items():
        name, value = name.encode(), value.encode()
        params += struct.pack(">BI", len(name),
                              len(value) | 0x80000000) + name + value
    return (record(BEGIN, struct.pack(">HBxxxxx", 1, 0))
            + record(PARAMS, params) + record(PARAMS)
            + (record(STDIN, body) if body else b"") + record(STDIN))


def connect(path, text):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(path)
    connection.sendall(text)
    return connection


def whole(path, text):
    with connect(path, text) as connection:
        found = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                return found
            found += piece


def open_session(path):
    """Its id."""
    answer = whole(path, request("POST", "/mcp", JSON, INITIALIZE))
    _, is_there, rest = answer.partition(b"Mcp-Session-Id: ")
    if not is_there:
        raise RuntimeError("not opened: %r" % answer[:200])
    return rest.partition(b"\r")[0].decode()


# --------------------------------------------------------------- the work

def sessions(number, home, done, until):
    """Open them, and never come back."""
    path, text = str(home / "request.sock"), request(
        "POST", "/mcp", JSON, INITIALIZE)
    while number > 0 and time.monotonic() < until:
        if b"Mcp-Session-Id: " not in whole(path, text):
            raise RuntimeError("a session was not opened")
        number -= 1
        with done.get_lock():
            done.value += 1


def streams(number, home, done, until):
    """Open all kinds of streams in turn, and drop them: every other one
    before anything has come."""
    path = str(home / "stream.sock")
    texts = [request("POST", "/mcp", dict(
        JSON, HTTP_MCP_PROTOCOL_VERSION="2026-07-28",
        HTTP_MCP_METHOD="subscriptions/listen"), LISTEN)]
    texts.append(request("GET", "/sse", EVENTS))
    pool = [request("GET", "/mcp", dict(
        EVENTS, HTTP_MCP_SESSION_ID=open_session(str(home / "request.sock")),
        HTTP_MCP_PROTOCOL_VERSION="2025-11-25"))
            for _ in range(min(POOL, max(1, number // 10)))]
    for turn in range(number):
        if time.monotonic() > until:
            return
        kind = turn // 2 % 4
        text = texts[kind] if kind < 2 else pool[turn % len(pool)]
        with connect(path, text) as connection:
            if turn % 2:
                connection.recv(4096)
        with done.get_lock():
            done.value += 1


# ------------------------------------------------------------ the measures

def children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def anonymous_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


class Host:
    def __init__(self, home, workers):
        self.home = home
        (home / "state").mkdir()
        self.programs = {}
        for name, options in (
                ("mcp-request", ["-o", f"server.workers={workers}"]),
                ("mcp-stream", [])):
            socket_path = home / (name.partition("-")[2] + ".sock")
            with open(home / (name + ".log"), "wb") as log:
                self.programs[name] = subprocess.Popen(
                    [BIN / name, "-s", socket_path, "-o",
                     f"server.state={home}/state", "-o",
                     f"store.url=sqlite://{home}/store.db", *options],
                    stderr=log)
            deadline = time.monotonic() + 10
            while not (socket_path.is_socket()
                       and children(self.programs[name].pid)):
                if time.monotonic() > deadline:
                    sys.exit(f"{name} did not start")
                time.sleep(0.02)

    def sample(self):
        """(KiB, descriptors, KiB that may be added) of each program's parent
        and of its children together."""
        found = {}
        for name, parent in self.programs.items():
            groups = {name: [parent.pid],
                      name + ", children": children(parent.pid)}
            for what, pids in groups.items():
                found[what] = (
                    sum(anonymous_kib(pid) for pid in pids),
                    sum(len(list(Path(f"/proc/{pid}/fd").iterdir()))
                        for pid in pids),
                    SLACK_KIB + CACHE_KIB * len(pids))
        return found

    def quiet(self, descriptors):
        """Wait until no more are open than there were."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.sample()
            if all(found[what][1] <= descriptors[what] for what in found):
                break
            time.sleep(0.2)
        return self.sample()

    def stop(self):
        for program in self.programs.values():
            program.send_signal(signal.SIGTERM)
        for program in self.programs.values():
            program.wait()


def run(host, work, number, clients, seconds):
    """Samples of (done, what was found), the last one when all is quiet."""
    done = multiprocessing.Value("q", 0)
    before = host.sample()
    descriptors = {what: found[1] for what, found in before.items()}
    until = time.monotonic() + seconds
    begun = time.monotonic()
    helpers = [multiprocessing.Process(
        target=work, args=(number // clients, host.home, done, until))
               for _ in range(clients)]
    for helper in helpers:
        helper.start()
    samples = [(0, before)]
    while any(helper.is_alive() for helper in helpers):
        if done.value >= number * len(samples) // SAMPLES:
            samples.append((done.value, host.sample()))
        time.sleep(0.05)
    for helper in helpers:
        helper.join()
        if helper.exitcode != 0:
            sys.exit("a client failed")
    samples.append((done.value, host.quiet(descriptors)))
    print(f"\n{done.value} {work.__name__} by {clients} clients in "
          f"{time.monotonic() - begun:.0f} s")
    return samples


def judge(samples):
    """Print what was found; whether nothing grew behind the warm-up."""
    total = samples[-1][0]
    warm = next(found for n, found in samples if n >= WARM * total)
    last = samples[-1][1]
    is_flat = True
    print(f"  {'anonymous memory, KiB':<24}" + "".join(
        f"{n:>9}" for n, _ in samples) + "   grown")
    for what in last:
        grown = last[what][0] - warm[what][0]
        is_flat = is_flat and grown <= last[what][2]
        print(f"  {what:<24}" + "".join(
            f"{found[what][0]:>9}" for _, found in samples)
              + f"{grown:>+8}")
    print("  descriptors")
    for what in last:
        is_flat = is_flat and last[what][1] <= samples[0][1][what][1]
        print(f"  {what:<24}" + "".join(
            f"{found[what][1]:>9}" for _, found in samples))
    sys.stdout.flush()
    return is_flat


def main():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run [--no-install] --flat", description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--number", type=int, default=100000,
                        help="of sessions, and of streams")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=600,
                        help="at most, for each of the two")
    options = parser.parse_args()
    if min(options.number // 10, options.clients, options.workers,
           options.seconds) < 1:
        parser.error("numbers must be positive, of streams at least 10")
    home = Path(tempfile.mkdtemp(prefix="mcp-flat."))
    host = Host(home, options.workers)
    try:
        is_flat = [judge(run(host, work, options.number, options.clients,
                             options.seconds))
                   for work in (sessions, streams)]
    finally:
        host.stop()
        shutil.rmtree(home)
    if not all(is_flat):
        sys.exit("something has grown")


if __name__ == "__main__":
    main()
