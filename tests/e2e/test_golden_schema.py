"""What a golden exchange expects is what its revision allows."""
import sys

import golden
import harness
import schema_check
from support import check


def main():
    if schema_check.jsonschema is None:
        print("SKIPPED: %s" % schema_check.MISSING)
        return harness.SKIPPED
    chosen = schema_check.Chosen()
    wrong = []
    answers = 0
    files = sorted((harness.SOURCE / "tests" / "golden").glob("*.txt"))
    check(files, "no golden exchanges")
    for file in files:
        trace = schema_check.Trace(chosen)
        answers += golden.play(file.read_text(), trace, file.name)
        wrong += trace.wrong
    wrong += chosen.violations()
    print("%d files, %d answers, %d messages, %d checked" % (
        len(files), answers, chosen.total, len(chosen.each())))
    for name in schema_check.REVISIONS:
        check(any(one[1] == name for one in chosen.each()),
              "no message of %s", name)
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
