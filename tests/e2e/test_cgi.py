"""The same program as plain CGI: a process for each request."""
import os

import harness
import mcp
from support import check, equal, free_port, listens, wait_until

LIGHTTPD = """
server.modules = ( "mod_alias", "mod_setenv", "mod_cgi" )
server.bind = "127.0.0.1"
server.port = %(port)d
server.document-root = "%(folder)s"
server.errorlog = "%(folder)s/lighttpd.log"
alias.url = ( "/mcp" => "%(folder)s/endpoint.cgi" )
server.stream-response-body = 2
cgi.assign = ( ".cgi" => "" )
"""


def start(world):
    """lighttpd with a CGI script; the URL of the endpoint."""
    harness.need("lighttpd")
    folder = world.folder / "cgi"
    (folder / "state").mkdir(parents=True)
    conf = folder / "mcp-fcgi.conf"
    conf.write_text(harness.configuration({
        "server": {"state": folder / "state", "trace": world.trace},
        **world.store.sections(),
        "catalog": {"modules": [harness.UNITS, harness.COUNT]}}))
    script = folder / "endpoint.cgi"
    script.write_text('#!/bin/sh\nexec %s -c %s\n' % (harness.REQUEST, conf))
    os.chmod(script, 0o755)
    port = free_port()
    (folder / "lighttpd.conf").write_text(
        LIGHTTPD % {"port": port, "folder": folder})
    world.start(["lighttpd", "-D", "-f", folder / "lighttpd.conf"],
                folder / "lighttpd.out")
    wait_until(lambda: listens(port), "lighttpd")
    return "http://127.0.0.1:%d/mcp" % port


def test_dead_process(session):
    """lighttpd ends a process whose client has left.  Nobody keeps this house
    but those who come."""
    stream = session.call_stream("count", {"n": 1000, "ms": 20})
    stream.until(lambda m: "method" in m)
    stream.cut()

    def response():
        resumed = session.get(after=stream.last_id)
        try:
            return resumed.until(lambda m: "id" in m, 3)[-1]
        except AssertionError:  # it was not dead yet
            return None
        finally:
            resumed.close()
    message = wait_until(response, "the end of the call")
    equal(message["error"]["code"], -32603, "what became of it")


def test(world):
    session = mcp.opened(start(world))
    check("convert_units" in session.tools(), "convert_units is missing")
    answer = session.call("convert_units",
                          {"value": 2, "from": "km", "to": "m"})
    check("2000" in mcp.text_of(answer), "wrong: %r", answer)
    answer = session.call("convert_units", {"value": "two"})
    check(answer.status == 200, "wrong arguments: %r", answer)
    equal(mcp.request(session.url, "POST", mcp.HEADERS, b"{").status, 400,
          "status of broken JSON")
    test_dead_process(session)
    check(session.delete().status in (200, 204), "DELETE failed")
    equal(session.send("tools/list").status, 404, "status after DELETE")


harness.run(test)
