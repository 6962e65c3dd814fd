"""Compares every list that names the parts of Faden: `python -m tests.lists`, a part of `make check`.

What can be derived is derived (from the workspace's members, or from the entry points
`faden.services`). What must be written down twice, because a tool reads it, is compared here.
"""

import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import yaml

from hub_contract.words import Channel
from hub_kit.about import GROUP
from workspace.proofs import service_word

ROOT = Path(__file__).parents[1]
MEMBERS = "pyproject.toml: tool.uv.workspace.members"
PARTS = ("parse", "render", "receive", "send")


@dataclass(frozen=True, slots=True)
class Member:
    folder: str  # services/channel-web

    @property
    def distribution(self) -> str:
        return Path(self.folder).name

    @property
    def package(self) -> str:
        return self.distribution.replace("-", "_")


@dataclass(frozen=True)
class Workspace:
    """What a folder with a pyproject.toml of Faden says of itself."""

    root: Path
    project: dict[str, Any]
    members: tuple[Member, ...]

    @classmethod
    def read(cls, root: Path) -> "Workspace":
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        folders = project["tool"]["uv"]["workspace"]["members"]
        return cls(root, project, tuple(map(Member, folders)))

    @property
    def services(self) -> list[Member]:
        """Members that run as a process of their own."""
        return [m for m in self.members if (self._source(m) / "app.py").exists()]

    @property
    def channels(self) -> list[Member]:
        return [m for m in self.members if m.package.startswith("channel_")]

    def text(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def contract(self, words: str) -> dict[str, Any]:
        """Return the contract of import-linter whose name has these words in it."""
        contracts = self.project["tool"]["importlinter"]["contracts"]
        found: dict[str, Any] = next(one for one in contracts if words in one["name"])
        return found

    def _source(self, member: Member) -> Path:
        return self.root / member.folder / "src" / member.package


@dataclass(frozen=True, slots=True)
class Compared:
    """One list: where it stands, what it names, what the workspace says it should."""

    place: str
    named: set[str]
    wanted: set[str]
    more: bool = False  # it may name what is no part of the workspace

    def faults(self) -> Iterator[str]:
        for name in sorted(self.wanted - self.named):
            yield f"{name}: in {MEMBERS}, but not in {self.place}; add it there"
        for name in sorted(self.named - self.wanted) if not self.more else ():
            yield f"{name}: in {self.place}, but not in {MEMBERS}; remove it, or add it there"


def compare(workspace: Workspace) -> list[Compared]:
    """Return every list that can be read without running anything."""
    project, tool = workspace.project["project"], workspace.project["tool"]
    linter = tool["importlinter"]
    packages = {m.package for m in workspace.members}
    distributions = {m.distribution for m in workspace.members}
    services = {m.package for m in workspace.services}
    channels = {m.package for m in workspace.channels}
    layers = workspace.contract("dependencies point one way")["layers"]
    table = "pyproject.toml: tool."
    return [
        Compared(f"{table}uv.sources", set(tool["uv"]["sources"]), distributions),
        Compared(
            "pyproject.toml: project.dependencies",
            set(project["dependencies"]),
            {m.distribution for m in workspace.services},
            more=True,
        ),
        Compared(
            f"{table}pytest.ini_options.testpaths",
            _below(workspace.members, tool["pytest"]["ini_options"]["testpaths"]),
            {m.folder for m in workspace.members},
        ),
        Compared(f"{table}ruff.src", _sources(workspace.members, tool["ruff"]["src"]), packages),
        Compared(f"{table}importlinter.root_packages", set(linter["root_packages"]), packages),
        Compared(f"{table}importlinter: layers of all", _split(layers), packages),
        Compared(
            f"{table}importlinter: files of a channel",
            set(workspace.contract("every channel has the same files")["containers"]),
            channels,
        ),
        Compared(
            f"{table}importlinter: what is pure",
            set(workspace.contract("parsing and rendering are pure")["source_modules"]),
            {f"{name}.{part}" for name in channels for part in PARTS[:2]},
        ),
        Compared(
            f"{table}importlinter: who sees the database",
            set(workspace.contract("see the database")["source_modules"]),
            {f"{name}.{part}" for name in channels for part in PARTS},
        ),
        Compared(
            f'pyproject.toml of the service: project.entry-points."{GROUP}"',
            set(_entries(workspace)),
            {f'{name} = "{name}.settings:ABOUT"' for name in services},
        ),
        Compared(
            "deploy/local-hub/faden.yaml: services",
            set(yaml.safe_load(workspace.text("deploy/local-hub/faden.yaml"))["services"]),
            services,
            more=True,
        ),
        Compared(
            "README.md: More",
            {m.folder for m in workspace.members if f"({m.folder}/README.md)" in _more(workspace)},
            {m.folder for m in workspace.members},
        ),
        Compared(
            "tests/conformance.py of the channel",
            {m.package for m in workspace.channels if _has_driver(workspace, m)},
            channels,
        ),
        Compared("hub_contract.words: Channel", {f"channel_{c}" for c in Channel}, channels, True),
    ]


def compare_installed(workspace: Workspace) -> list[Compared]:
    """Return the lists of what is installed beside this Python."""
    services = {m.package for m in workspace.services}
    installed = {one.name for one in entry_points(group=GROUP)}
    worded = {name for name in services if _has_word(name)}
    return [
        Compared("what is installed here (run `uv sync`)", installed, services),
        Compared("workspace.proofs: words for services", worded, services - _UNSEEN),
    ]


_UNSEEN = {"gateway", "workspace"}  # operators come by them, and see the others


def _has_word(name: str) -> bool:
    say: Callable[[str], str] = str
    return service_word(name, say) != name


def _below(members: Iterable[Member], paths: list[str]) -> set[str]:
    return {m.folder for m in members if any(Path(m.folder).is_relative_to(p) for p in paths)}


def _sources(members: Iterable[Member], patterns: list[str]) -> set[str]:
    return {m.package for m in members if any(fnmatch(f"{m.folder}/src", p) for p in patterns)}


def _split(layers: list[str]) -> set[str]:
    return {name.strip() for layer in layers for name in layer.split("|")}


def _entries(workspace: Workspace) -> Iterator[str]:
    for member in workspace.members:
        project = tomllib.loads(workspace.text(f"{member.folder}/pyproject.toml"))["project"]
        for name, value in project.get("entry-points", {}).get(GROUP, {}).items():
            yield f'{name} = "{value}"'


def _more(workspace: Workspace) -> str:
    return workspace.text("README.md").partition("\n## More\n")[2]


def _has_driver(workspace: Workspace, member: Member) -> bool:
    return (workspace.root / member.folder / "tests" / "conformance.py").exists()


def main() -> int:
    workspace = Workspace.read(ROOT)
    lists = compare(workspace) + compare_installed(workspace)
    faults = [fault for one in lists for fault in one.faults()]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if not faults:
        sys.stdout.write(f"{len(lists)} lists agree on {len(workspace.members)} members\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
