"""Processes and whole hosts are killed, frozen, and cut off; the hosts share
one file, so what is tried is everything but a database server."""
import cluster
import cluster_check
from cluster_faults import (Flap, Freeze, KillChild, KillParent, LoseHost,
                            Unplug)


def test(it):
    cluster_check.run_storm(
        it, [KillChild, KillChild, KillChild, KillParent, LoseHost, Freeze,
             Unplug, Flap], seconds=cluster.SECONDS)


cluster.run(test)
