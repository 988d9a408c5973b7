#!/usr/bin/env python3
"""Is every message that a server sent one that its revision allows?

    schema_check.py TRACE...

reads what `server.trace` wrote and prints violations, one per line; the exit
status is 1 if there are any, 77 without python3-jsonschema.

See schema_rules.py for what is a violation.
"""
import collections
import hashlib
import json
import pathlib
import sys

from schema_rules import (M, MISSING, R1, R2, R5, REVISIONS, check_message,
                          jsonschema, meta_of)

SKIPPED = 77
# Of a request without a session that names no revision.
UNNAMED = R2
# The messages of one trace that are held against a schema, besides one of
# each kind and shape.
SAMPLE = 2000


# --------------------------------------------------------------- choice

def shape(value, depth=0):
    """What it looks like without its contents."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(
            "%s:%s" % (key, shape(one, depth + 1))
            for key, one in sorted(value.items())) if depth < 12 else "{}"
    if isinstance(value, list):
        return "[%s]" % ",".join(sorted({shape(one, depth + 1)
                                         for one in value}))
    return {str: "s", bool: "b", type(None): "0"}.get(type(value), "n")


class Chosen:
    """Messages to be checked: each once, one of each shape, and of the rest
    so many, drawn evenly."""

    def __init__(self, sample=SAMPLE):
        self.sample = sample
        self.seen = set()
        self.shapes = set()
        self.first = []
        self.others = []
        self.total = 0

    def add(self, where, name, message, method, params, stream):
        self.total += 1
        text = json.dumps(
            [name, method, stream, isinstance(params, dict)
             and "task" in params, dict(message, id="id" in message)
             if isinstance(message, dict) and "method" not in message
             else message], sort_keys=True)
        key = hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()
        if key in self.seen:
            return
        self.seen.add(key)
        one = (where, name, message, method, params, stream)
        look = (name, method, stream, message.get("method")
                if isinstance(message, dict) else None, shape(message))
        if look in self.shapes:
            self.others.append(one)
        else:
            self.shapes.add(look)
            self.first.append(one)

    def each(self):
        step = max(1, -(-len(self.others) // self.sample))
        return self.first + self.others[::step]

    def violations(self):
        found = []
        for where, name, message, *context in self.each():
            found += ["%s: %s: %s in %.600s" % (
                where, name, sentence, json.dumps(message))
                for sentence in check_message(name, message, *context)]
        return found


# --------------------------------------------------------------- traces

Asked = collections.namedtuple("Asked", "method params revision")


class Connection:
    """One exchange of a trace."""

    def __init__(self, line):
        self.line = line
        self.session = line.get("session")
        self.is_sse = False  # the first revision's stream
        self.is_stream = False
        self.is_json = False
        self.method = None  # of the only request
        self.claim = None
        self.is_lost = "bytes" in line  # its body is not all there
        self.own = {}  # what was asked here
        self.text = ""


def load(text):
    try:
        # A byte order mark is not refused.
        return json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def messages_of(document):
    return document if isinstance(document, list) else [document]


class Trace:
    """Reads lines and chooses the messages of the server in them."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.wrong = []
        self.connections = {}
        self.revisions = {}  # by session
        self.asked = {}      # by session and id
        self.lossy = set()   # sessions that asked what is not there
        self.unread = 0      # lines and bodies that are not whole

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as lines:
            for number, text in enumerate(lines, 1):
                line = load(text)
                if line is None:
                    self.unread += 1 if text.strip() else 0
                    # Behind what was left by who was killed while writing;
                    # within a string it would look different.
                    line = load(text[max(0, text.rfind('{"ms":')):])
                if isinstance(line, dict) and "what" in line:
                    self.take(line, "%s:%d" % (pathlib.Path(path).name, number))

    def take(self, line, where):
        key = (line["pid"], line["connection"])
        if line["what"] == "request":
            self.connections[key] = Connection(line)
            self.take_request(self.connections[key])
            return
        connection = self.connections.get(key)
        if connection is None:
            self.unread += 1
        elif line["what"] == "end":
            del self.connections[key]
        else:
            if line["what"] == "answer":
                self.take_head(connection, line)
            self.take_bytes(connection, line, where)

    def take_request(self, connection):
        line = connection.line
        if connection.is_lost and connection.session:
            self.lossy.add(connection.session)
        requests = [one for one in messages_of(load(line.get("body", "")))
                    if isinstance(one, dict) and "method" in one]
        for one in requests:
            params = one.get("params")
            claim = meta_of(params).get(M + "protocolVersion")
            if claim is not None:
                connection.claim = claim
            asked = Asked(one["method"], params, self.of_request(connection))
            key = json.dumps(one.get("id"))
            connection.own[key] = asked
            if connection.session and "id" in one:
                self.asked[connection.session, key] = asked
        if len(requests) == 1:
            connection.method = requests[0]["method"]

    def of_request(self, connection):
        """By what it says itself; None if it says nothing."""
        header = connection.line.get("headers", {}).get("MCP-Protocol-Version")
        if connection.claim is not None:
            return R5
        # One that nobody knows is refused as 2026-07-28 has it.
        if header and (header == R5 or header not in REVISIONS):
            return R5
        known = self.revisions.get(connection.session) \
            if connection.session else None
        return known or header or None

    def take_head(self, connection, line):
        kind = line.get("headers", {}).get("Content-Type", "")
        connection.is_stream = kind.startswith("text/event-stream")
        connection.is_json = kind.startswith("application/json")
        # What answers initialize names the session that it makes.
        if "session" in line:
            connection.session = line["session"]

    def take_bytes(self, connection, line, where):
        body = line.get("body", "")
        if "bytes" in line:
            self.unread += 1
            connection.text = ""
        elif connection.is_stream:
            self.take_events(connection, body, where)
        elif connection.is_json and body:
            document = load(body)
            if document is None:
                self.wrong.append("%s: no JSON: %.200r" % (where, body))
                return
            self.take_document(connection, document, where)

    def take_events(self, connection, body, where):
        blocks = (connection.text + body).split("\n\n")
        connection.text = blocks.pop()
        for block in blocks:
            lines = [line.partition(": ") for line in block.split("\n")]
            data = "\n".join(value for name, _, value in lines
                             if name == "data")
            if ("event", ": ", "endpoint") in lines:
                connection.is_sse = True
                connection.session = data.rpartition("sessionId=")[2]
            elif data:
                document = load(data)
                if document is None:
                    self.wrong.append("%s: no JSON: %.200r" % (where, data))
                else:
                    self.take_document(connection, document, where)

    def take_document(self, connection, document, where):
        if isinstance(document, list) and not document:
            self.wrong.append("%s: an empty batch" % where)
        for message in messages_of(document):
            self.take_message(connection, message, where)
        if isinstance(document, list) and self.of(connection) != R2:
            self.wrong.append("%s: a batch in %s" % (
                where, self.of(connection)))

    def find(self, connection, message):
        """What a response answers; (None, where it may be) if nothing."""
        key = json.dumps(message.get("id"))
        found = connection.own.get(key)
        if found is None and connection.session:
            found = self.asked.get((connection.session, key))
        return found

    def take_message(self, connection, message, where):
        asked = None
        if isinstance(message, dict) and "method" not in message:
            asked = self.find(connection, message)
            if asked is None:
                self.take_unasked(connection, message, where)
        name = asked.revision if asked is not None else None
        if asked is not None and asked.method == "initialize":
            name = self.take_initialize(connection, message) or name
        name = name or self.of(connection)
        self.chosen.add(
            where, name, message, asked.method if asked else None,
            asked.params if asked else None, connection.method)

    def take_unasked(self, connection, message, where):
        if "result" in message and not connection.is_lost and \
                connection.session not in self.lossy:
            self.wrong.append("%s: answers nothing that was asked: %.300s" % (
                where, json.dumps(message)))

    def take_initialize(self, connection, message):
        """It is of the revision that it tells; None for an error."""
        result = message.get("result")
        name = result.get("protocolVersion") if isinstance(
            result, dict) else None
        if name not in REVISIONS:
            return None
        if connection.session:
            self.revisions[connection.session] = name
        return name

    def of(self, connection):
        """The revision of what answers no request that was read."""
        name = self.of_request(connection)
        if name is None and connection.is_sse:
            name = R1
        # Whoever does not post has no id that an error could give back.
        return name or (UNNAMED if connection.line.get("method") == "POST"
                        else R5)


def check_trace(paths, sample=SAMPLE):
    """(violations, messages, of them checked, lines that could not be
    read)"""
    chosen = Chosen(sample)
    trace = Trace(chosen)
    for path in paths:
        trace.read(path)
    return (trace.wrong + chosen.violations(), chosen.total,
            len(chosen.each()), trace.unread)


def main(paths):
    if jsonschema is None:
        print("SKIPPED: %s" % MISSING)
        return SKIPPED
    wrong, total, checked, unread = check_trace(paths)
    print("".join(sentence + "\n" for sentence in wrong), end="")
    print("%d messages, %d checked, %d violations, %d lines not whole"
          % (total, checked, len(wrong), unread), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
