"""A MariaDB server of a test's own, in a folder of its own.

    server = Mariadb(folder)
    server.start()
    server.url("mcp")        # makes the database if there is none
    server.kill()            # kill -9
    server.start()           # on the same port and socket
    server.stop()

It listens on a socket in the folder and on a free port of 127.0.0.1, takes
little memory, and runs as the user mysql when we are root.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.parse

from support import free_port

START_S = 60
ROLE = "mcp"

SETTINGS = {
    "innodb_buffer_pool_size": "24M",
    "innodb_log_file_size": "16M",
    "innodb_log_buffer_size": "2M",
    "innodb_use_native_aio": "OFF",
    "key_buffer_size": "1M",
    "aria_pagecache_buffer_size": "1M",
    "max_connections": 80,
    "table_open_cache": 200,
    "performance_schema": "OFF",
    "skip_name_resolve": "ON",
}


class Mariadb:
    name = "mariadb"

    def __init__(self, folder, settings=None, durable=False):
        """durable: commits wait for the disk, as they should; tests that pull
        no plug need not wait."""
        self.folder = pathlib.Path(folder).resolve() / "mariadb"
        self.data = self.folder / "data"
        self.socket = self.folder / "s"
        self.logfile = self.folder / "log"
        self.port = free_port()
        self.settings = dict(SETTINGS, **(settings or {}))
        if not durable:
            self.settings["innodb_flush_log_at_trx_commit"] = 2
            self.settings["innodb_flush_method"] = "nosync"
        self.process = None
        self.databases = set()

    @staticmethod
    def missing():
        """Why there can be none; None: nothing is missing."""
        for program in ("mariadbd", "mariadb-install-db", "mariadb"):
            if Mariadb._find(program) is None:
                return "no MariaDB server (package mariadb-server)"
        return None

    # --------------------------------------------------------- the server

    @staticmethod
    def _find(program):
        return shutil.which(
            program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    @staticmethod
    def _who():
        if os.geteuid() != 0:
            return {}
        return {"user": "mysql", "group": "mysql", "extra_groups": []}

    def _make(self):
        self.folder.mkdir(parents=True)
        # The server must reach a folder that belongs to us.
        if os.geteuid() == 0:
            shutil.chown(self.folder, "mysql", "mysql")
            for parent in self.folder.parents:
                if parent.stat().st_uid == 0 and parent != pathlib.Path("/"):
                    with contextlib.suppress(OSError):
                        parent.chmod(parent.stat().st_mode | 0o111)
        subprocess.run(
            [self._find("mariadb-install-db"), "--no-defaults",
             "--datadir=%s" % self.data, "--skip-test-db",
             "--auth-root-authentication-method=normal",
             "--innodb-log-file-size=%s"
             % self.settings["innodb_log_file_size"]],
            cwd="/", check=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **self._who())

    def start(self):
        """Start it and wait until it answers."""
        first = not self.data.exists()
        if first:
            self._make()
        command = [self._find("mariadbd"), "--no-defaults",
                   "--datadir=%s" % self.data, "--socket=%s" % self.socket,
                   "--pid-file=%s" % (self.folder / "pid"),
                   "--bind-address=127.0.0.1", "--port=%d" % self.port]
        for key, value in self.settings.items():
            command.append("--%s=%s" % (key, value))
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, **self._who())
        self._wait()
        if first:
            self.sql("CREATE USER '%s'@'localhost', '%s'@'127.0.0.1'"
                     % (ROLE, ROLE))

    def _wait(self):
        end = time.monotonic() + START_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("MariaDB: " + self.log())
            try:
                self.sql("SELECT 1")
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        """Stop it in order: connections are cut."""
        if self.process is None:
            return
        self.thaw()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process = None

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(60)
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def freeze(self):
        """It stands still; connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return self.logfile.read_text(errors="replace")
        return ""

    # ----------------------------------------------------------- what is in

    def sql(self, text, database="mysql"):
        """Run this as the operator; the rows as text."""
        return subprocess.run(
            [self._find("mariadb"), "--no-defaults", "-uroot",
             "--socket=%s" % self.socket, "-BN", database],
            input=text, cwd="/", check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def url(self, database="mcp", tcp=False, **parameters):
        """The URL of a database, which is made if there is none."""
        if database not in self.databases:
            self.sql("CREATE DATABASE IF NOT EXISTS `%s`;"
                     "GRANT ALL ON `%s`.* TO '%s'@'localhost',"
                     " '%s'@'127.0.0.1'" % (database, database, ROLE, ROLE))
            self.databases.add(database)
        where = "127.0.0.1:%d" % self.port
        if not tcp:
            where = "localhost"
            parameters["socket"] = str(self.socket)
        tail = urllib.parse.urlencode(parameters)
        return "mariadb://%s@%s/%s%s" % (
            ROLE, where, database, "?" + tail if tail else "")

    def cut_connections(self):
        """Cut all connections of programs; how many."""
        found = self.sql(
            "SELECT ID FROM information_schema.PROCESSLIST"
            " WHERE USER = '%s'" % ROLE).split()
        for number in found:
            # It may be gone already.
            with contextlib.suppress(subprocess.CalledProcessError):
                self.sql("KILL CONNECTION %s" % number)
        return len(found)
