#!/usr/bin/env python3
"""Are the doors between the rooms shut?

Each room is a folder with a library of its own, and may know only the rooms
below it.  This takes the compiler calls of a build (compile_commands.json)
and tries every header of the project from every room: those that the room may
know must compile, all others must not.  Then it reads the sources: who includes
which foreign or system header, and whether somebody calls what nobody may.

    run.py SOURCE BUILD
"""

import json
import os
import re
import shlex
import subprocess
import sys

# room: (folder, rooms whose headers it may include)
ROOMS = {
    "base": ("common/base", ["base"]),
    "proto": ("common/proto", ["proto", "base"]),
    "ports": ("common/mcp/ports", ["ports", "proto", "base"]),
    "mcp": ("common/mcp", ["mcp", "ports", "proto", "base"]),
    "tools": ("common/tools", ["tools", "ports", "proto", "base"]),
    "sql": ("sql", ["sql", "base"]),
    "cache": ("cache", ["cache", "base"]),
    "fcgi": (
        "fcgi",
        ["fcgi", "mcp", "ports", "proto", "tools", "sql", "cache", "base"],
    ),
}

# Single headers that are let in, or kept out, beyond that.
STORE = {"store.h", "store_call.h", "store_stream.h"}
ALSO = {"sql": STORE, "cache": STORE}
# Stores keep bytes: what they find beside store.h is not theirs either, but
# they do find it, because a port is a folder.  Sources are read for that.
SEEN = {room: {"bell.h", "crew.h", "ear.h", "sink.h"}
        for room in ("sql", "cache")}
NOT = {"tools": {"http.h", "header.h", "sse.h", "record.h", "rpc.h"}}

PURE = set(
    """assert ctype errno float inttypes limits math stdalign stdarg stdbool
    stddef stdint stdlib string""".split()
)
FILES = {"fcntl", "unistd", "sys/stat", "sys/types", "dirent", "stdio", "time"}
PROCESSES = {
    "signal", "poll", "sys/wait", "sys/resource", "sys/prctl", "sys/syscall",
    "sys/socket", "dlfcn", "spawn",
}

# room: system headers; `file: headers` for those of one file only.
SYSTEM = {
    "base": PURE | {"stdio"},
    "base/log.c": {"unistd"},
    "base/clock.c": {"time"},
    "base/rng.c": {"sys/random"},
    "proto": PURE | {"stdio"},
    "ports": PURE,
    "mcp": PURE,
    "tools": PURE | FILES | PROCESSES,
    "tools/content.c": {"linux/openat2"},
    "tools/folder_scan.c": {"fnmatch"},
    "sql/remote_open.c": {"poll"},
    "sql/postgresql_engine_connect.c": {"poll"},
    "sql/postgresql_engine_run.c": {"poll"},
    "sql/mariadb_engine_wait.c": {
        "poll", "sys/socket", "netinet/in", "netinet/tcp",
    },
    "sql": PURE | FILES | {"sys/vfs", "sys/statvfs", "sys/file"},
    "cache": PURE,
    "cache/kv_memcached.c": {"stdio", "unistd"},
}

# Their own foreign headers are found in their room only.
PRIVATE = {"mariadb_engine.h", "postgresql_engine.h"}

# Foreign headers: the rooms that know each, in one file of it only.
FOREIGN = {
    "fcgiapp.h": {"fcgi"},
    "fcgi_stdio.h": set(),
    "ini.h": {"fcgi"},
    "libmemcached/memcached.h": {"cache"},
    "libpq-fe.h": {"sql"},
    "errmsg.h": {"sql"},
    "mysql.h": {"sql"},
    "mysqld_error.h": {"sql"},
    "pcre2.h": {"proto"},
    "sodium.h": {"cache", "mcp"},
    "sqlite3.h": {"sql"},
}

FORBIDDEN = re.compile(
    r"(?<![\w>.])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|"
    r"rand|srand|system|popen|alloca|localtime|gmtime|setjmp|longjmp)\s*\("
)
# Without files and sockets there is nothing to print to, either.
NO_FILES = re.compile(
    r"(?<![\w>.])(fopen|fprintf|printf|puts|fputs|fwrite|fread|perror|"
    r"getenv|exit|abort|time|clock_gettime|getrandom)\s*\("
)
QUIET = {"proto", "ports", "mcp"}

LINES_MAX = 600

findings = []


def finding(text):
    findings.append(text)


def sources(source, room, endings=(".c", ".h")):
    folder = os.path.join(source, ROOMS[room][0])
    if not os.path.isdir(folder):
        return []
    names = sorted(n for n in os.listdir(folder) if n.endswith(endings))
    return [os.path.join(folder, n) for n in names]


