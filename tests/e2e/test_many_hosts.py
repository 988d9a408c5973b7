"""The page about many hosts, typed word for word on machines of its own.

The argument is the database, postgresql or mariadb."""
import os
import re
import sys

import cluster_net
import harness
import machines
import pages
from support import check

PAGE = harness.SOURCE / "docs" / "many-hosts.md"
OPERATIONS = harness.SOURCE / "docs" / "operations.md"
NAMES = ("db", "web1", "web2", "web3", "balancer", "desk")
# How the page calls them, in headings.
DATABASES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}
BLOCK = re.compile(r"^(.*):\n\n((?:^ {4}.*\n(?:\n+(?= {4}))?)+)", re.M)
FILE = re.compile(r"`(/[^` ]*)`\s+on `(\w+)`$")
TYPED = re.compile(r"On `(\w+)`(?:, with (\w+))?$")
POSTGRESQL_URL = re.compile(r"^url = postgresql:.*$", re.M)
MARIADB_URL = re.compile(r"`(mariadb://[^`]*)`")
SERVICE = """#!/bin/sh
%s
case $1 in
stop)
%s
;;
start)
%s
esac
"""
# What packages do when they are installed.
INSTALL = {
    "postgresql": """
rm -rf /etc/postgresql/15/main
mkdir -p /run/postgresql && chown postgres: /run/postgresql
pg_createcluster 15 main -- --no-sync
echo 'fsync = off' >/etc/postgresql/15/main/conf.d/test.conf
pg_ctlcluster 15 main start
""",
    "mariadb-server": """
mkdir -p /run/mysqld && chown mysql: /run/mysqld
mariadb-install-db --user=mysql >/dev/null
cat >/etc/mysql/mariadb.conf.d/80-test.cnf <<END
[mariadbd]
user = mysql
innodb_flush_method = nosync
innodb_use_native_aio = OFF
END
service mariadb start
""",
    "lighttpd": "service lighttpd start",
    "nginx-light": "service nginx start",
    "rsync": "command -v rsync",
}


def lines_of(block):
    return "\n".join(line[4:] for line in block.rstrip("\n").split("\n"))


