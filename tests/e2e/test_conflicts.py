"""Places where the specification is in conflict with itself, as far as it
takes a whole host to see how they are decided."""
import json

import harness
import mcp
import speaking
from catalog import Catalog
from expect import CHANGED, opened_stream
from support import check, equal


def definition(name, properties):
    return json.dumps({
        "name": name, "description": "A tool of a test",
        "inputSchema": {"type": "object", "properties": properties},
        "run": {"command": ["/bin/echo", "said"]}})


def refused(host, catalog, text, what):
    catalog.write("odd", text)
    report = host.ctl("check", status=1)
    check("odd.json" in report and what in report,
          "%s is not what was found: %s", what, report)
    catalog.remove("odd")
    host.ctl("check")


def test_names(host, catalog):
    """12-C14: at most 64 characters, and no slash."""
    catalog.write("long", definition("n" * 64, {}))
    host.ctl("check")
    catalog.remove("long")
    for name in ("n" * 65, "a/b", "", "a b", "\u00e9"):
        refused(host, catalog, definition(name, {}), "name")


def test_mirrored_numbers(host, catalog):
    """12-C20: an argument that may be a fraction is not mirrored."""
    for kind in ("number", ["integer", "null"], "object", "array"):
        refused(host, catalog, definition("odd", {
            "n": {"type": kind, "x-mcp-header": "N"}}), "x-mcp-header")


def test_mirrored_below(host, catalog):
    """12-C21: one in an object in an object is."""
    catalog.write("deep", definition("deep", {
        "a": {"type": "object", "properties": {
            "b": {"type": "object", "properties": {
                "c": {"type": "integer", "x-mcp-header": "C"}}}}}}))
    host.ctl("check")
    client = mcp.Modern(host.url)
    message = client.message("tools/call", {
        "name": "deep", "arguments": {"a": {"b": {"c": 7}}}})
    for value, status in (("7", 200), ("7.0", 200), ("8", 400), (None, 400)):
        headers = client.headers(message)
        if value is not None:
            headers["Mcp-Param-C"] = value
        answer = mcp.request(host.url, "POST", headers,
                             json.dumps(message).encode())
        equal(answer.status, status, "status with %s" % value)
        if status == 400:
            equal(answer.json()["error"]["code"], -32020, "code")


def test_related(host):
    """12-C26: what comes with an answer belongs to it; what belongs to the
    session comes on the session's stream, and no question does (12-C12)."""
    session = mcp.opened(host.url, capabilities={"elicitation": {}})
    own = opened_stream(session, host.url)
    streams, expected = [], []
    for marker in ("one", "two"):
        streams.append(session.call_stream(
            "steps", {"n": 5, "ms": 20, "marker": marker}))
        expected.append("token-%d" % session.number)
    asking = session.call_stream("greet")
    question = asking.until(lambda m: "method" in m and "id" in m)[-1]
    host.ctl("notify", "tools")
    for stream, token in zip(streams, expected):
        messages = stream.rest()
        equal([m["params"]["progressToken"] for m in messages[:-1]],
              [token] * 5, "progress")
    session.post({"jsonrpc": "2.0", "id": question["id"],
                  "result": mcp.accept(name="Ada")})
    asking.rest()
    equal(own.message()["method"], CHANGED, "on the session's stream")
    # The edits of this test's catalog may have been announced, too.
    while not own.silent(0.1):
        equal(own.message()["method"], CHANGED, "on the session's stream")
    own.close()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    host = world.host(catalog={"folder": catalog.folder})
    for part in (test_names, test_mirrored_numbers, test_mirrored_below):
        part(host, catalog)
        print("ok %s" % part.__name__)
    test_related(host)


harness.run(test)
