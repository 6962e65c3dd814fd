"""Runs every test, in two lanes at once: whole hubs mostly wait, the parts by themselves compute.

What talks SQL runs a second time, on the PostgreSQL that sites run: Debian's.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

HUBS = ["deploy/local-hub", "tests"]
_PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
_ALL = _PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
PARTS = [folder for folder in _ALL if folder not in HUBS]
ON_DEBIAN = ["-m", "not real", *PARTS]  # of these, what asks for a database; see conftest.py
DEBIAN = [sys.executable, "-m", "local_hub.debian_postgresql"]


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]]


def run(title: str, command: Sequence[str]) -> bool:
    print(f"== {title}", flush=True)
    return subprocess.run(command, check=False).returncode == 0


def on_debian() -> bool:
    if any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return run("the database's, on Debian's PostgreSQL", [*DEBIAN, *pytest(*ON_DEBIAN)])
    print("real part missing: Debian's PostgreSQL; see deploy/parts.sh")
    return os.environ.get("FADEN_STRICT") != "1"


def main() -> int:
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        skipped = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "skipped"
        os.environ["FADEN_SKIPPED"] = str(skipped)
        hubs = subprocess.Popen(pytest(*HUBS), stdout=said, stderr=subprocess.STDOUT)
        parts = run("every part by itself (whole hubs run beside it)", pytest(*PARTS))
        passed = [parts, on_debian(), hubs.wait() == 0]
        said.seek(0)
        print("== whole hubs", said.read().decode(errors="replace"), sep="\n")
        count = sum(map(int, skipped.read_text().split())) if skipped.exists() else 0
    print("all passed" if all(passed) else "NOT all passed", end="; ")
    print(f"tests skipped for want of a real part: {count}")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
