"""Golden exchanges (tests/golden/README.md) as lines of a trace.

A word in double braces stands for a value that the file does not say: an
example takes its place.
"""
import json
import re

import schema_rules

# By the member's name: an object, or a text of a form.
EXAMPLES = {
    "serverInfo": {"name": "example", "version": "1"},
    "createdAt": "2026-09-01T12:00:00.000Z",
    "lastUpdatedAt": "2026-09-01T12:00:00.000Z",
    "data": "AAAA", "blob": "AAAA", "uri": "example:uri",
    "cacheScope": "private",
}
EXAMPLES["io.modelcontextprotocol/serverInfo"] = EXAMPLES["serverInfo"]
WORDS = {"{{number}}": 1, "{{object}}": {schema_rules.OPEN: {}}}
BRACES = re.compile(r"\{\{[^}]*\}\}")


def example(value, key=None):
    """The value with examples for words; key: its name or its list's."""
    if isinstance(value, dict):
        whole = {name: example(one, name) for name, one in value.items()
                 if name != "{{more}}" and one != "{{any}}"}
        if len(whole) < len(value):
            whole[schema_rules.OPEN] = {}
        return whole
    if isinstance(value, list):
        return [example(one, key) for one in value
                if one not in ("{{more}}", "{{unordered}}", "{{any}}")]
    if not isinstance(value, str) or not BRACES.search(value):
        return value
    if BRACES.fullmatch(value) and key in EXAMPLES:
        return EXAMPLES[key]
    return WORDS.get(value, value)


def filled(text, asked):
    """The same for a text that is JSON; others stay as they are.  An id that
    is a word is the one that was asked with."""
    try:
        message = example(json.loads(text))
        if BRACES.fullmatch(str(message.get("id"))):
            message["id"] = json.loads(asked)["id"]
    except (ValueError, AttributeError):
        return text if not text.startswith("[") else json.dumps(
            example(json.loads(text)))
    return json.dumps(message)


def expand(text):
    """What a request really has."""
    text = re.sub(r"\{\{repeat:(\d+):(.*?)\}\}",
                  lambda m: m.group(2) * int(m.group(1)), text)
    return re.sub(r"\{\{x:([0-9A-Fa-f ]*)\}\}",
                  lambda m: bytes.fromhex(m.group(1)).decode(errors="replace"),
                  text)


class Part:
    """What begins with >>> or <<<: first line, headers, body."""

    def __init__(self, lines, number):
        self.number = number
        self.first = lines[0][3:].strip()
        end = lines.index("") if "" in lines else len(lines)
        self.headers = dict(
            (name.strip(), value.strip()) for name, _, value in
            (line.partition(":") for line in lines[1:end]))
        self.body = "\n".join(lines[end + 1:]).rstrip("\n")

    def header(self, wanted):
        for name, value in self.headers.items():
            if name.lower() == wanted.lower():
                return value
        return None


def parts(text):
    """Pairs of a mark and what follows up to the next one."""
    found, lines = [], text.split("\n")
    starts = [at for at, line in enumerate(lines)
              if line.startswith((">>>", "<<<", "!"))]
    for at, end in zip(starts, starts[1:] + [len(lines)]):
        found.append((lines[at][0], Part(lines[at:end], at + 1)))
    return found


def session_of(part, target=""):
    name = part.header("Mcp-Session-Id")
    if name and name != "{{absent}}":
        return name
    return target.rpartition("sessionId=")[2] or None \
        if "sessionId=" in target else None


def request_line(part):
    method, _, target = part.first.partition(" ")
    line = {"what": "request", "method": method, "target": target,
            "headers": dict(part.headers), "body": expand(part.body)}
    version = part.header("MCP-Protocol-Version")
    if version is not None:
        line["headers"]["MCP-Protocol-Version"] = expand(version).strip()
    if session_of(part, target):
        line["session"] = session_of(part, target)
    return line


def answer_line(part, asked):
    is_json = part.body.startswith(("{\"", "[", "{}"))
    body = filled(part.body, asked) if is_json else "\n".join(
        "data: " + filled(line[6:], asked) if line.startswith("data: ") else line
        for line in part.body.split("\n")) + "\n\n"
    line = {"what": "answer", "body": body, "headers": {
        "Content-Type": "application/json" if is_json
        else "text/event-stream"}}
    if part.body == "{{any}}":
        line["body"] = ""
    if session_of(part):
        line["session"] = session_of(part)
    return line


def play(text, trace, name):
    """Give a file to a schema_check.Trace; how many answers it has."""
    count = 0
    request = None
    for mark, part in parts(text):
        if mark == "!":
            take_control(trace, text.split("\n")[part.number - 1])
        elif mark == ">":
            request = request_line(part)
        else:
            count += 1
            at = {"pid": 1, "connection": count}
            where = "%s:%d" % (name, part.number)
            take_wish(trace, request, part)
            trace.take(dict(request, **at), where)
            trace.take(dict(answer_line(part, request["body"]), **at), where)
            trace.take(dict(at, what="end"), where)
    return count


def take_wish(trace, request, part):
    """Who is made a session gets the revision that he wishes, unless what the
    file says of the answer is another one."""
    wish = re.search(r'"method":"initialize".*"protocolVersion":"([^"]*)"',
                     request["body"])
    if wish and session_of(part) and wish.group(1) in schema_rules.REVISIONS:
        trace.revisions[session_of(part)] = wish.group(1)


def take_control(trace, line):
    """! session REVISION [name]"""
    words = line[1:].split()
    if words[:1] == ["session"]:
        name = words[2] if len(words) > 2 else "sid"
        trace.revisions["{{%s}}" % name] = words[1]
