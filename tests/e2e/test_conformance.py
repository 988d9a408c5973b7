"""The public conformance suite against one host: no failure anywhere."""
import conformance
import harness


def test(world):
    conformance.need()
    conformance.check_all(world, conformance.host(world).url)


harness.run(test, 115)
