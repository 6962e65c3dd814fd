"""Adds a channel by following docs/add-a-channel.md in a copy of this tree: `python -m tests.toy_channel`.

It says what it had to touch outside the channel's own folder, and fails where that is too much.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "add-a-channel.md"
MOST_TOUCHED, MOST_LINES = 6, 200
_BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", "node_modules")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the page: a file's text, a change of one, or the commands at the end."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Added:
    """What adding the channel came to; `lines` are those of its `src`."""

    folder: str
    lines: int
    touched: tuple[str, ...]
    failed: tuple[str, ...]  # commands of the page that did not pass, with what they said


def read_page(text: str) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(text)]


def change(text: str, diff: str, path: str) -> str:
    """Return the text with this change; `ValueError` names the place that is not there once."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        places = [found.start() for found in re.finditer(f"(?m)^{re.escape(old)}", text)]
        if len(places) != 1:
            raise ValueError(
                f"{path}: found {len(places)} times, not once: {old!r}; mend {PAGE.name}"
            )
        text = text[: places[0]] + new + text[places[0] + len(old) :]
    return text


def write(blocks: list[Block], copy: Path) -> None:
    """Carry out what the page says to write and to change."""
    for block in blocks:
        path = copy / block.title
        if block.kind == "diff":
            path.write_text(change(path.read_text("utf-8"), block.text, block.title), "utf-8")
        elif block.kind != "sh":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")


def run(blocks: list[Block], copy: Path) -> Iterator[str]:
    """Run the page's commands in the copy, in its own environment; yield those that fail."""
    environment = _environment(copy)
    for block in blocks:
        for command in block.text.splitlines() if block.kind == "sh" else ():
            print(f"$ {command}", flush=True)
            done = subprocess.run(
                command.split(),
                cwd=copy,
                env=environment,
                check=False,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            print(done.stdout, end="", flush=True)
            if done.returncode:
                yield f"{command}\n{done.stdout}"


def _environment(copy: Path) -> Mapping[str, str]:
    ours = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTEST_", "VIRTUAL_ENV"))
    }
    path = [copy / ".venv" / "bin", ROOT / ".tools" / "bin", ours["PATH"]]
    # Its own Python is ours: the copy shall differ by the channel alone.
    return ours | {"PATH": os.pathsep.join(map(str, path)), "UV_PYTHON": sys._base_executable}  # type: ignore[attr-defined]


def _state(folder: Path) -> dict[str, str]:
    """Return a digest of every file, without what tools leave behind."""
    paths = [p for p in folder.rglob("*") if p.is_file()]
    names = {p: p.relative_to(folder) for p in paths}
    return {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for path, name in names.items()
        if not any(part.startswith(".") or part == "__pycache__" for part in name.parts)
    }


def add() -> Added:
    """Follow the page in a copy of this tree, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faden-toy-") as folder:
        Path(folder).chmod(0o755)  # as root, the copy's PostgreSQL runs as another user
        return _add(Path(folder))


def _add(copy: Path) -> Added:
    shutil.copytree(ROOT, copy, ignore=_LEFT_OUT, dirs_exist_ok=True)
    before = _state(copy)
    blocks = read_page(PAGE.read_text("utf-8"))
    folder = blocks[0].title.partition("/")[0]
    write(blocks, copy)
    failed = tuple(run(blocks, copy))
    after = _state(copy)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    sources = (copy / folder / "src").rglob("*.py")
    return Added(
        folder,
        sum(len(path.read_text("utf-8").splitlines()) for path in sources),
        tuple(sorted(name for name in changed if not name.startswith(f"{folder}/"))),
        failed,
    )


def main() -> int:
    added = add()
    print(f"{added.folder}: {added.lines} lines of its own, at most {MOST_LINES}")
    print(f"outside its folder, at most {MOST_TOUCHED}:", *added.touched, sep="\n  ")
    for one in added.failed:
        print(f"FAILED: {one.splitlines()[0]}")
    good = len(added.touched) <= MOST_TOUCHED and added.lines < MOST_LINES and not added.failed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
