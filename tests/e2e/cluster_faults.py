"""What befalls clusters.  A fault has a name, begins and ends."""
import os
import random
import signal
import threading
import time

from support import children_of


class Fault:
    # Only where hosts have a network of their own.
    needs_net = False
    # How long it lasts, about.
    seconds = 0.0

    def __init__(self, cluster, dice):
        self.cluster = cluster
        self.dice = dice

    name = property(lambda self: type(self).__name__)

    def start(self):
        """What it has hit, in words."""
        raise NotImplementedError

    def stop(self):
        pass

    def host(self):
        """One that is well; there is always another."""
        return self.dice.choice(self.cluster.up())


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def named(host, name):
    found = []
    for pid in host.place.pids():
        try:
            with open("/proc/%d/comm" % pid) as comm:
                if comm.read().strip() == name:
                    found.append(pid)
        except OSError:
            pass
    return found


class KillChild(Fault):
    """A worker, a runner, or a process of mcp-stream."""

    def start(self):
        host = self.host()
        kind = self.dice.choice(("mcp-request", "mcp-request", "mcp-stream"))
        parent = host.responder if kind == "mcp-request" else host.streamer
        pids = sorted(set(children_of(parent.pid)) & set(named(host, kind)))
        if not pids:
            return "nobody"
        pid = self.dice.choice(pids)
        end(pid)
        return "%s of %s" % (kind, host.name)


class KillParent(Fault):
    """What holds the others together; it is started again."""

    seconds = 0.5

    def start(self):
        host = self.host()
        kind = self.dice.choice(("responder", "streamer", "lighttpd"))
        end(getattr(host, kind).pid)
        return "%s of %s" % (kind, host.name)

    def stop(self):
        self.cluster.restart_dead()


class LoseHost(Fault):
    """The power of a whole host is cut, for long enough to be missed."""

    needs_net = True
    seconds = 5.0

    def start(self):
        self.lost = self.host()
        self.lost.kill()
        return self.lost.name

    def stop(self):
        self.lost.revive()


class Freeze(Fault):
    """Nothing of a host runs for so long that it is taken for dead: its
    calls are run elsewhere, and then it comes back."""

    seconds = 6.0

    def start(self):
        self.frozen = self.host()
        self.frozen.is_up = False
        self.frozen.place.signal(signal.SIGSTOP)
        return self.frozen.name

    def stop(self):
        self.frozen.place.signal(signal.SIGCONT)
        self.frozen.is_up = True


class Unplug(Fault):
    """A host runs on, and reaches nobody."""

    needs_net = True
    seconds = 6.0

    def start(self):
        self.host_ = self.host()
        self.host_.is_up = False
        self.host_.place.link(False)
        return self.host_.name

    def stop(self):
        self.host_.place.link(True)
        self.host_.is_up = True


def flap(place):
    for _ in range(5):
        place.link(False)
        time.sleep(0.1)
        place.link(True)
        time.sleep(0.3)


class Flap(Fault):
    """Packets get lost: the cable is out for a moment, again and again."""

    needs_net = True

    def start(self):
        host = self.host()
        flap(host.place)
        return host.name


class Lose(Fault):
    """Packets from one host and to it are late or lost: of ours, the database
    server's, or memcached's."""

    seconds = 4.0

    def start(self):
        places = [host.place for host in self.cluster.up()]
        places += [server.place for server in (
            self.cluster.store, self.cluster.cache) if server]
        self.place = self.dice.choice(places)
        self.cluster.loss.turn(self.place, True)
        return self.place.name

    def stop(self):
        self.cluster.loss.turn(self.place, False)


# ------------------------------------------------------ the database server

class RestartStore(Fault):
    """In order, as an upgrade does it."""

    seconds = 0.5

    def start(self):
        self.cluster.store.down()
        return "in order"

    def stop(self):
        self.cluster.store.up()


class KillStore(RestartStore):
    def start(self):
        self.cluster.store.kill()
        return "kill -9"


class CutStore(Fault):
    """All connections are cut, and may be made again."""

    seconds = 0.2

    def start(self):
        self.cluster.store.cut()
        return "connections"


class FreezeStore(Fault):
    """It stands still, and connections stay."""

    seconds = 3.0

    def start(self):
        self.cluster.store.freeze()
        return "it stands still"

    def stop(self):
        self.cluster.store.thaw()


class SlowStore(Fault):
    """It stands still most of the time."""

    def start(self):
        for _ in range(20):
            self.cluster.store.freeze()
            time.sleep(0.15)
            self.cluster.store.thaw()
            time.sleep(0.05)
        return "slow"


class FillStore(Fault):
    """No room on its disk; it may not live to see the end of that."""

    needs_net = True
    seconds = 3.0

    def start(self):
        self.cluster.store.fill()
        return "full"

    def stop(self):
        self.cluster.store.empty()


class UnplugStore(Fault):
    """Packets to it vanish."""

    needs_net = True
    seconds = 3.0

    def start(self):
        self.cluster.store.place.link(False)
        return "unplugged"

    def stop(self):
        self.cluster.store.place.link(True)


class FlapStore(Fault):
    """Packets to it get lost."""

    needs_net = True

    def start(self):
        flap(self.cluster.store.place)
        return "flapping"


class FailOver(Fault):
    """The leading server is gone, and the one that followed it leads.  There
    is one only."""

    def start(self):
        if self.cluster.store.has_failed_over:
            return "nothing"
        self.cluster.store.fail_over()
        return "the other server leads"


# --------------------------------------------------------------- memcached

class FreezeCache(Fault):
    seconds = 1.5

    def start(self):
        self.cluster.cache.freeze()
        return "it stands still"

    def stop(self):
        self.cluster.cache.thaw()


class EmptyCache(Fault):
    """It is restarted, and knows nothing."""

    seconds = 0.5

    def start(self):
        self.cluster.cache.down()
        return "restarted"

    def stop(self):
        self.cluster.cache.up()


class UnplugCache(Fault):
    """It cannot be told of anything, and comes back with what it knew."""

    needs_net = True
    seconds = 3.0

    def start(self):
        self.cluster.cache.place.link(False)
        return "unplugged"

    def stop(self):
        self.cluster.cache.place.link(True)


class Driver(threading.Thread):
    """Faults one after the other, with a pause between them."""

    def __init__(self, cluster, kinds, pause=1.0):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.dice = random.Random("faults %s" % cluster.seed)
        self.kinds = [kind for kind in kinds
                      if cluster.net.is_real or not kind.needs_net]
        self.pause = pause
        self.is_over = threading.Event()
        self.counts = {}
        self.broken = None
        self.begin = time.monotonic()
        self.start()

    def run(self):
        try:
            while not self.is_over.wait(
                    self.pause * (0.5 + self.dice.random())):
                self.once(self.dice.choice(self.kinds))
        except Exception as reason:
            self.broken = reason

    def once(self, kind):
        fault = kind(self.cluster, self.dice)
        begin = time.monotonic()
        hit = fault.start()
        try:
            self.is_over.wait(fault.seconds)
        finally:
            fault.stop()
        self.counts[fault.name] = self.counts.get(fault.name, 0) + 1
        if fault.seconds or kind is FailOver:
            print("%6.1f s: %s, %s, for %.1f s" % (
                begin - self.begin, fault.name, hit,
                time.monotonic() - begin), flush=True)

    def end(self):
        """What happened how often."""
        self.is_over.set()
        self.join(30)
        if self.broken is not None:
            raise self.broken
        self.cluster.restart_dead()
        return self.counts
