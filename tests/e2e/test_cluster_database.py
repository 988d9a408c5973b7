"""The database server is restarted, killed, cut off, slow, full: requests are
refused meanwhile, and nothing else happens."""
import cluster
import cluster_check
from cluster_faults import (CutStore, FillStore, FlapStore, FreezeStore,
                            KillStore, RestartStore, SlowStore, UnplugStore)


def test(it):
    cluster_check.run_storm(
        it, [RestartStore, KillStore, CutStore, FreezeStore, SlowStore,
             FillStore, UnplugStore, FlapStore], seconds=cluster.SECONDS,
        may_kill=False)


cluster.run(test)
