"""What tests expect in the same way."""
import json

from support import check, equal, wait_until

CHANGED = "notifications/tools/list_changed"


def expect_error(answer, status, code, what):
    """A status, and a JSON-RPC error in the body."""
    equal(answer.status, status, "%s: status (%r)" % (what, answer.body))
    message = json.loads(answer.body)
    check("error" in message, "%s: no error in %r", what, message)
    equal(message["error"]["code"], code, "%s: code" % what)


def expect_alive(session, here, there):
    for host in (here, there):
        session.send("ping", url=host.url).result()


def opened_stream(session, url):
    """The standalone stream, with its first bytes."""
    stream = session.get(url)
    equal(stream.status, 200, "status of GET")
    wait_until(lambda: stream.comments or stream.events.qsize(),
               "the first byte of a stream")
    return stream


def next_changed(stream, host, what):
    host.ctl("notify", "tools")
    message = stream.message()
    check(message is not None, "%s: the stream has ended", what)
    equal(message["method"], CHANGED, what)


def finished_call(session, url, n=3):
    stream = session.call_stream("steps", {"n": n, "marker": "m"}, url)
    check("result" in stream.rest()[-1], "no result: %r", stream.seen)
    return stream


def ids_of(stream):
    return [event.id for event in stream.seen]
