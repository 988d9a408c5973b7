"""Whatever is stopped, killed or reloaded: answers arrive, nothing stays."""
import os
import signal
import threading

import harness
import mcp
from catalog import Catalog
from support import check, children_of, equal, is_alive, wait_until


class Call(threading.Thread):
    """A tool call that takes a while."""

    def __init__(self, session, tool):
        super().__init__(daemon=True)
        self.session = session
        self.tool = tool
        self.answer = None
        self.start()

    def run(self):
        try:
            self.answer = self.session.call(self.tool)
        except mcp.CUT as cut:
            self.answer = cut

    def wait(self):
        self.join(20)
        check(self.answer is not None, "no answer to %s", self.tool)
        return self.answer


def tool_pids(world, tool):
    """The ids a tool writes down: its own and that of its child."""
    try:
        pids = (world.folder / (tool + ".pids")).read_text().split()
    except FileNotFoundError:
        return []
    return [int(pid) for pid in pids] if len(pids) == 2 else []


def started(world, tool):
    return wait_until(lambda: tool_pids(world, tool), "start of " + tool)


def gone(pids, what):
    wait_until(lambda: not any(map(is_alive, pids)), what)


def test_terminate(world, folder):
    """SIGTERM to the parent: the call at hand ends as it should."""
    host = world.host(catalog={"folder": folder})
    call = Call(mcp.opened(host.url), "slow")
    pids = started(world, "slow") + host.workers()
    host.responder.terminate()
    equal(mcp.text_of(call.wait()).strip(), "done", "the answer")
    equal(host.responder.wait(10), 0, "exit status of the parent")
    gone(pids, "the end of tool and workers")


def test_kill_parent(world, folder):
    """A parent that is killed leaves no worker and no tool behind."""
    host = world.host(catalog={"folder": folder})
    call = Call(mcp.opened(host.url), "brief")
    workers = host.workers()
    pids = started(world, "brief")
    host.responder.kill()
    host.responder.wait(10)
    call.wait()
    gone(workers + pids, "the end of workers without a parent")


def test_kill_worker(world, folder):
    """The parent ends the tool, and its child, of a worker that died."""
    host = world.host(catalog={"folder": folder})
    session = mcp.opened(host.url)
    call = Call(session, "endless")
    pids = started(world, "endless")
    busy = [worker for worker in host.workers()
            if pids[0] in children_of(worker)]
    equal(len(busy), 1, "workers that run the tool")
    os.kill(busy[0], signal.SIGKILL)
    gone(pids, "the end of the tool of a dead worker")
    answer = call.wait()
    check(isinstance(answer, Exception) or answer.status >= 500,
          "an answer from a dead worker: %r", answer)
    wait_until(lambda: len(host.workers()) == 2, "a new worker")
    check("endless" in session.tools(), "no tools afterwards")


class Stream(threading.Thread):
    """Requests one after the other until told to stop."""

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session = session
        self.stop = threading.Event()
        self.failures = []
        self.sent = 0
        self.start()

    def run(self):
        while not self.stop.is_set():
            self.sent += 1
            try:
                answer = self.session.send("ping")
                if answer.status != 200:
                    self.failures.append(answer)
            except Exception as failure:
                self.failures.append(failure)

    def end(self):
        self.stop.set()
        self.join(20)
        equal(self.failures, [], "failed requests")
        check(self.sent > 0, "nothing was sent")
        return self.sent


def test_reload(world, folder):
    """SIGHUP: the new configuration, and not one request lost."""
    host = world.host(catalog={"folder": folder})
    session = mcp.opened(host.url)
    stream = Stream(mcp.opened(host.url))
    # A request that is at hand belongs to an old worker until its end.
    call = Call(mcp.opened(host.url), "reloaded")
    started(world, "reloaded")
    for name in ("second", "third"):
        host.sections["server"]["name"] = name
        host.write_configuration()
        host.responder.send_signal(signal.SIGHUP)
        wait_until(lambda: mcp.Session(host.url).initialize().result()
                   ["serverInfo"]["name"] == name, "the new configuration")
    equal(mcp.text_of(call.wait()).strip(), "done", "the call at hand")
    check("slow" in session.tools(), "the session is gone")

    host.conf.write_text("[server]\nnonsense = 1\n")
    host.responder.send_signal(signal.SIGHUP)
    wait_until(lambda: "nonsense" in host.log(), "the fault in the log")
    check("slow" in session.tools(), "a broken configuration did harm")
    print("%d requests while reloading" % stream.end())


def test(world):
    catalog = Catalog(world.folder / "catalog")
    for tool, last in (("slow", "sleep 1; echo done"),
                       ("reloaded", "sleep 1; echo done"),
                       ("brief", "sleep 2"),
                       ("endless", "wait")):
        # Written under another name, so that nobody reads half a file.
        pids = world.folder / (tool + ".pids")
        catalog.shell(tool, "sleep 60 >/dev/null 2>&1 & echo $$ $! >%s.new; "
                      "mv %s.new %s; %s" % (pids, pids, pids, last))
    for part in (test_terminate, test_kill_parent, test_kill_worker,
                 test_reload):
        part(world, catalog.folder)
        print("ok %s" % part.__name__)


harness.run(test)
