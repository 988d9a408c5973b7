"""Hosts of a cluster that share nothing but a network.

Where we may, every host has namespaces of its own: network (on one bridge),
processes (it meets no other's by a number), and files (its own folder, what
is installed, and nothing of another host).  All of it lies in namespaces of
the test, so that it goes away with the test, however that ends.  Elsewhere
the hosts are addresses 127.0.0.x and folders, and what needs more is not
tried: see Net.is_real.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import support
from support import check, children_of, is_alive, wait_until

INSIDE = "MCP_CLUSTER_INSIDE"
UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
           "--mount-proc"]
BRIDGE = "br0"
ADDRESS = "10.77.0.%d"
LOOPBACK = "127.0.0.%d"
# What hosts could meet in.
HIDDEN = ("/run", tempfile.gettempdir(), "/var/tmp", "/dev/shm")


def ip(*arguments):
    done = subprocess.run(["ip", *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    check(done.returncode == 0, "ip %s: %s", arguments, done.stdout)


def may_unshare():
    """Are we root, with tools and a kernel that make namespaces?"""
    if os.getuid() != 0 or not all(map(shutil.which, (
            "unshare", "nsenter", "ip", "mount"))):
        return False
    return subprocess.run(
        UNSHARE + ["sh", "-c", "ip link add probe0 type bridge && "
                   "ip link add probe1 type veth peer name probe2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def enter():
    """Start this program again in namespaces of its own, if we may."""
    if INSIDE in os.environ:
        return
    real = may_unshare()
    os.environ[INSIDE] = "real" if real else "loopback"
    if real:
        command = [sys.executable, *sys.argv]
        os.execvp(UNSHARE[0], UNSHARE + command)


class Process:
    """A program inside a host, as Popen of one outside."""

    def __init__(self, outer):
        self.outer = outer
        self.args = outer.args
        self.pid = wait_until(
            lambda: children_of(outer.pid) or outer.poll() is not None,
            "a process in a host")
        if isinstance(self.pid, list):
            self.pid = self.pid[0]
        else:
            self.pid = 0

    def poll(self):
        return self.outer.poll()

    def wait(self, timeout=None):
        return self.outer.wait(timeout)

    def send_signal(self, number):
        if self.pid and self.poll() is None and is_alive(self.pid):
            os.kill(self.pid, number)
        # What waits for it outside stops and goes on with it.
        if self.outer.poll() is None and number != signal.SIGSTOP:
            self.outer.send_signal(signal.SIGCONT)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        # What waits for it outside must reap it, or its host never ends.
        self.send_signal(signal.SIGKILL)


def inside(anchor):
    """Command line of whatever runs in the host of that process."""
    return ["nsenter", "--target", str(anchor), "--net", "--mount", "--pid",
            "--"]


def pid_namespace(pid):
    try:
        return os.readlink("/proc/%d/ns/pid" % pid)
    except OSError:
        return None


def go(where):
    """This thread, into another network."""
    check(ctypes.CDLL(None).setns(where.fileno(), 0) == 0, "setns failed")


class Place:
    """One host: an address, a view of the files, processes."""

    def __init__(self, net, name, number, shared):
        self.net = net
        self.name = name
        self.number = number
        self.folder = net.folder / name
        self.folder.mkdir()
        self.shared = shared
        self.address = net.address(number)
        self.device = "h%d" % number
        self.processes = []
        self.anchor = None
        self.init = 0
        self.is_linked = False
        self.up()

    def up(self):
        """Begin to exist, or again after kill()."""
        if not self.net.is_real:
            return
        keep = [str(path) for path in (self.folder, *self.shared)]
        self.anchor = subprocess.Popen(
            UNSHARE[:-1] + [sys.executable, __file__, json.dumps(keep)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            # Some versions complain of nothing.
            stderr=subprocess.DEVNULL)
        check(self.anchor.stdout.readline() == b"ready\n",
              "host %s does not come up", self.name)
        self.init = children_of(self.anchor.pid)[0]
        self.space = pid_namespace(self.init)
        ip("link", "add", self.device, "type", "veth",
           "peer", "name", "eth0", "netns", self.init,
           # Neighbours remember it.
           "address", "02:00:00:00:00:%02x" % self.number)
        ip("link", "set", self.device, "master", BRIDGE)
        for arguments in (("addr", "add", self.address + "/24", "dev", "eth0"),
                          ("link", "set", "eth0", "up")):
            subprocess.run(inside(self.init) + ["ip", *arguments], check=True)
        self.link(True)

    def start(self, command, log, **options):
        command = [str(part) for part in command]
        if self.net.is_real:
            command = inside(self.init) + command
        with open(log, "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out, **options)
        if self.net.is_real:
            process = Process(process)
        self.processes.append(process)
        self.net.world.processes.append(process)
        return process

    def run(self, command, **options):
        """As subprocess.run."""
        command = [str(part) for part in command]
        if self.net.is_real:
            command = inside(self.init) + command
        return subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True, **options)

    @contextlib.contextmanager
    def network(self):
        """What this thread starts meanwhile has the host's network, and
        nothing else of it."""
        if not self.net.is_real:
            yield
            return
        with open("/proc/self/ns/net") as here, \
                open("/proc/%d/ns/net" % self.init) as there:
            go(there)
            try:
                yield
            finally:
                go(here)

    def listens(self, port):
        return support.listens(port, self.address)

    def pids(self):
        """All that runs there, but for what holds the host together."""
        if self.net.is_real:
            return [pid for pid in map(int, filter(str.isdigit,
                                                   os.listdir("/proc")))
                    if pid != self.init and pid_namespace(pid) == self.space
                    and not is_entering(pid)]
        found, todo = [], [p.pid for p in self.processes if p.poll() is None]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children_of(pid)
        return found

    def signal(self, number):
        """To all; twice, for those that were born meanwhile."""
        for _ in range(2):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        if self.net.is_real and number == signal.SIGCONT:
            for process in self.processes:
                process.send_signal(number)

    def link(self, is_up):
        """Plug the cable in, or pull it out."""
        ip("link", "set", self.device, "up" if is_up else "down")
        self.is_linked = is_up

    def netem(self, *arguments):
        """What befalls packets from it and to it; none: nothing."""
        if not arguments:
            self.tc(self.device, "del")
            self.tc("eth0", "del", inside(self.init))
            return
        self.tc(self.device, "add", (), "netem", *arguments)
        self.tc("eth0", "add", inside(self.init), "netem", *arguments)

    @staticmethod
    def tc(device, verb, where=(), *arguments):
        subprocess.run([*where, "tc", "qdisc", verb, "dev", device, "root",
                        *arguments], check=True)

    def kill(self):
        """The power is cut."""
        if self.net.is_real:
            self.link(False)
            os.kill(self.init, signal.SIGKILL)
            self.anchor.wait()
            self.anchor.stdout.close()
            # It goes with the other end, but not at once.
            ip("link", "del", self.device)
        else:
            self.signal(signal.SIGKILL)
        for process in self.processes:
            process.wait(10)
            self.net.world.processes.remove(process)
        self.processes = []

    def down(self):
        if self.net.is_real and self.anchor.poll() is None:
            os.kill(self.init, signal.SIGKILL)
            self.anchor.wait()


def is_entering(pid):
    """A nsenter is in the namespace it makes processes in, or on its way."""
    try:
        with open("/proc/%d/comm" % pid) as comm:
            return comm.read().strip() == "nsenter"
    except OSError:
        return True


class Net:
    def __init__(self, world):
        self.world = world
        self.folder = world.folder
        self.is_real = os.environ.get(INSIDE) == "real"
        self.places = []
        if self.is_real:
            ip("link", "set", "lo", "up")
            ip("link", "add", BRIDGE, "type", "bridge")
            ip("addr", "add", self.address(1) + "/24", "dev", BRIDGE)
            ip("link", "set", BRIDGE, "up")
        print("network: %s" % (
            "a bridge, and namespaces for each host" if self.is_real
            else "addresses 127.0.0.x; no namespaces, so no lost hosts"),
            flush=True)

    def has_netem(self):
        """Can this kernel lose packets?"""
        if not self.is_real or shutil.which("tc") is None:
            return False
        return subprocess.run(
            ["tc", "qdisc", "add", "dev", BRIDGE, "root", "netem", "delay",
             "0ms"], stderr=subprocess.DEVNULL).returncode == 0 and \
            subprocess.run(["tc", "qdisc", "del", "dev", BRIDGE,
                            "root"]).returncode == 0

    def address(self, number):
        return (ADDRESS if self.is_real else LOOPBACK) % number

    def place(self, name, shared=()):
        """A new host; shared: folders that it sees beside its own."""
        number = len(self.places) + 2
        if any(place.name == name for place in self.places):
            name += "-%d" % number
        place = Place(self, name, number, shared)
        self.places.append(place)
        return place

    def down(self):
        for place in self.places:
            place.down()


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def hide(keep):
    """In a host: empty folders in the place of those where hosts meet."""
    mount("-t", "tmpfs", "none", HIDDEN[0])
    kept = []
    for i, path in enumerate(keep):
        if any(path.startswith(hidden + "/") for hidden in HIDDEN[1:]):
            stage = "%s/keep%d" % (HIDDEN[0], i)
            os.mkdir(stage)
            mount("--rbind", path, stage)
            kept.append((stage, path))
    for hidden in filter(os.path.isdir, HIDDEN[1:]):
        mount("-t", "tmpfs", "none", hidden)
    for stage, path in kept:
        # One may lie in another.
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        mount("--move", stage, path)


def anchor():
    """The first process of a host: it reaps, and dies with everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    mount("--make-rprivate", "/")
    hide(json.loads(sys.argv[1]))
    mount("-t", "proc", "proc", "/proc")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.write(1, b"ready\n")
    while True:
        signal.pause()


if __name__ == "__main__":
    anchor()
