"""Which tests are for what differs from main, committed or not: those beside it, without real parts.

What lies in a member of the workspace is tested by that member's `tests`, and a changed test of whole
hubs by itself. What builds on a changed member, and what needs a real part, is left to `make test`.
"""

import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tests_of_what_changed() -> Sequence[str]:
    """Return pytest's arguments, or nothing where no test is for any of it."""
    folders = sorted({wanted for path in _changed() if (wanted := _test_of(path))})
    return [*folders, "-m", "not real"] if folders else []


def _changed() -> Sequence[str]:
    since = _git("merge-base", "HEAD", "main")[0]
    return [*_git("diff", "--name-only", since), *_git("ls-files", "-o", "--exclude-standard")]


def _git(*arguments: str) -> Sequence[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def _test_of(path: str) -> str:
    if path.startswith("tests/test_") and (ROOT / path).exists():
        return path
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    members = document["tool"]["uv"]["workspace"]["members"]
    return next((f"{member}/tests" for member in members if path.startswith(f"{member}/")), "")
