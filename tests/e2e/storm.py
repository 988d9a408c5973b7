"""Many clients at once: sessions with open streams and running calls, which
come back as the official client does when they are cut off."""
import asyncio
import json
import urllib.parse

RETRIES = 2
DEFAULT_RETRY = 1.0


class Refused(Exception):
    """A status that is no stream."""

    def __init__(self, status, body):
        super().__init__("%d %r" % (status, body[:200]))
        self.status = status


class Reply:
    """Head and body of a response; the body may be read as it comes."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers = {}

    async def head(self):
        line = await self.reader.readline()
        if not line:
            raise ConnectionError("no answer")
        self.status = int(line.split()[1])
        while True:
            line = (await self.reader.readline()).decode().strip()
            if not line:
                return
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

    async def pieces(self):
        """The body without its chunks; ends in an error if it is cut."""
        if self.headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(await self.line(), 16)
                piece = await self.reader.readexactly(size + 2)
                if size == 0:
                    return
                yield piece[:-2]
        elif "content-length" in self.headers:
            yield await self.reader.readexactly(
                int(self.headers["content-length"]))
        else:
            while True:
                piece = await self.reader.read(65536)
                if not piece:
                    return
                yield piece

    async def line(self):
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("cut")
        return line

    async def body(self):
        return b"".join([piece async for piece in self.pieces()])

    async def events(self):
        """(id, retry, message or None) one after the other."""
        text, found = b"", {}
        async for piece in self.pieces():
            text += piece
            while b"\n" in text:
                line, _, text = text.partition(b"\n")
                line = line.rstrip(b"\r")
                name, _, value = line.partition(b":")
                if line == b"":
                    if found:
                        data = found.get(b"data", b"")
                        yield (found.get(b"id", b"").decode() or None,
                               int(found[b"retry"]) / 1000
                               if b"retry" in found else None,
                               json.loads(data) if data else None)
                    found = {}
                elif name:
                    found[name] = value.strip()

    def close(self):
        self.writer.close()


async def send(url, method, headers, message=None):
    where = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(
        where.hostname, where.port, limit=1 << 20)
    body = b"" if message is None else json.dumps(message).encode()
    path = where.path + ("?" + where.query if where.query else "")
    lines = ["%s %s HTTP/1.1" % (method, path),
             "Host: %s" % where.netloc, "Connection: close",
             "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % item for item in headers.items()]
    writer.write("\r\n".join(lines + ["", ""]).encode() + body)
    reply = Reply(reader, writer)
    try:
        await reply.head()
    except BaseException:
        reply.close()
        raise
    return reply


LOST = (OSError, EOFError, ValueError, asyncio.IncompleteReadError)


class Watch:
    """What a stream's client has seen; says when a law is broken."""

    def __init__(self, name):
        self.name = name
        self.last_id = None
        self.retry = None
        self.seen = []

    def take(self, event_id, retry, message):
        if retry is not None:
            self.retry = retry
        if event_id is None:
            return
        incarnation, stream, seq = map(int, event_id.split("-"))
        if self.last_id is not None:
            before = list(map(int, self.last_id.split("-")))
            # A word on where we are may repeat it; messages may not.
            nexts = [before[2] + 1]
            if message is None:
                nexts.append(before[2])
            if [incarnation, stream] != before[:2] or seq not in nexts:
                raise AssertionError("%s: %s came behind %s" % (
                    self.name, event_id, self.last_id))
        self.last_id = event_id
        self.seen.append((event_id, message))


