"""A network that loses packets, as TCP shows it to programs: what is sent comes
late, sometimes very late, and connections break.  For kernels without netem.

    cluster_relay.py WAYS

The file WAYS is JSON, and is read again whenever it has changed:
{"ADDRESS:PORT": {"to": "ADDRESS:PORT", "is_bad": false}, ...}
"""
import asyncio
import json
import os
import random
import sys

LOOK_SECONDS = 0.05
PIECE = 65536
# Of pieces, where it is bad.
RESET, STALL = 0.01, 0.04
# A packet that was lost twice or more.
STALL_SECONDS = (1, 3)
DELAY_SECONDS = (0.001, 0.2)
GONE = (OSError, EOFError, asyncio.IncompleteReadError)


def split(name):
    host, _, port = name.rpartition(":")
    return host, int(port)


class Relay:
    def __init__(self, path):
        self.path = path
        self.read = None
        self.ways = {}
        self.servers = []
        self.dice = random.Random(path)

    async def look(self):
        now = os.stat(self.path).st_mtime_ns
        if now == self.read:
            return
        with open(self.path) as file:
            ways = json.load(file)
        self.read = now
        new = set(ways) - set(self.ways)
        self.ways = ways
        for name in sorted(new):
            host, port = split(name)
            self.servers.append(await asyncio.start_server(
                self.serving(name), host, port, backlog=1024))

    def serving(self, name):
        return lambda reader, writer: self.serve(name, reader, writer)

    async def serve(self, name, reader, writer):
        way, there = self.ways[name], None
        try:
            await self.late(name)
            back, there = await asyncio.open_connection(*split(way["to"]))
            await asyncio.gather(self.copy(name, reader, there),
                                 self.copy(name, back, writer))
        except GONE:
            pass
        finally:
            # Both ends hear of it, and not as if all had been said.
            for one in filter(None, (writer, there)):
                one.transport.abort()

    async def late(self, name):
        if not self.ways[name]["is_bad"]:
            return
        kind = self.dice.random()
        if kind < RESET:
            raise ConnectionResetError(name)
        await asyncio.sleep(self.dice.uniform(
            *(STALL_SECONDS if kind < RESET + STALL else DELAY_SECONDS)))

    async def copy(self, name, reader, writer):
        """One direction; nothing overtakes."""
        while True:
            data = await reader.read(PIECE)
            await self.late(name)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def main():
    relay = Relay(sys.argv[1])
    while True:
        await relay.look()
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(main())
