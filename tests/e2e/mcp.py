"""Raw MCP requests: what goes over the wire is what the caller wrote."""
import http.client
import json
import urllib.parse

from support import check, equal

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
        events = self.body.decode().split("\n\n")
        data = ["\n".join(line[5:].strip() for line in event.split("\n")
                          if line.startswith("data:")) for event in events]
        return [json.loads(text) for text in data if text]

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
    connection = http.client.HTTPConnection(where.netloc, timeout=timeout)
    try:
        connection.request(method, where.path, body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Session:
    """A client of a revision with sessions."""

    def __init__(self, url, revision=REVISION):
        self.url = url
        self.revision = revision
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

    def initialize(self):
        answer = self.send("initialize", {
            "protocolVersion": self.revision, "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"}})
        if answer.status == 200:
            self.id = answer.headers["Mcp-Session-Id"]
        return answer

    def initialized(self):
        return self.post({"jsonrpc": "2.0",
                          "method": "notifications/initialized"})

    def call(self, tool, arguments=None, url=None):
        return self.send("tools/call",
                         {"name": tool, "arguments": arguments or {}}, url)

    def tools(self, url=None):
        """Names of all tools."""
        result = self.send("tools/list", url=url).result()
        return sorted(tool["name"] for tool in result["tools"])

    def delete(self, url=None):
        return request(url or self.url, "DELETE", self.headers())


def opened(url, revision=REVISION):
    """A session, ready for use."""
    session = Session(url, revision)
    session.initialize().result()
    check(session.id, "no session id")
    equal(session.initialized().status, 202, "status of initialized")
    return session


def text_of(answer):
    """The text of a tool's result."""
    return "".join(part.get("text", "") for part in answer.result()["content"])
