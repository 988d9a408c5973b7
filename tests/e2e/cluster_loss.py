"""The ways between the hosts of a cluster, and packets that get lost on them.

Where the kernel has netem it is asked to lose them.  Elsewhere all that the
hosts say to each other goes through cluster_relay.py.
"""
import json
import os
import sys

import harness
import support
from support import wait_until

NETEM = ("delay", "50ms", "50ms", "loss", "10%")
RELAY = harness.HERE / "cluster_relay.py"
PORT = 9000


class Loss:
    def __init__(self, cluster, is_wanted):
        self.net = cluster.net
        self.world = cluster.world
        self.has_netem = is_wanted and self.net.has_netem()
        self.has_relay = is_wanted and not self.has_netem
        self.ways = {}
        # Listening address, by who talks and to whom.
        self.names = {}
        self.file = self.world.folder / "ways.json"
        if self.has_relay:
            self.write()
            self.world.start([sys.executable, RELAY, self.file],
                             self.world.folder / "relay.out")
        if is_wanted:
            print("packets are lost by %s" % (
                "netem" if self.has_netem else "a relay"), flush=True)

    def way(self, source, target, address):
        """What that source has to call instead of host:port."""
        if not self.has_relay:
            return address
        port = PORT + len(self.ways) if self.net.is_real \
            else support.free_port()
        own = "%s:%d" % (self.net.address(1), port)
        self.names[source, target] = own
        self.ways[own] = {"to": address, "is_bad": False}
        self.write()
        wait_until(lambda: support.listens(port, self.net.address(1)),
                   "the relay")
        return own

    def write(self):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.ways))
        os.replace(new, self.file)

    def turn(self, place, is_bad):
        """All that goes to a host and comes from it."""
        if self.has_netem:
            place.netem(*(NETEM if is_bad else ()))
            return
        for pair, own in self.names.items():
            if place.name in pair:
                self.ways[own]["is_bad"] = is_bad
        self.write()
