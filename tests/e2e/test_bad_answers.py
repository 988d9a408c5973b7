"""Answers, cancellations, tasks and repeated requests that name what does not
exist, is over, or belongs to somebody else: nothing happens, and what is right
still works afterwards."""
import concurrent.futures
import json
import time

import harness
import mcp
import speaking
from catalog import Catalog
from expect import expect_alive
from records import Reply
from support import check, equal, is_alive, wait_until

CAPABILITIES = {"sampling": {}, "elicitation": {}, "roots": {}}
ADA = {"action": "accept", "content": {"name": "Ada"}}
EVE = {"action": "accept", "content": {"name": "Eve"}}
UNKNOWN_TASKS = ["", "x", "A" * 22, "x" * 10000, 7, None,
                 ["x"], {"taskId": "x"}, True]
# Each run leaves a line; ends when a file is there, or by itself.
LEAVING_TRACES = """
with open(arguments["trace"], "a") as out:
    out.write("run\\n")
for i in range(1, 400):
    say(progress=i, message=arguments.get("marker", "m"))
    if os.path.exists(arguments["trace"] + ".end"):
        break
    time.sleep(0.05)
print("done %s" % arguments.get("marker", "m"))
"""


def texts(message):
    check("result" in message, "no result: %r", message)
    return "".join(c.get("text", "") for c in message["result"]["content"])


def is_question(message):
    return "method" in message and "id" in message


def asked(session, url, tool="greet"):
    stream = session.call_stream(tool, {}, url)
    return stream, stream.until(is_question)[-1]


def answer(session, url, number, result=None, **more):
    message = dict({"jsonrpc": "2.0", "id": number}, **more)
    if not more:
        message["result"] = result
    return session.post(message, url).status


def expect_error(message, code, what):
    check("error" in message, "%s: no error: %r", what, message)
    equal(message["error"]["code"], code, "%s: code" % what)


# ----------------------------------------------------------------- answers

def wrong_ids(right):
    call, epoch, number = right.split(".")
    return ["x", "", 1, 0, -1, 2 ** 70, "1", int(call), right + " ",
            right.replace(".", "-"), "0" + right, right[:-1], "x" * 200,
            "%s.%s.%d" % (call, epoch, int(number) + 1),
            "%s.%d.%s" % (call, int(epoch) + 1, number),
            "%d.%s.%s" % (int(call) + 1, epoch, number)]


def test_answers(here, there):
    session, other = [mcp.opened(here.url, capabilities=CAPABILITIES)
                      for _ in range(2)]
    stream, question = asked(session, here.url)
    foreign, its_question = asked(other, there.url)
    for url in (here.url, there.url):
        for number in wrong_ids(question["id"]) + [its_question["id"]]:
            equal(answer(session, url, number, EVE), 202,
                  "status of an answer to %.40r" % number)
        equal(answer(other, url, question["id"], EVE), 202,
              "status of a foreign answer")
        equal(session.post({"jsonrpc": "2.0", "error": {
            "code": -1, "message": "no"}}, url).status, 202,
            "status of an error without an id")
        # What is no message at all is refused.
        for bad in ({"id": question["id"]},
                    {"id": question["id"], "result": EVE,
                     "error": {"code": 1, "message": "x"}},
                    {"id": question["id"], "method": "x", "result": EVE},
                    {"id": None, "result": EVE}, {"id": 1.5, "result": EVE},
                    {"id": True, "result": EVE}, {"id": [], "result": EVE}):
            refused = session.post(dict(bad, jsonrpc="2.0"), url)
            equal(refused.status, 400, "status of %r" % bad)
            expect_error(refused.json(), -32600, "%r" % bad)
    headers = {key: value for key, value in session.headers().items()
               if key != "Mcp-Session-Id"}
    equal(mcp.request(here.url, "POST", headers, json.dumps({
        "jsonrpc": "2.0", "id": question["id"],
        "result": EVE}).encode()).status, 400, "answer without a session")
    check(stream.silent(0.2) and foreign.silent(0), "a wrong answer counted")
    equal(answer(session, there.url, question["id"], ADA), 202, "status")
    equal(texts(stream.rest()[-1]), "Hello, Ada\n", "result")
    equal(answer(other, here.url, its_question["id"], EVE), 202, "status")
    equal(texts(foreign.rest()[-1]), "Hello, Eve\n", "the other result")
    # Answered, and its call has ended.
    for url in (here.url, there.url):
        equal(answer(session, url, question["id"], EVE), 202, "a late one")
    expect_alive(session, here, there)


