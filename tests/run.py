"""Runs every test: all of them on the embedded PostgreSQL, then the database's on Debian's."""

import os
import subprocess
import sys
from pathlib import Path

# What talks SQL runs a second time, on the PostgreSQL that sites run.
ON_DEBIAN = ["services/hub-kit", "conversation-store", "channel-email"]


def pytest(*arguments: str, before: tuple[str, ...] = ()) -> int:
    command = [*before, sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    # The part with the fewest tests runs first, so that the last line counts them all.
    debian = 0
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        print("== on Debian's PostgreSQL", flush=True)
        launcher = (sys.executable, "-m", "local_hub.debian_postgresql")
        debian = pytest("-m", "not real", *ON_DEBIAN, before=launcher)
    elif os.environ.get("FADEN_STRICT") == "1":
        print("real part missing: Debian's PostgreSQL; see deploy/parts.sh")
        debian = 1
    print("== on the embedded PostgreSQL", flush=True)
    return pytest() or debian


if __name__ == "__main__":
    sys.exit(main())
