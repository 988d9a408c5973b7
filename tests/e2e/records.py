"""A FastCGI client: requests to a responder without a web server between."""
import socket
import struct
import time

import sse
from support import check

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content=b"", request=1):
    return struct.pack(">BBHHBB", 1, kind, request, len(content), 0, 0) \
        + content


def pair(name, value):
    sizes = b"".join(
        bytes([len(part)]) if len(part) < 128
        else struct.pack(">I", len(part) | 0x80000000)
        for part in (name, value))
    return sizes + name + value


class Reply:
    """One request and what comes back, as far as it has come."""

    def __init__(self, path, method, headers, body=b"", where="/mcp",
                 **more):
        """more: what a web server says of itself, such as REMOTE_USER."""
        variables = dict(more, REQUEST_METHOD=method, REQUEST_URI=where,
                         SERVER_NAME="localhost", HTTP_HOST="localhost")
        for name, value in headers.items():
            name = name.upper().replace("-", "_")
            variables[name if name == "CONTENT_TYPE" else "HTTP_" + name] = \
                value
        if body:
            variables["CONTENT_LENGTH"] = str(len(body))
        params = b"".join(pair(name.encode(), str(value).encode())
                          for name, value in variables.items())
        self.raw = b""
        self.text = b""
        self.has_end = False  # the request was ended, not only cut
        self.is_closed = False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.socket.sendall(
            record(BEGIN, struct.pack(">HBxxxxx", 1, 0))
            + record(PARAMS, params) + record(PARAMS)
            + (record(STDIN, body) if body else b"") + record(STDIN))

    def take(self):
        """Records that are there completely."""
        while len(self.raw) >= 8:
            _, kind, _, length, padding, _ = struct.unpack(
                ">BBHHBB", self.raw[:8])
            if len(self.raw) < 8 + length + padding:
                return
            if kind == STDOUT:
                self.text += self.raw[8:8 + length]
            self.has_end = self.has_end or kind == END
            self.raw = self.raw[8 + length + padding:]

    def hear(self, seconds):
        """Wait for some bytes; False if none came."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            bytes_ = self.socket.recv(65536)
        except (socket.timeout, ConnectionResetError) as reason:
            self.is_closed = isinstance(reason, ConnectionResetError)
            return False
        self.is_closed = not bytes_
        self.raw += bytes_
        self.take()
        return bool(bytes_)

    def until(self, condition, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            check(left > 0, "waited in vain: %s; so far %r", what, self.text)
            if not self.hear(left):
                check(condition(), "it ended before: %s; so far %r", what,
                      self.text)
        return self

    def close(self):
        self.socket.close()

    def head(self):
        self.until(lambda: b"\r\n\r\n" in self.text, "the head")
        return self.text.partition(b"\r\n\r\n")[0].decode()

    def status(self):
        for line in self.head().split("\r\n"):
            if line.startswith("Status: "):
                return int(line.split()[1])
        return 200

    def header(self, name):
        for line in self.head().split("\r\n"):
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def whole(self):
        """The body, when all of it has come."""
        self.until(lambda: self.is_closed, "the end")
        return self.text.partition(b"\r\n\r\n")[2]

    def events(self):
        """Those that have come completely."""
        body = self.text.partition(b"\r\n\r\n")[2].decode()
        return sse.parse(body[:body.rfind("\n\n") + 2])

    def messages(self):
        return [event for event in self.events() if event.data]
