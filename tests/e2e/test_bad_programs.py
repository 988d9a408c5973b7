"""Programs that write anything but what they should on descriptor 3, or do not
read descriptor 4: their calls still get the right result, in every revision
and way to answer, and whatever else is sent is well-formed."""
import json
import sys
import time
import urllib.parse

import harness
import mcp
import sse
from catalog import Catalog
from support import check, children_of, equal, wait_until

CAPABILITIES = {"sampling": {}, "elicitation": {}, "roots": {}}
PRELUDE = """
import json, os, sys, time
def write(*pieces):
    for piece in pieces:
        while piece:
            piece = piece[os.write(3, piece):]
def say(**line):
    write((json.dumps(line) + "\\n").encode())
def ask(line):
    write(line if isinstance(line, bytes) else json.dumps(line).encode(),
          b"\\n")
    text = b""
    while not text.endswith(b"\\n"):
        piece = os.read(4, 65536)
        if not piece:
            return "end of file"
        text += piece
    if b"pending" in text:
        sys.exit(0)
    return text.decode().strip()
FORM = {"method": "elicitation/create", "params": {"message": "?",
    "requestedSchema": {"type": "object", "properties": {}}}}
arguments = json.load(sys.stdin)
"""
# All of them print "right" and nothing else.
PROGRAMS = {
    "garbage": r"""
write(b"not json\n", b"{\n", b"}\n", b"[]\n", b"null\n", b"7\n", b'"x"\n',
      b"{}\n", b'{"other":1}\n', b'{"progress":"x"}\n', b'{"progress":{}}\n',
      b'{"progress":1,"total":"x"}\n', b'{"progress":1,"message":[]}\n',
      b'{"log":7}\n', b'{"log":{}}\n', b'{"log":{"level":"loud","data":1}}\n',
      b'{"log":{"level":"info"}}\n', b'{"log":{"level":"info","data":}}\n',
      b'{"log":{"level":"info","data":1,"logger":7}}\n', b'{"close":1}\n',
      b'{"close":"true"}\n', b'{"answers":{"x":{}}}\n', b"\xff\xfe\n",
      b'{"log":{"level":"info","data":"\xff"}}\n',
      b'{"log":{"level":"info","data":"\\ud800"}}\n', b"[" * 60000 + b"\n",
      b'{"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n',
      b'data: x\n\nevent: y\n\n:\n\n', b"\r\n\r\n\t\n")
""",
    "numbers": r"""
write(*[b'{"progress":%s}\n' % n for n in (
    b"1e308", b"1e999", b"-1e999", b"1" * 5000, b"-5", b"0", b"1e-400",
    b"NaN", b"Infinity", b"01", b"1.", b"+1", b"1e309")])
""",
    "half": r"""write(b'{"progress":1}\n{"progress":2')""",
    "endless": r"""
for _ in range(100):
    write(b'{"log":{"level":"info","data":"' + b"x" * 65000)
write(b'\n{"log":{"level":"info","data":"behind"}}\n')
""",
    "never_ending": r"""
for _ in range(200):
    write(b"x" * 65536)
""",
    "zeros": r"""
write(bytes(1000000), b"\n", b"\0\n" * 10000, bytes(100000))
""",
    "newlines": r"""write(b"\n" * 1000000)""",
    "random": r"""
import random
dice = random.Random(1)
for _ in range(300):
    write(bytes(dice.choices(b'{}[]":,progesalk0123456789\\\n\0\xff', k=4096)))
""",
    "many_lines": r"""
for i in range(100):
    write(b"".join(b'{"progress":%d,"message":"%d"}\n' % (n, n)
                   for n in range(1000 * i + 1, 1000 * i + 1001)))
""",
    "many_logs": r"""
for i in range(20):
    write(b'{"log":{"level":"info","data":"x"}}\n' * 1000)
""",
    "closes": r"""os.close(3)""",
    "closes_both": r"""
say(progress=1)
os.close(3)
os.close(4)
""",
    "closes_all": r"""
for fd in (0, 2, 3, 4):
    os.close(fd)
""",
    "writes_to_4": r"""
try:
    os.write(4, b"x")
except OSError:
    pass
""",
    "never_reads": r"""
for _ in range(100000):
    write(b'{"ask":{"k":{"method":"no/such"}}}\n')
""",
    "asks_and_leaves": r"""
write(b'{"ask":{"k":{"method":"no/such"}}}\n')
""",
    "lets_go": r"""
write(b'{"close":true}\n' * 1000, b'{"progress":1}\n')
""",
    "leaves_a_writer": r"""
if os.fork() == 0:
    os.close(1)
    while True:
        write(b'{"log":{"level":"info","data":"on and on"}}\n')
""",
}
BAD_QUESTIONS = [
    None, [], {}, "x", 7, True, {"k": None}, {"k": []}, {"k": "x"}, {"k": {}},
    {"k": {"method": 7}}, {"k": {"method": ""}}, {"k": {"method": "x"}},
    {"k": {"method": "tools/call", "params": {}}},
    {"k": {"method": "ping"}},
    {"k": {"method": "elicitation/create", "params": []}},
    {"k": {"method": "elicitation/create", "params": None}},
    {"k": {"method": "elicitation/create", "params": {"mode": "smoke"}}},
    {"k": {"method": "elicitation/create", "params": {"mode": 7}}},
    # What was not declared.
    {"k": {"method": "elicitation/create", "params": {
        "mode": "url", "url": "https://a.example/", "message": "?"}}},
    {"k": {"method": "sampling/createMessage", "params": {
        "messages": [], "maxTokens": 1, "tools": []}}},
    {"": {"method": "roots/list"}}, {"x" * 300: {"method": "roots/list"}},
    {"good": {"method": "roots/list"}, "bad": {"method": "x"}},
    {"k%d" % i: {"method": "roots/list"} for i in range(17)},
]
BAD_LINES = [
    '{"ask":{"k":{"method":"roots/list"},"k":{"method":"roots/list"}}}',
    '{"ask":{"k":{"method":"roots/list"}}', '{"ask":', '{"ask"',
    '{"ask":{"k":{"method":"roots/list","params":{"x":"%s"}}}}' % (
        "x" * 70000),
    '{"ask":{"k":{"method":"\\ud800"}}}',
]
# Asks what it is given, line by line, and prints what it is told.
ASKS = """
for line in arguments["lines"]:
    print(ask(line.encode()))
"""
# Two questions before the first answer.
IMPATIENT = """
write(b'{"ask":{"a":' + json.dumps(FORM).encode() + b'}}\\n')
print(ask({"ask": {"b": FORM}}))
"""
# What it is asked is answered, and it does not want to know.
UNWILLING = """
say(ask={"a": FORM})
while not os.path.exists(arguments["end"]):
    time.sleep(0.01)
print("right")
"""


