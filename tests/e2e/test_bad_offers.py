"""Bad and hostile parameters for prompts, resources, folders, templates and
completion of a catalog, in a session and without: the error of the revision,
nothing of the host in it, and no program gets what it did not ask for."""
import base64
import json
import sys
import urllib.parse

import harness
import mcp
from catalog import Catalog
from support import check, equal

SECRET = "not to be seen"
BIG = "x" * 100000
# Starting a program takes its time: where one is, take every third of them.
FEW = 3
# What a program is told, as one line of JSON.
ECHO = """
import json, os, sys
known = {k: v for k, v in os.environ.items() if k.startswith("MCP_ARG_")}
print(json.dumps([json.load(sys.stdin), known]))
"""
# Completes with what it is told, one line for each.
COMPLETE = """
import os
print(os.environ["MCP_ARGUMENT"])
print("typed " + repr(os.environ["MCP_VALUE"]))
"""
HOSTILE = ["", " ", "'; rm -rf /; '", "$(id)", "`id`", "%s%n", "{{b}}",
           "../../secret", "\n", "\r\nX: y", "\x1b[2J", "\u202e", "\u00e9",
           "\U0001f600", "-n", "--help", "*", BIG]


def put(catalog, folder, name, definition):
    where = catalog.folder / folder
    where.mkdir(exist_ok=True)
    (where / (name + ".json")).write_text(json.dumps(definition))


def offer(catalog):
    python = [sys.executable, "-c"]
    put(catalog, "prompts", "fill", {
        "name": "fill", "arguments": [
            {"name": "a", "required": True}, {"name": "b"}],
        "messages": [{"role": "user", "content": {
            "type": "text", "text": "<{{a}}|{{b}}>"}}],
        "complete": {"a": ["One", "two", "three"],
                     "b": {"command": python + [COMPLETE]}}})
    put(catalog, "prompts", "told", {
        "name": "told", "arguments": [{"name": "a", "required": True}],
        "run": {"command": python + [ECHO]}})
    put(catalog, "resources", "note", {
        "uri": "test://note", "name": "note", "text": "a note",
        "mimeType": "text/plain"})
    put(catalog, "resources", "by", {
        "uriTemplate": "test://by/{who}", "name": "by",
        "mimeType": "text/plain", "text": "<{{who}}>",
        "complete": {"who": ["ada", "alan"]}})
    put(catalog, "resources", "run", {
        "uriTemplate": "test://run/{who}", "name": "run",
        "mimeType": "text/plain", "run": {"command": python + [ECHO]}})
    put(catalog, "resources", "docs", {
        "uri": "test://docs/", "name": "docs", "folder": "docs",
        "include": ["*.txt"]})
    docs = catalog.folder / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "one.txt").write_text("one")
    (docs / "a b.txt").write_text("blank")
    (docs / "sub" / "two.txt").write_text("two")
    (docs / ".hidden.txt").write_text(SECRET)
    (docs / "left.out").write_text(SECRET)
    (catalog.folder / "secret.txt").write_text(SECRET)
    (docs / "away.txt").symlink_to("../secret.txt")
    (docs / "out").symlink_to("..")


# Two clients that are asked the same: what comes back is the response, and
# which code each has for a resource that is not there.

class Legacy:
    missing = -32002

    def __init__(self, url):
        self.session = mcp.opened(url)

    def ask(self, method, params):
        answer = self.session.send(method, params)
        equal(answer.status, 200, "status of %r" % answer)
        return answer.json()


class Stateless:
    missing = -32602

    def __init__(self, url):
        self.client = mcp.Modern(url)

    def ask(self, method, params):
        message = self.client.message(method, params)
        headers = {k: encoded(v) if k == "Mcp-Name" else v
                   for k, v in named(self.client, message).items()}
        answer = mcp.request(self.client.url, "POST", headers,
                             json.dumps(message).encode())
        check(answer.status in (200, 400), "status of %r", answer)
        return answer.json()


def named(client, message):
    """Its headers, also where there is no name to repeat."""
    key = mcp.NAMES.get(message["method"])
    if key is not None and not isinstance(
            message["params"].get(key), str):
        return dict(mcp.HEADERS, **{
            "MCP-Protocol-Version": mcp.MODERN,
            "Mcp-Method": message["method"], "Mcp-Name": "none"})
    return client.headers(message)