def headers(source):
    """Name of every header of the project, and its room."""
    found = {}
    for room in ROOMS:
        for path in sources(source, room, (".h",)):
            name = os.path.basename(path)
            if name in found:
                finding(f"{name} is in {found[name]} and in {room}")
            found[name] = room
    return found


# ---------------------------------------------------------------- compiling


def compiler(build, source, room):
    """The compiler call for a file of the room, without the file."""
    with open(os.path.join(build, "compile_commands.json")) as f:
        calls = json.load(f)
    folder = os.path.realpath(os.path.join(source, ROOMS[room][0]))
    for call in calls:
        path = os.path.realpath(
            os.path.join(call["directory"], call["file"]))
        if os.path.dirname(path) != folder:
            continue
        words = shlex.split(call["command"])
        keep = [words[0]]
        for i, word in enumerate(words):
            if word.startswith(("-I", "-D", "-std")):
                keep.append(word)
            elif word == "-isystem":
                keep += [word, words[i + 1]]
        return keep
    return None


def compiles(call, text):
    result = subprocess.run(
        call + ["-fsyntax-only", "-x", "c", "-"],
        input=text.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return result.returncode == 0


def allowed(room, name, home):
    return home in ROOMS[room][1] or name in ALSO.get(room, set())


def try_headers(source, build):
    """Every header from every room; the right ones all at once."""
    known = headers(source)
    for room in ROOMS:
        call = compiler(build, source, room)
        if call is None:
            finding(f"{room}: no file of it in compile_commands.json")
            continue
        right = [n for n, home in known.items() if allowed(room, n, home)
                 and (n not in PRIVATE or home == room)]
        wrong = [n for n in known
                 if n not in right and n not in PRIVATE
                 and n not in SEEN.get(room, set())]
        text = "".join(f'#include "{n}"\n' for n in sorted(right))
        if not compiles(call, text + "int door;\n"):
            for n in sorted(right):
                if not compiles(call, f'#include "{n}"\nint door;\n'):
                    finding(f"{room}: {n} should compile, and does not")
        for n in sorted(wrong):
            if compiles(call, f'#include "{n}"\nint door;\n'):
                finding(f"{room}: {n} of {known[n]} compiles, "
                        "the door is open")


# ------------------------------------------------------------------ reading

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def code_only(text):
    """Without comments and strings, on the same lines."""
    return COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def read_includes(source, room, path, text, known, foreign):
    short = os.path.relpath(path, source)
    permitted = SYSTEM.get(room)
    for m in INCLUDE.finditer(text):
        name = m.group(2)
        where = f"{short}:{line_of(text, m.start(2))}"
        if name in FOREIGN:
            foreign.setdefault(name, set()).add((room, short))
        elif m.group(1) == '"':
            home = known.get(name)
            if home is None:
                finding(f"{where}: {name} is in no room")
            elif not allowed(room, name, home):
                finding(f"{where}: {name} belongs to {home}")
            elif name in NOT.get(room, set()):
                finding(f"{where}: {name} is nothing for {room}")
        elif permitted is not None:
            own = SYSTEM.get(f"{room}/{os.path.basename(path)}", set())
            if name.removesuffix(".h") not in permitted | own:
                finding(f"{where}: <{name}> is nothing for {room}")


def read_calls(source, path, text, pattern, why):
    short = os.path.relpath(path, source)
    for m in pattern.finditer(code_only(text)):
        line = line_of(code_only(text), m.start(1))
        finding(f"{short}:{line}: {m.group(1)}() {why}")


def read_rooms(source):
    known = headers(source)
    foreign = {}
    for room in ROOMS:
        for path in sources(source, room):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            read_includes(source, room, path, text, known, foreign)
            if room in QUIET:
                read_calls(source, path, text, NO_FILES,
                           f"is nothing for {room}")
    for name, users in sorted(foreign.items()):
        for room, short in sorted(users):
            if room not in FOREIGN[name]:
                finding(f"{short}: {name} belongs to {FOREIGN[name]}")
        if len(users) > len({room for room, _ in users}):
            places = ", ".join(sorted(short for _, short in users))
            finding(f"{name} is in more than one file of a room: {places}")


def read_everything(source):
    for top in ("common", "sql", "cache", "fcgi", "tests", "examples"):
        for folder, _, names in os.walk(os.path.join(source, top)):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as f:
                    text = f.read()
                read_calls(source, path, text, FORBIDDEN, "is forbidden")
                if top != "tests" and text.count("\n") > LINES_MAX:
                    short = os.path.relpath(path, source)
                    finding(f"{short}: more than {LINES_MAX} lines")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run.py SOURCE BUILD")
    source, build = map(os.path.realpath, sys.argv[1:])
    try_headers(source, build)
    read_rooms(source)
    read_everything(source)
    for text in sorted(set(findings)):
        print(text, file=sys.stderr)
    print(f"doors: {len(set(findings))} open")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
