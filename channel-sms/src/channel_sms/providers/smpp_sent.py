"""The table `sms_sent`: which id the SMSC gave to which part of which message of ours.

Rule 1. A part is written down before it is submitted: without a row nothing was ever sent.
Rule 2. A row without the SMSC's id is one whose answer is under way, or was lost; a receipt finds
        it by our own reference, where the SMSC gives that back (user_message_reference).
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from channel_sms.providers.smpp_receipt import normal
from hub_contract.delivery import Delivery
from hub_kit.database import Pool, affected, connect

KEPT = "14 days"  # receipts come within the validity of a message, ten hours at most, and later
PIECE = 500
UNDER_WAY = 60.0  # seconds


class Part(NamedTuple):
    message_id: UUID
    number: int
    external_id: str  # "" where we do not know it
    status: str  # the last word of a receipt: a `Delivery`, or ""


class Sent:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, account: str, message: UUID, parts: int) -> None:
        """Write down what is about to be submitted; a next try begins anew."""
        rows = [
            (message, number, account, reference_of(message, number))
            for number in range(1, parts + 1)
        ]
        async with connect(self._pool) as connection, connection.transaction():
            await connection.execute("delete from sms_sent where message_id = $1", message)
            await connection.executemany(
                "insert into sms_sent (message_id, number, account, reference)"
                " values ($1, $2, $3, $4)",
                rows,
            )

    async def taken(self, message: UUID, number: int, external_id: str) -> None:
        """Note the id that the SMSC gave."""
        async with connect(self._pool) as connection:
            await connection.execute(
                """update sms_sent set external_id = $3, plain_id = $4
                   where message_id = $1 and number = $2""",
                message,
                number,
                external_id,
                normal(external_id),
            )

    async def parts(self, message: UUID) -> list[Part]:
        async with connect(self._pool) as connection:
            rows = await connection.fetch(
                """select message_id, number, coalesce(external_id, '') as external_id, status
                   from sms_sent where message_id = $1 order by number""",
                message,
            )
        return [Part(**row) for row in rows]

    async def find(
        self, account: str, ids: Sequence[str], reference: int | None = None
    ) -> Part | None:
        """Return the part that the SMSC calls so, the likeliest spelling first."""
        async with connect(self._pool) as connection:
            row = await connection.fetchrow(
                """select message_id, number, coalesce(external_id, '') as external_id, status
                   from sms_sent where account = $1 and (plain_id = any($2::text[])
                     or plain_id is null and reference = $3)
                   order by plain_id is null, array_position($2::text[], plain_id), at desc
                   limit 1""",
                account,
                list(ids),
                reference,
            )
        return Part(**row) if row else None

    async def is_under_way(self, account: str) -> bool:
        """Say whether anything was just submitted there whose id is not known yet."""
        async with connect(self._pool) as connection:
            sql = """select exists (select from sms_sent where account = $1
                     and plain_id is null and at > now() - make_interval(secs => $2))"""
            return bool(await connection.fetchval(sql, account, UNDER_WAY))

    async def note(self, part: Part, status: Delivery) -> list[Delivery]:
        """Note what a receipt says of one part; return what is known of all of its message."""
        async with connect(self._pool) as connection, connection.transaction():
            await connection.fetch(
                "select from sms_sent where message_id = $1 order by number for update",
                part.message_id,
            )
            await connection.execute(
                """update sms_sent set status = $3 where message_id = $1 and number = $2
                   and status not in ('delivered', 'failed')""",
                part.message_id,
                part.number,
                status,
            )
            rows = await connection.fetch(
                "select status from sms_sent where message_id = $1", part.message_id
            )
        return [Delivery(row["status"] or Delivery.REQUESTED) for row in rows]

    async def sweep(self) -> int:
        """Delete a piece of what no receipt will name any more."""
        async with connect(self._pool) as connection:
            status = await connection.execute(
                f"""delete from sms_sent where (message_id, number) in (
                      select message_id, number from sms_sent
                      where at < now() - interval '{KEPT}' limit {PIECE})"""  # noqa: S608 - constants
            )
        return affected(status)


def reference_of(message: UUID, number: int) -> int:
    """Return our own 16-bit reference of one part."""
    facts = message.bytes + bytes((number,))
    return int.from_bytes(hashlib.sha256(facts).digest()[:2])


def overall(parts: Sequence[Delivery]) -> Delivery:
    """Return what holds for the whole: one part that failed fails it, the last one delivers it."""
    if Delivery.FAILED in parts:
        return Delivery.FAILED
    return Delivery.DELIVERED if set(parts) == {Delivery.DELIVERED} else Delivery.ACCEPTED
