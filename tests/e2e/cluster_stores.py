"""Where a cluster keeps what it knows: database servers and memcached, each on
a host of its own, and what can be done to them."""
import contextlib
import shutil
import signal
import sqlite3
import subprocess

import harness
from engine_mariadb import Mariadb
from engine_postgresql import Postgresql
from support import wait_until

DISK = "512m"
HBA = "local all all trust\nhost all all all trust\n" \
    "host replication all all trust\n"
CACHE_PORT = 11211


class Sqlite:
    """A file that all hosts see: no cluster, but all of its other parts."""

    name = "sqlite"
    prefix = ""

    def __init__(self, cluster):
        self.folder = cluster.world.folder / "shared"
        self.folder.mkdir()
        self.shared = [self.folder]
        self.path = self.folder / "sessions.db"
        self.url = "sqlite://%s" % self.path
        self.lock = None

    def query(self, sql):
        where = "file:%s?mode=ro" % self.path
        with contextlib.closing(
                sqlite3.connect(where, uri=True, timeout=10)) as database:
            return database.execute(sql).fetchall()

    def url_for(self, host, loss):
        return self.url

    def rows(self, table):
        return self.query("SELECT * FROM %s LIMIT 5" % table)

    def freeze(self):
        """Nobody can write; reading needs no lock."""
        self.lock = sqlite3.connect(self.path, timeout=10,
                                    check_same_thread=False)
        self.lock.isolation_level = None
        self.lock.execute("BEGIN EXCLUSIVE")

    def thaw(self):
        self.lock.close()

    @staticmethod
    def hexed(column):
        """Bytes, for query(): x and digits."""
        return "'x' || hex(%s)" % column

    # There is no server that could go.
    down, up = freeze, thaw

    def close(self):
        pass


def value(text):
    """What a column is, out of a server's text."""
    try:
        return int(text)
    except ValueError:
        return None if text in ("", "NULL") else text


class Server:
    """A database server on a host of its own, with little room."""

    prefix = "mcp_"
    shared = ()
    separator = "|"
    # Those that measure want a real disk, and wait for it.
    is_durable = False

    def __init__(self, cluster):
        missing = self.Engine.missing()
        if missing:
            raise harness.Skip(missing)
        self.cluster = cluster
        self.place = cluster.net.place("database")
        self.folder = self.place.folder / "disk"
        self.folder.mkdir()
        self.is_mounted = cluster.net.is_real and not self.is_durable
        if self.is_mounted:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + DISK,
                            "none", self.folder], check=True)
        self.engine = self.Engine(self.folder, self.settings(),
                                  durable=self.is_durable)
        self.make()
        self.url = self.url_of([self])

    name = property(lambda self: self.Engine.name)

    def make(self):
        self.up()
        self.engine.url("mcp")

    def up(self):
        if self.engine.process is None or \
                self.engine.process.poll() is not None:
            with self.place.network():
                self.engine.start()

    def down(self):
        self.engine.stop()

    def kill(self):
        self.engine.kill()

    def freeze(self):
        self.engine.freeze()

    def thaw(self):
        self.engine.thaw()

    def cut(self):
        self.engine.cut_connections()

    def fill(self):
        """Take all the room there is."""
        with open(self.folder / "filler", "wb", buffering=0) as out:
            for block in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        out.write(bytes(block))

    def empty(self):
        (self.folder / "filler").unlink()
        self.up()

    def url_for(self, host, loss):
        """That of one host, which may have a way of its own."""
        address = "%s:%d" % (self.place.address, self.engine.port)
        return self.url.replace(
            address, loss.way(host, self.place.name, address))

    def rows(self, table):
        """A few of them as text, for people."""
        return self.query("SELECT * FROM %s%s LIMIT 5" % (
            self.prefix, table))

    def query(self, sql):
        text = self.engine.sql(sql, "mcp")
        return [tuple(map(value, line.split(self.separator)))
                for line in text.splitlines()]

    def close(self):
        # A standby or a server that has fallen may be gone.
        if self.engine.process is not None:
            self.engine.thaw()
            self.engine.kill()
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


class PostgresqlServer(Server):
    Engine = Postgresql

    def settings(self):
        hba = self.place.folder / "hba"
        hba.write_text(HBA)
        readable(hba)
        return {"listen_addresses": "*", "hba_file": hba,
                "max_connections": 120}

    def url_of(self, servers):
        return "postgresql://mcp@%s/mcp%s" % (
            ",".join("%s:%d" % (server.place.address, server.engine.port)
                     for server in servers),
            "?target_session_attrs=read-write" if len(servers) > 1 else "")


    @staticmethod
    def hexed(column):
        return "'x' || encode(%s, 'hex')" % column


class Standby(PostgresqlServer):
    """Follows another, commit by commit, until it is told to lead."""

    def __init__(self, first):
        self.first = first
        super().__init__(first.cluster)

    def make(self):
        self.engine._make = self.copy
        with self.place.network():
            self.copy()
            self.engine.start()

    def copy(self):
        self.engine.folder.mkdir()
        shutil.chown(self.engine.folder, "postgres", "postgres")
        self.engine._run(
            "pg_basebackup", "-R", "-D", str(self.engine.data),
            "-h", self.first.place.address, "-U", "postgres",
            "-p", str(self.first.engine.port), "--checkpoint=fast")

    def promote(self):
        self.engine.sql("SELECT pg_promote(true, 30)")


class Pair(PostgresqlServer):
    """A leader and a standby that has every commit before it is answered."""

    has_failed_over = False

    def __init__(self, cluster):
        super().__init__(cluster)
        self.standby = Standby(self)
        self.engine.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.engine.sql("SELECT pg_reload_conf()")
        wait_until(lambda: "sync" in self.engine.sql(
            "SELECT sync_state FROM pg_stat_replication"), "the standby")
        self.url = self.url_of([self, self.standby])

    def fail_over(self):
        """The leader is gone for good."""
        self.has_failed_over = True
        self.engine.kill()
        self.standby.promote()
        self.engine, self.standby.engine = self.standby.engine, self.engine

    def close(self):
        self.standby.close()
        super().close()


class MariadbServer(Server):
    Engine = Mariadb
    separator = "\t"

    def settings(self):
        return {"bind_address": "0.0.0.0", "max_connections": 120}

    def make(self):
        super().make()
        self.engine.sql("CREATE USER 'mcp'@'%'; GRANT ALL ON mcp.* TO"
                        " 'mcp'@'%'")

    @staticmethod
    def hexed(column):
        return "concat('x', hex(%s))" % column

    def url_of(self, servers):
        return "mariadb://mcp@%s:%d/mcp" % (self.place.address,
                                            self.engine.port)


def readable(path):
    """By the user of the server, too."""
    for one in (path, *path.parents):
        with contextlib.suppress(OSError):
            one.chmod(one.stat().st_mode | (0o755 if one.is_dir() else 0o644))


class Memcached:
    """On a host of its own."""

    def __init__(self, cluster):
        harness.need("memcached")
        self.place = cluster.net.place("cache")
        self.port = CACHE_PORT if cluster.net.is_real \
            else harness.free_port()
        self.server = "%s:%d" % (self.place.address, self.port)
        self.up()

    def up(self):
        self.process = self.place.start(
            ["memcached", "-l", self.place.address, "-p", str(self.port),
             "-U", "0", "-m", "16", "-u", "root"],
            self.place.folder / "memcached.log")
        wait_until(lambda: self.place.listens(self.port), "memcached")

    def down(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


KINDS = {"sqlite": Sqlite, "postgresql": PostgresqlServer,
         "mariadb": MariadbServer, "pair": Pair}
