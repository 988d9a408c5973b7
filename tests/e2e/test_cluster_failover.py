"""The leading database server dies, and the one that followed it leads: no
commit is lost, streams end and begin anew, sessions live on."""
import cluster
import cluster_check
from cluster_faults import CutStore, FailOver


def test(it):
    cluster_check.run_storm(it, [FailOver, CutStore], may_kill=False,
                            seconds=cluster.SECONDS)


cluster.run(test)