class Client:
    retries = RETRIES
    # Of initialize and DELETE.
    tries = 20
    capabilities = {}

    def __init__(self, urls, number, revision):
        self.urls = urls
        self.turn = number
        self.number = number
        self.revision = revision
        self.session = None
        self.requests = 0
        self.broken = []
        self.notices = 0

    def url(self):
        """The next host, always."""
        self.turn += 1
        return self.urls[self.turn % len(self.urls)]

    def headers(self, **more):
        headers = {"Accept": "application/json, text/event-stream",
                   "Content-Type": "application/json"}
        if self.session:
            headers["Mcp-Session-Id"] = self.session
            headers["MCP-Protocol-Version"] = self.revision
        headers.update(more)
        return headers

    async def send(self, method, message=None, **more):
        """One request to the next host; more: headers."""
        return await send(self.url(), method, self.headers(**more), message)

    async def asked(self, watch, question):
        """The server has a question."""

    async def post(self, message):
        reply = await self.send("POST", message)
        body = await reply.body()
        reply.close()
        return reply, body

    async def open(self):
        for _ in range(self.tries):
            try:
                reply, body = await self.post({
                    "jsonrpc": "2.0", "id": 0, "method": "initialize",
                    "params": {"protocolVersion": self.revision,
                               "capabilities": self.capabilities,
                               "clientInfo": {
                                   "name": "storm", "version": "1"}}})
                if reply.status == 200:
                    self.session = reply.headers["mcp-session-id"]
                    await self.post({"jsonrpc": "2.0", "method":
                                     "notifications/initialized"})
                    return
            except LOST:
                pass
            await asyncio.sleep(0.2)
        raise AssertionError("client %d cannot initialize" % self.number)

    async def delete(self):
        for _ in range(self.tries):
            try:
                reply = await self.send("DELETE")
                await reply.body()
                reply.close()
                if reply.status in (200, 204, 404):
                    return
            except LOST:
                pass
            await asyncio.sleep(0.2)
        self.broken.append("session of %d cannot be ended" % self.number)

    async def resume(self, watch):
        """A GET, with the retries of the official client."""
        for _ in range(self.retries + 1):
            await asyncio.sleep(watch.retry or DEFAULT_RETRY)
            more = {"Last-Event-ID": watch.last_id} if watch.last_id else {}
            try:
                reply = await self.send("GET", **more)
            except LOST:
                continue
            if reply.status == 200:
                return reply
            body = await reply.body()
            reply.close()
            if reply.status not in (429, 500, 502, 503, 504):
                raise Refused(reply.status, body)
        return None

    async def listen(self):
        """Hold the session's stream until cancelled."""
        watch = Watch("stream of %d" % self.number)
        watch.retry = 0.05
        while True:
            reply = await self.resume(watch)
            if reply is None:
                self.broken.append("%s: given up" % watch.name)
                return
            try:
                async for event_id, retry, message in reply.events():
                    watch.take(event_id, retry, message)
                    if message is not None:
                        self.notices += 1
            except LOST:
                pass
            finally:
                reply.close()

    async def call(self, tool, arguments, marker, watch=None):
        return await self.request("tools/call", {
            "name": tool, "arguments": dict(arguments, marker=marker),
            "_meta": {"progressToken": self.requests + 1}}, marker, watch)

    async def request(self, method, params, marker, watch=None):
        """The response, or None if the request was never accepted (a cut
        before the first event); every message has the marker."""
        self.requests += 1
        message = {"jsonrpc": "2.0", "id": self.requests,
                   "method": method, "params": params}
        watch = watch or Watch("%s %s" % (method, marker))
        responses = []
        try:
            reply = await self.send("POST", message)
        except LOST:
            return None
        while reply is not None:
            try:
                if not reply.headers.get("content-type", "").startswith(
                        "text/event-stream"):
                    body = await reply.body()
                    return json.loads(body) if reply.status == 200 else None
                async for event_id, retry, found in reply.events():
                    watch.take(event_id, retry, found)
                    if found is None:
                        continue
                    if marker not in json.dumps(found) \
                            and "error" not in found:
                        raise AssertionError("%s got another's: %r" % (
                            marker, found))
                    if "method" not in found:
                        responses.append(found)
                    elif "id" in found:
                        await self.asked(watch, found)
            except LOST:
                pass
            finally:
                reply.close()
            if responses:
                if len(responses) > 1 or responses[0]["id"] != message["id"]:
                    raise AssertionError("%s: %r" % (marker, responses))
                return responses[0]
            if watch.last_id is None:
                return None
            reply = await self.resume(watch)
        raise AssertionError("%s: accepted, and never answered; last %s" % (
            marker, watch.last_id))
