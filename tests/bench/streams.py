"""Measure many streams of one mcp-stream process; README.md.

Started by tests/bench/run --streams, which has built everything.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = HERE.parent.parent / "build" / "bench" / "bin"

# key of bench_streams, what it is, how it is shown
LINES = (
    ("bytes_per_stream", "resident, each", "{:.0f} B"),
    ("told_bytes_per_stream", "... after events", "{:.0f} B"),
    ("churned_bytes_per_stream", "... after coming and going", "{:.0f} B"),
    ("open_per_s", "opened", "{:.0f}/s"),
    ("churn_per_s", "dropped and resumed", "{:.0f}/s"),
    ("idle_cpu_percent", "CPU, idle", "{:.2f} %"),
    ("idle_comments", "... with comments", "{:.0f}"),
    ("looks_per_s", "looks at the store, idle or not", "{:.0f}/s"),
    ("bell_cpu_percent", "CPU, 100 events/s, doorbell", "{:.2f} %"),
    ("bell_p50_ms", "... commit to client, p50", "{:.2f} ms"),
    ("bell_p99_ms", "... p99", "{:.2f} ms"),
    ("bell_lost", "... lost", "{:.0f}"),
    ("tick_cpu_percent", "CPU, 100 events/s, no doorbell", "{:.2f} %"),
    ("tick_p50_ms", "... commit to client, p50", "{:.2f} ms"),
    ("tick_p99_ms", "... p99", "{:.2f} ms"),
    ("tick_lost", "... lost", "{:.0f}"),
    ("topic_first_ms", "a list changed: the first is told", "{:.1f} ms"),
    ("topic_all_ms", "... and all", "{:.1f} ms"),
    ("topic_cpu_s", "... CPU of that", "{:.2f} s"),
    ("sent_away_s", "told to stop: all are sent away in", "{:.2f} s"),
)


def child_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def wait_for(what, condition):
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not start")
        time.sleep(0.02)


def read_left(log):
    """What the process said that it has done."""
    for line in log.read_text().splitlines():
        if line.startswith("left "):
            return dict(word.split("=") for word in line.split()[1:])
    return {}


def measure(kind, number, seconds, options):
    home = Path(tempfile.mkdtemp(prefix="mcp-streams."))
    (home / "state").mkdir()
    log = home / "log"
    try:
        with open(log, "wb") as out:
            responder = subprocess.Popen(
                [BIN / "mcp-stream", "-s", home / "s.sock",
                 "-o", f"server.state={home}/state",
                 "-o", f"store.url=sqlite://{home}/store.db", *options],
                stderr=out)
        wait_for("mcp-stream", lambda: (home / "s.sock").is_socket()
                 and child_of(responder.pid)
                 and any((home / "state" / "run").glob("bell-*")))
        begun = time.monotonic()
        out = subprocess.run(
            [BIN / "bench_streams", home / "s.sock", home / "store.db",
             home / "state", child_of(responder.pid)[0], kind, str(number),
             str(seconds)], stdout=subprocess.PIPE, text=True, check=True)
        lasted = time.monotonic() - begun
        responder.terminate()
        responder.wait()
        found = {key: float(value) for key, value in
                 (line.split() for line in out.stdout.splitlines())}
        left = read_left(log)
        if left:
            found["looks_per_s"] = int(left["looks"]) / lasted
        return found
    finally:
        shutil.rmtree(home)


def table(title, columns):
    print(f"\n{title}")
    print(f"  {'':<34}" + "".join(f"{name:>14}" for name, _ in columns))
    for key, text, form in LINES:
        cells = [form.format(found[key]) if key in found else "-"
                 for _, found in columns]
        if any(cell != "-" for cell in cells):
            print(f"  {text:<34}" + "".join(f"{cell:>14}" for cell in cells))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run [--no-install] --streams", description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20,
                        help="of being idle; half of it for other parts")
    parser.add_argument("--number", type=int, action="append",
                        help="of streams; may be repeated "
                        "(default: 100, 1000, 10000)")
    options = parser.parse_args()
    numbers = options.number or [100, 1000, 10000]
    if min(numbers + [options.seconds]) < 1:
        parser.error("numbers must be positive")
    for kind, title in (
            ("get", "standalone streams of sessions of 2025-11-25"),
            ("listen", "subscriptions of 2026-07-28")):
        table(title, [(str(n), measure(kind, n, options.seconds, ()))
                      for n in numbers])
    most = max(numbers)
    table("silent streams of sessions", [
        (name, measure("idle", most, options.seconds, ("-o", setting)))
        for name, setting in ((f"{most}, 15 s", "http.comment=15s"),
                              ("no comments", "http.comment=1h"),
                              ("tick 50 ms", "stream.tick=50ms"))])


if __name__ == "__main__":
    main()
