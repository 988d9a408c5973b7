"""Follow a page word for word: write its files, type its commands.

A page is made of these indented blocks, and has no others:

    `NAME`:         on a line of its own, then the block is that file
    $ COMMAND       what is typed into one shell, and below it what comes
                    out; "..." stands for anything on one line, and a line
                    of "..." for any lines

The source is /src/mcp-fcgi there.  Where the demo would be started, a host of
this test is, and its URL is put for http://127.0.0.1:PORT/mcp.
"""
import os
import re
import shlex
import signal
import subprocess
import threading

import harness
from support import check

BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?((?:^ {4}.*\n(?:\n+(?= {4}))?)+)",
                   re.M)
SOURCE = "/src/mcp-fcgi"
URL = "http://127.0.0.1:%s/mcp"
DEMO = "sh %s/httpd-conf/demo " % SOURCE
END = "--- the command has ended ---"
# A command that takes longer has gone wrong.
SECONDS = 20


def steps(text):
    """(name of a file, its text) or (None, (command, output)), in order."""
    for name, block in BLOCK.findall(text):
        lines = [line[4:] for line in block.rstrip("\n").split("\n")]
        if name:
            yield name, "\n".join(lines) + "\n"
            continue
        check(lines[0].startswith("$ "), "what is this block? %s", block)
        for typed in re.split(r"^\$ ", "\n".join(lines), flags=re.M)[1:]:
            yield None, split(typed)


def is_whole(command):
    """Neither in quotes nor before a line that goes on?"""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def split(typed):
    """A command, of one line or more, and its output."""
    lines = typed.split("\n")
    n = 1
    while not is_whole("\n".join(lines[:n])):
        n += 1
        check(n <= len(lines), "a command without an end: %s", typed)
    return "\n".join(lines[:n]), "\n".join(lines[n:]).strip("\n")


def pattern(output):
    """As a regular expression."""
    text = "".join(
        r"(?:.*\n)*" if line == "..." else
        ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in output.split("\n") if output)
    return re.compile(text)


class Shell:
    """What a page is typed into."""

    seconds = SECONDS

    def __init__(self, page, process):
        self.page = page
        self.process = process

    def type(self, command):
        """What comes out."""
        self.process.stdin.write("{ %s\n} </dev/null\nprintf '\\n%s\\n'\n"
                                 % (command, END))
        self.process.stdin.flush()
        said = ""
        late = threading.Timer(self.seconds, self.kill)
        late.start()
        try:
            for line in self.process.stdout:
                if line == END + "\n":
                    return said[:-1]
                said += line
        finally:
            late.cancel()
        raise AssertionError("%s: $ %s\n%s\n--- and no end"
                             % (self.page.name, command, said))

    def expect(self, command, output, typed=None):
        """typed: what is meant by the command of the page."""
        said = self.type(typed or command)
        check(pattern(output).fullmatch(said),
              "%s: $ %s\n%s\n--- instead of\n%s", self.page.name,
              command, said, output)
        return said

    def kill(self):
        """The shell and all that it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self):
        self.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()


class Reader:
    """Who reads a page at a desk with one shell."""

    def __init__(self, world, page):
        self.world = world
        self.page = page
        self.folder = world.folder / page.stem
        self.folder.mkdir()
        self.urls = {}
        self.shell = Shell(page, subprocess.Popen(
            ["sh"], cwd=str(self.folder), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, start_new_session=True,
            env=dict(os.environ, LC_ALL="C.UTF-8")))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def serve(self, words):
        """What the demo would do with these options."""
        options = list(zip(words[::2], words[1::2]))
        host = self.world.host(catalog={
            "folder": self.folder / dict(options)["--catalog"],
            "modules": [self.folder / value for option, value in options
                        if option == "--module"]})
        self.urls[URL % dict(options)["--port"]] = host.url

    def translate(self, command):
        for old, new in ((SOURCE + "/build/release", harness.BUILD),
                         (SOURCE, harness.SOURCE), *self.urls.items()):
            command = command.replace(old, str(new))
        return command

    def follow(self):
        for name, what in steps(self.page.read_text()):
            if name:
                self.write(name, what)
                continue
            command, output = what
            if command.startswith(DEMO):
                check(command.endswith(" &"), "the demo must not wait")
                self.serve(shlex.split(command[len(DEMO):-2]))
                continue
            self.shell.expect(command, output, self.translate(command))

    def close(self):
        self.shell.close()


def follow(world, page):
    reader = Reader(world, page)
    try:
        reader.follow()
    finally:
        reader.close()
