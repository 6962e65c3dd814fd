"""Finds the files in a scan folder that their scanner has finished.

Rule 1. Nobody tells us: network folders bring no notices, and their times of change lie. So the
        folder is looked at again and again, and only sizes and bytes count.
Rule 2. A file is finished when nothing of it has changed for a while and its end is there. One
        whose end never comes (a scanner that hangs, or crashed) is finished after a longer while,
        and marked.
Rule 3. Names that scanners give to what they still write are passed over (`parse.names`).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from channel_paper.parse.names import DEEPEST, is_ours, is_temporary
from channel_paper.parse.whole import END, Ends, has_end

LOOKS = 2  # that must have seen the same, whatever the clock says


@dataclass(slots=True)
class Seen:
    """What a file looked like, and since when it looks so (seconds of a monotonic clock)."""

    ends: Ends
    since: float
    looks: int = 1


class Watch:
    """Of one folder; `still` and `unended` are seconds without a change."""

    def __init__(self, folder: Path, *, still: float, unended: float) -> None:
        self._folder, self._still, self._unended = folder, still, unended
        self._seen: dict[PurePosixPath, Seen] = {}

    def look(self, now: float) -> list[PurePosixPath]:
        """Return which files are finished, relative to the folder; `OSError`: it is away."""
        found: dict[PurePosixPath, Seen] = {}
        for path in files_in(self._folder):
            ends = read_ends(self._folder / path)
            if ends is not None:
                found[path] = _compare(self._seen.get(path), ends, now)
        self._seen = found
        return [path for path, seen in found.items() if self._is_finished(seen, now)]

    def _is_finished(self, seen: Seen, now: float) -> bool:
        whole = seen.ends.size > 0 and has_end(seen.ends)
        return seen.looks >= LOOKS and now - seen.since >= (self._still if whole else self._unended)


def _compare(before: Seen | None, ends: Ends, now: float) -> Seen:
    if before is None or before.ends != ends:
        return Seen(ends, now)
    return Seen(ends, before.since, before.looks + 1)


def files_in(folder: Path) -> Iterator[PurePosixPath]:
    """Yield the files of a folder that may be scans, in order; links are not followed."""
    yield from _below(folder, PurePosixPath())


def _below(folder: Path, path: PurePosixPath) -> Iterator[PurePosixPath]:
    try:
        entries = sorted(os.scandir(folder / path), key=lambda entry: entry.name)
    except OSError:
        if path.parts:  # a folder that a scanner has just removed
            return
        raise
    for entry in entries:
        below = path / entry.name
        if is_ours(below) or is_temporary(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False) and len(below.parts) <= DEEPEST:
            yield from _below(folder, below)
        elif entry.is_file(follow_symlinks=False):
            yield below


def read_ends(path: Path) -> Ends | None:
    """Return what the file looks like; None where it is gone, or its scanner keeps it locked."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(END)
            file.seek(max(0, size - END))
            return Ends(size, head, file.read(END))
    except OSError:
        return None
