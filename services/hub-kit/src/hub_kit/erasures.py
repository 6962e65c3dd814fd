"""Erases data keys, and again after a restore: a list outside of the database and its backups.

Rule 1. What is erased stands in the list, synced, before its key is deleted. So a database that was
        restored from a backup is told what it had erased, before the store serves (`replayed`).
Rule 2. Lines are only added, each with time, tenant, conversation and owner of the key: ids alone.
        A line that a crash has cut off says nothing; what it was about was not erased.
Rule 3. Only keys that are older than their line are erased again: a contact point whose key was
        erased has a new one, under the same id, once its owner has written again.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from hub_contract.errors import Temporary
from hub_kit.database import Connection, Pool, transaction
from hub_kit.settings import HubSettings
from hub_kit.write_secret import sync_folder

PIECE = 500  # keys a transaction
log = structlog.get_logger()


class Erased(NamedTuple):
    """A line of the list."""

    at: datetime
    tenant: str
    conversation_id: UUID
    owner: UUID


# As `event_log.erase_keys`, which has no time.
_ERASE = """
with erased as (
  delete from hub.message_key k using unnest($1::uuid[], $2::timestamptz[]) as e(owner, at)
  where k.owner = e.owner and k.at <= e.at returning k.owner, k.tenant, k.blob, k.at
), left_behind as (
  insert into hub.blob_left (name, tenant, written_at)
  select blob, tenant, max(at) from erased where blob <> '' group by 1, 2
  on conflict (name) do update set written_at = excluded.written_at
)
select owner from erased
"""
_NOTE = """
insert into hub.erased (tenant, conversation_id, at) values ($1, $2, $3)
on conflict (tenant, conversation_id) do update set at = greatest(erased.at, excluded.at)
"""


class Erasures:
    """The list of one hub; for the service that may delete keys."""

    def __init__(self, file: Path, pool: Pool, tenants: Iterable[str]) -> None:
        self._file, self._pool, self._tenants = file, pool, tuple(tenants)
        self._turn = asyncio.Lock()
        self._is_replayed = False

    async def erase(
        self, connection: Connection, tenant: str, conversation_id: UUID, owners: Sequence[UUID]
    ) -> set[UUID]:
        """Erase these keys in this transaction of the tenant's; return whose there were.

        `Temporary` where the list cannot be written: then nothing is erased.
        """
        # Not the transaction's own time: what it sees may have been written since.
        now = await connection.fetchval("select clock_timestamp()")
        lines = [Erased(now, tenant, conversation_id, owner) for owner in owners]
        try:
            await asyncio.to_thread(_add, self._file, lines)
        except OSError as error:
            raise Temporary(f"erased_file: {self._file}: {error.strerror}") from None
        return await _erase(connection, lines)

    async def replayed(self) -> None:
        """Return once everything in the list is erased in this database; `Temporary`: not yet."""
        async with self._turn:
            if not self._is_replayed:
                await self._replay()
                self._is_replayed = True

    async def _replay(self) -> None:
        lines = await asyncio.to_thread(self._read)
        count = 0
        for tenant in lines.keys() | set(self._tenants):
            mine = lines.get(tenant, [])
            if not mine:
                await self._refuse_without_list(tenant)
            for start in range(0, len(mine), PIECE):
                async with transaction(self._pool, tenant) as connection:
                    count += len(await _erase(connection, mine[start : start + PIECE]))
        if count:
            log.warning("erased again what a restore had brought back", keys=count)

    async def _refuse_without_list(self, tenant: str) -> None:
        """A database that knows of erasures, and no list of them: it was left behind."""
        async with transaction(self._pool, tenant) as connection:
            if await connection.fetchval("select exists (select from hub.erased)"):
                raise Temporary(
                    f"erased_file: {self._file} does not have what this database has erased;"
                    " put the list in its place, then it is served"
                )

    def _read(self) -> Mapping[str, Sequence[Erased]]:
        found: dict[str, list[Erased]] = defaultdict(list)
        try:
            with self._file.open(encoding="ascii", errors="replace") as file:
                for line in read_lines(file):
                    found[line.tenant].append(line)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Temporary(f"erased_file: {self._file}: {error.strerror}") from None
        return found


async def _erase(connection: Connection, lines: Sequence[Erased]) -> set[UUID]:
    rows = await connection.fetch(_ERASE, [one.owner for one in lines], [one.at for one in lines])
    gone = {row["owner"] for row in rows}
    touched = {(one.tenant, one.conversation_id): one.at for one in lines if one.owner in gone}
    await connection.executemany(_NOTE, [(*key, at) for key, at in touched.items()])
    return gone


def read_lines(lines: Iterable[str]) -> Iterator[Erased]:
    """Return what whole lines say; what is cut off or no line of ours says nothing."""
    for line in lines:
        words = line.split()
        if len(words) == len(Erased._fields) and line.endswith("\n"):
            try:
                at = datetime.fromisoformat(words[0])
                yield Erased(at, words[1], UUID(words[2]), UUID(words[3]))
            except ValueError:
                continue


def _add(file: Path, lines: Iterable[Erased]) -> None:
    """Add lines behind all others, also behind one that was cut off; synced when this returns."""
    text = "".join(
        f"{one.at.isoformat()} {one.tenant} {one.conversation_id} {one.owner}\n" for one in lines
    )
    is_new = not file.exists()
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        data = f"\n{text}".encode("ascii")
        if os.write(descriptor, data) != len(data):
            raise OSError(28, "No space left on device")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(file.parent)


def list_of(settings: HubSettings) -> Path:
    """Return where the list lies: beside the key ring, where the settings name no place."""
    keys = settings.keys_file
    return settings.erasure.erased_file or keys.with_name(f"{keys.stem}.erased")
