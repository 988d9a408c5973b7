"""The official clients, all the way: progress, log, questions, resumed
streams, what changes; over every transport."""
import json

import harness
import speaking
from catalog import Catalog


def test(world):
    harness.node()
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    hosts = world.two_hosts(catalog)
    notify = json.dumps([str(harness.CTL), "-c", str(hosts[1].conf), "notify"])
    balanced = world.balancer(hosts)
    strict = world.host(catalog={"folder": catalog.folder},
                        http={"strict": "yes"}).url
    for script, url, more in (
            ("flow_v1.mjs", hosts[0].url, []),
            ("flow_v1.mjs", balanced, []),
            ("flow_v1.mjs", hosts[0].url, ["sse"]),
            ("flow_v1.mjs", balanced, ["sse"]),
            ("flow_v2.mjs", hosts[0].url, []),
            ("flow_v2.mjs", balanced, []),
            # They keep to the letter, and lose nothing by it.
            ("flow_v1.mjs", strict, []),
            ("flow_v2.mjs", strict, [])):
        said = world.script(script, url, notify, *more)
        print("ok %s %s" % (script, said.strip()))


harness.run(test)
