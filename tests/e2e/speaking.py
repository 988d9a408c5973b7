"""Tools of a test that take time, report and ask: scripts that speak to the
server on descriptors 3 and 4."""
import json
import sys

PRELUDE = """
import json, os, sys, time
def say(**line):
    os.write(3, (json.dumps(line) + "\\n").encode())
def ask(**questions):
    say(ask=questions)
    with os.fdopen(os.dup(4)) as answers:
        line = json.loads(answers.readline())
    if line.get("pending"):
        sys.exit(0)
    return line
def form(message, *names):
    return {"method": "elicitation/create", "params": {
        "mode": "form", "message": message, "requestedSchema": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names}}}}
arguments = json.load(sys.stdin)
"""


GREET = """
line = ask(name=form("Who are you?", "name"))
answer = line.get("answers", {}).get("name")
if answer is None:
    print("nobody:", json.dumps(line))
elif answer["action"] != "accept":
    print("refused:", answer["action"])
else:
    print("Hello, " + answer["content"]["name"])
"""
# n steps with progress, ms apart; its process id in a file, if one is named.
STEPS = """
if "pid_file" in arguments:
    with open(arguments["pid_file"] + ".new", "w") as out:
        out.write(str(os.getpid()))
    os.rename(arguments["pid_file"] + ".new", arguments["pid_file"])
n = arguments.get("n", 3)
for i in range(1, n + 1):
    time.sleep(arguments.get("ms", 10) / 1000)
    say(progress=i, total=n, message="%s %d" % (arguments.get("marker"), i))
print("done %s" % arguments.get("marker"))
"""


def define(catalog, name, text, **run):
    """A tool in Python; the prelude is in front of the text."""
    catalog.define(name, [sys.executable, "-c", PRELUDE + text], **run)


def define_tasks(catalog):
    """The same as tasks for whoever can have them."""
    for name, text in (("greet_task", GREET), ("steps_task", STEPS)):
        catalog.write(name, json.dumps({
            "name": name, "description": "Tool %s of a test" % name,
            "inputSchema": {"type": "object"},
            "execution": {"taskSupport": "optional"},
            "run": {"command": [sys.executable, "-c", PRELUDE + text]}}))


def define_all(catalog):
    # Asks for a name and greets.
    define(catalog, "greet", GREET)
    define(catalog, "steps", STEPS)
    # Two rounds, each with an answer of its own.
    define(catalog, "twice", """
first = ask(first=form("First?", "value"))["answers"]["first"]
second = ask(second=form("Second?", "value"))["answers"]["second"]
print(first["content"]["value"] + "+" + second["content"]["value"])
""")
    # Lets the client's model speak.
    define(catalog, "think", """
line = ask(thought={"method": "sampling/createMessage", "params": {
    "messages": [{"role": "user", "content": {
        "type": "text", "text": arguments.get("prompt", "?")}}],
    "maxTokens": 100}})
answer = line.get("answers", {}).get("thought")
print(json.dumps(line) if answer is None
      else "model says: " + answer["content"]["text"])
""")
    define(catalog, "logs", """
for level in ("debug", "info", "error"):
    say(log={"level": level, "logger": "test", "data": "a line at " + level})
print("logged")
""")