def texts(message):
    check("result" in message, "no result: %.300r", message)
    return "".join(c.get("text", "") for c in message["result"]["content"])


def check_right(messages, what):
    """One response, at the end, and nothing but notifications before."""
    check(messages, "%s: nothing", what)
    equal(texts(messages[-1]), "right\n", what)
    last = 0
    for message in messages[:-1]:
        check(message["method"] in ("notifications/progress",
                                    "notifications/message"),
              "%s: %.300r", what, message)
        if message["method"] == "notifications/progress":
            check(message["params"]["progress"] > last or
                  (last == 0 and message["params"]["progress"] <= 0),
                  "%s: progress falls to %r", what, message)
            last = message["params"]["progress"]


def answered(stream):
    """All that comes on this connection."""
    return stream.rest(30) if stream.is_stream else [json.loads(stream.body)]


def whole(session, stream, url):
    """All messages of a call, as a client gets them that comes back."""
    messages = answered(stream)
    while not messages or "method" in messages[-1]:
        check(stream.last_id, "no way back: %r", stream.seen)
        last = stream.last_id
        stream = session.get(url, after=last)
        equal(stream.status, 200, "status of a resume")
        stream.last_id = last
        messages += stream.rest(30)
    return messages


def test_programs(here, there):
    sessions = {revision: mcp.opened(here.url, revision)
                for revision in ("2025-03-26", "2025-11-25")}
    modern = mcp.Modern(here.url)
    for name in PROGRAMS:
        begun = time.monotonic()
        for revision, session in sessions.items():
            stream = session.call_stream(name)
            check_right(whole(session, stream, there.url),
                        "%s in %s" % (name, revision))
        stream = modern.stream("tools/call", {"name": name, "arguments": {}},
                               meta={"progressToken": "p",
                                     mcp.M + "logLevel": "debug"})
        check_right(answered(stream), "%s in %s" % (name, mcp.MODERN))
        answer = mcp.request(here.url, "POST", dict(
            session.headers(), Accept="application/json"), json.dumps({
                "jsonrpc": "2.0", "id": "json-" + name,
                "method": "tools/call", "params": {
                    "name": name, "_meta": {"progressToken": 1}}}).encode())
        check_right([answer.json()], name + " as JSON")
        print("ok %s (%.1f s)" % (name, time.monotonic() - begun), flush=True)


