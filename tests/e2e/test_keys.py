"""The key of the cluster is changed while clients are there: what an older or
a newer key has made is accepted on every host, until the older one ends."""
import secrets
import time

import harness
import mcp
import speaking
from catalog import Catalog
from support import check, equal, wait_until

ANSWER = {"name": mcp.accept(name="Ada")}


def keys(host):
    """What is said of them, by number."""
    lines = host.ctl("key", "list").splitlines()
    return {int(line.split()[0]): line for line in lines}


def make_time_pass(world, ms):
    """For the keys: two minutes are long."""
    world.store.execute("UPDATE {}cluster_key SET mint_from = mint_from - %d,"
                        " created = created - %d" % (ms, ms))


def question(client, url):
    """What its call needs to go on."""
    result = client.call("greet", url=url).result()
    equal(result["resultType"], "input_required", "kind of the result")
    return result["requestState"]


def answer_it(client, state, url):
    done = client.call("greet", url=url, inputResponses=ANSWER,
                       requestState=state)
    equal(mcp.text_of(done), "Hello, Ada\n", "answer of the call")


def alive(session, *urls):
    return [session.send("tools/list", url=url).status for url in urls]


def rotate(world, here, there):
    before = mcp.opened(here.url)
    modern = mcp.Modern(here.url, {"elicitation": {}})
    asked = [question(modern, here.url) for _ in range(2)]
    # Its workers know the first key only.
    for _ in range(8):
        alive(before, there.url)
    said = here.ctl("key", "rotate")
    check("120 seconds" in said, "not said when: %s", said)
    check("makes ids from" in keys(there)[2], "%s", keys(there))
    check(keys(there)[1].endswith("makes ids"), "%s", keys(there))
    # Nobody uses it yet; not those either who read it at once.
    here.reload()
    early = mcp.opened(here.url)
    equal(alive(early, here.url, there.url), [200, 200], "before its time")
    check("no key would make ids" in here.ctl(
        "key", "end", "1", "--yes", status=1), "the only key may not end")
    make_time_pass(world, 121000)
    check(keys(here)[2].endswith("makes ids"), "%s", keys(here))
    here.reload()
    # One host makes ids with it, the other has read it and does not yet.
    after = mcp.opened(here.url)
    # And who has not read it does so when it meets it.
    wait_until(lambda: alive(after, there.url) == [200], "the new key there")
    there.reload()
    later = mcp.opened(there.url)
    for session in (before, early, after, later):
        equal(alive(session, here.url, there.url), [200, 200], "status")
    answer_it(modern, asked[0], there.url)
    answer_it(modern, question(modern, here.url), there.url)
    return before, after, modern, asked[1]


def end(world, here, there, before, after, modern, asked):
    said = here.ctl("key", "end", "1", status=1)
    check("live sessions have ids of key 1" in said and "404" in said
          and "--yes" in said, "not said: %s", said)
    equal(alive(before, here.url, there.url), [200, 200], "nothing was done")
    # When nobody can have such an id any more nobody need be sure.
    late = here.ctl("key", "end", "1", str(31 * 86400))
    check("0 live sessions" in late, "%s", late)
    check("until" in keys(here)[1], "%s", keys(here))
    here.ctl("key", "end", "1", "--yes")
    check("ended" in keys(here)[1], "%s", keys(here))
    check("ended before" in here.ctl("key", "end", "1", "100", status=1),
          "it is alive again")
    # Also where it is ten minutes earlier.
    ended_at = world.store.query(
        "SELECT end_at FROM {}cluster_key WHERE id = 1")[0][0]
    check(time.time() * 1000 - ended_at >= 600000, "a clock that is behind "
          "takes it still")
    for host in (here, there):
        host.reload()
    equal(alive(before, here.url, there.url), [404, 404], "the old key's")
    equal(alive(after, here.url, there.url), [200, 200], "the new key's")
    answer = modern.call("greet", url=there.url, inputResponses=ANSWER,
                         requestState=asked)
    check("error" in answer.json(), "a state of the old key: %r", answer)


def test_store(world, here, there):
    found = rotate(world, here, there)
    end(world, here, there, *found)


def configured(world, folder, **keys_):
    return world.host(store=dict({"url": world.store.url("fixed")}, **keys_),
        catalog={"folder": folder / "catalog"})


def test_configuration(world):
    """The same, where the configuration has the key: first all hosts accept
    the new one, then all make ids with it, then the old one goes."""
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    steps = ({"cluster_key": old},
             {"cluster_key": old, "cluster_key_former": new},
             {"cluster_key": new, "cluster_key_former": old},
             {"cluster_key": new})
    here, there = (configured(world, world.folder, **steps[0])
                   for _ in range(2))
    sessions = []
    for step in steps:
        for host in (here, there):
            host.sections["store"].pop("cluster_key_former", None)
            host.sections["store"].update(step)
            host.write_configuration()
            host.reload()
            sessions.append((step, mcp.opened(host.url)))
            for made, session in sessions:
                wanted = 200 if made["cluster_key"] in step.values() else 404
                equal(session.send("ping", url=host.url).status, wanted,
                      "status at %r" % host.url)
    # In the end only those of the new key are left.
    equal([session.send("ping", url=here.url).status
           for _, session in sessions], [404] * 4 + [200] * 4, "at the end")
    check("store.cluster_key is configured" in here.ctl(
        "key", "rotate", status=1), "the store's keys are of no use")


def test(world):
    catalog = Catalog(world.folder / "catalog")
    speaking.define_all(catalog)
    here, there = world.two_hosts(catalog)
    begun = time.monotonic()
    test_store(world, here, there)
    print("ok keys of the store after %.1f s" % (time.monotonic() - begun))
    test_configuration(world)
    print("ok keys of the configuration")


harness.run(test)
