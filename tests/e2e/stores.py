"""The stores of a test: of the engine that MCP_TEST_STORE names (sqlite,
postgresql, mariadb), with memcached in front if MCP_TEST_CACHE is 1.

    stores = Stores(folder, prepare)
    stores.url("old")                    # of one of that name, always the same
    stores.sections("old")               # of a configuration that uses it
    stores.query("SELECT ... FROM {}call")
    stores.close()

A server is started when the first store is wanted; all are databases of it.
"""
import contextlib
import os
import sqlite3
import zlib

import engine_memcached
from engine_mariadb import Mariadb
from engine_postgresql import Postgresql

KIND = os.environ.get("MCP_TEST_STORE") or "sqlite"
IS_CACHED = os.environ.get("MCP_TEST_CACHE") == "1"
MAIN = "sessions"
# What belongs to a database file, by what is added to its name.
PARTS = ("", "-wal", "-shm", "-lock", "-ballast")


class Missing(Exception):
    """There is no such store here; the text says why."""


def value(text):
    """What a column is, out of a server's text."""
    try:
        return int(text)
    except ValueError:
        return None if text in ("", "NULL") else text


class Files:
    """SQLite: a file for each."""

    prefix = ""

    def __init__(self, folder):
        self.folder = folder
        self.lock = None

    def path(self, name):
        return self.folder / (name + ".db")

    def url(self, name):
        return "sqlite://%s" % self.path(name)

    def query(self, sql, name):
        where = "file:%s?mode=ro" % self.path(name)
        with contextlib.closing(
                sqlite3.connect(where, uri=True, timeout=10)) as database:
            return database.execute(sql).fetchall()

    def execute(self, sql, name):
        with contextlib.closing(
                sqlite3.connect(self.path(name), timeout=10)) as database:
            with database:
                database.execute(sql)

    @staticmethod
    def text(column):
        return "CAST(%s AS TEXT)" % column

    def freeze(self, name):
        self.lock = sqlite3.connect(self.path(name), isolation_level=None)
        self.lock.execute("BEGIN IMMEDIATE")

    def thaw(self):
        self.lock.close()

    def down(self, name):
        self._move(name, "", "away-")

    def up(self, name):
        if self.path(name).exists():
            raise AssertionError("an empty database was made")
        self._move(name, "away-", "")

    def _move(self, name, before, after):
        for part in PARTS:
            with contextlib.suppress(FileNotFoundError):
                os.rename(self.folder / (before + name + ".db" + part),
                          self.folder / (after + name + ".db" + part))

    def log(self):
        return ""

    def close(self):
        pass


class Server:
    """A database server: a database for each."""

    prefix = "mcp_"

    def __init__(self, folder):
        missing = self.Engine.missing()
        if missing:
            raise Missing(missing)
        self.engine = self.Engine(folder, {"max_connections": 300})
        self.engine.start()

    def url(self, name):
        return self.engine.url(name)

    def query(self, sql, name):
        return [tuple(map(value, line.split(self.separator)))
                for line in self.engine.sql(sql, name).splitlines()]

    def execute(self, sql, name):
        self.engine.sql(sql, name)

    def freeze(self, _):
        self.engine.freeze()

    def thaw(self):
        self.engine.thaw()

    def down(self, _):
        self.engine.stop()

    def up(self, _):
        self.engine.start()

    def log(self):
        return self.engine.log()

    def close(self):
        if self.engine.process is not None:
            self.engine.stop()


class PostgresqlServer(Server):
    Engine = Postgresql
    separator = "|"

    @staticmethod
    def text(column):
        return "convert_from(%s, 'UTF8')" % column


class MariadbServer(Server):
    Engine = Mariadb
    separator = "\t"

    @staticmethod
    def text(column):
        return "CONVERT(%s USING utf8mb4)" % column


KINDS = {"sqlite": Files, "postgresql": PostgresqlServer,
         "mariadb": MariadbServer}


class Stores:
    def __init__(self, folder, prepare):
        """prepare: is called with the URL of each new store of a server, as
        operators set one up before hosts use it."""
        self.folder = folder
        self.prepare = prepare
        self.prepared = set()
        self.kind = KIND
        self.made = None
        self.memcached = None

    @property
    def is_file(self):
        return self.kind == "sqlite"

    @property
    def engine(self):
        if self.made is None:
            self.made = KINDS[self.kind](self.folder)
        return self.made

    def url(self, name=MAIN):
        url = self.engine.url(name)
        if not self.is_file and url not in self.prepared:
            self.prepare(url)
            self.prepared.add(url)
        return url

    def empty_url(self, name):
        """Of one that nobody has set up."""
        return self.engine.url(name)

    def cache(self, url):
        """Its section, as for many hosts; empty without one."""
        if not IS_CACHED:
            return {}
        if self.memcached is None:
            missing = engine_memcached.Memcached.missing()
            if missing:
                raise Missing(missing)
            self.memcached = engine_memcached.Memcached(self.folder)
            self.memcached.start()
        return {"servers": self.memcached.address, "rows": "on",
                "hints": "on", "prefix": "%08x" % zlib.crc32(url.encode())}

    def sections(self, name=MAIN):
        url = self.url(name)
        return {"store": {"url": url}, "cache": self.cache(url)}

    def query(self, sql, name=MAIN):
        """Rows, read beside its users; {} before the name of each table."""
        return self.engine.query(sql.replace("{}", self.engine.prefix), name)

    def execute(self, sql, name=MAIN):
        self.engine.execute(sql.replace("{}", self.engine.prefix), name)

    def text(self, column):
        """Bytes, for query()."""
        return self.engine.text(column)

    def freeze(self, name=MAIN):
        """It answers nobody, until thaw()."""
        self.engine.freeze(name)

    def thaw(self):
        self.engine.thaw()

    def down(self, name=MAIN):
        """It is gone, with all it has, until up()."""
        self.engine.down(name)

    def up(self, name=MAIN):
        self.engine.up(name)

    def log(self):
        return self.made.log() if self.made else ""

    def close(self):
        if self.memcached:
            self.memcached.close()
        if self.made:
            self.made.close()