def test_first_answer_counts(here, there):
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    stream, question = asked(session, here.url, "twice")
    accept = {"action": "accept", "content": {"value": "1"}}
    equal(answer(session, there.url, question["id"], accept), 202, "first")
    for url in (here.url, there.url):
        equal(answer(session, url, question["id"], {"action": "decline"}),
              202, "status of a second answer")
        equal(answer(session, url, question["id"], error={
            "code": -1, "message": "x"}), 202, "status of a third answer")
    second = stream.until(is_question)[-1]
    accept["content"]["value"] = "2"
    equal(answer(session, here.url, second["id"], accept), 202, "second")
    equal(texts(stream.rest()[-1]), "1+2\n", "result")


def test_answers_that_are_none(here, there):
    """Errors, and results of another shape than the question has."""
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    for more in ({"error": {"code": -1, "message": "User rejected"}},
                 {"error": {"code": -32602, "message": "x", "data": [1]}},
                 {"result": {}}, {"result": []}, {"result": "Ada"},
                 {"result": None}, {"result": {"action": "perhaps"}},
                 {"result": {"action": "accept", "content": ["Ada"]}}):
        stream, question = asked(session, here.url)
        equal(answer(session, there.url, question["id"], **more), 202,
              "status of %r" % more)
        equal(texts(stream.rest()[-1]), 'nobody: {"declined": true}\n',
              "what the tool hears of %r" % more)
    for action in ("decline", "cancel"):
        stream, question = asked(session, here.url)
        answer(session, there.url, question["id"], {"action": action})
        equal(texts(stream.rest()[-1]), "refused: %s\n" % action, "result")


def test_closed(impatient, there):
    """A question that was given up is answered in vain."""
    session = mcp.opened(impatient.url, capabilities=CAPABILITIES)
    stream, question = asked(session, impatient.url)
    messages = stream.rest()
    equal(messages[0]["method"], "notifications/cancelled", "what is said")
    equal(messages[0]["params"]["requestId"], question["id"], "of what")
    equal(texts(messages[-1]), 'nobody: {"timeout": true}\n', "result")
    equal(answer(session, there.url, question["id"], ADA), 202, "late")
    expect_alive(session, impatient, there)


# ------------------------------------------------------------- cancelling

def cancel(session, url, **params):
    return session.post({"jsonrpc": "2.0", "method":
                         "notifications/cancelled", "params": params},
                        url).status


def test_cancels(here, there, folder):
    pid_file = folder / "cancel.pid"
    session, other = mcp.opened(here.url), mcp.opened(there.url)
    stream = session.call_stream("steps", {
        "n": 1000, "ms": 20, "pid_file": str(pid_file)}, here.url)
    number = session.number
    stream.until(lambda message: "method" in message)
    for url in (here.url, there.url):
        for wrong in (str(number), number + 1, -number, number + 0.5, 0,
                      None, True, [number], {"id": number}, "x" * 5000,
                      10 ** 300):
            equal(cancel(session, url, requestId=wrong), 202,
                  "status of cancelling %.40r" % wrong)
        equal(cancel(session, url), 202, "status of cancelling nothing")
        equal(session.post({"jsonrpc": "2.0", "method":
                            "notifications/cancelled"}, url).status, 202,
              "status without params")
        # Another session's call of that number goes on.
        equal(cancel(other, url, requestId=number), 202, "foreign")
    stream.until(lambda message: "method" in message)
    check(is_alive(int(pid_file.read_text())), "it was cancelled")
    equal(cancel(session, there.url, requestId=number), 202, "the right one")
    wait_until(lambda: not is_alive(int(pid_file.read_text())), "its end")
    check(all("method" in message for message in stream.rest()),
          "a cancelled call was answered")
    for url in (here.url, there.url):
        equal(cancel(session, url, requestId=number), 202, "finished")
    session.number += 100
    check("done" in texts(session.call("steps", {"n": 1}).json()), "result")
    expect_alive(other, here, there)


