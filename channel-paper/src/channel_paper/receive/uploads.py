"""Keeps what a browser has sent of a file so far, until it is whole and goes into the queue.

Rule 1. An upload is known by who sends it and what it is called, its size and its time: whoever
        picks the same file again after a reload, or tomorrow, goes on where it stopped.
Rule 2. What has come is a file in the box's folder: every copy of the service sees it.
All of this blocks: it is called in the thread of the box's disk.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from channel_paper.parse.context import Way
from channel_paper.receive.queue import INSIDE, Origin, Queue
from hub_contract.errors import Permanent
from hub_contract.ids import write_facts

_ABOUT = ".json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a browser says of a file before it sends it; `changed` is the file's own time."""

    who: str  # the log-in
    by: str  # as the scan record names the person
    name: str
    size: int
    changed: int

    @property
    def id(self) -> str:
        facts = write_facts(self.who, self.name, str(self.size), str(self.changed))
        return hashlib.sha256(facts.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Upload:
    """How far one has come; `offset` is in bytes."""

    id: str
    name: str
    size: int
    offset: int

    @property
    def is_whole(self) -> bool:
        return self.offset >= self.size

    @property
    def percent(self) -> int:
        return 100 * self.offset // max(self.size, 1)


class Uploads:
    """Of one box."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._folder = queue.folder / INSIDE / "coming"

    def begin(self, wanted: Wanted) -> Upload:
        """Return the upload of this file, new or as far as it has come."""
        self._queue.prepare()
        place, about = self._places(wanted.id)
        if not about.exists():
            about.write_text(json.dumps(asdict(wanted)), encoding="utf-8")
        place.touch()
        return self._finished(wanted)

    def add(self, upload_id: str, who: str, offset: int, data: bytes) -> Upload:
        """Write a piece; `Permanent`: it does not follow on what is there, or there is no such."""
        wanted = self._wanted(upload_id, who)
        place, _ = self._places(upload_id)
        if place.stat().st_size < offset or offset + len(data) > wanted.size:
            raise Permanent("upload: the piece does not fit; ask how far it is")
        with place.open("r+b") as file:
            file.seek(offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return self._finished(wanted)

    def find(self, upload_id: str, who: str) -> Upload:
        """Return how far it is; `Permanent` where there is none of this person."""
        wanted = self._wanted(upload_id, who)
        return Upload(
            wanted.id, wanted.name, wanted.size, self._places(upload_id)[0].stat().st_size
        )

    def unfinished(self, who: str) -> list[Upload]:
        """Return what this person has begun, and not finished."""
        found = []
        for about in sorted(self._folder.glob(f"*{_ABOUT}")):
            try:
                found.append(self.find(about.stem, who))
            except (Permanent, OSError):
                continue  # somebody else's, or just finished
        return found

    def drop(self, upload_id: str, who: str) -> None:
        """Forget one that its sender does not want any more."""
        self._wanted(upload_id, who)
        for place in self._places(upload_id):
            place.unlink(missing_ok=True)

    def hand_in(self, data_at: Path, name: str, by: str) -> None:
        """Put a file that came whole, with a form, into the queue."""
        self._queue.put(data_at, _origin(name, by))

    def _finished(self, wanted: Wanted) -> Upload:
        """Return how far it is; one that is whole is in the queue by then."""
        place, about = self._places(wanted.id)
        size = place.stat().st_size
        if size >= wanted.size:
            self._queue.put(place, _origin(wanted.name, wanted.by))
            about.unlink(missing_ok=True)
        return Upload(wanted.id, wanted.name, wanted.size, size)

    def _wanted(self, upload_id: str, who: str) -> Wanted:
        try:
            wanted = Wanted(**json.loads(self._places(upload_id)[1].read_bytes()))
        except (OSError, ValueError, TypeError):
            raise Permanent("upload: there is no such") from None
        if wanted.who != who:
            raise Permanent("upload: there is no such")
        return wanted

    def _places(self, upload_id: str) -> tuple[Path, Path]:
        if len(upload_id) != 32 or not upload_id.isalnum() or not upload_id.isascii():
            raise Permanent("upload: there is no such")
        return self._folder / upload_id, self._folder / f"{upload_id}{_ABOUT}"


def _origin(name: str, by: str) -> Origin:
    return Origin(name, Way.UPLOAD, datetime.now(UTC).isoformat(), by)
