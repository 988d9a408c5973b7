"""A balancer with one rule: no two requests of a session that follow each
other go to the same host.  It knows nothing of hosts that are dead, tries
nothing twice, and hands answers on as they come.

What it says itself: 502 if a host refuses or leaves without an answer, 504 if
nothing is heard of it.  Each request is a line of JSON in its log.

    cluster_balancer.py LOG ADDRESS:PORT HOST:PORT...
"""
import asyncio
import itertools
import json
import sys
import time
import urllib.parse

# The machine may be busy; but hosts are cut off, too.
CONNECT_SECONDS = 3
# Much longer than a request may wait for the store: the machine may be busy.
HEAD_SECONDS = 20
# Streams have a comment once per second.
IDLE_SECONDS = 5
LOST = (OSError, EOFError, ValueError, asyncio.IncompleteReadError,
        asyncio.TimeoutError)
# Where HTTP+SSE tells its session.
ENDPOINT = b"sessionId="
FIRST_BYTES = 1024


class Head:
    """The first lines of a message, as they came."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.first = lines[0]
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.lower()] = value.strip()


async def read_head(reader):
    return Head(await reader.readuntil(b"\r\n\r\n"))


class Balancer:
    def __init__(self, log, hosts):
        self.log = open(log, "a", buffering=1)
        self.hosts = hosts
        self.turn = itertools.count()
        self.last = {}

    def choose(self, session):
        """The host's number."""
        if session in self.last:
            chosen = (self.last[session] + 1) % len(self.hosts)
        else:
            chosen = next(self.turn) % len(self.hosts)
        self.keep(session, chosen)
        return chosen

    def keep(self, session, host):
        if session is not None:
            self.last[session] = host

    async def serve(self, reader, writer):
        try:
            head = await asyncio.wait_for(read_head(reader), 30)
            body = await reader.readexactly(
                int(head.fields.get("content-length") or 0))
            await self.forward(head, body, reader, writer)
        except LOST:
            pass
        finally:
            writer.close()

    async def forward(self, head, body, reader, writer):
        method, path = head.first.split()[:2]
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        session = head.fields.get("mcp-session-id") or \
            query.get("sessionId", [None])[0]
        host = self.choose(session)
        record = {"at": time.time(), "method": method, "session": session,
                  "host": host, "status": None}
        there = None
        try:
            there = await self.ask(host, head.raw + body, record)
            if isinstance(there, int):
                self.refuse(writer, record, there)
                return
            answer, source, _ = there
            status = int(answer.first.split()[1])
            record["status"] = status
            self.keep(answer.fields.get("mcp-session-id"), host)
            writer.write(answer.raw)
            await self.copy(source, reader, writer, host)
        finally:
            record["took"] = round(time.time() - record["at"], 3)
            self.log.write(json.dumps(record) + "\n")
            if isinstance(there, tuple):
                there[2].close()

    async def ask(self, host, request, record):
        """(head, reader, writer), or the status to say ourselves."""
        try:
            source, sink = await asyncio.wait_for(
                asyncio.open_connection(*self.hosts[host], limit=1 << 20),
                CONNECT_SECONDS)
        except asyncio.TimeoutError:
            record["own"] = "no connection in time"
            return 504
        except OSError as reason:
            record["own"] = str(reason)
            return 502
        try:
            sink.write(request)
            return await asyncio.wait_for(
                read_head(source), HEAD_SECONDS), source, sink
        except asyncio.TimeoutError:
            record["own"] = "no head in time"
            status = 504
        except LOST as reason:
            record["own"] = "no answer: %r" % reason
            status = 502
        sink.close()
        return status

    @staticmethod
    def refuse(writer, record, status):
        record["status"] = status
        why = record["own"].replace("\r", " ").replace("\n", " ")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n"
                     b"X-Balancer: %s\r\nConnection: close\r\n\r\n" % (
                         status, why.encode("ascii", "replace")))

    async def copy(self, source, reader, writer, host):
        """The body; the client that leaves ends it."""
        gone = asyncio.ensure_future(reader.read(1))
        seen = 0
        try:
            while True:
                piece = asyncio.ensure_future(source.read(65536))
                done, _ = await asyncio.wait(
                    {piece, gone}, timeout=IDLE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED)
                if piece not in done:
                    piece.cancel()
                    break
                data = piece.result()
                if not data:
                    # As it ends there, it ends here.
                    break
                if seen < FIRST_BYTES and ENDPOINT in data:
                    named = data.split(ENDPOINT, 1)[1].split()[0]
                    self.keep(named.decode("latin-1"), host)
                seen += len(data)
                writer.write(data)
                await writer.drain()
        finally:
            gone.cancel()


async def main():
    log, listen, *hosts = sys.argv[1:]
    hosts = [(host, int(port)) for host, _, port in
             (name.rpartition(":") for name in hosts)]
    balancer = Balancer(log, hosts)
    host, _, port = listen.rpartition(":")
    server = await asyncio.start_server(
        balancer.serve, host, int(port), limit=1 << 20, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
