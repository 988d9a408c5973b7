"""Questions in all their forms on two hosts: forms in the words of each
revision, answers that are none, URLs, and what calls announce to others."""
import json

import harness
import mcp
import speaking
from catalog import Catalog
from expect import opened_stream
from mcp import accept, poll_task, text, text_of
from support import check, equal, wait_until

FORM = {"type": "object", "required": ["name"], "properties": {
    "name": {"type": "string", "minLength": 1},
    "age": {"type": "integer", "default": 30},
    "member": {"type": "boolean", "default": True},
    "color": {"type": "string", "default": "g", "oneOf": [
        {"const": "r", "title": "Red"}, {"const": "g", "title": "Green"}]}}}
SEVERAL = {"type": "object", "properties": {"which": {
    "type": "array", "minItems": 1,
    "items": {"type": "string", "enum": ["a", "b"]}}}}
FILLED = {"name": "Ada", "age": 30, "member": True, "color": "g"}
# What a program prints of the answer to the one question it asks.
ASK = """
line = ask(key={"method": "elicitation/create", "params": json.loads(%r)})
print(json.dumps(line.get("answers", {}).get("key", line), sort_keys=True))
"""
ELICITS = {"elicitation": {"form": {}, "url": {}}}
TASKS = dict(ELICITS, extensions={mcp.M + "tasks": {}})
LEGACY = ["2025-06-18", "2025-11-25"]


def define(catalog):
    forms = {"fill": FORM, "choose": SEVERAL,
             "wrong": {"type": "object", "properties": {
                 "deep": {"type": "object"}}}}
    for name, form in forms.items():
        speaking.define(catalog, name, ASK % json.dumps(
            {"mode": "form", "message": "?", "requestedSchema": form}))
    catalog.write("fill_task", json.dumps({
        "name": "fill_task", "description": "The same as a task",
        "inputSchema": {"type": "object"},
        "execution": {"taskSupport": "optional"},
        "run": json.loads(catalog.path("fill").read_text())["run"]}))
    # Sends somebody away, and hears that it was done there.
    catalog.shell("visit", """
mcp-tell ask --url https://example.org/pay --id pay-1 pay "Pay there." || exit
mcp-tell elicited pay-1
echo paid
""")
    catalog.shell("go", """
mcp-tell ask --url https://example.org/login login "Log in." && echo in
""")
    catalog.shell("announce", """
mcp-tell changed prompts
mcp-tell changed file:///report
mcp-tell changed file:///other
echo announced
""")


def question_of(stream):
    return stream.until(lambda m: "method" in m and "id" in m)[-1]


def answer(session, question, result, url):
    done = session.post({"jsonrpc": "2.0", "id": question["id"],
                         "result": result}, url)
    equal(done.status, 202, "status of an answer")


def asked(session, tool, result, here, there):
    """The params of its question, and what the tool printed then."""
    stream = session.call_stream(tool, {}, here.url)
    question = question_of(stream)
    answer(session, question, result, there.url)
    printed = text(stream.rest()[-1]["result"])
    return question["params"], json.loads(printed)


def early(form):
    """As 2025-06-18 has it."""
    fields = {name: {key: value for key, value in field.items()
                     if key != "default" or field["type"] == "boolean"}
              for name, field in form["properties"].items()}
    choices = fields["color"].pop("oneOf")
    fields["color"]["enum"] = [one["const"] for one in choices]
    fields["color"]["enumNames"] = [one["title"] for one in choices]
    return dict(form, properties=fields)


def test_forms(here, there):
    for revision in LEGACY:
        session = mcp.opened(here.url, revision, ELICITS)
        params, printed = asked(session, "fill", accept(name="Ada"),
                                here, there)
        is_early = revision == "2025-06-18"
        equal("mode" in params, not is_early, "mode")
        equal(params["requestedSchema"], early(FORM) if is_early else FORM,
              "the form of " + revision)
        equal(printed, accept(**FILLED), "what was filled in")
        for bad in (accept(name=""), accept(age=7), {"action": "accept"},
                    accept(name="Ada", color="Red"), {"content": FILLED}):
            _, printed = asked(session, "fill", bad, here, there)
            equal(printed, {"declined": True}, "told of %r" % bad)
        _, printed = asked(session, "fill", {
            "action": "decline", "content": {"name": "secret"}}, here, there)
        equal(printed, {"action": "decline"}, "declined")
        if is_early:
            equal(json.loads(text_of(session.call("choose"))),
                  {"unsupported": True}, "a choice of several")
        else:
            _, printed = asked(session, "choose", accept(which=["b"]),
                               here, there)
            equal(printed, accept(which=["b"]), "a choice of several")
        equal(json.loads(text_of(session.call("wrong"))),
              {"unsupported": True}, "a form that is none")
    wait_until(lambda: "field deep: type must be" in here.log(),
               "what is wrong with the form")


