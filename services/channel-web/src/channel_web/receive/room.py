"""Says whether the disk has room for files, and how much of it one address may fill unsent.

Rule 1. What was never sent counts with its bytes and what an object costs beside them, for its
        address and for all; whoever is over is told so kindly, and sends files with the message.
Rule 2. Below the mark of free space no file is taken at all; words always are.
Rule 3. An address is kept as an HMAC alone.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from channel_web.receive.block import network_of
from channel_web.settings import WebSettings
from hub_kit.database import Pool, connect
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing

OBJECT = 4096  # bytes that even an empty object takes
_LOCK = "select pg_advisory_xact_lock(hashtextextended('channel_web.unsent', 0))"
_TAKEN = """
select coalesce(sum(bytes), 0)::bigint as total,
  coalesce(sum(bytes) filter (where who = $1), 0)::bigint as own from unsent
"""
_KEEP = "insert into unsent (blob, who, bytes, visit) values ($1, $2, $3, $4)"


class Full(Exception):  # noqa: N818 - an answer, not a fault
    """The share of this address, or of all, is used up."""


@dataclass(frozen=True)
class Room:
    pool: Pool
    ring: KeyRing
    settings: WebSettings
    disk: Path | None  # None: the bytes lie where nobody can say how much room there is

    @classmethod
    def of(cls, ground: Ground, settings: WebSettings) -> "Room":
        where = ground.settings.blobs
        return cls(ground.pool, ground.ring, settings, None if "://" in where else Path(where))

    def is_short(self) -> bool:
        """Say whether the disk has less than the mark left."""
        return self.disk is not None and free(self.disk) < self.settings.free_mark

    async def take(self, address: str, objects: Mapping[str, int], visit: str = "") -> None:
        """Note these objects (name -> bytes) before they are written; `Full`: none of them."""
        who = self.ring.pseudonym_of("", "unsent", network_of(address)) if address else ""
        rows = [(name, who, size + OBJECT, visit) for name, size in objects.items()]
        wanted, settings = sum(size for _, _, size, _ in rows), self.settings
        async with connect(self.pool) as connection, connection.transaction():
            await connection.execute(_LOCK)  # or many at once would each see the room of one
            total, own = await connection.fetchrow(_TAKEN, who) or (0, 0)
            if own + wanted > settings.unsent_each or total + wanted > settings.unsent_total:
                raise Full
            await connection.executemany(_KEEP, rows)


def free(folder: Path) -> int:
    """Return the bytes that are free where this folder lies, or will lie."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free
