"""Server-sent events as a client sees them: streams that stay open."""
import http.client
import json
import queue
import socket
import struct
import threading
import time
import urllib.parse

from support import check

STREAM = {"Accept": "text/event-stream"}


class Event:
    def __init__(self):
        self.id = None
        self.type = None
        self.data = None
        self.retry = None

    def message(self):
        return json.loads(self.data)

    def __repr__(self):
        return "<event id=%s type=%s retry=%s data=%.200r>" % (
            self.id, self.type, self.retry, self.data)


def take_line(event, line):
    """One line of the stream into the event; True: the event is whole."""
    if line == "":
        return (event.id, event.data, event.retry) != (None, None, None)
    name, _, value = line.partition(":")
    value = value[1:] if value.startswith(" ") else value
    if name == "data":
        event.data = value if event.data is None else event.data + "\n" + value
    elif name == "event":
        event.type = value
    elif name == "id":
        event.id = value
    elif name == "retry":
        event.retry = int(value)
    return False


def parse(text):
    """All events of a whole body."""
    events, event = [], Event()
    for line in text.split("\n"):
        if take_line(event, line.rstrip("\r")):
            events.append(event)
            event = Event()
    return events


class Stream:
    """A response that brings events; a thread reads it.

    The response may also be no stream: then `status` and `body` say what it
    is.
    """

    def __init__(self, url, headers=None, method="GET", message=None,
                 timeout=30):
        where = urllib.parse.urlsplit(url)
        path = where.path + ("?" + where.query if where.query else "")
        self.connection = http.client.HTTPConnection(where.netloc,
                                                     timeout=timeout)
        body = None if message is None else json.dumps(message).encode()
        self.connection.request(method, path, body, headers or STREAM)
        # The response takes it away from a connection that will close.
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = self.response.headers
        self.comments = 0
        self.last_id = None
        self.seen = []
        self.events = queue.Queue()
        self.is_stream = self.headers.get("Content-Type", "").startswith(
            "text/event-stream")
        self.body = None if self.is_stream else self.response.read()
        if self.is_stream:
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = Event()
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\r\n")
                if line.startswith(":"):
                    self.comments += 1
                elif take_line(event, line):
                    self.events.put(event)
                    event = Event()
        except (OSError, ValueError, http.client.HTTPException,
                AttributeError):
            pass
        self.events.put(None)

    def next(self, seconds=10):
        """The next event; None at the end of the stream."""
        try:
            event = self.events.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError("no event came within %s s; so far: %r"
                                 % (seconds, self.seen[-5:])) from None
        if event is None:
            self.events.put(None)
            return None
        if event.id is not None:
            self.last_id = event.id
        self.seen.append(event)
        return event

    def message(self, seconds=10):
        """The next event that carries a message; None at the end."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.next(max(0.01, deadline - time.monotonic()))
            if event is None:
                return None
            if event.data:
                return event.message()

    def until(self, wanted, seconds=10):
        """Messages up to the first one for which wanted(message) holds."""
        found = []
        deadline = time.monotonic() + seconds
        while True:
            message = self.message(max(0.01, deadline - time.monotonic()))
            check(message is not None, "the stream ended after %r", found)
            found.append(message)
            if wanted(message):
                return found

    def rest(self, seconds=10):
        """All messages up to the end."""
        found = []
        while True:
            message = self.message(seconds)
            if message is None:
                return found
            found.append(message)

    def silent(self, seconds):
        """Is it open, and does nothing come for so long?"""
        try:
            event = self.events.get(timeout=seconds)
        except queue.Empty:
            return True
        self.events.put(event)
        return False

    def ended(self, seconds=10):
        check(self.next(seconds) is None, "the stream goes on: %r", self.seen)

    def cut(self):
        """Leave as a client that dies: at once, without a word."""
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.close()

    def close(self):
        try:
            # Wakes the thread that reads, which has the lock of the rest.
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
        except OSError:
            pass
        self.connection.close()
