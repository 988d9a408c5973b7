"""Machines of a page that tells how to set up several: a shell on each.

Each has its own network address, processes, host name, and files: /etc,
/srv, /usr/local/bin, /var/cache, /var/lib and /var/log are copies or empty,
/run and /tmp are its own, and nothing else can be written.  They know each
other by name, and ssh from one to another works.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import cluster_net
import pages
from support import children_of, wait_until

HERE = pathlib.Path(__file__).resolve().parent
REMOTE = HERE / "machine_ssh.py"
REMOTE_PORT = 22
# Ours, with what the machine's folder has in their place.
COPIED = ("etc",)
# The folders in it are there, empty, and nothing else.
EMPTIED = ("srv", "usr/local/bin", "var/cache", "var/lib", "var/log")
# Readable by all, where the programs that we installed look.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def skeleton(source, target):
    """The same folders, one level deep."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir() and not path.is_symlink():
            there = target / path.name
            there.mkdir()
            state = path.stat()
            os.chown(there, state.st_uid, state.st_gid)
            there.chmod(state.st_mode & 0o7777)


class Machine(cluster_net.Place):
    def up(self):
        super().up()
        disk = self.folder / "disk"
        self.folder.chmod(0o755)
        if not disk.exists():
            disk.mkdir()
            for name in COPIED:
                subprocess.run(["cp", "-a", "/" + name, disk / name],
                               check=True)
            for name in EMPTIED:
                skeleton(pathlib.Path("/" + name), disk / name)
        lines = ["set -e"]
        for name in (*COPIED, *EMPTIED):
            lines.append("mount --bind %s/%s /%s" % (disk, name, name))
        lines += ["mount -o remount,ro,bind /", "mkdir -p /run/lock",
                  "chmod 1777 /run/lock /tmp /dev/shm"]
        done = self.run(["sh", "-c", "\n".join(lines)])
        if done.returncode:
            raise AssertionError("%s: %s" % (self.name, done.stdout))
        shutil.copy(REMOTE, disk / "usr/local/bin/ssh")
        self.start([sys.executable, REMOTE, "--serve",
                    self.address, str(REMOTE_PORT)],
                   self.folder / "ssh.log", env=self.environment())
        wait_until(lambda: self.listens(REMOTE_PORT), "ssh")

    def environment(self):
        return {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/tmp"}

    def know(self, machines):
        (self.folder / "disk/etc/hosts").write_text(
            "127.0.0.1 localhost\n" + "".join(
                "%s %s\n" % (machine.address, machine.name)
                for machine in machines))

    def shell(self, page):
        """It keeps its variables and its folder between commands."""
        return Shell(page, subprocess.Popen(
            cluster_net.inside(self.init) + [
                "unshare", "--uts", "--ipc", "sh", "-c",
                "hostname %s; cd /tmp; exec sh" % self.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True,
            start_new_session=True, env=self.environment()))


class Shell(pages.Shell):
    # Servers are made and started.
    seconds = 60

    def kill(self):
        """What entered the machine must outlive what it started there: it
        reaps it, else the machine never ends."""
        for pid in children_of(self.process.pid):
            os.kill(pid, signal.SIGKILL)