def encoded(value):
    plain = value.isascii() and value.isprintable() and value == value.strip()
    if plain and value and not value.startswith("=?"):
        return value
    return "=?base64?%s?=" % base64.b64encode(value.encode()).decode()


def expect(response, code, what):
    check("error" in response, "%s: no error in %.300r", what, response)
    check(response["error"]["code"] == code, "%s: %r", what, response)
    check(SECRET not in json.dumps(response), "%s: the secret", what)


def refused(client, method, params, *codes):
    """Of a request whose header cannot agree, the code is that of headers."""
    response = client.ask(method, params)
    check("error" in response, "%s %.100r: %.300r", method, params, response)
    check(response["error"]["code"] in codes + (-32020,), "%s %.100r: %.300r",
          method, params, response)
    check(SECRET not in json.dumps(response), "%r: the secret", params)


def bad_prompts(client):
    for params in (
            {}, {"name": None}, {"name": 7}, {"name": ["fill"]},
            {"name": "none"}, {"name": ""}, {"name": "FILL"},
            {"name": "fill "}, {"name": "../prompts/fill"},
            {"name": "test://note"},
            {"name": "fill"}, {"name": "fill", "arguments": {}},
            {"name": "fill", "arguments": {"b": "x"}}):
        refused(client, "prompts/get", params, -32602)
    for bad in (None, 7, True, [], {}, ["x"], {"x": "y"}):
        refused(client, "prompts/get",
                {"name": "fill", "arguments": {"a": bad}}, -32602)
        refused(client, "prompts/get",
                {"name": "fill", "arguments": {"a": "x", "b": bad}}, -32602)
        if bad != {}:
            refused(client, "prompts/get",
                    {"name": "fill", "arguments": bad}, -32602)


def hostile_prompts(client):
    for value in HOSTILE:
        got = client.ask("prompts/get", {
            "name": "fill", "arguments": {"a": value}})
        equal(got["result"]["messages"][0]["content"]["text"],
              "<%s|>" % value, "the text as it was sent")
        got = client.ask("prompts/get", {
            "name": "told", "arguments": {"a": value}})
        check("result" in got, "%.60r: %.300r", value, got)
        arguments, known = json.loads(
            got["result"]["messages"][0]["content"]["text"])
        equal(arguments, {"a": value}, "arguments of the program")
        check(set(known) <= {"MCP_ARG_A", "MCP_ARG_a"}, "more: %r", known)
        check(set(known.values()) <= {value}, "another one: %.200r", known)


def bad_resources(client):
    for params in ({}, {"uri": None}, {"uri": 7}, {"uri": []},
                   {"uri": {}}, {"uri": ""}):
        refused(client, "resources/read", params, -32602)
    for uri in (
            "none", "test://", "test://none", "test://note/", "TEST://Note",
            "test://note#x", "test://note?x", " test://note", "test://note ",
            "file:///etc/passwd", "test://by/", "test://by/a/b",
            # Folders, and the ways out of one.
            "test://docs", "test://docs/", "test://docs/none.txt",
            "test://docs/sub", "test://docs/sub/", "test://docs//one.txt",
            "test://docs/./one.txt", "test://docs/sub/../one.txt",
            "test://docs/../secret.txt", "test://docs/%2e%2e/secret.txt",
            "test://docs/..%2fsecret.txt", "test://docs/%2e%2e%2fsecret.txt",
            "test://docs/..\\secret.txt", "test://docs/out/secret.txt",
            "test://docs/away.txt", "test://docs/.hidden.txt",
            "test://docs/%2ehidden.txt", "test://docs/left.out",
            "test://docs/%00one.txt", "test://docs/one.txt%00",
            "test://docs/one.txt/", "test://docs//etc/passwd",
            "test://docs/%2fetc%2fpasswd", "test://docs/" + "a/" * 500,
            # Not what percent signs are for.
            "test://by/%", "test://by/%zz", "test://by/%ff",
            "test://by/%c0%af", "test://by/%ed%a0%80"):
        response = client.ask("resources/read", {"uri": uri})
        if uri == "test://by/" and "result" in response:
            continue  # an empty variable is one
        expect(response, client.missing, uri)
        equal(response["error"]["data"], {"uri": uri}, "which one")
    # Longer than any that could be there.
    refused(client, "resources/read", {"uri": "test://by/" + "x" * 5000}, -32602,
            client.missing)


