"""Starts the PostgreSQL of Debian's packages on a folder of its own, as many sites run it."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub_contract.errors import Permanent


def find_binaries() -> Path:
    """Return the folder of the newest installed server's programs."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[4]), default=None)
    if newest is None:
        raise Permanent("no PostgreSQL from Debian here; run deploy/parts.sh")
    return newest.parent


def _as_user() -> list[str]:
    # The server refuses to run as root; Debian's package brings a user for it.
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def start_debian_postgresql(folder: Path) -> Iterator[str]:
    """Run a server for tests on `folder`, socket only, never synced; yield its owner's DSN."""
    binaries, data = find_binaries(), folder / "data"
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, owner)
    initdb = [f"{binaries}/initdb", "-D", f"{data}", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*_as_user(), *initdb, "--locale=C.UTF-8"], check=True, capture_output=True)
    options = [
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
        "-c",
        "autovacuum=off",
    ]
    command = [*_as_user(), f"{binaries}/postgres", "-D", f"{data}", *options]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(binaries, folder, server)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run(
            [*_as_user(), f"{binaries}/pg_ctl", "-D", f"{data}", "stop", "-m", "fast"],
            check=False,
            capture_output=True,
        )
        server.wait(timeout=120)


def _wait(binaries: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        if server.poll() is not None:
            raise Permanent(f"PostgreSQL ended at once; see {folder / 'log'}")
        ready = [f"{binaries}/pg_isready", "-q", "-h", f"{folder}"]
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise Permanent(f"PostgreSQL is not ready after two minutes; see {folder / 'log'}")
