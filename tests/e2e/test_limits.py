"""How many calls run at once is limited, and who waits for a person or for a
task is not one of them."""
import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal


def asked(stream):
    return stream.until(lambda m: "method" in m and "id" in m)[-1]


def decline(session, question):
    done = session.post({"jsonrpc": "2.0", "id": question["id"],
                         "result": {"action": "decline"}})
    equal(done.status, 202, "status of an answer")


def test_waiting_for_a_person(session):
    """One call may run, two may wait."""
    streams, questions = [], []
    for _ in range(2):
        streams.append(session.call_stream("greet"))
        questions.append(asked(streams[-1]))
    equal(session.call("steps").status, 200, "status beside those that wait")
    running = session.call_stream("steps", {"n": 100, "ms": 100})
    running.until(lambda m: m.get("method") == "notifications/progress")
    refused = session.call("steps")
    equal(refused.status, 503, "status of one call too many")
    check(refused.headers["Retry-After"], "no Retry-After")
    session.post({"jsonrpc": "2.0", "method": "notifications/cancelled",
                  "params": {"requestId": session.number - 1}})
    running.rest()
    for stream, question in zip(streams, questions):
        decline(session, question)
        check("result" in stream.rest()[-1], "no result")


def test_waiting_for_a_task(session):
    made = session.send("tools/call", {
        "name": "steps_task", "arguments": {"n": 5, "ms": 100}, "task": {}})
    task = made.result()["task"]["taskId"]
    found = session.send("tasks/result", {"taskId": task})
    check("done" in mcp.text_of(found), "not the result: %r", found)


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    speaking.define_tasks(catalog)
    host = world.host(catalog={"folder": catalog.folder},
                      limits={"calls": 1, "calls_waiting": 2})
    session = mcp.opened(host.url, "2025-11-25", {"elicitation": {}})
    test_waiting_for_a_person(session)
    test_waiting_for_a_task(session)


harness.run(test)
