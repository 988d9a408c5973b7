"""What a golden exchange expects is what its revision allows; and so is what
is really said when they are played."""
import os
import pathlib
import subprocess
import sys
import tempfile

import golden
import harness
import schema_check
import schema_rules
from support import check

FOLDER = harness.SOURCE / "tests" / "golden"


def expected():
    """Violations in the files."""
    chosen = schema_check.Chosen()
    wrong = []
    answers = 0
    files = sorted(FOLDER.glob("*.txt"))
    check(files, "no golden exchanges")
    for file in files:
        trace = schema_check.Trace(chosen)
        answers += golden.play(file.read_text(), trace, file.name)
        wrong += trace.wrong
    wrong += chosen.violations()
    print("%d files, %d answers, %d messages, %d checked" % (
        len(files), answers, chosen.total, len(chosen.each())))
    for name in schema_rules.REVISIONS:
        check(any(one[1] == name for one in chosen.each()),
              "no message of %s", name)
    return wrong


def played():
    """Violations in the traffic of those that are played by mcp-request."""
    with tempfile.TemporaryDirectory(prefix="mcp-e2e.") as folder:
        trace = pathlib.Path(folder) / "trace"
        tests = harness.BUILD / "tests"
        done = subprocess.run(
            [tests / "golden_main", "fcgi", FOLDER], timeout=100,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(
                os.environ, MCP_TRACE=str(trace),
                MCP_SOURCE=str(harness.SOURCE), MCP_BUILD=str(harness.BUILD),
                MCP_GOLDEN_MODULE=str(tests / "libgolden_module.so")))
        check(done.returncode == 0, "golden exchanges:\n%s",
              done.stdout.decode(errors="replace"))
        wrong, total, checked, _ = schema_check.check_trace([trace])
    print("played: %d messages, %d checked" % (total, checked))
    check(total > 100, "too few messages")
    return wrong


def main():
    if schema_rules.jsonschema is None:
        print("SKIPPED: %s" % schema_rules.MISSING)
        return harness.SKIPPED
    wrong = expected() + played()
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
