"""Small things that the end-to-end tests share: checks, waiting, /proc."""
import pathlib
import socket
import time


def check(condition, message, *arguments):
    """What assert would be if it could not be switched off."""
    if not condition:
        raise AssertionError(message % arguments if arguments else message)


def equal(found, expected, what):
    check(found == expected, "%s: expected %r, found %r", what, expected, found)


def wait_until(condition, what, seconds=10):
    """Poll until the condition gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        check(time.monotonic() < deadline, "waited in vain: %s", what)
        time.sleep(0.01)


def listens(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children_of(pid):
    """Process ids of living children (a zombie does not live)."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name in brackets may contain anything.
            rest = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[1]) == pid and rest[0] not in "ZX":
            found.append(int(folder.name))
    return sorted(found)


def is_alive(pid):
    try:
        stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