def good_resources(client):
    """... beside what is there."""
    for uri, text in (("test://note", "a note"),
                      ("test://docs/one.txt", "one"),
                      ("test://docs/a%20b.txt", "blank"),
                      ("test://docs/sub/two.txt", "two"),
                      ("test://by/%24%28id%29", "<$(id)>"),
                      ("test://by/%C3%A9", "<\u00e9>"),
                      ("test://by/%2e%2e", "<..>")):
        contents, = client.ask("resources/read", {"uri": uri})["result"][
            "contents"]
        equal((contents["uri"], contents["text"]), (uri, text), "contents")
    listed = [r["uri"] for r in client.ask("resources/list", {})["result"][
        "resources"]]
    equal(sorted(listed), ["test://docs/a%20b.txt", "test://docs/one.txt",
                           "test://docs/sub/two.txt", "test://note"], "list")


def hostile_templates(client):
    for value in HOSTILE[1:-1:FEW]:
        uri = "test://run/" + urllib.parse.quote(value, safe="")
        got = client.ask("resources/read", {"uri": uri})
        check("result" in got, "%.60r: %.300r", value, got)
        arguments, known = json.loads(got["result"]["contents"][0]["text"])
        equal(arguments, {"who": value}, "variables of the program")
        check(set(known.values()) <= {value}, "another one: %.200r", known)


def completion(client, ref, name, value, **more):
    return client.ask("completion/complete", dict(
        more, ref=ref, argument={"name": name, "value": value}))


def bad_completion(client):
    fill = {"type": "ref/prompt", "name": "fill"}
    by = {"type": "ref/resource", "uri": "test://by/{who}"}
    for ref in (None, 7, [], {}, "fill", {"type": "ref/prompt"},
                {"type": "ref/prompt", "name": "none"},
                {"type": "ref/prompt", "name": 7},
                {"type": "ref/none", "name": "fill"},
                {"type": "ref/resource"}, {"type": "ref/resource", "uri": 7},
                {"type": "ref/resource", "uri": "test://none/{who}"},
                {"type": "ref/resource", "uri": "test://by/../{who}"}):
        expect(completion(client, ref, "a", ""), -32602, "ref %r" % ref)
    for name, value in (("a", None), ("a", 7), (None, ""), (7, ""), ([], ""),
                        ("a", []), ("a", {})):
        expect(completion(client, fill, name, value), -32602, "argument")
    for context in (7, [], "x", {"arguments": 7}, {"arguments": {"a": 7}},
                    {"arguments": []}):
        expect(completion(client, fill, "a", "", context=context), -32602,
               "context %r" % context)
    for ref, name, value, expected in (
            (fill, "a", "t", ["two", "three"]), (fill, "a", "ONE", ["One"]),
            (fill, "a", "", ["One", "two", "three"]), (fill, "a", BIG, []),
            (fill, "none", "", []), (by, "who", "al", ["alan"]),
            (by, "none", "", []),
            ({"type": "ref/resource", "uri": "test://note"}, "a", "", [])):
        values = completion(client, ref, name, value)["result"][
            "completion"]["values"]
        equal(sorted(values), sorted(expected), "values for %.40r" % value)
    for value in HOSTILE[:-1:FEW]:
        values = completion(client, fill, "b", value)["result"][
            "completion"]["values"]
        equal(values, ["b", "typed " + repr(value)], "of the program")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    offer(catalog)
    host = world.host(catalog={"folder": catalog.folder})
    host.ctl("check")
    for client in (Legacy(host.url), Stateless(host.url)):
        for part in (bad_prompts, hostile_prompts, bad_resources,
                     good_resources, hostile_templates, bad_completion):
            part(client)
            print("ok %s %s" % (type(client).__name__, part.__name__))


harness.run(test)
