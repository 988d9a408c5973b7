"""A cluster: hosts that share a store and nothing else, a balancer in front of
them, and what is done to it.

    def test(cluster):
        ...

    cluster.run(test, hosts=3)

The program's argument is the store: sqlite, postgresql, mariadb, pair (two
PostgreSQL servers), with "+memcached" if that is to be in front of it.
MCP_CLUSTER_SEED and MCP_CLUSTER_SECONDS choose another and a longer run;
MCP_CLUSTER_LOGS is a folder for the logs of all hosts.
"""
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys

import cluster_loss
import cluster_net
import cluster_stores
import harness
import schema_check
import speaking
import stores
import support
from catalog import Catalog
from support import check, equal, wait_until

SEED = os.environ.get("MCP_CLUSTER_SEED", "1")
# Where the logs of all hosts are kept.
LOGS = os.environ.get("MCP_CLUSTER_LOGS")
SECONDS = int(os.environ.get("MCP_CLUSTER_SECONDS", "20"))
CLOCK = harness.BUILD / "tests" / "preload" / "clock_offset.so"
# Seconds by which the clocks of the hosts are wrong; more than ten minutes
# between two of them would be too much.
CLOCKS = (0, 300, -300)
WORKERS = 4
PORT = 8080
# More than there are in any host.
PIDS = 1 << 32
BALANCER = harness.HERE / "cluster_balancer.py"

# What it says and is asked has the marker of its call.
ASK = """
line = ask(name=form(arguments["marker"], "name"))
answer = line.get("answers", {}).get("name")
print(arguments["marker"], answer and answer["content"]["name"])
"""
THINK = """
line = ask(thought={"method": "sampling/createMessage", "params": {
    "messages": [{"role": "user", "content": {
        "type": "text", "text": arguments["marker"]}}],
    "maxTokens": 100}})
answer = line.get("answers", {}).get("thought")
print(arguments["marker"], answer and answer["content"]["text"])
"""


def catalog_of(folder):
    catalog = Catalog(folder)
    shutil.copytree(harness.CATALOG, folder, dirs_exist_ok=True)
    shutil.copytree(harness.CATALOG.parent / "documents",
                    folder.parent / "documents")
    speaking.define(catalog, "ask", ASK, repeat=True)
    speaking.define(catalog, "think", THINK, repeat=True)
    speaking.define(catalog, "steps", speaking.STEPS, repeat=True,
                    timeout=300)
    speaking.define(catalog, "once", speaking.STEPS, timeout=300)
    return catalog


class Member(harness.Host):
    """A host of the cluster."""

    def __init__(self, cluster, place, sections, clock):
        self.cluster = cluster
        self.place = place
        self.address = place.address
        self.clock = clock
        self.is_up = True
        self.shim = harness.preload(CLOCK, MCP_CLOCK_OFFSET=clock)
        self.fixed_port = PORT if place.net.is_real else support.free_port()
        self.catalog = catalog_of(place.folder / "catalog")
        super().__init__(cluster.world, place.folder, sections, True)

    @property
    def name(self):
        return self.place.name

    def free_port(self):
        return self.fixed_port

    def start(self, command, log, env=None, **options):
        return self.place.start(
            command, log, env=dict(env or os.environ, **self.shim), **options)

    def call(self, command, **options):
        return self.place.run(command, env=dict(os.environ, **self.shim),
                              **options)

    def write_configuration(self):
        super().write_configuration()
        # A worker that finds half of the tables looks again in a second.
        done = self.call([harness.CTL, "-c", self.conf, "schema", "apply"],
                         timeout=60)
        equal(done.returncode, 0, "mcpctl schema apply said %s; its status"
              % done.stdout)

    def start_responder(self):
        self.socket.unlink(missing_ok=True)
        super().start_responder()

    def start_streamer(self):
        self.stream_socket.unlink(missing_ok=True)
        super().start_streamer()

    def sweep(self, later):
        """As one whose clock is late; what is kept for an hour is too old."""
        shim = harness.preload(CLOCK, MCP_CLOCK_OFFSET=self.clock + later)
        done = self.place.run([harness.CTL, "-c", self.conf, "sweep", "2"],
                              env=dict(os.environ, **shim), timeout=20)
        equal(done.returncode, 0, "mcpctl sweep said %s" % done.stdout)

    def kill(self):
        """The whole host is gone; its disk is not."""
        self.is_up = False
        self.place.kill()

    def revive(self):
        self.place.up()
        self.start_all()
        self.is_up = True

    def restart_dead(self):
        """As the one who looks after services does."""
        if not self.is_up:
            return
        for process, start in ((self.responder, self.start_responder),
                               (self.streamer, self.start_streamer),
                               (self.lighttpd, self.start_lighttpd)):
            if process.poll() is not None:
                start()

    def tools(self):
        """Processes that are none of the server's."""
        return [pid for pid in self.place.pids() if name_of(pid) not in (
            "mcp-request", "mcp-stream", "lighttpd")]


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as comm:
            return comm.read().strip()
    except OSError:
        return "mcp-request"


