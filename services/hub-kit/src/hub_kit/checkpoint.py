"""Remembers how far a channel has fetched from a peer, and which items could not be fetched.

For what is fetched by rising numbers: the mails of a folder (UIDs), a provider's log (times).
"""

from dataclasses import dataclass

from hub_kit import metrics, set_aside
from hub_kit.bus import Record
from hub_kit.database import Pool, connect, transaction

TRY_AGAIN_AFTER = 3_600  # seconds; servers get repaired


@dataclass(frozen=True, slots=True)
class Source:
    """What numbered items are fetched from; under another `name` every number is another item.

    Items that cannot be fetched are dead letters like all others, so `faden dead` shows them and
    `faden replay` asks for them; `consumer` keeps the channel's own reader off them.
    """

    consumer: str  # the way in: imap
    key: str  # tenant/account
    name: str  # imap/<key>/<host>/<folder>/<uidvalidity>


class Checkpoints:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last(self, source: Source) -> int:
        """Return the highest number that is safe with us, 0 before the first."""
        async with connect(self._pool) as connection:
            sql = "select value from checkpoint where name = $1"
            return int(await connection.fetchval(sql, source.name) or 0)

    async def move(self, source: Source, number: int) -> None:
        """Move forward, never back: two fetchers that overlap do no harm."""
        async with connect(self._pool) as connection:
            await connection.execute(
                """insert into checkpoint (name, value) values ($1, $2) on conflict (name)
                   do update set value = excluded.value, at = now()
                   where checkpoint.value::bigint < excluded.value::bigint""",
                source.name,
                str(number),
            )

    async def bury(self, source: Source, number: int, reason: str) -> None:
        """Note an item that cannot be fetched; there are no bytes to keep, only where it lies."""
        record = Record(source.consumer, source.key, str(number), traceparent="", body=b"")
        async with connect(self._pool) as connection:
            await set_aside.bury(connection, source.consumer, source.name, [(record, reason)])
        metrics.DEAD.labels(source.consumer).inc()

    async def due(self, source: Source) -> list[int]:
        """Return the buried numbers to try now: an operator asked, or an hour went by.

        What was buried under another name is fetched anew anyway, and forgotten here.
        """
        async with transaction(self._pool) as connection:
            await connection.execute(
                "delete from dead_letter where consumer = $1 and key = $2 and lane <> $3",
                source.consumer,
                source.key,
                source.name,
            )
            rows = await connection.fetch(
                """select distinct position::bigint as number from dead_letter
                   where consumer = $1 and lane = $2
                     and (replay_asked or at < now() - make_interval(secs => $3)) order by 1""",
                source.consumer,
                source.name,
                float(TRY_AGAIN_AFTER),
            )
        return [row["number"] for row in rows]

    async def still_dead(self, source: Source, number: int, reason: str) -> None:
        async with connect(self._pool) as connection:
            await connection.execute(
                """update dead_letter set replay_asked = false, at = now(), reason = $4
                   where consumer = $1 and lane = $2 and position = $3""",
                source.consumer,
                source.name,
                str(number),
                reason,
            )

    async def forget(self, source: Source, number: int) -> None:
        """Forget a buried item: it is safe with us now, or gone from where it lay."""
        async with connect(self._pool) as connection:
            await connection.execute(
                "delete from dead_letter where consumer = $1 and lane = $2 and position = $3",
                source.consumer,
                source.name,
                str(number),
            )
