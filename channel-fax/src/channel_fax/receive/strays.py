"""Keeps faxes to numbers that no account has, sealed, until one has it; operators see each.

An entry belongs to a tenant, and whose these are nobody knows. Each is a dead letter (`faden
dead`): `faden replay`, or an hour, tries it again, by then with the number added to an account.
"""

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from channel_fax.parse.handed import Handed, read_handed
from hub_kit import set_aside
from hub_kit.bus import Record
from hub_kit.checkpoint import Checkpoints, Source
from hub_kit.database import Connection, Pool, connect, transaction
from hub_kit.keys import KeyRing, open_sealed, seal

SOURCE = Source("faxrcvd", "unknown-number", "faxrcvd")
REASON = "a fax to a number that no account has; add it as address or aliases of one, then replay"


@dataclass(frozen=True, slots=True)
class Stray:
    id: UUID
    number: int
    handed: Handed


class Strays:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring, self._checkpoints = pool, ring, Checkpoints(pool)

    async def put(self, handed: Handed) -> None:
        """Keep one; twice is once."""
        own = UUID(bytes=hashlib.sha256(handed.raw).digest()[:16])  # no event: it has no tenant yet
        key = self._ring.new_key()
        async with transaction(self._pool) as connection:
            number = await connection.fetchval(
                """insert into fax_stray (id, wrapped, data) values ($1, $2, $3)
                   on conflict (id) do nothing returning number""",
                own,
                self._ring.wrap(key, own),
                seal(key, _write(handed), own.bytes),
            )
            if number is not None:
                await _bury(connection, number)

    async def due(self) -> list[Stray]:
        """Return those to be tried now, and keep their keys of today, however long they wait."""
        numbers = await self._checkpoints.due(SOURCE)
        async with connect(self._pool) as connection:
            rows = await connection.fetch(
                "select id, number, wrapped, data from fax_stray where number = any($1::bigint[])",
                numbers,
            )
            found = []
            for row in rows:
                key = self._ring.unwrap(row["wrapped"], row["id"])
                await connection.execute(
                    "update fax_stray set wrapped = $2 where id = $1",
                    row["id"],
                    self._ring.wrap(key, row["id"]),
                )
                handed = read_handed(open_sealed(key, row["data"], row["id"].bytes))
                if handed is not None:
                    found.append(Stray(row["id"], row["number"], handed))
        return found

    async def still(self, stray: Stray) -> None:
        """Note that its number is still nobody's."""
        await self._checkpoints.still_dead(SOURCE, stray.number, REASON)

    async def forget(self, stray: Stray) -> None:
        """Delete one that is safe elsewhere."""
        async with connect(self._pool) as connection:
            await connection.execute("delete from fax_stray where id = $1", stray.id)
        await self._checkpoints.forget(SOURCE, stray.number)


async def _bury(connection: Connection, number: int) -> None:
    record = Record(SOURCE.consumer, SOURCE.key, str(number), traceparent="", body=b"")
    await set_aside.bury(connection, SOURCE.consumer, SOURCE.name, [(record, REASON)])


def _write(handed: Handed) -> bytes:
    """Return it as faden-faxrcvd hands it over."""
    call = handed.call
    ids = [call.caller, "", "", call.dialled]
    facts = {"file": handed.file, "commid": call.external_id, "fault": call.fault, "call_ids": ids}
    return json.dumps(facts).encode() + b"\n" + handed.raw
