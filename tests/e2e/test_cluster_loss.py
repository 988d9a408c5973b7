"""Packets are late and lost, on the way to one host, to the database server, or
to memcached: everything takes longer, and some of it is refused."""
import cluster
import cluster_check
from cluster_faults import KillChild, Lose


def test(it):
    cluster_check.run_storm(it, [Lose, Lose, Lose, KillChild],
                            seconds=cluster.SECONDS)


cluster.run(test, is_lossy=True)