# ------------------------------------------------------------------ tasks

def session_task(session, url, tool, **arguments):
    return session.send("tools/call", {
        "name": tool, "arguments": arguments, "task": {}},
        url).result()["task"]["taskId"]


def test_session_tasks(here, there):
    session, other = [mcp.opened(here.url, capabilities=CAPABILITIES)
                      for _ in range(2)]
    task = session_task(session, here.url, "steps_task", n=1000, ms=20)
    modern = mcp.Modern(here.url, {"extensions": {mcp.M + "tasks": {}}})
    theirs = modern.call("steps_task", {"n": 1000, "ms": 20}).result()
    for url in (here.url, there.url):
        for method in ("tasks/get", "tasks/result", "tasks/cancel"):
            for wrong in UNKNOWN_TASKS + [theirs["taskId"]]:
                expect_error(session.send(method, {"taskId": wrong},
                                          url).json(), -32602,
                             "%s of %.40r" % (method, wrong))
            expect_error(session.send(method, {}, url).json(), -32602,
                         "%s of nothing" % method)
            expect_error(other.send(method, {"taskId": task}, url).json(),
                         -32602, "%s of another's" % method)
        expect_error(session.send("tasks/list", {"cursor": "x"}, url).json(),
                     -32602, "tasks/list from x")
        expect_error(session.send("tasks/update", {"taskId": task},
                                  url).json(), -32601, "tasks/update")
    found = session.send("tasks/get", {"taskId": task}, there.url).result()
    equal(found["status"], "working", "status behind all that")
    found = session.send("tasks/cancel", {"taskId": task}, there.url).result()
    equal(found["status"], "cancelled", "status when it is cancelled")
    expect_error(session.send("tasks/cancel", {"taskId": task}).json(),
                 -32602, "cancelling it again")
    expect_error(session.send("tasks/result", {"taskId": task}).json(),
                 -32603, "result of a cancelled one")
    modern.send("tasks/cancel", {"taskId": theirs["taskId"]}).result()


class User:
    """A client of the newest revision that a web server knows by name."""

    def __init__(self, host, name):
        self.client = mcp.Modern(host.url, dict(
            CAPABILITIES, extensions={mcp.M + "tasks": {}}))
        self.host = host
        self.name = name

    def send(self, method, host=None, **params):
        message = self.client.message(method, params)
        reply = Reply((host or self.host).socket, "POST",
                      self.client.headers(message),
                      json.dumps(message).encode(), REMOTE_USER=self.name,
                      AUTH_TYPE="Basic")
        body = reply.whole()
        if reply.header("Content-Type") == "text/event-stream":
            body = reply.messages()[-1].data
        return json.loads(body)