class Cluster:
    def __init__(self, world):
        self.world = world
        self.seed = SEED
        self.dice = random.Random(SEED)
        self.hosts = []
        self.store = None
        self.cache = None
        self.net = cluster_net.Net(world)

    def build(self, kind, hosts=3, clocks=CLOCKS, is_lossy=False, **changes):
        """kind: of store, and "+memcached" if that is in front of it;
        is_lossy: packets may get lost, see cluster_loss.py."""
        print("seed %s, %s, clocks %s" % (SEED, kind, clocks), flush=True)
        kind, _, cache = kind.partition("+")
        self.loss = cluster_loss.Loss(self, is_lossy)
        self.store = cluster_stores.KINDS[kind](self)
        if cache:
            manual = subprocess.run([harness.CTL, "manual"],
                                    stdout=subprocess.PIPE, check=True)
            if b"memcached" not in manual.stdout:
                raise harness.Skip("it was built without memcached")
            self.cache = cluster_stores.Memcached(self)
        for i in range(hosts):
            self.hosts.append(self.member(
                "host%d" % (i + 1), clocks[i % len(clocks)], changes))
        self.balance()

    def member(self, name, clock, changes):
        place = self.net.place(name, [
            *self.store.shared, harness.SOURCE, harness.BUILD])
        sections = {
            "server": {"socket": place.folder / "request.sock",
                       "state": place.folder / "state", "workers": WORKERS,
                       "trace": place.folder / "trace"},
            "stream": {"socket": place.folder / "stream.sock"},
            "store": {"url": self.store.url_for(name, self.loss)},
            "http": {"comment": "1s"},
            # What nobody heard of goes at the end; see Member.sweep().
            "limits": {"calls": 128, "session_idle": "1h"},
            "catalog": {"folder": place.folder / "catalog",
                        "modules": [harness.UNITS, harness.COUNT]},
        }
        if self.cache:
            sections["cache"] = {"servers": self.loss.way(
                name, self.cache.place.name, self.cache.server)}
        for section, keys in changes.items():
            sections.setdefault(section, {}).update(keys)
        return Member(self, place, sections, clock)

    def balance(self):
        port = PORT if self.net.is_real else support.free_port()
        address = self.net.address(1)
        self.balancer_log = self.world.folder / "balancer.json"
        self.world.start(
            [sys.executable, BALANCER, self.balancer_log,
             "%s:%d" % (address, port)]
            + [self.loss.way("balancer", host.name, "%s:%d" % (
                host.address, host.port)) for host in self.hosts],
            self.world.folder / "balancer.out")
        wait_until(lambda: support.listens(port, address), "the balancer")
        self.url = "http://%s:%d/mcp" % (address, port)

    def query(self, sql):
        """Rows of the store; {} before the name of each table."""
        return self.store.query(sql.replace("{}", self.store.prefix))

    def up(self):
        return [host for host in self.hosts if host.is_up]

    def restart_dead(self):
        for host in self.hosts:
            host.restart_dead()

    def parents(self):
        return [process.pid for host in self.up()
                for process in (host.responder, host.streamer)]

    def descriptors(self):
        return [len(os.listdir("/proc/%d/fd" % pid))
                for pid in self.parents()]

    def write_trace(self):
        """What all hosts sent and were sent, as one host would have written
        it: see World.traffic()."""
        found = []
        for i, host in enumerate(self.hosts):
            path = host.folder / "trace"
            with contextlib.suppress(OSError), open(
                    path, encoding="utf-8", errors="replace") as lines:
                for text in lines:
                    line = schema_check.load(text)
                    # Who was killed while writing leaves a piece.
                    if isinstance(line, dict) and "what" in line:
                        line["pid"] += i * PIDS
                        found.append((line["ms"] - host.clock * 1000, line))
        found.sort(key=lambda pair: pair[0])
        with open(self.world.trace, "w") as out:
            out.writelines(json.dumps(line) + "\n" for _, line in found)

    def close(self):
        """Everything but what holds the hosts goes first."""
        for host in self.up():
            host.place.signal(signal.SIGCONT)
        left = self.world.stop()
        self.write_trace()
        if LOGS:
            for log in self.world.folder.glob("*/*.log"):
                os.makedirs(LOGS, exist_ok=True)
                shutil.copy(log, "%s/%s.%s" % (LOGS, log.parent.name,
                                               log.name))
        if self.store:
            self.store.close()
        self.net.down()
        check(not left, "had to be killed: %s", left)


def run(test, seconds=110 + SECONDS, **options):
    """Be the program of one test of a cluster."""
    kind = "+".join(sys.argv[1:] or [stores.KIND] + [
        "memcached"] * stores.IS_CACHED)
    cluster_net.enter()

    def inner(world):
        it = Cluster(world)
        try:
            it.build(kind, **options)
            test(it)
        finally:
            it.close()
    harness.run(inner, seconds)
