"""The stateless revision on two hosts: subscriptions, questions of which every
round trip lands on another host, tasks, and what a client that leaves does."""
import itertools
import os

import harness
import mcp
import speaking
from catalog import Catalog
from mcp import accept, poll_task, text
from support import check, equal, is_alive, wait_until

ASKABLE = {"elicitation": {"form": {}}, "sampling": {}}
WITH_TASKS = dict(ASKABLE, extensions={mcp.M + "tasks": {}})
SUBSCRIPTION = mcp.M + "subscriptionId"


def opened_listen(client, url, **wanted):
    stream = client.listen(url, **wanted)
    equal(stream.status, 200, "status of listen: %r" % stream.body)
    ack = stream.message()
    equal(ack["method"], "notifications/subscriptions/acknowledged", "first")
    equal(ack["params"]["notifications"], wanted, "what is honoured")
    return stream


def check_tagged(message, client, method):
    equal(message["method"], method, "method")
    equal(message["params"]["_meta"][SUBSCRIPTION], client.number, "tag")


def test_listen(here, there):
    for listening, raising in ((here, there), (there, here)):
        client = mcp.Modern(listening.url)
        stream = opened_listen(client, listening.url, toolsListChanged=True,
                               resourceSubscriptions=["file:///a"])
        raising.ctl("notify", "tools")
        check_tagged(stream.message(), client,
                     "notifications/tools/list_changed")
        raising.ctl("notify", "resource", "file:///b")
        raising.ctl("notify", "resource", "file:///a")
        message = stream.message()
        check_tagged(message, client, "notifications/resources/updated")
        equal(message["params"]["uri"], "file:///a", "uri")
        check(stream.silent(0.1), "more came: %r", stream.seen)
        stream.close()


def test_two_listens(here, there):
    """One client, two subscriptions: each its own tag."""
    client = mcp.Modern(here.url)
    first = opened_listen(client, here.url, toolsListChanged=True)
    number = client.number
    second = opened_listen(client, there.url, toolsListChanged=True)
    here.ctl("notify", "tools")
    equal(first.message()["params"]["_meta"][SUBSCRIPTION], number, "tag")
    check_tagged(second.message(), client, "notifications/tools/list_changed")
    first.close()
    second.close()


def rounds(client, urls, tool, answers):
    """Call it again and again, on the next host each time, until it is done;
    the result and the number of rounds."""
    params = {"name": tool, "arguments": {}}
    for number in itertools.count(1):
        result = client.send("tools/call", params, next(urls)).result()
        if result["resultType"] != "input_required":
            return result, number
        check(number < 10, "no end: %r", result)
        params["inputResponses"] = {
            key: answers[key] for key in result["inputRequests"]}
        params["requestState"] = result["requestState"]


def test_questions(here, there):
    client = mcp.Modern(here.url, ASKABLE)
    urls = itertools.cycle([here.url, there.url])
    result, number = rounds(client, urls, "greet",
                            {"name": accept(name="Ada")})
    equal((text(result), number), ("Hello, Ada\n", 2), "greet")
    result, number = rounds(client, urls, "twice",
                            {"first": accept(value="a"),
                             "second": accept(value="b")})
    equal((text(result), number), ("a+b\n", 3), "twice")
    # Who declared nothing is not asked.
    result = mcp.Modern(here.url).call("greet").result()
    check("unsupported" in text(result), "asked: %r", result)


def test_tampered(here, there):
    client = mcp.Modern(here.url, ASKABLE)
    asked = client.call("greet").result()
    state = asked["requestState"]
    broken = state[:20] + ("A" if state[20] != "A" else "B") + state[21:]
    answers = {"name": accept(name="Eve")}
    for bad_state, tool in ((broken, "greet"), (state, "twice")):
        refused = client.call(tool, url=there.url, requestState=bad_state,
                              inputResponses=answers).json()
        equal(refused["error"]["code"], -32602, "code of a forged state")


def created(client, url, tool):
    result = client.call(tool, url=url).result()
    equal(result["resultType"], "task", "type of %r" % result)
    return result["taskId"]


def test_tasks(here, there):
    client = mcp.Modern(here.url, WITH_TASKS)
    task = created(client, here.url, "greet_task")
    asked = poll_task(client, there.url, task, "input_required")
    equal(list(asked["inputRequests"]), ["name"], "questions")
    done = client.send("tasks/update", {
        "taskId": task, "inputResponses": {"name": accept(name="Bob")}},
        there.url).result()
    equal(done["resultType"], "complete", "type of the acknowledgement")
    for host in (here, there):
        ended = poll_task(client, host.url, task, "completed")
        equal(text(ended["result"]), "Hello, Bob\n", "result")
    # Another one is cancelled from the other host.
    task = created(client, there.url, "steps_task")
    poll_task(client, here.url, task, "working")
    client.send("tasks/cancel", {"taskId": task}, here.url).result()
    poll_task(client, there.url, task, "cancelled")
    # And who did not declare tasks gets the result.
    result = mcp.Modern(here.url).call("steps_task", {"n": 1}).result()
    equal(result["resultType"], "complete", "type without the extension")


def test_leaving_cancels(here, folder):
    pid_file = str(folder / "pid")
    client = mcp.Modern(here.url)
    stream = client.stream("tools/call", {"name": "steps", "arguments": {
        "n": 1000, "ms": 50, "pid_file": pid_file}},
        meta={"progressToken": 1})
    stream.message()
    pid = int(open(pid_file).read())
    stream.cut()
    wait_until(lambda: not is_alive(pid), "the end of the tool")
    check(os.path.exists(pid_file), "no file")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    speaking.define_tasks(catalog)
    here, there = world.two_hosts(catalog)
    for part in (test_listen, test_two_listens, test_questions, test_tampered,
                 test_tasks):
        part(here, there)
        print("ok %s" % part.__name__)
    test_leaving_cancels(here, world.folder)


harness.run(test)
