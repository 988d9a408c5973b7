"""What clients of the revisions with sessions get of prompts, resources,
templates and completion: those of examples/glossary.  A client has ask(), and
`offered`, the capabilities that it was told."""
from support import check, equal


def code(response):
    check("error" in response, "no error: %r", response)
    return response["error"]["code"]


def completed(ask, ref, name, value, **more):
    return ask("completion/complete", dict(
        more, ref=ref, argument={"name": name, "value": value}
    ))["result"]["completion"]


def offers_prompts(ask, revision):
    prompt, = ask("prompts/list")["result"]["prompts"]
    equal(prompt["name"], "explain_word", "name")
    equal([(a["name"], a.get("required", False))
           for a in prompt["arguments"]],
          [("word", True), ("audience", False)], "arguments")
    equal("title" in prompt, revision >= "2025-06-18", "title")
    got = ask("prompts/get", {"name": "explain_word", "arguments": {
        "word": "tool", "audience": "developer"}})["result"]
    equal([m["role"] for m in got["messages"]], ["user", "assistant"],
          "roles")
    check("developer" in got["messages"][0]["content"]["text"],
          "not filled in: %r", got)
    for params, expected in (
            ({"name": "none"}, -32602), ({"name": "explain_word"}, -32602),
            ({"name": "explain_word", "arguments": {"word": 7}}, -32602),
            ({"name": "explain_word", "arguments": {"word": "x"}}, -32603)):
        equal(code(ask("prompts/get", params)), expected, "of %r" % params)


def offers_resources(ask):
    resource, = ask("resources/list")["result"]["resources"]
    equal((resource["uri"], resource["name"], resource["mimeType"]),
          ("glossary://all", "glossary", "text/plain"), "resource")
    template, = ask("resources/templates/list")["result"][
        "resourceTemplates"]
    equal(template["uriTemplate"], "glossary://words/{word}", "template")
    for uri, part in (("glossary://all", "tool: Something"),
                      ("glossary://words/tool", "Something a model")):
        contents, = ask("resources/read", {"uri": uri})["result"]["contents"]
        equal((contents["uri"], contents["mimeType"]), (uri, "text/plain"),
              "contents")
        check(part in contents["text"], "contents: %r", contents)
    for uri in ("glossary://none", "glossary://words/none", "file:///x"):
        response = ask("resources/read", {"uri": uri})
        equal((code(response), response["error"]["data"]),
              (-32002, {"uri": uri}), "a resource that is not there")


def offers_completion(ask):
    prompt = {"type": "ref/prompt", "name": "explain_word"}
    template = {"type": "ref/resource", "uri": "glossary://words/{word}"}
    for ref in (prompt, template):
        equal(completed(ask, ref, "word", "t")["values"],
              ["task", "template", "tool"], "values")
    # `context` came later; who does not know it is not harmed.
    equal(completed(ask, prompt, "audience", "ADM", context={
        "arguments": {"word": "tool"}})["values"], ["administrator"],
        "values")
    equal(completed(ask, prompt, "none", "")["values"], [], "values")
    for ref in ({"type": "ref/prompt", "name": "none"},
                {"type": "ref/resource", "uri": "none"}, {"type": "none"}):
        equal(code(ask("completion/complete", {
            "ref": ref, "argument": {"name": "word", "value": ""}})),
            -32602, "code for %r" % ref)


def offers_updates(ask, stream, hosts):
    """What is raised on either host arrives, while it is wanted."""
    uri = {"uri": "glossary://all"}
    equal(ask("resources/subscribe", uri)["result"], {}, "subscribe")
    for host in hosts:
        host.ctl("notify", "resource", "glossary://words/tool")
        host.ctl("notify", "resource", uri["uri"])
        message = stream.message()
        equal((message["method"], message["params"]),
              ("notifications/resources/updated", uri), "update")
    equal(ask("resources/unsubscribe", uri)["result"], {}, "unsubscribe")
    hosts[0].ctl("notify", "resource", uri["uri"])
    for kind in ("tools", "prompts", "resources"):
        hosts[1].ctl("notify", kind)
        equal(stream.message()["method"],
              "notifications/%s/list_changed" % kind, "change")


def check_offers(client, revision, stream, hosts):
    offered = client.offered
    for kind in ("tools", "prompts", "resources"):
        check(offered[kind]["listChanged"], "%s: %r", kind, offered)
    check(offered["resources"]["subscribe"], "%r", offered)
    equal("completions" in offered, revision > "2024-11-05", "completions")
    offers_prompts(client.ask, revision)
    offers_resources(client.ask)
    offers_completion(client.ask)
    offers_updates(client.ask, stream, hosts)
    print("ok %s offers" % revision)
