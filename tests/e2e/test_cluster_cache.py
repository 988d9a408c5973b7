"""memcached stands still, forgets, is cut off and comes back with what it
knew; processes are killed as well.  It must never be seen in an answer."""
import cluster
import cluster_check
from cluster_faults import (CutStore, EmptyCache, FreezeCache, KillChild,
                            UnplugCache)


def test(it):
    cluster_check.run_storm(
        it, [FreezeCache, EmptyCache, UnplugCache, KillChild, CutStore],
        seconds=cluster.SECONDS)


cluster.run(test)
