"""Streams, calls and questions of one session on two hosts, in every revision
that has them: what begins here goes on there."""
import os
import time

import harness
import mcp
import speaking
from catalog import Catalog
from expect import next_changed, opened_stream
from mcp import accept, text
from support import check, equal, is_alive, wait_until

CAPABILITIES = {"sampling": {}, "elicitation": {}, "roots": {}}
REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
HAS_ELICITATION = REVISIONS[2:]


def is_response(message):
    return "method" not in message


def progress_of(messages):
    return [m["params"]["progress"] for m in messages
            if m.get("method") == "notifications/progress"]


def check_whole_call(messages, marker, n):
    """Every event once and in order, then the result."""
    equal(progress_of(messages), list(range(1, n + 1)), "progress")
    for message in messages[:-1]:
        if message.get("method") == "notifications/progress":
            check(marker in message["params"].get("message", marker),
                  "another call's: %r", message)
    check(marker in text(messages[-1]["result"]), "result: %r", messages[-1])


def test_get_stream(session, here, there):
    """A notification raised here arrives there; a second GET takes over."""
    first = session.get(there.url)
    equal(first.status, 200, "status of GET")
    if session.revision == "2025-11-25":
        priming = first.next()
        check(priming.id and priming.data == "", "not priming: %r", priming)
    next_changed(first, here, "what is raised over there")
    second = opened_stream(session, here.url)
    next_changed(second, there, "what is raised over there")
    check(first.silent(0.3), "the superseded stream ended or spoke: %r",
          first.seen)
    second.close()
    # Whoever is left comes back.
    first.rest()
    first.close()


def test_resume_finished(session, here, there):
    stream = session.call_stream("steps", {"n": 3, "marker": "fin"}, here.url)
    messages = stream.rest()
    check_whole_call(messages, "fin", 3)
    check(stream.seen[0].id, "events without ids: %r", stream.seen)
    again = session.get(there.url, after=stream.seen[0].id)
    equal(again.status, 200, "status of a resume")
    rest = again.rest()
    skipped = 1 if stream.seen[0].data else 0
    equal(rest, messages[skipped:], "what came again")


def test_resume_running(session, here, there):
    """The client is cut off, goes to the other host, and misses nothing."""
    stream = session.call_stream(
        "steps", {"n": 20, "ms": 50, "marker": "run"}, here.url)
    before = stream.until(lambda m: progress_of([m]) == [3])
    stream.cut()
    again = session.get(there.url, after=stream.last_id)
    equal(again.status, 200, "status of a resume")
    check_whole_call(before + again.rest(), "run", 20)


def test_takeover(session, here, there):
    """The same without being cut off: the newer connection wins."""
    stream = session.call_stream(
        "steps", {"n": 20, "ms": 50, "marker": "over"}, here.url)
    before = stream.until(lambda m: progress_of([m]) == [2])
    again = session.get(there.url, after=stream.last_id)
    after = again.rest()
    lost = stream.rest()
    check(not any(is_response(m) for m in lost), "answered twice: %r", lost)
    check_whole_call(before + after, "over", 20)


def answer(session, question, result, url):
    done = session.post({"jsonrpc": "2.0", "id": question["id"],
                         "result": result}, url)
    equal(done.status, 202, "status of an answer")


def test_elicitation(session, here, there):
    stream = session.call_stream("greet", {}, here.url)
    question = stream.until(lambda m: "method" in m and "id" in m)[-1]
    equal(question["method"], "elicitation/create", "method")
    answer(session, question, accept(name="Ada"), there.url)
    equal(text(stream.rest()[-1]["result"]), "Hello, Ada\n", "result")
    # A second answer is accepted, and changes nothing.
    answer(session, question, {"action": "decline"}, here.url)


def test_sampling(session, here, there):
    stream = session.call_stream("think", {"prompt": "6*7"}, here.url)
    question = stream.until(lambda m: "method" in m and "id" in m)[-1]
    equal(question["method"], "sampling/createMessage", "method")
    answer(session, question, {
        "role": "assistant", "model": "m", "stopReason": "endTurn",
        "content": {"type": "text", "text": "42"}}, there.url)
    check("model says: 42" in text(stream.rest()[-1]["result"]), "not answered")


def test_cancel(session, here, there, folder):
    pid_file = str(folder / "pid")
    if os.path.exists(pid_file):
        os.unlink(pid_file)
    stream = session.call_stream(
        "steps", {"n": 1000, "ms": 50, "marker": "x", "pid_file": pid_file},
        here.url)
    wait_until(lambda: os.path.exists(pid_file), "the tool")
    pid = int(open(pid_file).read())
    start = time.monotonic()
    done = session.post({
        "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": session.number}}, there.url)
    equal(done.status, 202, "status of cancelled")
    wait_until(lambda: not is_alive(pid), "the end of the tool")
    print("ok cancelled from the other host: process gone after %d ms"
          % ((time.monotonic() - start) * 1000))
    check(not any(is_response(m) for m in stream.rest()),
          "a cancelled call was answered")


def test_delete(session, here, there):
    stream = opened_stream(session, here.url)
    check(session.delete(there.url).status in (200, 204), "DELETE")
    stream.rest()
    equal(session.get(here.url).status, 404, "GET of an ended session")


def test_revision(revision, here, there, folder):
    session = mcp.opened(here.url, revision, CAPABILITIES)
    test_get_stream(session, here, there)
    test_resume_finished(session, here, there)
    test_resume_running(session, here, there)
    test_takeover(session, here, there)
    if revision in HAS_ELICITATION:
        test_elicitation(session, here, there)
    test_sampling(session, here, there)
    test_cancel(session, here, there, folder)
    test_delete(session, here, there)
    print("ok %s" % revision)


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    for revision in REVISIONS:
        test_revision(revision, here, there, world.folder)


harness.run(test)
