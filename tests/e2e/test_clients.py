"""The official TypeScript clients, from the first to the newest."""
import json

import harness

# In C.
CONVERT = {"name": "convert_units", "expect": "3000",
           "arguments": {"value": 3, "from": "km", "to": "m"}}
# In Python, and in shell.
LIBRARY = [
    {"name": "search_documents", "expect": "writing-a-tool",
     "arguments": {"query": "writing a tool"}},
    {"name": "read_document", "expect": "# ",
     "arguments": {"name": "writing-a-tool"}},
    {"name": "read_document", "expect": "describing-tools", "arguments": {}},
]


def test(world):
    harness.node()
    host = world.host(catalog={"folder": harness.CATALOG})
    calls = [CONVERT] + LIBRARY
    for script in ("v1.mjs", "old.mjs", "v2.mjs"):
        said = world.script(script, host.url, json.dumps(calls))
        print("ok %s %s" % (script, said.strip()))


harness.run(test)
