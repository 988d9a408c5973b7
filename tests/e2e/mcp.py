"""Raw MCP requests: what goes over the wire is what the caller wrote."""
import http.client
import json
import urllib.parse

import sse
from support import check, equal, wait_until

REVISION = "2025-11-25"
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}
# How a connection can end without an answer.
CUT = (http.client.HTTPException, ConnectionError)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def is_stream(self):
        return self.headers.get_content_type() == "text/event-stream"

    def messages(self):
        """All that came, in order: one JSON text, or a stream of events."""
        if not self.is_stream():
            return [json.loads(self.body)]
        return [event.message() for event in sse.parse(self.body.decode())
                if event.data]

    def json(self):
        """The answer itself: on a stream it is the last message."""
        messages = self.messages()
        check(messages, "no message in %r", self)
        return messages[-1]

    def result(self):
        equal(self.status, 200, "status of %r" % self.body)
        message = self.json()
        check("result" in message, "no result: %r", message)
        return message["result"]

    def __repr__(self):
        return "<%d %r>" % (self.status, self.body[:300])


def request(url, method, headers, body=b"", timeout=20):
    """One request on a connection of its own."""
    where = urllib.parse.urlsplit(url)
    path = where.path + ("?" + where.query if where.query else "")
    connection = http.client.HTTPConnection(where.netloc, timeout=timeout)
    try:
        connection.request(method, path, body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Session:
    """A client of a revision with sessions."""

    def __init__(self, url, revision=REVISION, capabilities=None):
        self.url = url
        self.revision = revision
        self.capabilities = capabilities or {}
        self.id = None
        self.number = 0

    def headers(self):
        found = dict(HEADERS)
        if self.id is not None:
            found["Mcp-Session-Id"] = self.id
            found["MCP-Protocol-Version"] = self.revision
        return found

    def post(self, message, url=None):
        return request(url or self.url, "POST", self.headers(),
                       json.dumps(message).encode())

    def send(self, method, params=None, url=None):
        """A request; url: another host than usual."""
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method}
        if params is not None:
            message["params"] = params
        return self.post(message, url)

    def initialize_message(self):
        self.number += 1
        return {"jsonrpc": "2.0", "id": self.number, "method": "initialize",
                "params": {"protocolVersion": self.revision,
                           "capabilities": self.capabilities,
                           "clientInfo": {"name": "raw", "version": "1"}}}

    def initialize(self):
        answer = self.post(self.initialize_message())
        if answer.status == 200:
            self.id = answer.headers["Mcp-Session-Id"]
        return answer

    def initialized(self):
        return self.post({"jsonrpc": "2.0",
                          "method": "notifications/initialized"})

    def stream(self, message, url=None):
        """Post a message; the answer may bring events and stay open."""
        return sse.Stream(url or self.url, self.headers(), "POST", message)

    def call_stream(self, tool, arguments=None, url=None, **params):
        """tools/call with a progress token; see stream()."""
        self.number += 1
        meta = {"progressToken": "token-%d" % self.number}
        return self.stream({
            "jsonrpc": "2.0", "id": self.number, "method": "tools/call",
            "params": dict(params, name=tool, arguments=arguments or {},
                           _meta=meta)}, url)

    def get(self, url=None, after=None):
        """The GET stream; after: the Last-Event-ID."""
        headers = dict(self.headers(), Accept="text/event-stream")
        del headers["Content-Type"]
        if after is not None:
            headers["Last-Event-ID"] = after
        return sse.Stream(url or self.url, headers)

    def call(self, tool, arguments=None, url=None):
        return self.send("tools/call",
                         {"name": tool, "arguments": arguments or {}}, url)

    def tools(self, url=None):
        """Names of all tools."""
        result = self.send("tools/list", url=url).result()
        return sorted(tool["name"] for tool in result["tools"])

    def delete(self, url=None):
        return request(url or self.url, "DELETE", self.headers())


def opened(url, revision=REVISION, capabilities=None):
    """A session, ready for use."""
    session = Session(url, revision, capabilities)
    session.initialize().result()
    check(session.id, "no session id")
    equal(session.initialized().status, 202, "status of initialized")
    return session


def text(result):
    """The text of a tool's result."""
    return "".join(part.get("text", "") for part in result["content"])


def text_of(answer):
    return text(answer.result())


def accept(**content):
    """The answer of a person who fills in a form."""
    return {"action": "accept", "content": content}


def poll_task(client, url, task, status):
    """Ask that host until the task is so; what it said then."""
    def look():
        found = client.send("tasks/get", {"taskId": task}, url).result()
        return found if found["status"] == status else None
    return wait_until(look, "task is %s" % status)


M = "io.modelcontextprotocol/"
MODERN = "2026-07-28"
# What a request's Mcp-Name repeats, by method.
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri",
         "tasks/get": "taskId", "tasks/update": "taskId",
         "tasks/cancel": "taskId"}


class Modern:
    """A client of the revision without sessions."""

    def __init__(self, url, capabilities=None):
        self.url = url
        self.capabilities = capabilities or {}
        self.number = 0

    def message(self, method, params=None, meta=None):
        self.number += 1
        return {"jsonrpc": "2.0", "id": self.number, "method": method,
                "params": dict(params or {}, _meta=dict({
                    M + "protocolVersion": MODERN,
                    M + "clientInfo": {"name": "raw", "version": "1"},
                    M + "clientCapabilities": self.capabilities,
                }, **(meta or {})))}

    def headers(self, message):
        headers = dict(HEADERS)
        headers["MCP-Protocol-Version"] = MODERN
        headers["Mcp-Method"] = message["method"]
        key = NAMES.get(message["method"])
        if key is not None:
            headers["Mcp-Name"] = message["params"][key]
        return headers

    def send(self, method, params=None, url=None, meta=None):
        message = self.message(method, params, meta)
        return request(url or self.url, "POST", self.headers(message),
                       json.dumps(message).encode())

    def stream(self, method, params=None, url=None, meta=None):
        message = self.message(method, params, meta)
        return sse.Stream(url or self.url, self.headers(message), "POST",
                          message)

    def call(self, tool, arguments=None, url=None, meta=None, **params):
        return self.send("tools/call", dict(
            params, name=tool, arguments=arguments or {}), url, meta)

    def listen(self, url=None, **wanted):
        return self.stream("subscriptions/listen",
                           {"notifications": wanted}, url)
