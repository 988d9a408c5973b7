"""What hosts that share a store use: processor by role, network."""
import time
from pathlib import Path


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for path in Path("/proc/%d/task" % pid).glob("*/children"):
        for child in path.read_text().split():
            found += tree(int(child))
    return found


def cpu_ns(pids):
    """Of each thread so far; exact, where ticks miss what is short."""
    found = {}
    for pid in pids:
        for path in Path("/proc/%d/task" % pid).glob("*/schedstat"):
            try:
                found[path] = int(path.read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def used_us(before, after):
    """What ended meanwhile is not in it."""
    return sum(ns - before.get(path, 0) for path, ns in after.items()) / 1e3


class Used:
    """CPU by role while something is done."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.before = self.site.cpu()
        self.begun = time.monotonic()
        return self

    def __exit__(self, *_):
        after = self.site.cpu()
        self.seconds = time.monotonic() - self.begun
        self.us = {role: used_us(self.before[role], after[role])
                   for role in after}


def network_bytes(hosts):
    """To and from them, so far."""
    devices = [host.place.device for host in hosts]
    total = 0
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() in devices:
            words = numbers.split()
            total += int(words[0]) + int(words[8])
    return total


def idle(site, hosts, seconds):
    """Percent of a processor by role; kB/s on the network of a host."""
    before = network_bytes(hosts)
    with Used(site) as used:
        time.sleep(seconds)
    found = {role: used.us[role] / used.seconds / 1e4 for role in used.us}
    found["kB"] = (network_bytes(hosts) - before) / used.seconds / 1000 \
        / len(hosts)
    return found
