"""Measure hosts that share a store; README.md.

Started by tests/bench/run --hosts, which has built everything.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "bench"
BIN = BUILD / "bin"
sys.path.insert(0, str(HERE.parent / "e2e"))
os.environ["MCP_BUILD"] = str(BUILD)

import cluster_net                       # noqa: E402
import cluster_stores                    # noqa: E402
import harness                           # noqa: E402
import hosts_costs                       # noqa: E402
import hosts_used                        # noqa: E402
import mcp                               # noqa: E402
import speaking                          # noqa: E402
from bench import (SESSION_BODY, SESSION_HEADERS, STATELESS_BODY,  # noqa: E402
                   STATELESS_HEADERS)
from catalog import Catalog              # noqa: E402
from support import check, wait_until    # noqa: E402

PORT = 8080
# Requests in a row that must be answered before anything is measured.
WARM = 10
STORES = ("sqlite", "postgresql", "mariadb", "postgresql+memcached",
          "mariadb+memcached")
# Says when it said it.
BEAT = """
n = arguments["n"]
for i in range(1, n + 1):
    say(progress=i, total=n, message=str(time.monotonic_ns()))
    time.sleep(arguments["ms"] / 1000)
"""
BEAT_MS = 25


class PostgresqlServer(cluster_stores.PostgresqlServer):
    is_durable = True

    def settings(self):
        return dict(super().settings(), max_connections=250,
                    shared_buffers="128MB", max_wal_size="1GB",
                    shared_preload_libraries="pg_stat_statements")


class MariadbServer(cluster_stores.MariadbServer):
    is_durable = True

    def settings(self):
        return dict(super().settings(), max_connections=250,
                    innodb_buffer_pool_size="128M")


KINDS = {"sqlite": cluster_stores.Sqlite, "postgresql": PostgresqlServer,
         "mariadb": MariadbServer}


class Host(harness.Host):
    """One that is started and stopped between rounds."""

    def __init__(self, site, place, sections):
        self.place = place
        self.address = place.address
        super().__init__(site.world, place.folder, sections, True)

    def free_port(self):
        return PORT

    def start(self, command, log, **options):
        return self.place.start(command, log, **options)

    def start_responder(self):
        self.socket.unlink(missing_ok=True)
        self.stream_socket.unlink(missing_ok=True)
        super().start_responder()

    def is_up(self):
        return self.lighttpd.poll() is None

    def up(self):
        if not self.is_up():
            self.start_all()
        # Each worker may have to wait for who sets the store up.
        wait_until(lambda: all(
            mcp.Session(self.url).initialize().status == 200
            for _ in range(WARM)), "a host", 30)

    def down(self):
        if not self.is_up():
            return
        for process in (self.lighttpd, self.streamer, self.responder):
            process.terminate()
            process.wait(20)


class Site:
    """What shares one store."""

    def __init__(self, world, kind, hosts, options):
        self.world = world
        self.options = options
        self.net = cluster_net.Net(world)
        kind, _, cache = kind.partition("+")
        self.store = KINDS[kind](self)
        self.cache = cluster_stores.Memcached(self) if cache else None
        self.hosts = [self.host(i + 1) for i in range(hosts)]

    def host(self, number):
        place = self.net.place("host%d" % number, [
            *self.store.shared, harness.SOURCE, harness.BUILD])
        catalog = Catalog(place.folder / "catalog")
        speaking.define(catalog, "beat", BEAT)
        sections = {
            "server": {"socket": place.folder / "request.sock",
                       "state": place.folder / "state",
                       "workers": self.options.workers},
            "stream": {"socket": place.folder / "stream.sock",
                       "tick": "%dms" % self.options.tick},
            "store": {"url": self.store.url},
            "catalog": {"folder": catalog.folder,
                        "modules": [BIN / "bench_echo.so"]},
        }
        if self.cache:
            sections["cache"] = {"servers": self.cache.server}
        return Host(self, place, sections)

    def only(self, n):
        """The first n run, and no other."""
        for host in self.hosts[n:]:
            host.down()
        for host in self.hosts[:n]:
            host.up()
        return self.hosts[:n]

    def cpu(self):
        """By role: hosts, database, memcached."""
        engine = getattr(self.store, "engine", None)
        return {
            "web": hosts_used.cpu_ns(pid for host in self.hosts
                          for pid in host.place.pids()),
            "db": hosts_used.cpu_ns(hosts_used.tree(engine.process.pid) if engine else ()),
            "cache": hosts_used.cpu_ns(self.cache.place.pids() if self.cache else ())}

    def close(self):
        for host in self.hosts:
            host.down()
        self.store.close()
        self.net.down()


# ---------------------------------------------------------------- measures


def files_of(site, is_session):
    """What call.lua takes; the sessions were opened at one host."""
    folder = site.world.folder
    names = [folder / name for name in ("headers", "body", "ids")]
    names[0].write_text(SESSION_HEADERS if is_session else STATELESS_HEADERS)
    names[1].write_text(json.dumps(SESSION_BODY if is_session
                                   else STATELESS_BODY))
    if not is_session:
        return names[:2]
    if not names[2].exists():
        names[2].write_text("".join(
            mcp.opened(site.hosts[0].url).id + "\n"
            for _ in range(site.options.sessions)))
    return names


def strange(hosts):
    """What their logs say of answers that were not 200, and of failures."""
    return "\n".join(
        "%s: %s" % (host.place.name, line) for host in hosts
        for line in host.log().splitlines()[-200000:]
        if "status=200" not in line)[-4000:]


def calls(site, hosts, is_session):
    """wrk against each of the hosts at once."""
    arguments = [str(name) for name in files_of(site, is_session)]
    connections = max(1, site.options.connections // len(hosts))
    with hosts_used.Used(site) as used:
        running = [subprocess.Popen(
            ["wrk", "-t1", "-c%d" % connections,
             "-d%d" % site.options.seconds, "-s", str(HERE / "call.lua"),
             host.url, "--", *arguments], stdout=subprocess.PIPE, text=True)
            for host in hosts]
        said = [process.communicate()[0] for process in running]
    done, rate, p99 = 0, 0, []
    for text in said:
        line, = [line for line in text.splitlines()
                 if line.startswith("RESULT")] or [None]
        check(line, "wrk failed: %s", text)
        n, us, errors, late = map(int, line.split()[1:])
        check(n and not errors, "%d of %d answers were wrong:\n%s\n%s",
              errors, n, text, strange(hosts))
        done, rate = done + n, rate + n * 1e6 / us
        p99.append(late)
    found = {"rate": rate, "p99": max(p99) / 1000}
    for role in used.us:
        found[role] = used.us[role] / done
    return found


def latency(site, there, here, seconds):
    """Events of a call at one host, read at another; ms."""
    n = max(10, int(seconds * 1000 / BEAT_MS))
    session = mcp.opened(there.url)
    first = session.call_stream("beat", {"n": n, "ms": BEAT_MS}, there.url)
    while first.last_id is None:
        first.next()
    first.cut()
    stream = session.get(here.url, after=first.last_id)
    took = []
    while True:
        message = stream.message()
        now = time.monotonic_ns()
        if message is None or "result" in message:
            break
        if message.get("method") == "notifications/progress":
            took.append((now - int(message["params"]["message"])) / 1e6)
    stream.close()
    session.delete()
    # What was said before the stream was there came late for that.
    took = sorted(took[5:])
    check(took, "no events came")
    return took


# ------------------------------------------------------------------- cases


def throughput(site, title, is_session):
    options = site.options
    rounds = {n: [] for n in options.hosts}
    for _ in range(options.rounds):
        for n in options.hosts:
            rounds[n].append(calls(site, site.only(n), is_session))
    print("  %s" % title)
    one = rounds[options.hosts[0]]
    for n, found in rounds.items():
        ratio = [a["rate"] / b["rate"] for a, b in zip(found, one)]
        median = {key: statistics.median(each[key] for each in found)
                  for key in found[0]}
        print("    %d host%s %7.0f requests/s, %.2f (%.2f-%.2f) times %d;"
              " p99 %.1f ms; CPU us per request: web %.0f, database %.0f,"
              " memcached %.0f" % (
                  n, " " if n == 1 else "s", median["rate"],
                  statistics.median(ratio), min(ratio), max(ratio),
                  options.hosts[0], median["p99"], median["web"],
                  median["db"], median["cache"]), flush=True)


def case_session(site):
    throughput(site, "tools/call in %d sessions that all hosts share"
               % site.options.sessions, True)


def case_stateless(site):
    throughput(site, "tools/call without a session", False)


def case_idle(site):
    print("  one silent stream on each host: CPU, percent of a processor")
    for n in site.options.hosts:
        hosts = site.only(n)
        sessions = [mcp.opened(host.url) for host in hosts]
        streams = [session.get() for session in sessions]
        for stream in streams:
            stream.next()
        found = hosts_used.idle(site, hosts, site.options.seconds)
        for stream in streams:
            stream.close()
        print("    %d host%s web %.2f, database %.2f, memcached %.2f;"
              " %.1f kB/s for each host" % (
                  n, ": " if n == 1 else "s:", found["web"], found["db"],
                  found["cache"], found["kB"]), flush=True)


def case_latency(site):
    hosts = site.only(max(site.options.hosts))
    print("  from a tool that says something to its client, ms; tick %d ms,"
          " %d hosts" % (site.options.tick, len(hosts)))
    for title, here in (("at the same host", hosts[0]),
                        ("at another", hosts[-1])):
        if here is hosts[0] and title == "at another":
            continue
        took = []
        for _ in range(site.options.rounds):
            took += latency(site, hosts[0], here, site.options.seconds)
        took.sort()
        print("    %-16s p50 %.1f, p99 %.1f, most %.1f (%d events)" % (
            title, took[len(took) // 2], took[len(took) * 99 // 100],
            took[-1], len(took)), flush=True)


CASES = {"session": case_session, "stateless": case_stateless,
         "latency": case_latency, "idle": case_idle, "costs": hosts_costs.measure}


def measure(kind, options):
    """One store, in a world of its own."""
    if kind == "sqlite":
        # Only one machine can have it.
        options = argparse.Namespace(**dict(vars(options), hosts=[1]))
    world = harness.World()
    world.folder.chmod(0o755)
    print("\n%s" % kind, flush=True)
    site = Site(world, kind, max(options.hosts), options)
    try:
        for name in options.only or CASES:
            CASES[name](site)
    finally:
        site.close()
        world.stop()


def main():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run [--no-install] --hosts", description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--only", action="append", choices=CASES,
                        help="this case; may be repeated")
    parser.add_argument("--store", action="append", choices=STORES,
                        help="this store; may be repeated")
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of one round")
    parser.add_argument("--workers", type=int, default=2, help="of each host")
    parser.add_argument("--connections", type=int, default=32,
                        help="of wrk, to all hosts together")
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--tick", type=int, default=10,
                        help="stream.tick, ms")
    options = parser.parse_args()
    if min(*options.hosts, options.rounds, options.seconds, options.workers,
           options.connections, options.sessions, options.tick) < 1:
        parser.error("numbers must be positive")
    cluster_net.enter()
    if os.environ[cluster_net.INSIDE] != "real":
        sys.exit("needs root and namespaces")
    if os.environ.get("MCP_BENCH_STORE"):
        measure(os.environ["MCP_BENCH_STORE"], options)
        return
    print("%d processors for all of it, %d workers on each host, %d rounds of"
          " %d s: medians" % (len(os.sched_getaffinity(0)), options.workers,
                              options.rounds, options.seconds), flush=True)
    for kind in options.store or STORES:
        # Each with a network of its own.
        environment = dict(os.environ, MCP_BENCH_STORE=kind)
        del environment[cluster_net.INSIDE]
        subprocess.run([sys.executable, *sys.argv], env=environment,
                       check=True)


if __name__ == "__main__":
    main()
