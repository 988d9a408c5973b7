"""What ends or moves a session in one place counts in every other."""
import json
import secrets

import harness
import mcp
from support import check, equal


def expect_gone(session, url):
    """The answer that tells a client to begin anew."""
    answer = session.send("tools/list", url=url)
    equal(answer.status, 404, "status of a session that has ended")
    check("error" in answer.json(), "no JSON-RPC error: %r", answer)


def test_delete(here, there):
    session = mcp.opened(here.url)
    session.tools(there.url)
    # Workers that know the session already must forget it, too.
    for _ in range(4):
        session.tools(here.url)
        session.tools(there.url)
    check(session.delete(here.url).status in (200, 204), "DELETE failed")
    for _ in range(4):
        expect_gone(session, there.url)
        expect_gone(session, here.url)
    equal(session.delete(there.url).status, 404, "status of a second DELETE")


def test_ctl_end(here, there):
    session = mcp.opened(here.url)
    other = mcp.opened(there.url)
    session.tools(there.url)
    here.ctl("session", "end", session.id)
    expect_gone(session, there.url)
    expect_gone(session, here.url)
    other.tools(here.url)


def test_move(world):
    """To another store with the same key: the client goes on."""
    key = secrets.token_hex(32)
    old, new = [
        world.host(store={"url": world.store.url(name), "cluster_key": key})
        for name in ("old", "new")]
    session, ended = mcp.opened(old.url), mcp.opened(old.url)
    ended.delete()
    # The same key does not make it the same store.
    expect_gone(session, new.url)
    for moved in (session, ended):
        document = old.ctl("session", "export", moved.id)
        check(isinstance(json.loads(document), dict), "not one: %s", document)
        new.ctl("session", "import", text=document)
    shown = new.ctl("session", "show", session.id)
    check("raw" in shown, "the client is not known there: %s", shown)
    check("convert_units" in session.tools(new.url), "no tools after import")
    answer = session.call("convert_units",
                          {"value": 1, "from": "km", "to": "m"}, new.url)
    check("1000" in mcp.text_of(answer), "wrong: %r", answer)
    # What had ended has ended there, too.
    expect_gone(ended, new.url)


def test(world):
    here, there = world.host(), world.host()
    test_delete(here, there)
    test_ctl_end(here, there)
    test_move(world)


harness.run(test)
