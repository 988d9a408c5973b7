#!/usr/bin/env python3
"""Run a program with a database server of its own.

    with_engine.py postgresql|mariadb PROGRAM [ARGUMENT]...

PROGRAM finds the URL of an empty database in MCP_STORE_URL, the same through
TCP in MCP_STORE_URL_TCP, and the port of that in MCP_STORE_PORT; the server is
gone afterwards.
Without the packages of the server the status is 77.  MCP_ENGINE_LOG=1 shows
what the server said.
"""

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

ENGINES = {"postgresql": "Postgresql", "mariadb": "Mariadb"}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ENGINES:
        print(__doc__, file=sys.stderr)
        return 2
    name = sys.argv[1]
    try:
        module = importlib.import_module(f"engine_{name}")
    except ModuleNotFoundError as error:
        print(f"SKIPPED: {error}")
        return 77
    engine = getattr(module, ENGINES[name])
    missing = engine.missing()
    if missing:
        print(f"SKIPPED: {missing}")
        return 77
    with tempfile.TemporaryDirectory(prefix="mcp-engine-") as folder:
        server = engine(folder)
        server.start()
        try:
            environment = dict(
                os.environ,
                MCP_STORE_URL=server.url("mcp"),
                MCP_STORE_URL_TCP=server.url("mcp", tcp=True),
                MCP_STORE_PORT=str(server.port),
            )
            return subprocess.run(
                sys.argv[2:], env=environment, check=False).returncode
        finally:
            if os.environ.get("MCP_ENGINE_LOG"):
                print(server.log(), file=sys.stderr)
            server.stop()


if __name__ == "__main__":
    status = main()
    sys.exit(status if status >= 0 else 1)
