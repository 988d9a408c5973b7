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
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.parse

from support import children_of, free_port, is_alive

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
START_S = 60
ROLE = "mcp"

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


class Postgresql:
    name = "postgresql"

    def __init__(self, folder, settings=None, durable=False):
        """durable: commits wait for the disk, as they should; tests that pull
        no plug need not wait."""
        self.folder = pathlib.Path(folder).resolve() / "postgresql"
        self.data = self.folder / "data"
        self.logfile = self.folder / "log"
        self.port = free_port()
        self.settings = dict(SETTINGS, **(settings or {}))
        if not durable:
            self.settings["fsync"] = "off"
        self.process = None
        self.databases = set()

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

    @staticmethod
    def _who():
        if os.geteuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}

    def _make(self):
        self.folder.mkdir(parents=True)
        # The server must reach a folder that belongs to us.
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            for parent in self.folder.parents:
                if parent.stat().st_uid == 0 and parent != pathlib.Path("/"):
                    with contextlib.suppress(OSError):
                        parent.chmod(parent.stat().st_mode | 0o111)
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
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, **self._who())
        self._wait()
        if first:
            self.sql("CREATE ROLE %s LOGIN" % ROLE)

    def _wait(self):
        end = time.monotonic() + START_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("PostgreSQL: " + self.log())
            try:
                self.sql("SELECT 1")
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        """Stop it at once, but in order: connections are cut."""
        if self.process is None:
            return
        self.thaw()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.process = None

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

    def restart(self):
        self.stop()
        self.start()

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

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return self.logfile.read_text(errors="replace")
        return ""

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