def test_users_tasks(here, there):
    ann, bob = User(here, "ann"), User(here, "bob")
    task = ann.send("tools/call", name="greet_task",
                    arguments={})["result"]["taskId"]
    poll = lambda: ann.send("tasks/get", taskId=task)["result"]
    wait_until(lambda: poll()["status"] == "input_required", "its question")
    right = {"name": ADA}
    for host in (here, there):
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            for wrong in UNKNOWN_TASKS[1:]:
                if not isinstance(wrong, str) or \
                        len(wrong) > 5000:
                    continue
                expect_error(ann.send(method, host, taskId=wrong,
                                      inputResponses=right), -32602,
                             "%s of %.40r" % (method, wrong))
            expect_error(bob.send(method, host, taskId=task,
                                  inputResponses=right), -32602,
                         "%s of another's" % method)
        for bad in (None, [], "x", 7, {"name": None}, {"name": "Eve"},
                    {"name": {}}, {"name": {"action": "perhaps"}},
                    {"other": 7}):
            expect_error(ann.send("tasks/update", host, taskId=task,
                                  inputResponses=bad), -32602,
                         "tasks/update with %r" % bad)
        # What is not asked is ignored.
        equal(ann.send("tasks/update", host, taskId=task, inputResponses={
            "other": EVE})["result"]["resultType"], "complete", "update")
    equal(poll()["status"], "input_required", "status behind all that")
    check("result" in ann.send("tasks/update", there, taskId=task,
                               inputResponses=right), "not accepted")
    wait_until(lambda: poll()["status"] == "completed", "its end")
    equal(poll()["result"]["content"][0]["text"], "Hello, Ada\n", "result")
    for host in (here, there):
        for method in ("tasks/update", "tasks/cancel"):
            check("result" in ann.send(method, host, taskId=task,
                                       inputResponses=right), method)
    equal(poll()["status"], "completed", "status of what has ended")


# ---------------------------------------------------------- requestState

def test_states(here, there):
    ann, bob = User(here, "ann"), User(here, "bob")

    def call(user, host, state, responses, **params):
        return user.send("tools/call", host, **dict({
            "name": "greet", "arguments": {}, "requestState": state,
            "inputResponses": responses}, **params))
    eve = {"name": EVE}
    state = ann.send("tools/call", name="greet",
                     arguments={})["result"]["requestState"]
    forged = [state[:i] + ("A" if state[i] != "A" else "B") + state[i + 1:]
              for i in range(0, len(state), 7)]
    forged += [state[:n] for n in (0, 1, len(state) // 2, len(state) - 1)]
    forged += [state * 2, state + "=", " " + state, "x" * 50000, 7, {}, []]
    for number, bad in enumerate(forged):
        host = (here, there)[number % 2]
        expect_error(call(ann, host, bad, eve), -32602, "state %.40r" % bad)
    for host in (here, there):
        expect_error(call(bob, host, state, eve), -32602, "another's state")
        expect_error(call(ann, host, state, eve, name="twice"), -32602,
                     "state of another tool")
        expect_error(call(ann, host, state, eve, arguments={"a": 1}), -32602,
                     "state of other arguments")
        for bad in ([], "x", {"name": None}, {"name": 7}):
            expect_error(call(ann, host, state, bad), -32602,
                         "answers %r" % bad)
    done = call(ann, there, state, {"name": ADA})
    equal(texts(done), "Hello, Ada\n", "the right one")


# --------------------------------------------------- the same request again

class Traces:
    def __init__(self, folder, name):
        self.path = folder / name

    def arguments(self, marker="m"):
        return {"trace": str(self.path), "marker": marker}

    def end(self):
        (self.path.parent / (self.path.name + ".end")).touch()

    def runs(self):
        return len(self.path.read_text().splitlines())


def request(session, number, arguments):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "traced", "arguments": arguments,
                       "_meta": {"progressToken": 1}}}


def begun(session, number, traces):
    """A call that runs: the request, and its stream."""
    message = request(session, number, traces.arguments())
    stream = session.stream(message)
    stream.until(lambda m: "method" in m)
    return message, stream


