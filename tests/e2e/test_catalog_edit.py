"""What is edited in the catalog counts without a restart."""
import harness
import mcp
from catalog import Catalog
from support import check, equal, wait_until


def said(session):
    return mcp.text_of(session.call("greet")).strip()


def test(world):
    catalog = Catalog(world.folder / "catalog")
    catalog.shell("greet", "echo one")
    host = world.host(catalog={"folder": catalog.folder})
    session = mcp.opened(host.url)
    equal(said(session), "one", "first version")

    catalog.shell("greet", "echo two")
    wait_until(lambda: said(session) == "two", "the edited tool")
    catalog.shell("other", "echo other")
    wait_until(lambda: "other" in session.tools(), "the added tool")
    check_broken(catalog, host, session)

    catalog.shell("greet", "echo three")
    wait_until(lambda: said(session) == "three", "the mended tool")
    host.ctl("check")
    catalog.remove("other")
    wait_until(lambda: "other" not in session.tools(), "the removed tool")
    answer = session.call("other").json()
    check("error" in answer, "a removed tool was called: %r", answer)
    host.reload()
    # Two workers: each must know.
    for _ in range(8):
        check("other" not in session.tools(), "a removed tool came back")
    check_prompts(catalog, host, session)
    check_resources(catalog, session)


def check_broken(catalog, host, session):
    """A broken file: the last good version serves, in new workers also."""
    catalog.write("greet", '{\n  "name": "greet",\n  "run": 7,,\n}\n')
    # The folder is looked at when requests come.
    wait_until(lambda: said(session) == "two" and "greet.json" in host.log(),
               "the fault in the log")
    for _ in range(8):
        equal(said(session), "two", "while the file is broken")
    host.reload()
    for _ in range(8):
        equal(said(session), "two", "broken, with new workers")
    report = host.ctl("check", status=1)
    check("greet.json:3" in report, "no file and line: %s", report)


def names(session, kind, member="name"):
    """What prompts/list and resources/list tell."""
    listed = session.send(kind + "/list").result()[kind]
    return [one[member] for one in listed]


def prompt(session):
    answer = session.send("prompts/get", {
        "name": "hail", "arguments": {"who": "you"}}).json()
    if "error" in answer:
        return answer["error"]["code"]
    return answer["result"]["messages"][0]["content"]["text"]


def hail(text):
    return {"name": "hail", "arguments": [{"name": "who"}], "messages": [
        {"role": "user", "content": {"type": "text", "text": text}}]}


def check_prompts(catalog, host, session):
    """A folder that was not there at first, and a broken file in it."""
    equal(names(session, "prompts"), [], "before there is a folder")
    catalog.put("prompts/hail.json", hail("hail {{who}}"))
    wait_until(lambda: names(session, "prompts") == ["hail"], "the prompt")
    # Each worker looks for itself.
    wait_until(lambda: prompt(session) == "hail you", "the first version")
    catalog.put("prompts/hail.json", hail("oh {{who}}"))
    wait_until(lambda: prompt(session) == "oh you", "the edited prompt")
    catalog.put("prompts/hail.json", hail("oh {{whom}}"))
    # The folder is looked at when requests come.
    wait_until(lambda: prompt(session) == "oh you" and
               "{{whom}}" in host.log(), "the fault in the log")
    host.reload()
    for _ in range(8):
        equal(prompt(session), "oh you", "broken, with new workers")
    report = host.ctl("check", status=1)
    check("prompts/hail.json:" in report, "no file and line: %s", report)
    (catalog.folder / "prompts/hail.json").unlink()
    wait_until(lambda: names(session, "prompts") == [], "the removed prompt")


def read(session, uri):
    answer = session.send("resources/read", {"uri": uri}).json()
    if "error" in answer:
        return answer["error"]["code"]
    return answer["result"]["contents"][0]["text"]


def check_resources(catalog, session):
    """Files of a folder come, change and go."""
    equal(names(session, "resources"), [], "before there is a folder")
    catalog.put("notes/one.md", "first")
    catalog.put("resources/notes.json",
                {"uri": "notes://all/", "folder": "notes"})
    wait_until(lambda: names(session, "resources", "uri") ==
               ["notes://all/one.md"], "the first file")
    catalog.put("notes/sub/two words.md", "second")
    wait_until(lambda: len(names(session, "resources")) == 2,
               "the second file")
    wait_until(lambda: read(session, "notes://all/sub/two%20words.md") ==
               "second", "the text of the second file")
    catalog.put("notes/one.md", "changed")
    wait_until(lambda: read(session, "notes://all/one.md") == "changed",
               "the changed file")
    (catalog.folder / "notes/one.md").unlink()
    equal(read(session, "notes://all/one.md"), -32002, "a file that is gone")
    equal(read(session, "notes://all/../../tools/greet.json"), -32002,
          "outside of the folder")
    wait_until(lambda: names(session, "resources") == ["sub/two words.md"],
               "the removed file")


harness.run(test)
