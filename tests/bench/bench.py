"""Measure mcp-request beside a libfcgi program that does no work; README.md.

Started by tests/bench/run, which has built everything.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = SOURCE / "build" / "bench"
BIN = BUILD / "bin"
TICK = os.sysconf("SC_CLK_TCK")
CORES = len(os.sched_getaffinity(0))
CONNECTIONS = 32
LIFE_CLIENTS = 8

HEADERS = """Content-Type: application/json
Accept: application/json, text/event-stream
"""
ARGUMENTS = {"text": "Every host answers every request of every session, "
             "and nothing about a client is kept in a process. " * 2}
SESSION_HEADERS = HEADERS + "MCP-Protocol-Version: 2025-11-25\n"
SESSION_BODY = {
    "jsonrpc": "2.0", "id": 7, "method": "tools/call",
    "params": {"name": "echo", "arguments": ARGUMENTS}}
STATELESS_HEADERS = HEADERS + """MCP-Protocol-Version: 2026-07-28
Mcp-Method: tools/call
Mcp-Name: echo
"""
META = "io.modelcontextprotocol/"
STATELESS_BODY = {
    "jsonrpc": "2.0", "id": 7, "method": "tools/call",
    "params": {
        "name": "echo", "arguments": ARGUMENTS,
        "_meta": {META + "protocolVersion": "2026-07-28",
                  META + "clientInfo": {"name": "bench", "version": "1"},
                  META + "clientCapabilities": {}}}}


# ------------------------------------------------------------- processes


def children(pid):
    """The process and everything below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children(int(child))
    return found


