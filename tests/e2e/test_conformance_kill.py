"""The same three hosts, and every worker is killed by SIGKILL as soon as it
has answered its first request."""
import conformance
import harness
from support import check


def test(world):
    conformance.need()
    killed = world.folder / "killed"
    hosts = [conformance.host(
        world, environment=harness.preload(harness.KILL_WORKER,
                                           MCP_KILLED=killed))
        for _ in range(3)]
    url = world.balancer(hosts)
    conformance.check_all(world, url)
    served = conformance.check_rotation(world, hosts)
    # GET and subscriptions/listen go to mcp-stream, which lives on.
    requests = sum(1 for one in served if one.method != "GET")
    kills = killed.read_text().count("\n")
    print("%d requests, %d of them no GET; %d workers killed"
          % (len(served), requests, kills))
    check(0.9 * requests <= kills <= requests + 6 * len(hosts),
          "%d workers killed by %d requests", kills, requests)


harness.run(test, 115)
