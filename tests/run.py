"""Runs every test, in two lanes at once: whole hubs mostly wait, the parts by themselves compute.

What talks SQL runs a second time, on the PostgreSQL that sites run: Debian's.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO

HUBS = ["tests"]
_PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
_ALL = _PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
PARTS = [folder for folder in _ALL if folder not in HUBS]
# Of these, what asks for a database; see conftest.py.
ON_DEBIAN = ["-m", "not real", *(folder for folder in PARTS if folder != "deploy/local-hub")]
DEBIAN = [sys.executable, "-m", "local_hub.debian_postgresql"]


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]]


def run(title: str, command: Sequence[str], said: IO[bytes] | None = None) -> bool:
    """Run it, seen at once or kept in `said`."""
    out = said or sys.stdout.buffer
    out.write(f"== {title}\n".encode())
    out.flush()
    errors = subprocess.STDOUT if said else None
    return subprocess.run(command, check=False, stdout=said, stderr=errors).returncode == 0


def beside(said: IO[bytes]) -> bool:
    passed = run("whole hubs", pytest(*HUBS), said)
    return on_debian(said) and passed


def on_debian(said: IO[bytes]) -> bool:
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        command = [*DEBIAN, *pytest(*ON_DEBIAN)]
        return run("the database's, on Debian's PostgreSQL", command, said)
    said.write(b"real part missing: Debian's PostgreSQL; see deploy/parts.sh\n")
    return os.environ.get("FADEN_STRICT") != "1"


def main() -> int:
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        skipped = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "skipped"
        os.environ["FADEN_SKIPPED"] = str(skipped)
        other = stack.enter_context(ThreadPoolExecutor(1)).submit(beside, said)
        parts = run("every part by itself (whole hubs run beside it)", pytest(*PARTS))
        passed = [parts, other.result()]
        said.seek(0)
        print(said.read().decode(errors="replace"))
        count = sum(map(int, skipped.read_text().split())) if skipped.exists() else 0
    print("all passed" if all(passed) else "NOT all passed", end="; ")
    print(f"tests skipped for want of a real part: {count}")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
