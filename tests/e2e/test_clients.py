"""The official TypeScript clients, from the first to the newest."""
import json

import harness

CONVERT = {"name": "convert_units", "expect": "3000",
           "arguments": {"value": 3, "from": "km", "to": "m"}}
CATALOG = [
    {"name": "search_documents", "expect": "",
     "arguments": {"query": "the"}},
    {"name": "read_document", "expect": "", "arguments": {}},
]


def test(world):
    harness.node()
    host = world.host()
    for script in ("v1.mjs", "old.mjs", "v2.mjs"):
        said = world.script(script, host.url, json.dumps([CONVERT]))
        print("ok %s %s" % (script, said.strip()))


harness.run(test)
