"""A PostgreSQL server of a test's own, in a folder of its own.

    server = Postgresql(folder)
    server.start()
    server.url("mcp")        # makes the database if there is none
    server.kill()            # all of its processes, as the power would
    server.start()           # on the same port and socket
    server.stop()

It listens on a socket in the folder and on a free port of 127.0.0.1, takes
little memory, and runs as the user postgres when we are root.
"""
import contextlib
import glob
import os
import signal
import subprocess
import time
import urllib.parse

from engine import ROLE, START_S, Server
from support import children_of, is_alive

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))

SETTINGS = {
    "max_connections": 60,
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers": 0,
    "max_wal_size": "64MB",
    "wal_level": "replica",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class Postgresql(Server):
    name = "postgresql"
    title = "PostgreSQL"
    user = "postgres"
    end = signal.SIGINT     # at once, but in order

    def __init__(self, folder, settings=None, durable=False):
        """durable: commits wait for the disk, as they should; tests that pull
        no plug need not wait."""
        super().__init__(folder, dict(SETTINGS, **(settings or {})))
        if not durable:
            self.settings["fsync"] = "off"

    @staticmethod
    def missing():
        """Why there can be none; None: nothing is missing."""
        if not BIN:
            return "no PostgreSQL server (package postgresql)"
        return None

    # --------------------------------------------------------- the server

    def _run(self, program, *arguments, text=None):
        return subprocess.run(
            [os.path.join(BIN[-1], program), *arguments], input=text,
            cwd="/", check=True, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **self._who()).stdout

    def _make(self):
        self._make_folder()
        self._run("initdb", "-D", str(self.data), "-U", "postgres",
                  "--auth=trust", "--no-sync", "--locale=C",
                  "--encoding=UTF8")

    def start(self):
        """Start it and wait until it answers."""
        first = not self.data.exists()
        if first:
            self._make()
        command = [os.path.join(BIN[-1], "postgres"), "-D", str(self.data),
                   "-k", str(self.folder), "-p", str(self.port),
                   "-c", "listen_addresses=127.0.0.1"]
        for key, value in self.settings.items():
            command += ["-c", "%s=%s" % (key, value)]
        self._launch(command)
        if first:
            self.sql("CREATE ROLE %s LOGIN" % ROLE)

    def kill(self):
        """kill -9 of all of its processes."""
        pids = [*children_of(self.process.pid), self.process.pid]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(60)
        self.process = None
        # Their shared memory lasts as long as they do.
        end = time.monotonic() + START_S
        while any(map(is_alive, pids)):
            if time.monotonic() > end:
                raise RuntimeError("PostgreSQL outlives kill -9")
            time.sleep(0.01)

    def freeze(self):
        """All of its processes stand still; connections stay."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        # The parent first: it makes no further children meanwhile.
        for pid in [self.process.pid, *children_of(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    # ----------------------------------------------------------- what is in

    def sql(self, text, database="postgres"):
        """Run this as the operator; the rows as text."""
        return self._run(
            "psql", "-h", str(self.folder), "-p", str(self.port), "-U",
            "postgres", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1",
            "-f", "-", text=text)

    def url(self, database="mcp", tcp=False, **parameters):
        """The URL of a database, which is made if there is none."""
        if database not in self.databases:
            if not self.sql("SELECT 1 FROM pg_database WHERE datname = '%s'"
                            % database).strip():
                self.sql('CREATE DATABASE "%s" OWNER %s' % (database, ROLE))
            self.databases.add(database)
        where = "127.0.0.1" if tcp else urllib.parse.quote(
            str(self.folder), safe="")
        tail = urllib.parse.urlencode(parameters)
        return "postgresql://%s@%s:%d/%s%s" % (
            ROLE, where, self.port, database, "?" + tail if tail else "")

    def cut_connections(self):
        """Cut all connections of programs; how many."""
        # One that has just left by itself is warned of.
        return int(self.sql(
            "SET client_min_messages = error;"
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE usename = '%s'" % ROLE))
