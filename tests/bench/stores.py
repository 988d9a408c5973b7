"""Measure the stores themselves; README.md.

Started by tests/bench/run --stores, which has built everything.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = HERE.parent.parent / "build" / "bench" / "bin"
sys.path.insert(0, str(HERE.parent / "e2e"))

from engine_mariadb import Mariadb            # noqa: E402
from engine_postgresql import Postgresql      # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


class Sqlite:
    """A file, as if it had a server."""

    def __init__(self, folder, **_):
        self.folder = folder

    def start(self):
        self.folder.mkdir()

    def url(self, database, **_):
        return "sqlite://%s/%s.db" % (self.folder, database)

    process = None

    def stop(self):
        pass


ENGINES = {"sqlite": Sqlite, "postgresql": Postgresql, "mariadb": Mariadb}


def descendants(pid):
    found = [pid]
    try:
        children = Path("/proc/%d/task/%d/children" % (pid, pid)).read_text()
    except FileNotFoundError:
        return []
    for child in children.split():
        found += descendants(int(child))
    return found


def cpu_s(engine):
    """Of a server's processes, in seconds."""
    total = 0
    for pid in descendants(engine.process.pid) if engine.process else ():
        try:
            text = Path("/proc/%d/stat" % pid).read_text()
        except FileNotFoundError:
            continue
        words = text.rpartition(")")[2].split()
        # Of children that have ended, too.
        total += sum(int(words[i]) for i in (11, 12, 13, 14))
    return total / TICK


def appends(name, engine, options):
    print("\n%s: appends/s   (p50, p99 us)" % name)
    out = subprocess.run(
        [BIN / "bench_appends", engine.url("appends", tcp=True), str(options.rounds),
         str(options.seconds), *map(str, options.processes)],
        stdout=subprocess.PIPE, text=True, check=True)
    for line in out.stdout.splitlines():
        n, ours, p50, p99, bare, bare50, bare99 = line.split()
        print("  %2s processes: ours %6s (%s, %s)  bare %6s (%s, %s)"
              "  ratio %.2f" % (n, ours, p50, p99, bare, bare50, bare99,
                                float(ours) / max(1.0, float(bare))))


def polls(name, engine, options):
    print("\n%s: hosts that look every %d ms" % (name, options.tick))
    for events in (0, 100):
        for n in options.pollers:
            before = cpu_s(engine)
            out = subprocess.run(
                [BIN / "bench_pollers", engine.url("appends", tcp=True), str(n),
                 str(options.tick), str(options.seconds * 2), str(events)],
                stdout=subprocess.PIPE, text=True, check=True)
            server = (cpu_s(engine) - before) / (options.seconds * 2)
            _, looks, seen, lost, p50, p99 = out.stdout.split()
            print("  %3d hosts, %3d events/s: %6s looks/s, server %5.1f %%"
                  % (n, events, looks, server * 100), end="")
            if events:
                print(", noticed after %.1f, %.1f ms (%s, lost %s)"
                      % (int(p50) / 1000, int(p99) / 1000, seen, lost))
            else:
                print()


def main():
    parser = argparse.ArgumentParser(
        prog="sh tests/bench/run --stores",
        description="Appends per second, and what looking for changes costs.")
    parser.add_argument("--only", action="append", choices=ENGINES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+",
                        default=[1, 4, 8])
    parser.add_argument("--pollers", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--tick", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcp-stores.") as scratch:
        os.chmod(scratch, 0o755)
        for name in options.only or ENGINES:
            engine = ENGINES[name](Path(scratch) / name, durable=True,
                                   settings={"max_connections": 250})
            engine.start()
            try:
                appends(name, engine, options)
                polls(name, engine, options)
            finally:
                engine.stop()


main()