def test_input_required(here, there):
    client = mcp.Modern(here.url, ELICITS)
    first = client.call("fill").result()
    equal(first["inputRequests"]["key"]["params"]["requestedSchema"], FORM,
          "the form")
    for bad in (accept(name=""), {"action": "accept"}, {"content": FILLED}):
        again = client.call("fill", url=there.url,
                            requestState=first["requestState"],
                            inputResponses={"key": bad}).result()
        equal(again["resultType"], "input_required", "after %r" % bad)
        equal(list(again["inputRequests"]), ["key"], "asked again")
    done = client.call("fill", url=there.url,
                       requestState=again["requestState"],
                       inputResponses={"key": accept(name="Ada")}).result()
    equal(json.loads(text(done)), accept(**FILLED), "what was filled in")
    for bad in ([], {"key": 1}, None):
        refused = client.call("fill", requestState=first["requestState"],
                              inputResponses=bad).json()
        equal(refused["error"]["code"], -32602, "code of %r" % bad)


def test_task(here, there):
    client = mcp.Modern(here.url, TASKS)
    task = client.call("fill_task").result()["taskId"]
    poll_task(client, there.url, task, "input_required")

    def update(url, **responses):
        return client.send("tasks/update", {
            "taskId": task, "inputResponses": responses}, url).json()
    for bad in (accept(name=""), {"action": "accept"}, 7):
        equal(update(there.url, key=bad)["error"]["code"], -32602,
              "code of %r" % bad)
    check("result" in update(here.url, unknown={}), "unknown keys")
    poll_task(client, here.url, task, "input_required")
    check("result" in update(there.url, key=accept(name="Ada")), "an answer")
    ended = poll_task(client, here.url, task, "completed")
    equal(json.loads(text(ended["result"])), accept(**FILLED), "filled in")


def test_urls(here, there):
    session = mcp.opened(here.url, capabilities=ELICITS)
    stream = session.call_stream("visit", {}, here.url)
    question = question_of(stream)
    equal(question["params"], {
        "mode": "url", "message": "Pay there.", "elicitationId": "pay-1",
        "url": "https://example.org/pay"}, "params")
    answer(session, question, {"action": "accept"}, there.url)
    rest = stream.rest()
    equal(rest[0], {
        "jsonrpc": "2.0", "method": "notifications/elicitation/complete",
        "params": {"elicitationId": "pay-1"}}, "what was done")
    equal(text(rest[-1]["result"]), "paid\n", "result")
    # Who has no stream is told by an error, each time the same.
    mcp.HEADERS["Accept"] = "application/json"
    try:
        errors = [session.call("go", url=host.url).json()["error"]
                  for host in (here, there)]
    finally:
        mcp.HEADERS["Accept"] = "application/json, text/event-stream"
    equal(errors[0], errors[1], "two errors")
    equal(errors[0]["code"], -32042, "code")
    one, = errors[0]["data"]["elicitations"]
    check(one.pop("elicitationId"), "no id: %r", one)
    equal(one, {"mode": "url", "message": "Log in.",
                "url": "https://example.org/login"}, "where to go")
    # The stateless revision is asked without an id, and told of nothing.
    client = mcp.Modern(here.url, ELICITS)
    first = client.call("visit").result()
    equal(first["inputRequests"]["pay"]["params"], {
        "mode": "url", "message": "Pay there.",
        "url": "https://example.org/pay"}, "params")
    done = client.call("visit", url=there.url,
                       requestState=first["requestState"],
                       inputResponses={"pay": {"action": "accept"}})
    equal(len(done.messages()), 1, "messages")
    equal(text_of(done), "paid\n", "result")


def test_announcements(here, there):
    """A call here is heard of there."""
    session = mcp.opened(here.url)
    session.send("resources/subscribe", {"uri": "file:///report"}).result()
    stream = opened_stream(session, there.url)
    listener = mcp.Modern(there.url)
    listening = listener.listen(
        there.url, resourceSubscriptions=["file:///report"])
    listening.message()
    equal(text_of(mcp.Modern(here.url).call("announce")), "announced\n",
          "result")
    # In whichever order.
    found = [stream.message() for _ in range(2)]
    found.sort(key=lambda message: message["method"])
    equal([message["method"] for message in found],
          ["notifications/prompts/list_changed",
           "notifications/resources/updated"], "methods")
    equal(found[1]["params"], {"uri": "file:///report"}, "what changed")
    found = listening.message()
    equal(found["method"], "notifications/resources/updated", "method")
    equal(found["params"]["uri"], "file:///report", "what changed")
    for one in (stream, listening):
        check(one.silent(0.2), "more came: %r", one.seen)
        one.close()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    define(catalog)
    here, there = world.two_hosts(catalog)
    for part in (test_forms, test_input_required, test_task, test_urls,
                 test_announcements):
        part(here, there)
        print("ok %s" % part.__name__)


harness.run(test)
