"""The public conformance suite against an example server.

`check_all()` runs the frozen set of each revision, and wants every scenario
without a failure, whether the suite scores it or only runs it.
"""
import collections
import json
import pathlib
import re
import subprocess
import time

import harness
from support import check, equal

SUITE = harness.JS / "node_modules" / "@modelcontextprotocol" / "conformance"
CATALOG = harness.SOURCE / "tests" / "fixture" / "catalog"

# Of each revision: how many scenarios count, and how many are only run.
SETS = {"2025-11-25": (30, 3), "2026-07-28": (37, 13)}

# Scenarios that the suite itself skips, whatever the server does.
SKIPPED = {"tasks-status-notifications"}


def need():
    """The path of Node.js; skips the test where there is no suite."""
    if not SUITE.is_dir():
        raise harness.Skip("no conformance suite: run npm ci in tests/e2e/js")
    return harness.node()


def scored_of(revision):
    """Names of the scenarios that count: the list under `server:`."""
    text = (SUITE / "requirements" / (revision + ".yaml")).read_text()
    section = re.search(r"^server:\n((?:[ #].*\n|\n)*)", text, re.M)[1]
    return re.findall(r"^  - ([\w-]+) *$", section, re.M)


class Run:
    """One run of the suite: its checks, scenario by scenario."""

    def __init__(self, url, revision, folder):
        self.revision = revision
        began = time.monotonic()
        done = subprocess.run(
            [need(), SUITE / "dist" / "index.js", "server", "--url", url,
             "--requirements", revision, "-o", folder], timeout=100,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True)
        self.seconds = time.monotonic() - began
        self.status = done.returncode
        self.said = done.stdout
        self.checks = {}
        for file in sorted(pathlib.Path(folder).glob("server-*/checks.json")):
            # server-NAME-2026-01-02T03-04-05-678Z
            name = re.fullmatch(r"server-(.*)-\d{4}-\d\d-\d\dT[\d-]+Z",
                                file.parent.name)[1]
            check(name not in self.checks, "%s was run twice", name)
            self.checks[name] = json.loads(file.read_text())

    def of_status(self, status):
        """(scenario, check) of all checks with that status."""
        return [(name, one) for name, checks in sorted(self.checks.items())
                for one in checks if one["status"] == status]

    def table(self):
        """A line for each scenario."""
        lines = []
        for name, checks in sorted(self.checks.items()):
            count = collections.Counter(one["status"] for one in checks)
            lines.append("%-52s %s" % (name, ", ".join(
                "%d %s" % (n, status.lower())
                for status, n in sorted(count.items()))))
        return "\n".join(lines)

    def complaints(self):
        for status in ("FAILURE", "WARNING"):
            for name, one in self.of_status(status):
                yield "%s %s %s: %s" % (status, name, one["id"],
                                        one.get("errorMessage"))


def check_run(run):
    scored = scored_of(run.revision)
    n_scored, n_others = SETS[run.revision]
    complaints = "\n".join(run.complaints())
    equal(run.of_status("FAILURE"), [], "failures\n%s\n" % complaints)
    equal(run.status, 0, "exit status; it said:\n%s\n" % run.said)
    equal(len(scored), n_scored, "scenarios that count")
    equal(sorted(set(scored) - set(run.checks)), [], "scored and not run")
    equal(len(run.checks), n_scored + n_others, "scenarios that were run")
    passed = [name for name in scored
              if any(one["status"] == "SUCCESS" for one in run.checks[name])]
    equal(len(passed), n_scored, "scenarios with a success")
    empty = [name for name, checks in run.checks.items()
             if not any(one["status"] == "SUCCESS" for one in checks)]
    equal(sorted(set(empty) - SKIPPED), [], "scenarios without a success")
    found = {(name, one["id"]) for name, one in run.of_status("WARNING")}
    equal(sorted(found), [], "warnings\n%s\n" % complaints)


def check_all(world, url):
    """Both sets against that URL; prints what was found, then judges."""
    runs = []
    for revision in SETS:
        run = Run(url, revision, world.folder / ("checks-" + revision))
        print("%s, %.1f s\n%s" % (revision, run.seconds, run.table()))
        print("\n".join(run.complaints()), flush=True)
        runs.append(run)
    for run in runs:
        check_run(run)
    return runs


def host(world, **changes):
    """A host that serves the example."""
    changes.setdefault("catalog", {
        "folder": CATALOG, "check": "50ms",
        "modules": [harness.FIXTURE, harness.COUNT]})
    return world.host(**changes)


Served = collections.namedtuple("Served", "method status host")


def check_rotation(world, hosts):
    """What the balancer handed on: each request to another host than the one
    before, and every host got GET and POST."""
    lines = (world.folder / "balancer" / "access").read_text().splitlines()
    served = [Served(*line.split()) for line in lines]
    names = {"127.0.0.1:%d" % host.port for host in hosts}
    equal({one.host for one in served}, names, "hosts that got requests")
    for method in ("GET", "POST"):
        equal({one.host for one in served if one.method == method}, names,
              "hosts that got " + method)
    # The lines are in the order in which requests ended, those of the last
    # streams yet to come.  Evenly spread they are in any order.
    counts = collections.Counter(one.host for one in served)
    check(max(counts.values()) - min(counts.values()) <= len(hosts),
          "not the same number to each host: %s", counts)
    return served