def test_http_sse(here):
    """All at once, on the one stream of a client of the first revision."""
    stream = sse.Stream(urllib.parse.urljoin(here.url, "/sse"))
    post = urllib.parse.urljoin(here.url, stream.next().data)
    calls = list(PROGRAMS)

    def send(message):
        done = sse.Stream(post, mcp.HEADERS, "POST",
                          dict(message, jsonrpc="2.0"))
        equal(done.status, 202, "status of a POST")
    send({"id": 0, "method": "initialize", "params": {
        "protocolVersion": "2024-11-05", "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"}}})
    check("result" in stream.message(), "initialize")
    for number in range(0, len(calls), 4):
        some = calls[number:number + 4]
        for name in some:
            send({"id": name, "method": "tools/call", "params": {
                "name": name, "_meta": {"progressToken": name}}})
        found = {}
        while set(found) != set(some):
            message = stream.message(30)
            check(message is not None, "the stream has ended")
            if "method" not in message:
                check(message["id"] not in found, "answered twice")
                found[message["id"]] = texts(message)
        equal(set(found.values()), {"right\n"}, "results")
    stream.close()


def quiet(host):
    """No process but the workers."""
    family = [host.responder.pid] + host.workers()
    return all(child in family for pid in family for child in children_of(pid))


def test_questions(here, there):
    """A question that cannot be asked is answered so, at once."""
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    modern = mcp.Modern(here.url, CAPABILITIES)
    lines = [json.dumps({"ask": ask}) for ask in BAD_QUESTIONS] + BAD_LINES
    want = '{"unsupported":true}\n' * len(lines)
    arguments = {"lines": lines}
    messages = whole(session, session.call_stream("asks", arguments),
                     there.url)
    equal(texts(messages[-1]), want, "what the program is told")
    check(not any("id" in message for message in messages[:-1]),
          "a question was sent: %r", messages)
    answer = modern.call("asks", arguments)
    equal(texts(answer.json()), want, "what it is told in " + mcp.MODERN)
    # Who declared nothing is asked nothing.
    lines = [json.dumps({"ask": {"k": {"method": method}}}) for method in (
        "roots/list", "elicitation/create", "sampling/createMessage")]
    answer = mcp.opened(there.url).call("asks", {"lines": lines})
    equal(texts(answer.json()), '{"unsupported":true}\n' * 3, "undeclared")


def accept(session, message, url):
    equal(session.post({"jsonrpc": "2.0", "id": message["id"], "result": {
        "action": "accept", "content": {}}}, url).status, 202, "answer")


def test_impatient(here, there):
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    stream = session.call_stream("impatient")
    asked = stream.until(lambda m: "method" in m and "id" in m)[-1]
    check(stream.silent(0.2), "a second question: %r", stream.seen)
    accept(session, asked, there.url)
    equal(texts(stream.rest()[-1]),
          '{"answers":{"a":{"action":"accept","content":{}}}}\n', "result")


def test_unwilling(here, there, folder):
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    stream = session.call_stream("unwilling", {"end": str(folder / "end")})
    asked = stream.until(lambda m: "method" in m and "id" in m)[-1]
    accept(session, asked, there.url)
    (folder / "end").touch()
    equal(texts(stream.rest()[-1]), "right\n", "result")
    # And when it is over before anybody has answered.
    stream = session.call_stream("unwilling", {"end": str(folder / "end")})
    messages = stream.rest()
    equal(texts(messages[-1]), "right\n", "result")
    for message in messages[:-1]:
        if "id" in message:
            accept(session, message, there.url)


def test_waits_for_nothing(here):
    """Its time is over like that of any other."""
    answer = mcp.opened(here.url).call("waits").result()
    check(answer["isError"], "no error: %r", answer)


def test(world):
    catalog = Catalog(world.folder / "catalog")

    def define(name, text, **run):
        catalog.define(name, [sys.executable, "-c", PRELUDE + text], **run)
    for name, text in PROGRAMS.items():
        define(name, text + '\nos.write(1, b"right\\n")\nos._exit(0)\n')
    define("asks", ASKS)
    define("impatient", IMPATIENT)
    define("unwilling", UNWILLING)
    define("waits", "os.read(4, 1)", timeout=1)
    here, there = [world.host(catalog={"folder": catalog.folder})
                   for _ in range(2)]
    test_programs(here, there)
    for part in (test_http_sse, test_waits_for_nothing):
        part(here)
        print("ok %s" % part.__name__, flush=True)
    for part in (test_questions, test_impatient):
        part(here, there)
        print("ok %s" % part.__name__, flush=True)
    test_unwilling(here, there, world.folder)
    for host in (here, there):
        wait_until(lambda host=host: quiet(host), "the end of all programs")


harness.run(test)