def cpu_us(pids):
    """User and system time used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
        ticks += sum(int(n) for n in fields.split()[11:13])
    return ticks * 1e6 / TICK


def wait_for(what, condition):
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not start")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Host:
    """A responder behind a lighttpd of its own."""

    def __init__(self, home, workers):
        self.home = home
        self.workers = workers
        self.running = []
        self.socket = home / "responder.sock"
        home.mkdir()
        (home / "root").mkdir()

    def start(self, command, log):
        self.responder = subprocess.Popen(
            command, stderr=open(self.home / log, "wb"))
        self.running.append(self.responder)
        wait_for(command[0], self.has_workers)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        environment = dict(
            os.environ, MCP_ADDRESS="127.0.0.1", MCP_PORT=str(self.port),
            MCP_SOCKET=str(self.socket), MCP_ROOT=str(self.home / "root"),
            MCP_LOG=str(self.home / "lighttpd.log"))
        self.running.append(subprocess.Popen(
            ["lighttpd", "-D", "-f",
             str(SOURCE / "httpd-conf" / "lighttpd.conf")],
            env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        wait_for("lighttpd", lambda: answers(self.port))

    def has_workers(self):
        if self.responder.poll() is not None:
            sys.exit(f"the responder of {self.home.name} has ended")
        return (self.socket.exists() and
                len(children(self.responder.pid)) == self.workers + 1)

    def pids(self):
        return [pid for p in self.running for pid in children(p.pid)]

    def stop(self):
        for process in reversed(self.running):
            process.terminate()
            process.wait()


class Ours(Host):
    def __init__(self, home, workers, sessions):
        super().__init__(home, workers)
        (home / "state").mkdir()
        store = home / "sessions.db"
        self.ids = home / "ids"
        with open(self.ids, "wb") as out:
            subprocess.run([BIN / "bench_make_sessions", store,
                            str(sessions)], stdout=out, check=True)
        (home / "mcp-fcgi.conf").write_text(
            f"[server]\nsocket = {self.socket}\nstate = {home}/state\n"
            f"workers = {workers}\nlog_level = info\n"
            f"[store]\nurl = sqlite://{store}\n"
            f"[catalog]\nmodules = {BIN}/bench_echo.so\n")
        self.start([str(BIN / "mcp-request"), "-c",
                    str(home / "mcp-fcgi.conf")], "request.log")


class Bare(Host):
    def __init__(self, home, workers, answer):
        super().__init__(home, workers)
        (home / "answer").write_bytes(answer)
        self.start([str(BIN / "bench_bare"), str(self.socket), str(workers),
                    str(home / "answer")], "bare.log")


# --------------------------------------------- the bytes that we answer


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return (struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) +
            name.encode() + value.encode())


def take(s, n):
    data = b""
    while len(data) < n:
        piece = s.recv(n - len(data))
        if not piece:
            return data
        data += piece
    return data


def raw_answer(host, headers, body):
    """What the responder says on FCGI_STDOUT: for the other one to repeat."""
    variables = {
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/mcp",
        "SCRIPT_NAME": "/mcp", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1", "CONTENT_LENGTH": str(len(body))}
    for line in headers.splitlines():
        name, value = line.split(": ", 1)
        name = name.upper().replace("-", "_")
        variables[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
    said = b""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(host.socket))
        s.sendall(record(1, struct.pack(">HB5x", 1, 0)) +
                  record(4, b"".join(pair(*v) for v in variables.items())) +
                  record(4, b"") + record(5, body) + record(5, b""))
        while True:
            head = take(s, 8)
            if len(head) < 8 or head[1] == 3:
                break
            content = take(s, int.from_bytes(head[4:6], "big"))
            take(s, head[6])
            said += content if head[1] == 6 else b""
    if not said.startswith(b"Status: 200") or b'"isError":true' in said:
        sys.exit(f"not the answer that was expected: {said!r}")
    return said


# -------------------------------------------------------------- measuring


class Round:
    """One run of wrk against one host."""

    def __init__(self, host, seconds, script, threads, connections, *args):
        before = cpu_us(host.pids())
        out = subprocess.run(
            ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}",
             "-s", str(HERE / script), host.url, "--", *map(str, args)],
            capture_output=True, text=True)
        used = cpu_us(host.pids()) - before
        line = [x for x in out.stdout.splitlines() if x.startswith("RESULT")]
        if not line:
            sys.exit(f"wrk failed:\n{out.stdout}{out.stderr}")
        done, duration, errors, self.p99_us = map(int, line[0].split()[1:])
        if errors or not done:
            sys.exit(f"{errors} of {done} answers were wrong")
        self.rate = done * 1e6 / duration
        self.cpu = used / done


def spread(values, form="{:.2f}"):
    return (form + " (" + form + "-" + form + ")").format(
        statistics.median(values), min(values), max(values))


class Bench:
    def __init__(self, options, scratch):
        self.options = options
        self.scratch = scratch
        self.hosts = []

    def keep(self, host):
        self.hosts.append(host)
        return host

    def stop(self):
        while self.hosts:
            self.hosts.pop().stop()

    def file(self, name, text):
        path = self.scratch / name
        path.write_text(text)
        return path

    def calls(self, host, *args, seconds=None):
        return Round(host, seconds or self.options.seconds, "call.lua", 1,
                     CONNECTIONS, *args)

    def two(self, title, names, hosts, args):
        """Interleaved rounds of two hosts."""
        rounds = ([], [])
        for host, arg in zip(hosts, args):
            self.calls(host, *arg, seconds=1)
        for number in range(self.options.rounds):
            order = (0, 1) if number % 2 == 0 else (1, 0)
            for i in order:
                rounds[i].append(self.calls(hosts[i], *args[i]))
        print(f"\n{title}")
        for name, some in zip(names, rounds):
            print(f"  {name:14} {spread([r.rate for r in some], '{:.0f}')} "
                  f"requests/s, "
                  f"{spread([r.cpu for r in some], '{:.1f}')} us CPU, "
                  f"p99 {statistics.median(r.p99_us for r in some):.0f} us")
        first, second = rounds
        print(f"  CPU ratio      {names[1]}/{names[0]} "
              f"{spread([b.cpu / a.cpu for a, b in zip(first, second)])}")
        print(f"  rate ratio     {names[0]}/{names[1]} "
              f"{spread([a.rate / b.rate for a, b in zip(first, second)])}",
              flush=True)

    def against_bare(self, name, title, sessions, headers, body):
        body = json.dumps(body, separators=(",", ":"))
        ours = self.keep(Ours(self.scratch / f"{name}-ours",
                              self.options.workers, sessions))
        args = [self.file(f"{name}.headers", headers),
                self.file(f"{name}.body", body)]
        raw_headers = headers
        if sessions > 1:
            args.append(ours.ids)
            with open(ours.ids, encoding="ascii") as ids:
                raw_headers += f"Mcp-Session-Id: {ids.readline()}"
        bare = self.keep(Bare(
            self.scratch / f"{name}-bare", self.options.workers,
            raw_answer(ours, raw_headers, body.encode())))
        self.two(title, ("ours", "bare"), (ours, bare), (args, args))
        self.stop()

    # The cases, by the names that --only takes.

    def session(self):
        self.against_bare(
            "session", "tools/call in a session (2025-11-25), "
            f"{self.options.sessions} sessions at random",
            self.options.sessions, SESSION_HEADERS, SESSION_BODY)

    def stateless(self):
        self.against_bare(
            "stateless", "tools/call without a session (2026-07-28)",
            1, STATELESS_HEADERS, STATELESS_BODY)

    def life(self):
        host = self.keep(Ours(self.scratch / "life", self.options.workers, 1))
        rounds = [Round(host, self.options.seconds, "life.lua", LIFE_CLIENTS,
                        LIFE_CLIENTS) for _ in range(self.options.rounds)]
        print("\nlives: initialize, notifications/initialized, tools/list, "
              f"DELETE; {LIFE_CLIENTS} clients, durable commits")
        print(f"  ours           "
              f"{spread([r.rate for r in rounds], '{:.0f}')} lives/s, "
              f"{spread([r.cpu for r in rounds], '{:.0f}')} us CPU per life",
              flush=True)
        self.stop()

    def many(self):
        body = json.dumps(SESSION_BODY, separators=(",", ":"))
        files = [self.file("many.headers", SESSION_HEADERS),
                 self.file("many.body", body)]
        numbers = (10, self.options.many)
        hosts = [self.keep(Ours(self.scratch / f"many-{n}",
                                self.options.workers, n)) for n in numbers]
        self.two("tools/call in a session, by sessions in the store",
                 [str(n) for n in reversed(numbers)], hosts[::-1],
                 [files + [h.ids] for h in reversed(hosts)])
        self.stop()

    def get(self):
        print("\nsession_get of the SQLite store, random sessions")
        folder = self.scratch / "get"
        folder.mkdir()
        numbers = (10, self.options.many)
        out = subprocess.run(
            [BIN / "bench_session_get", folder, str(self.options.pieces),
             *map(str, numbers)],
            stdout=subprocess.PIPE, text=True, check=True)
        lines = [[int(n) for n in line.split()]
                 for line in out.stdout.splitlines()]
        for i, n in enumerate(numbers):
            print(f"  {n:<14} {spread([x[i] for x in lines], '{:.0f}')} ns")
        print(f"  ratio          {spread([x[1] / x[0] for x in lines])}",
              flush=True)


CASES = ("session", "stateless", "life", "many", "get")


def main():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run [--no-install]", description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3,
                        help="of one round")
    parser.add_argument("--workers", type=int, default=CORES,
                        help="on both sides")
    parser.add_argument("--sessions", type=int, default=2000,
                        help="used at random in the case of that name")
    parser.add_argument("--many", type=int, default=100000,
                        help="sessions in a store that is full of them")
    parser.add_argument("--pieces", type=int, default=21,
                        help="of 20,000 calls of session_get each")
    parser.add_argument("--only", action="append", choices=CASES,
                        help="this case; may be repeated")
    options = parser.parse_args()
    if (min(options.rounds, options.seconds, options.workers,
            options.pieces) < 1 or
            min(options.sessions, options.many) < 2):
        parser.error("numbers must be positive, of sessions at least 2")
    scratch = Path(tempfile.mkdtemp(prefix="mcp-bench."))
    bench = Bench(options, scratch)
    print(f"{CORES} cores, {options.workers} workers on each side, "
          f"{options.rounds} rounds of {options.seconds} s, "
          f"wrk -t1 -c{CONNECTIONS}: median (min-max)")
    try:
        for case in options.only or CASES:
            getattr(bench, case)()
    finally:
        bench.stop()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
