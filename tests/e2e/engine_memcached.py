"""A memcached of a test's own, and a cut in front of it.

    server = Memcached(folder)
    server.start()
    server.stop()            # it hangs ...
    server.resume()          # ... and goes on
    server.kill()            # gone, with all it had
    server.start()           # on the same port, empty
    server.close()

    cut = Cut(server.port)   # a relay: hosts use cut.address
    cut.cut()                # nothing gets through, in either direction
    cut.mend()               # and here it is again, with its old contents
    cut.close()
"""
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import threading

from support import free_port, listens, wait_until

STEP_S = 0.01


class Memcached:
    name = "memcached"

    def __init__(self, folder):
        self.logfile = pathlib.Path(folder) / "memcached.log"
        self.port = free_port()
        self.process = None

    @staticmethod
    def missing():
        """Why there can be none; None: nothing is missing."""
        if shutil.which("memcached") is None:
            return "no memcached (package memcached)"
        return None

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def start(self):
        user = "root" if os.geteuid() == 0 else "nobody"
        with open(self.logfile, "ab") as out:
            self.process = subprocess.Popen(
                ["memcached", "-l", "127.0.0.1", "-p", str(self.port),
                 "-U", "0", "-m", "32", "-t", "2", "-u", user],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_until(lambda: listens(self.port), "memcached")

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    close = kill

    def ask(self, command):
        """One command of the text protocol; the answer up to its end."""
        ends = (b"END\r\n", b"STORED\r\n", b"DELETED\r\n", b"OK\r\n",
                b"NOT_FOUND\r\n", b"ERROR\r\n")
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(command)
            found = b""
            while not found.endswith(ends):
                more = s.recv(65536)
                if not more:
                    break
                found += more
        return found

    def statistics(self):
        """Counters by name."""
        lines = self.ask(b"stats\r\n").decode().split("\r\n")
        return {line.split()[1]: line.split()[2] for line in lines
                if line.startswith("STAT ")}


class Cut:
    """A relay to a port of this machine that can be cut."""

    def __init__(self, port):
        self.target = port
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.address = "127.0.0.1:%d" % self.port
        self.other = {}
        self.is_cut = False
        self.ends = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def cut(self):
        self.is_cut = True
        wait_until(lambda: not self.other, "cut")

    def mend(self):
        self.is_cut = False

    def close(self):
        self.ends = True
        self.thread.join()
        self._drop_all()
        self.listening.close()

    def _drop(self, one):
        for s in (one, self.other.pop(one, None)):
            if s is not None:
                self.other.pop(s, None)
                s.close()

    def _drop_all(self):
        while self.other:
            self._drop(next(iter(self.other)))

    def _take(self):
        client, _ = self.listening.accept()
        if self.is_cut:
            client.close()
            return
        try:
            server = socket.create_connection(
                ("127.0.0.1", self.target), 1)
        except OSError:
            client.close()
            return
        self.other[client] = server
        self.other[server] = client

    def _pass_on(self, one):
        try:
            found = one.recv(65536)
            if found:
                self.other[one].sendall(found)
                return
        except OSError:
            pass
        self._drop(one)

    def _run(self):
        while not self.ends:
            if self.is_cut:
                self._drop_all()
            ready, _, _ = select.select(
                [self.listening, *self.other], [], [], STEP_S)
            for one in ready:
                if one is self.listening:
                    self._take()
                elif one in self.other:
                    self._pass_on(one)
