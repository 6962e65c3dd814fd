"""A box with its folder, and a way in that keeps in memory what was accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from fastapi import FastAPI

from channel_paper.app import HERE, add_pages
from channel_paper.boxes import FolderBox, PaperBox
from channel_paper.receive.pages import Counter
from channel_paper.receive.queue import Queue
from channel_paper.receive.scans import Scans
from channel_paper.receive.take import Cut, whole
from channel_paper.settings import PaperSettings
from hub_contract.errors import Temporary
from hub_contract.events import Arrival
from hub_kit.accept import Accepted
from hub_kit.keys import KeyRing
from hub_kit.testing import new_ring
from hub_pages.pages import Pages


@dataclass
class Taken:
    """`hub_kit.accept.Accept`, without a database; `full` says that the disk is."""

    full: bool = False
    kept: dict[UUID, Arrival] = field(default_factory=dict)

    async def all(self, arrivals: list[Arrival]) -> list[Accepted]:
        if self.full:
            raise Temporary("space: full")
        found = []
        for one in arrivals:
            found.append(Accepted(one.event.id, one.event.id not in self.kept))
            self.kept.setdefault(one.event.id, one)
        return found


class OurTurn:
    async def take(self, _: str) -> bool:
        return True


@dataclass
class Place:
    """A box and what works on it; `look()` is one look of the loop."""

    box: PaperBox
    taken: Taken
    cut: Cut = whole

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.again()

    def again(self, **settings: object) -> None:
        """Begin anew, as a process that was started again."""
        quick = {"look_every": 0.01, "still_seconds": 1e-9, "unended_seconds": 1e-9}
        self.scans = Scans(
            self.box, PaperSettings(**(quick | settings)), self.taken, OurTurn(), self.cut
        )
        self.scans.queue.prepare()

    async def look(self, times: int = 2) -> None:
        for _ in range(times):
            await self.scans.look()

    @property
    def folder(self) -> Path:
        return self.box.settings.folder

    @property
    def queue(self) -> Queue:
        return self.scans.queue

    def files(self, kind: str) -> list[str]:
        return sorted(one.name for one in (self.folder / kind).rglob("*") if one.is_file())

    @property
    def events(self) -> list:
        return [one.event for one in self.taken.kept.values()]


def make_box(root: Path, name: str = "letters") -> PaperBox:
    section = FolderBox(
        address="Stadt Musterstadt\nRathausplatz 1\n12345 Musterstadt",
        folder=root / name,
        print_folder=root / "print",
        device="Scanner im Postraum",
    )
    return PaperBox("musterstadt", name, "Stadt Musterstadt", section)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(make_box(tmp_path), Taken())


@pytest.fixture
def make_place(tmp_path):
    """Return what makes a place whose files are cut by this."""
    return lambda cut: Place(make_box(tmp_path), Taken(), cut)


@pytest.fixture
def ring(tmp_path) -> KeyRing:
    return new_ring(tmp_path)


@pytest.fixture
def make_app(ring) -> Callable[[Place, PaperSettings], FastAPI]:
    """Return what makes the pages where scans for a place are handed in."""
    ground = SimpleNamespace(ring=ring, settings=SimpleNamespace(tenants={}))

    def make(place: Place, settings: PaperSettings) -> FastAPI:
        return add_pages(FastAPI(), ground, Counter([place.scans], settings, Pages(HERE)))

    return make