class Site:
    """The machines, and what is typed there."""

    def __init__(self, world, kind):
        self.world = world
        self.kind = kind
        self.url = MARIADB_URL.search(PAGE.read_text()).group(1)
        self.net = cluster_net.Net(world)
        self.machines = {}
        for name in NAMES:
            place = machines.Machine(
                self.net, name, len(self.net.places) + 2,
                [harness.SOURCE, harness.BUILD])
            self.net.places.append(place)
            self.machines[name] = place
        for place in self.net.places:
            place.know(self.net.places)
        self.shells = {name: place.shell(PAGE)
                       for name, place in self.machines.items()}

    def close(self):
        for shell in self.shells.values():
            shell.close()
        self.net.down()

    def write(self, name, path, text):
        if self.kind == "mariadb":
            text = POSTGRESQL_URL.sub("url = " + self.url, text)
        (self.machines[name].folder / "disk" / path[1:]).write_text(text)

    def translate(self, command):
        for old, new in (
                (pages.SOURCE + "/build/release", harness.BUILD),
                (pages.SOURCE, harness.SOURCE)):
            command = command.replace(old, str(new))
        if self.kind == "mariadb":
            command = command.replace("/etc/postgresql/15/main/db.crt",
                                      "/etc/mysql/db.crt")
        return command

    def type(self, name, command, output):
        print("%s# %s" % (name, command), flush=True)
        if command.startswith("apt-get install -y "):
            for package in command.split()[3:]:
                self.must(name, INSTALL[package])
            return
        print(self.shells[name].expect(command, output,
                                       self.translate(command)), end="")

    def must(self, name, script):
        """What the page supposes to have been done."""
        said = self.shells[name].type(
            "(set -e\n%s\n) && echo done-well" % self.translate(script))
        check(said.endswith("done-well\n"), "%s: %s\n%s", name, script, said)
        return said

    def first_host(self):
        """One host as the page about operations makes it."""
        text = OPERATIONS.read_text()
        first = text[text.index("## A user"):text.index("## Start and stop")]
        build, conf, check_it = re.findall(
            r"((?:^ {4}.*\n(?:\n+(?= {4}))?)+)", first, re.M)
        build = "\n".join(line for line in lines_of(build).splitlines()
                          if not line.startswith("cmake "))
        self.must("web1", build.replace(
            "build/release", pages.SOURCE + "/build/release"))
        self.write("web1", "/etc/mcp-fcgi.conf", lines_of(conf) + "\n")
        self.must("web1", "cp -r %s/examples/catalog %s/examples/documents "
                  "/srv/mcp/" % (pages.SOURCE, pages.SOURCE))
        self.must("web1", lines_of(check_it))
        second = text[text.index("## Start and stop"):]
        start, stop = re.findall(
            r"((?:^ {4}.*\n(?:\n+(?= {4}))?)+)", second, re.M)[:2]
        folder, _, start = lines_of(start).partition("\n")
        self.write("web1", "/usr/local/bin/mcp-service", SERVICE % (
            folder, lines_of(stop), start))
        self.write("web1", "/etc/lighttpd/lighttpd.conf", lighttpd())
        self.must("web1", "chmod 755 /usr/local/bin/mcp-service\n"
                  "mcp-service start\nservice lighttpd start\n"
                  "curl -s --retry 9 --retry-delay 1 http://web1/mcp")

    def follow(self):
        text = PAGE.read_text()
        other, = [heading for kind, heading in DATABASES.items()
                  if kind != self.kind]
        for part in text.split("\n## "):
            if part.startswith("The database: " + other + "\n"):
                continue
            for intro, block in BLOCK.findall(part):
                self.block(part, intro, lines_of(block))

    def block(self, part, intro, block):
        end = part.index(intro + ":\n\n") + len(intro)
        # The sentence may have begun in the line before.
        before = " ".join(part[max(0, end - 300):end].split())
        file = FILE.search(before)
        typed = TYPED.search(before)
        if file:
            self.write(file.group(2), file.group(1), block + "\n")
            return
        if not typed:
            check("# " not in block, "where is it typed? %s", block)
            return
        name, only = typed.groups()
        if only and DATABASES[self.kind] != only:
            return
        check(block.startswith("# "), "what is this? %s", block)
        for command in re.split(r"^# ", block, flags=re.M)[1:]:
            self.type(name, *pages.split(command))


def lighttpd():
    """What is in httpd-conf, with values, and as Debian's user."""
    text = (harness.SOURCE / "httpd-conf" / "lighttpd.conf").read_text()
    for old, new in (
            ("env.MCP_ADDRESS", '"0.0.0.0"'), ("env.MCP_PORT", "80"),
            ("env.MCP_SOCKET", '"/run/mcp/request.sock"'),
            ("env.MCP_ROOT", '"/srv"'),
            ("env.MCP_LOG", '"/var/log/lighttpd/error.log"')):
        text = text.replace(old, new)
    text = re.sub("^include_shell.*$",
                  'var.stream_socket = "/run/mcp/stream.sock"', text,
                  flags=re.M)
    return text + 'server.username = "www-data"\n' \
        'server.groupname = "www-data"\n' \
        'server.pid-file = "/run/lighttpd.pid"\n'


def test(world):
    kind = sys.argv[1] if len(sys.argv) > 1 else "postgresql"
    if os.environ[cluster_net.INSIDE] != "real":
        raise harness.Skip("no namespaces for machines")
    for program in ("nginx", "curl", "rsync", "sqlite3", "openssl",
                    "start-stop-daemon", "runuser", "useradd", "pkill"):
        harness.need(program)
    harness.need({"postgresql": "pg_createcluster",
                  "mariadb": "mariadbd"}[kind])
    site = Site(world, kind)
    try:
        site.first_host()
        site.follow()
    except BaseException:
        tell(site)
        raise
    finally:
        site.close()


def tell(site):
    """Logs of the machines."""
    for log in sorted(site.world.folder.glob("*/disk/var/log/**/*.log")):
        print("--- %s" % log.relative_to(site.world.folder))
        print("\n".join(log.read_text(errors="replace").splitlines()[-15:]))


cluster_net.enter()
harness.run(test, 170)
