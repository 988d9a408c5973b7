"""Tasks of 2025-11-25 on two hosts: asked for here, watched, answered and
cancelled there; and one whose runner is killed."""
import os
import signal

import harness
import mcp
import speaking
from catalog import Catalog
from mcp import accept, poll_task
from support import check, equal, is_alive, wait_until

RELATED = mcp.M + "related-task"


def created(session, tool, arguments=None):
    result = session.send("tools/call", {
        "name": tool, "arguments": arguments or {}, "task": {}}).result()
    equal(result["task"]["status"], "working", "status at first")
    return result["task"]["taskId"]


def result_stream(session, url, task):
    session.number += 1
    return session.stream({
        "jsonrpc": "2.0", "id": session.number, "method": "tasks/result",
        "params": {"taskId": task}}, url)


def check_related(meta, task):
    equal(meta[RELATED], {"taskId": task}, "what it is about")


def test_question(session, here, there):
    task = created(session, "greet_task")
    poll_task(session, there.url, task, "input_required")
    stream = result_stream(session, there.url, task)
    asked = stream.message()
    equal(asked["method"], "elicitation/create", "what is asked")
    check_related(asked["params"]["_meta"], task)
    answer = session.post({
        "jsonrpc": "2.0", "id": asked["id"],
        "result": accept(name="Eve")}, here.url)
    equal(answer.status, 202, "status of an answer")
    result = stream.message()["result"]
    equal(result["content"][0]["text"], "Hello, Eve\n", "result")
    check_related(result["_meta"], task)
    stream.close()
    for host in (here, there):
        poll_task(session, host.url, task, "completed")
        again = session.send("tasks/result", {"taskId": task},
                             host.url).result()
        equal(again, result, "the result once more")
    return task


def test_cancel(session, there):
    task = created(session, "steps_task", {"n": 1000, "ms": 20})
    cancelled = session.send("tasks/cancel", {"taskId": task}, there.url)
    equal(cancelled.result()["status"], "cancelled", "status")
    again = session.send("tasks/cancel", {"taskId": task}, there.url).json()
    equal(again["error"]["code"], -32602, "code of a second cancel")
    return task


def parent_of(pid):
    with open("/proc/%d/stat" % pid) as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def test_killed_runner(session, there, folder):
    path = folder / "pid"
    task = created(session, "steps_task",
                   {"n": 1000, "ms": 20, "pid_file": str(path)})
    stream = result_stream(session, there.url, task)
    wait_until(path.exists, "the start of the tool")
    tool = int(path.read_text())
    os.kill(parent_of(tool), signal.SIGKILL)
    ended = poll_task(session, there.url, task, "failed")
    check(ended.get("statusMessage"), "no reason in %r", ended)
    error = stream.message()["error"]
    equal(error["code"], -32603, "code of what is unknown")
    stream.close()
    wait_until(lambda: not is_alive(tool), "the end of the tool")
    return task


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_tasks(catalog)
    here, there = world.two_hosts(catalog)
    session = mcp.opened(here.url, "2025-11-25", {"elicitation": {}})
    tasks = [test_question(session, here, there),
             test_cancel(session, there),
             test_killed_runner(session, there, world.folder)]
    listed = session.send("tasks/list", {}, there.url).result()["tasks"]
    equal([task["taskId"] for task in listed], tasks, "list")
    other = mcp.opened(there.url, "2025-11-25")
    equal(other.send("tasks/list").result()["tasks"], [], "another's list")


harness.run(test)
