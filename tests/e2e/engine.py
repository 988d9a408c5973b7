"""A database server of a test's own, in a folder of its own: what the engines
have in common; see engine_postgresql.py and engine_mariadb.py."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from support import free_port

START_S = 60
ROLE = "mcp"


class Server:
    name = None         # of the engine, as in URLs
    title = None        # for people
    user = None         # whom it runs as when we are root
    end = signal.SIGTERM

    def __init__(self, folder, settings):
        self.folder = pathlib.Path(folder).resolve() / self.name
        self.data = self.folder / "data"
        self.logfile = self.folder / "log"
        self.port = free_port()
        self.settings = settings
        self.process = None
        self.databases = set()

    def _who(self):
        if os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def _make_folder(self):
        self.folder.mkdir(parents=True)
        # The server must reach a folder that belongs to us.
        if os.geteuid() != 0:
            return
        shutil.chown(self.folder, self.user, self.user)
        for parent in self.folder.parents:
            if parent.stat().st_uid == 0 and parent != pathlib.Path("/"):
                with contextlib.suppress(OSError):
                    parent.chmod(parent.stat().st_mode | 0o111)

    def _launch(self, command):
        """Start it and wait until it answers."""
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, **self._who())
        end = time.monotonic() + START_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("%s: %s" % (self.title, self.log()))
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
        self.process.send_signal(self.end)
        self.process.wait(60)
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return self.logfile.read_text(errors="replace")
        return ""
