"""The files of a box that wait to be taken in: in its folder, so that nothing else need be kept.

Rule 1. What is in the queue was moved there by one rename: a scanner that writes the same name
        again writes another file, and a process that is killed leaves the file where the next one
        finds it.
Rule 2. Nothing is deleted. What was taken lies in `done/` with its record, what could not be taken
        in `failed/` with the reason; both below the day on which it happened.
All of this blocks: it is called in a thread. `OSError` means that the folder or the disk is away or
full; every method may be called again then.
"""

import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from channel_paper.parse.context import Way
from channel_paper.receive.reasons import REASONS, Fault
from hub_kit.files import safe_name

INSIDE = ".faden"
_RECORD, _REASON = ".json", ".grund.txt"


@dataclass(frozen=True, slots=True)
class Origin:
    """How a file came; `name` may have folders in it."""

    name: str
    way: Way
    at: str  # ISO 8601
    by: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    path: Path
    origin: Origin


class Queue:
    """Of one box; any number of these may work on one folder, one at a time takes from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._inside = folder / INSIDE

    def prepare(self) -> None:
        """Make our folders in the box's."""
        for name in ("queue", "coming", "tries"):
            (self._inside / name).mkdir(parents=True, exist_ok=True)

    def new_place(self) -> Path:
        """Return where an upload is written until it is whole; nobody looks there."""
        return self._inside / "coming" / secrets.token_hex(16)

    def put(self, source: Path, origin: Origin) -> Path:
        """Move a file that is whole into the queue; it lies on the same disk."""
        place = self._inside / "queue" / f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        _write(place.with_name(place.name + _RECORD), asdict(origin))
        source.rename(place)
        _sync(place.parent)
        return place

    def waiting(self) -> list[Item]:
        """Return all that waits, the oldest first."""
        found = sorted(self._inside.joinpath("queue").iterdir())
        return [Item(one, _origin_of(one)) for one in found if not one.name.endswith(_RECORD)]

    def count_try(self, digest: str) -> int:
        """Note that a file is about to be cut; return how many times that was begun."""
        place = self._inside / "tries" / digest
        number = _number(place) + 1
        place.write_text(str(number))
        return number

    def forget_tries(self, digest: str) -> None:
        (self._inside / "tries" / digest).unlink(missing_ok=True)

    def finish(self, item: Item, record: Mapping[str, object]) -> Path:
        """Move what was taken to `done/`, its record beside it."""
        place = self._free_place("done", item)
        _write(place.with_name(place.name + _RECORD), record)
        return self._move(item, place)

    def fail(self, item: Item, fault: Fault) -> Path:
        """Move what could not be taken to `failed/`, the reason beside it."""
        place = self._free_place("failed", item)
        reason = place.with_name(place.name + _REASON)
        reason.write_text(f"{REASONS[fault]}\n", encoding="utf-8")
        return self._move(item, place)

    def _free_place(self, kind: str, item: Item) -> Path:
        day = self.folder / kind / f"{datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        name = Path(safe_name(item.origin.name.replace("/", "_")))
        names = [name.name, *(f"{name.stem}-{number}{name.suffix}" for number in range(2, 10_000))]
        return next(day / one for one in names if not (day / one).exists())

    def _move(self, item: Item, place: Path) -> Path:
        item.path.rename(place)
        _sync(place.parent)
        item.path.with_name(item.path.name + _RECORD).unlink(missing_ok=True)
        return place


def _origin_of(path: Path) -> Origin:
    """Return how it came; where that was not kept, at least when it came."""
    try:
        said = json.loads(path.with_name(path.name + _RECORD).read_bytes())
        return Origin(**said | {"way": Way(said["way"])})
    except (OSError, ValueError, TypeError, KeyError):
        return Origin("scan", Way.UNKNOWN, datetime.now(UTC).isoformat())


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _write(path: Path, said: Mapping[str, object]) -> None:
    """Write it so that it is there whole, or not at all."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_RECORD}")
    try:
        with beside.open("w", encoding="utf-8", errors="replace") as file:
            json.dump(said, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make renames in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network folders cannot
    finally:
        os.close(handle)
