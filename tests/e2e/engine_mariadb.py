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
import shutil
import signal
import subprocess
import urllib.parse

from engine import ROLE, Server

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


class Mariadb(Server):
    name = "mariadb"
    title = "MariaDB"
    user = "mysql"

    def __init__(self, folder, settings=None, durable=False):
        """durable: commits wait for the disk, as they should; tests that pull
        no plug need not wait."""
        super().__init__(folder, dict(SETTINGS, **(settings or {})))
        self.socket = self.folder / "s"
        if not durable:
            self.settings["innodb_flush_log_at_trx_commit"] = 2
            self.settings["innodb_flush_method"] = "nosync"

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

    def _make(self):
        self._make_folder()
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
        self._launch(command)
        if first:
            self.sql("CREATE USER '%s'@'localhost', '%s'@'127.0.0.1'"
                     % (ROLE, ROLE))

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(60)
        self.process = None

    def freeze(self):
        """It stands still; connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

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
