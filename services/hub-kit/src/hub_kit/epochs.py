"""Wrapping keys in epochs: what was erased is unreadable in backups once its epoch is destroyed.

A row of `hub.message_key` that was deleted still lies in the database's backups and WAL, wrapped.
So the keys that wrap do not live for ever:

Rule 1. An epoch lasts `epoch_days`; what is new is wrapped by the one that has begun last.
Rule 2. `rewrap` wraps all rows anew by it, so that an old epoch is needed by backups alone.
Rule 3. Once the last backup that needs it has expired (`backup_days` after it was wrapped anew), an
        epoch is destroyed. What was erased is unreadable then, whoever has a copy of the database.
Rule 4. The next epoch is in the ring a day before it begins: time to hand the file to all hosts.
        A service reads it again by itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub_kit.settings import ConfigurationError

LEAD = timedelta(days=1)
EVER = datetime.min.replace(tzinfo=UTC)
NUMBERS = 255  # a number travels in one byte; those of destroyed epochs are given again
_LOOK_EVERY = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Epoch:
    """When a wrapping key begins to be used, and since when no live row needs it any more."""

    begins: datetime = EVER
    rewrapped: datetime | None = None


class Epochs(Mapping[int, bytes]):
    """The wrapping keys by number, as their file has them now: it is read again when it changes."""

    def __init__(
        self,
        read: Callable[[], tuple[Mapping[int, bytes], Mapping[int, Epoch]]],
        stamp: Callable[[], object],
    ) -> None:
        self._read, self._stamp_of = read, stamp
        self._stamp = stamp()
        self._keys, self._epochs = read()
        self._looked = time.monotonic()
        self._current = current_of(self._epochs, datetime.now(UTC))

    def __getitem__(self, number: int) -> bytes:
        self._look_sometimes(at_once=number not in self._keys)
        return self._keys[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def epochs(self) -> Mapping[int, Epoch]:
        return self._epochs

    def current(self) -> int:
        """Return the number of the key that wraps what is new."""
        self._look_sometimes()
        return self._current

    def _look_sometimes(self, *, at_once: bool = False) -> None:
        """Read the file again if it has changed: also what was destroyed is not used any more."""
        if not at_once and time.monotonic() - self._looked <= _LOOK_EVERY:
            return
        self._looked = time.monotonic()
        if (stamp := self._stamp_of()) != self._stamp:
            # Where it is just being replaced, what was good stays good.
            with suppress(ConfigurationError):
                self._keys, self._epochs = self._read()
                self._stamp = stamp
        self._current = current_of(self._epochs, datetime.now(UTC))


def current_of(epochs: Mapping[int, Epoch], now: datetime) -> int:
    """Return the epoch that has begun last; where none has, the one that begins first."""
    begun = [(epoch.begins, number) for number, epoch in epochs.items() if epoch.begins <= now]
    if begun:
        return max(begun)[1]
    return min((epoch.begins, number) for number, epoch in epochs.items())[1]


def next_epoch(
    epochs: Mapping[int, Epoch], now: datetime, length: timedelta
) -> tuple[int, Epoch] | None:
    """Return the epoch that is to be made by now, a lead before it begins; None: none yet."""
    last = max(epoch.begins for epoch in epochs.values())
    lead = min(LEAD, length / 2)
    begins = last + length if last > EVER else now
    if now < begins - lead:
        return None
    newest = max((epoch.begins, number) for number, epoch in epochs.items())[1]
    for step in range(NUMBERS):
        number = (newest + step) % NUMBERS + 1
        if number not in epochs:
            return number, Epoch(max(begins, now + lead))
    return None  # all are kept: epochs are too short for backups kept so long


def settle(
    epochs: Mapping[int, Epoch], found: Mapping[int, int], now: datetime, keep: timedelta
) -> tuple[dict[int, Epoch], list[int]]:
    """Return the epochs after all rows have been wrapped anew, and those to be destroyed.

    `found` says how many rows each had before: where there were any, backups may need it from now.
    """
    current = current_of(epochs, now)
    kept, destroyed = {}, []
    for number, epoch in epochs.items():
        if number == current or epoch.begins > now:
            kept[number] = replace(epoch, rewrapped=None)
        elif epoch.rewrapped is None or found.get(number):
            kept[number] = replace(epoch, rewrapped=now)
        elif now < epoch.rewrapped + keep:
            kept[number] = epoch
        else:
            destroyed.append(number)
    return kept, destroyed


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written anew; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
