"""A catalog that a test writes as it needs it."""
import json

ANYTHING = {"type": "object"}


class Catalog:
    def __init__(self, folder):
        self.folder = folder
        self.tools = folder / "tools"
        self.tools.mkdir(parents=True)

    def path(self, name):
        return self.tools / (name + ".json")

    def define(self, name, command, schema=None, **run):
        """A tool that starts this command."""
        self.write(name, json.dumps({
            "name": name, "description": "Tool %s of a test" % name,
            "inputSchema": schema or ANYTHING,
            "run": dict(run, command=command)}, indent=2))

    def shell(self, name, text, **run):
        """A tool in shell."""
        self.define(name, ["/bin/sh", "-c", text], **run)

    def write(self, name, text):
        """As an editor saves: nobody sees half a file."""
        self.save(self.path(name), text)

    def put(self, path, content):
        """A file below the catalog, text or (a definition) JSON."""
        if not isinstance(content, str):
            content = json.dumps(content, indent=2)
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.save(path, content)

    @staticmethod
    def save(path, text):
        temporary = path.with_name("." + path.name)
        temporary.write_text(text)
        temporary.rename(path)

    def remove(self, name):
        self.path(name).unlink()
