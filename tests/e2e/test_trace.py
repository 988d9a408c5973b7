"""`server.trace`: what went over the wire, and no secret."""
import json
import re
import urllib.parse

import harness
import mcp
import schema_rules
import sse
from catalog import Catalog
from support import check, equal, wait_until

CREDENTIAL = "Bearer of-a-client"


def lines(world):
    """All of the file; each line is an object."""
    text = world.trace.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def exchanges(world):
    """Lines by process and connection."""
    found = {}
    for line in lines(world):
        found.setdefault((line["pid"], line["connection"]), []).append(line)
    return list(found.values())


def of_method(world, method):
    """The exchange that asked for this, with its end."""
    def ended():
        found = [one for one in exchanges(world)
                 if '"%s"' % method in one[0].get("body", "")]
        check(len(found) == 1, "%d exchanges of %s", len(found), method)
        return found[0] if found[0][-1]["what"] == "end" else None
    return wait_until(ended, "end of the exchange")


def test_answer(world, session):
    headers = dict(session.headers(), Authorization=CREDENTIAL)
    answer = mcp.request(session.url, "POST", headers, json.dumps(
        {"jsonrpc": "2.0", "id": "é", "method": "ping"}).encode())
    asked, answered, end = of_method(world, "ping")
    equal([asked["what"], answered["what"], end["what"]],
          ["request", "answer", "end"], "lines")
    equal((asked["method"], asked["target"]), ("POST", "/mcp"), "request")
    equal(json.loads(asked["body"])["id"], "é", "what was asked")
    equal(asked["headers"]["MCP-Protocol-Version"], session.revision,
          "a header")
    equal((answered["status"], answered["body"]),
          (answer.status, answer.body.decode()), "answer")


def test_session(world, host, session):
    """The same short hash stands in the log, and nowhere the id."""
    made = of_method(world, "initialize")[1]["session"]
    equal(of_method(world, "ping")[0]["session"], made, "session")
    check("session=" + made in wait_until(
        lambda: re.search(r"method=ping.*", host.log()), "the log").group(),
        "another hash in the log: %s", made)


def test_events(world, session):
    """What mcp-request says on a POST."""
    stream = session.call_stream("count", {"n": 2, "ms": 1})
    said = stream.rest()
    exchange = of_method(world, "tools/call")
    equal(exchange[1]["headers"]["Content-Type"], "text/event-stream", "type")
    text = "".join(line.get("body", "") for line in exchange[1:])
    equal([event.message() for event in sse.parse(text) if event.data], said,
          "events")
    check("more" in [line["what"] for line in exchange], "all at once")


def test_stream(world, host, session):
    stream = session.get()
    host.ctl("notify", "tools")
    stream.until(lambda m: m.get("method") ==
                 "notifications/tools/list_changed")
    stream.close()

    def is_over():
        return [one for one in exchanges(world)
                if one[0]["method"] == "GET" and one[-1]["what"] == "end"]
    exchange = wait_until(is_over, "the end of the stream")[0]
    check(exchange[-1].get("cut"), "no cut: %r", exchange)
    check(exchange[0]["pid"] in host.stream_processes(), "by another process")
    check(any("list_changed" in line.get("body", "") for line in exchange),
          "no event: %r", exchange)


def test_http_sse(world, host):
    """Its address is as good as an id."""
    stream = sse.Stream(urllib.parse.urljoin(host.url, "/sse"))
    address = stream.next().data
    session = address.partition("sessionId=")[2]
    check(len(session) > 80, "no id in %s", address)
    http = mcp.Session(host.url, schema_rules.R1)
    posted = sse.Stream(urllib.parse.urljoin(host.url, address), mcp.HEADERS,
                        "POST", http.initialize_message())
    equal(posted.status, 202, "status of a POST")
    stream.until(lambda m: "result" in m)
    stream.close()
    text = world.trace.read_text()
    check(session not in text, "the id is in the trace")
    hashes = re.findall(r"sessionId=(\w*)", text)
    check(len(hashes) > 1 and len(set(hashes)) == 1 and len(hashes[0]) == 8,
          "hashes in addresses: %r", hashes)


def test_secrets(world, session):
    text = world.trace.read_text()
    check(session.id not in text, "the id is in the trace")
    check(CREDENTIAL not in text, "the token is in the trace")
    equal(world.trace.stat().st_mode & 0o777, 0o600, "mode")


def test_unusable(world):
    """A trace that cannot be written disturbs nobody."""
    host = world.host(server={"trace": world.folder})
    session = mcp.opened(host.url)
    check(session.tools(), "no tools")
    session.get().close()
    for name in ("request.log", "stream.log"):
        wait_until(lambda: "trace-fails" in (host.folder / name).read_text(),
                   "a line in %s" % name)


def test(world):
    catalog = Catalog(world.folder / "catalog")
    host = world.host(catalog={"folder": catalog.folder})
    session = mcp.opened(host.url)
    test_answer(world, session)
    test_session(world, host, session)
    test_events(world, session)
    test_stream(world, host, session)
    test_http_sse(world, host)
    test_secrets(world, session)
    test_unusable(world)


harness.run(test)
