"""Says how much room the disks have, before they are full: what is full ends a database.

Rule 1. Below the warning mark an operator is told, and nothing else happens.
Rule 2. Below the stop mark nothing new is taken in: peers hear "try again" and keep what they have,
        so that the database still can write what it must. Reading, erasing and trimming go on.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from hub_contract.errors import Temporary
from hub_kit import metrics

MB = 1_000_000
# A mark is never more than this share of a disk: a small one has little room at its best.
_WARN_SHARE, _STOP_SHARE = 0.10, 0.05


class Room(NamedTuple):
    """What a disk has; bytes."""

    free: int
    total: int


def room_at(folder: Path) -> Room:
    """Return the room of the disk that holds this folder, or will hold it once it is made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


class Space:
    """The marks of the folders that a service, or what it stands on, writes to."""

    def __init__(
        self,
        folders: Iterable[Path],
        warn: int,
        stop: int,
        look: Callable[[Path], Room] = room_at,
    ) -> None:
        self._folders, self._warn, self._stop = tuple(folders), warn, stop
        self._look = look

    def check(self) -> str:
        """Return a warning, or nothing; raise `Temporary` below the stop mark, with the reason."""
        warning = ""
        for folder in self._folders:
            try:
                room = self._look(folder)
            except OSError as error:
                raise Temporary(f"space: {folder}: {error.strerror}") from None
            metrics.FREE_BYTES.labels(str(folder)).set(room.free)
            if room.free < (stop := min(self._stop, room.total * _STOP_SHARE)):
                raise Temporary(f"space: {_said(folder, room, stop)}; nothing new is taken in")
            if room.free < (warn := min(self._warn, room.total * _WARN_SHARE)):
                warning = f"warning: {_said(folder, room, warn)}"
        return warning


def _said(folder: Path, room: Room, mark: float) -> str:
    free, total = (f"{value / MB:,.0f} MB" for value in (room.free, room.total))
    return f"{free} of {total} are free at {folder}, below the mark of {mark / MB:,.0f} MB"
