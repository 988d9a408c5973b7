"""Who leaves in the middle of a call: a 2026-07-28 client has cancelled it, a
client with a session has not.  Who leaves a stream has just left."""
import json
import socket
import struct

import harness
import mcp
import sse
from catalog import Catalog
from support import check, is_alive, wait_until

META = "io.modelcontextprotocol/"
BEGIN, PARAMS, STDIN = 1, 4, 5


def record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    lengths = struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31)
    return lengths + name.encode() + value.encode()


def call(host, tool, headers, meta):
    """Start a call as a web server would; the connection."""
    body = json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": {}, "_meta": meta}}).encode()
    variables = dict(headers, REQUEST_METHOD="POST", REQUEST_URI="/mcp",
                     CONTENT_TYPE="application/json",
                     CONTENT_LENGTH=str(len(body)))
    server = socket.socket(socket.AF_UNIX)
    server.connect(str(host.socket))
    server.sendall(
        record(BEGIN, struct.pack(">HB5x", 1, 0)) +
        record(PARAMS, b"".join(pair(*v) for v in variables.items())) +
        record(PARAMS) + record(STDIN, body) + record(STDIN))
    return server


def number_in(path):
    """The process that wrote its number there."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"),
               "the start of the tool")
    return int(path.read_text())


def leave_streams(host):
    """Who leaves a stream has done nothing wrong: the web server is told the
    end of the request, and has nothing to complain of."""
    session = mcp.opened(host.url)
    streams = [sse.Stream(host.url, session.headers()),
               mcp.Modern(host.url).listen(toolsListChanged=True)]
    streams[1].message()
    for stream in streams:
        stream.close()
    log = host.folder / "stream.log"
    wait_until(lambda: log.read_text().count("why=left") == len(streams),
               "that both have left")
    check("end-of-file" not in (host.folder / "lighttpd.log").read_text(),
          "the web server takes it for a failure")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    begun, go, done = (world.folder / name for name in
                       ("begun", "go", "done"))
    catalog.shell("endless", "echo $$ > %s; exec sleep 60" % begun)
    catalog.shell("patient", "echo $$ > %s; while [ ! -e %s ]; do sleep .05; "
                  "done; echo > %s" % (begun, go, done), timeout=30)
    host = world.host(catalog={"folder": catalog.folder})

    modern = call(host, "endless", {
        "HTTP_MCP_PROTOCOL_VERSION": "2026-07-28",
        "HTTP_MCP_METHOD": "tools/call", "HTTP_MCP_NAME": "endless"},
        {META + "protocolVersion": "2026-07-28",
         META + "clientCapabilities": {}})
    tool = number_in(begun)
    check(is_alive(tool), "the tool ended by itself")
    modern.close()
    wait_until(lambda: not is_alive(tool), "the end of a cancelled tool")

    begun.unlink()
    session = mcp.opened(host.url)
    legacy = call(host, "patient", {"HTTP_MCP_SESSION_ID": session.id}, {})
    tool = number_in(begun)
    legacy.close()
    # Time to be noticed: a call that is made later has been answered.
    for _ in range(20):
        check(session.send("tools/list").status == 200, "no answer")
    check(is_alive(tool), "a call of a session ended with its connection")
    go.write_text("")
    wait_until(done.exists, "the end of the patient tool")
    leave_streams(host)


harness.run(test)
