"""The public conformance suite against three hosts of one store, each request
sent to a different host than the one before."""
import conformance
import harness


def test(world):
    conformance.need()
    hosts = [conformance.host(world) for _ in range(3)]
    url = world.balancer(hosts)
    conformance.check_all(world, url)
    conformance.check_rotation(world, hosts)


harness.run(test, 115)
