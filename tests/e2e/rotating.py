"""Clients whose every request goes to the next host."""
import itertools
import json
import urllib.parse

import mcp
import sse
from support import check, equal


class Rotating(mcp.Session):
    """As mcp.Session; where no URL is named, it is the next one's."""

    def __init__(self, urls, revision, capabilities=None):
        self.urls = itertools.cycle(urls)
        super().__init__(None, revision, capabilities)

    url = property(lambda self: next(self.urls), lambda self, _: None)

    def ask(self, method, params=None):
        """The response."""
        answer = self.send(method, params)
        equal(answer.status, 200, "status of %s: %r" % (method, answer))
        return answer.json()


def opened(urls, revision, capabilities=None):
    session = Rotating(urls, revision, capabilities)
    session.offered = session.initialize().result()["capabilities"]
    check(session.id, "no session id")
    equal(session.initialized().status, 202, "status of initialized")
    return session


class EventClient:
    """A client of HTTP+SSE: one stream, on which everything comes, and posts
    that are answered with 202 alone, each to the next host."""

    def __init__(self, urls, path="/sse"):
        self.urls = itertools.cycle(urls)
        self.number = 0
        self.stream = sse.Stream(urllib.parse.urljoin(next(self.urls), path))
        equal(self.stream.status, 200, "status of GET %s" % path)
        first = self.stream.next()
        equal(first.type, "endpoint", "type of the first event")
        self.endpoint = first.data

    def post(self, message, headers=None):
        return mcp.request(
            urllib.parse.urljoin(next(self.urls), self.endpoint), "POST",
            headers or {"Content-Type": "application/json"},
            json.dumps(message).encode())

    def accepted(self, message, headers=None):
        answer = self.post(message, headers)
        equal(answer.status, 202, "status of %r (%r)" % (message, answer))

    def start(self, method, params=None):
        """Send a request; its id."""
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method}
        if params is not None:
            message["params"] = params
        self.accepted(message)
        return self.number

    def notify(self, method, params=None):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self.accepted(message)

    def until_answer(self, number):
        """Everything up to the response to this request."""
        return self.stream.until(lambda m: "method" not in m
                                 and m.get("id") == number)

    def ask(self, method, params=None):
        """The response, before which nothing else may come."""
        messages = self.until_answer(self.start(method, params))
        equal(len(messages), 1, "messages for %s: %r" % (method, messages))
        return messages[0]

    def result(self, method, params=None):
        response = self.ask(method, params)
        check("result" in response, "no result: %r", response)
        return response["result"]

    def question(self):
        """The next question of the server."""
        return self.stream.until(lambda m: "method" in m and "id" in m)[-1]

    def answer(self, question, result):
        self.accepted({"jsonrpc": "2.0", "id": question["id"],
                       "result": result})


def opened_events(urls, capabilities=None, path="/sse",
                  revision="2024-11-05"):
    client = EventClient(urls, path)
    result = client.result("initialize", {
        "protocolVersion": revision, "capabilities": capabilities or {},
        "clientInfo": {"name": "raw", "version": "1"}})
    equal(result["protocolVersion"], revision, "revision")
    client.offered = result["capabilities"]
    client.notify("notifications/initialized")
    return client