def test_joined(here, there, folder):
    session = mcp.opened(here.url)
    traces = Traces(folder, "joined")
    message, first = begun(session, 7, traces)
    # Another body, or an id that is another's, or in another session.
    for url in (here.url, there.url):
        changed = request(session, 7, traces.arguments("other"))
        refused = session.post(changed, url)
        equal(refused.status, 200, "status of another request of that id")
        expect_error(refused.json(), -32600, "another request of that id")
        equal(refused.json()["id"], 7, "id")
    second = session.stream(message, there.url)
    second.until(lambda m: "method" in m)
    third = session.stream(message, here.url)
    third.until(lambda m: "method" in m)
    traces.end()
    equal(texts(third.rest()[-1]), "done m\n", "the result")
    for stream in (first, second):
        check(all("method" in m for m in stream.rest()), "answered twice")
    equal(traces.runs(), 1, "runs")
    progress = [m["params"]["progress"] for m in
                (event.message() for event in third.seen if event.data)
                if m.get("method") == "notifications/progress"]
    equal(progress, list(range(1, len(progress) + 1)), "the whole progress")
    # Soon it is known that this was taken: the same request is a new one.
    for n, url in ((2, there.url), (3, here.url)):
        def ran():
            equal(texts(session.post(message, url).json()), "done m\n",
                  "the result")
            return traces.runs() >= n
        wait_until(ran, "another run")
        equal(traces.runs(), n, "runs")


def test_other_ids(here, there, folder):
    """1 and "1" are two, and so are ids of two sessions."""
    session, other = mcp.opened(here.url), mcp.opened(here.url)
    traces = Traces(folder, "ids")
    streams = [session.stream(request(session, 1, traces.arguments("a"))),
               session.stream(request(session, "1", traces.arguments("b"))),
               other.stream(request(other, 1, traces.arguments("c")),
                            there.url)]
    for stream in streams:
        stream.until(lambda m: "method" in m)
    traces.end()
    for stream, marker in zip(streams, "abc"):
        equal(texts(stream.rest()[-1]), "done %s\n" % marker, "result")
    equal(traces.runs(), 3, "runs")


def test_nobody_took(here, there, folder):
    """The answer of a call whose client was cut off waits for it."""
    session = mcp.opened(here.url)
    traces = Traces(folder, "lost")
    message, first = begun(session, 3, traces)
    first.cut()
    traces.end()
    wait_until(lambda: "traced" not in here.ctl("calls"), "its end")
    again = session.post(message, there.url)
    equal(texts(again.json()), "done m\n", "result")
    equal(traces.runs(), 1, "runs")


def test_joined_without_events(here, there, folder):
    session = mcp.opened(here.url)
    traces = Traces(folder, "json")
    message, first = begun(session, 5, traces)
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        waiting = other.submit(mcp.request, there.url, "POST", dict(
            session.headers(), Accept="application/json"),
            json.dumps(message).encode())
        # It is the reader now.
        check(all("method" in m for m in first.rest()), "answered twice")
        traces.end()
        equal(texts(waiting.result().json()), "done m\n", "result")
    equal(traces.runs(), 1, "runs")


def test_joined_question(here, there):
    """Whoever joins a call is asked what is still open, by the same id."""
    session = mcp.opened(here.url, capabilities=CAPABILITIES)
    session.number = 0
    first, question = asked(session, here.url)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "greet", "arguments": {},
        "_meta": {"progressToken": "token-1"}}}
    second = session.stream(message, there.url)
    again = second.until(is_question)[-1]
    equal(again, question, "the question")
    equal(answer(session, here.url, again["id"], ADA), 202, "status")
    equal(texts(second.rest()[-1]), "Hello, Ada\n", "result")
    check(all("method" in m for m in first.rest()), "answered twice")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    speaking.define_tasks(catalog)
    speaking.define(catalog, "traced", LEAVING_TRACES)
    here, there = [world.host(catalog={"folder": catalog.folder})
                   for _ in range(2)]
    impatient = world.host(catalog={"folder": catalog.folder},
                           limits={"question": "1s"})
    for part, *more in (
            (test_answers,), (test_first_answer_counts,),
            (test_answers_that_are_none,), (test_cancels, world.folder),
            (test_session_tasks,), (test_users_tasks,), (test_states,),
            (test_joined, world.folder), (test_other_ids, world.folder),
            (test_nobody_took, world.folder),
            (test_joined_without_events, world.folder),
            (test_joined_question,)):
        begun = time.monotonic()
        part(here, there, *more)
        print("ok %s (%.1f s)" % (part.__name__, time.monotonic() - begun),
              flush=True)
    test_closed(impatient, there)
    print("ok test_closed")


harness.run(test)
