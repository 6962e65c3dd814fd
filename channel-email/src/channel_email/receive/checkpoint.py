"""Remembers how far each mailbox was fetched, and which of its mails could not be."""

from dataclasses import dataclass

from hub_kit import metrics, set_aside
from hub_kit.bus import Record
from hub_kit.database import Pool, connect, transaction

# Mails that cannot be fetched are dead letters like all others, so `faden dead` shows them and
# `faden replay` asks for them; the consumer's name keeps the channel's own reader off them.
CONSUMER = "imap"
TRY_AGAIN_AFTER = 3_600  # seconds; servers get repaired


@dataclass(frozen=True, slots=True)
class Place:
    """A folder as one UIDVALIDITY knows it; under another one every UID means another mail."""

    key: str  # tenant/account
    host: str
    folder: str
    uidvalidity: int

    @property
    def name(self) -> str:
        return f"imap/{self.key}/{self.host}/{self.folder}/{self.uidvalidity}"


class Checkpoints:
    """`Temporary` from any method means: the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last(self, place: Place) -> int:
        """Return the highest UID that is safe with us, 0 before the first."""
        async with connect(self._pool) as connection:
            sql = "select value from checkpoint where name = $1"
            return int(await connection.fetchval(sql, place.name) or 0)

    async def move(self, place: Place, uid: int) -> None:
        """Move forward, never back: two fetchers that overlap do no harm."""
        async with connect(self._pool) as connection:
            await connection.execute(
                """insert into checkpoint (name, value) values ($1, $2) on conflict (name)
                   do update set value = excluded.value, at = now()
                   where checkpoint.value::bigint < excluded.value::bigint""",
                place.name,
                str(uid),
            )

    async def bury(self, place: Place, uid: int, reason: str) -> None:
        """Note a mail that cannot be fetched; there are no bytes to keep, only where it lies."""
        record = Record(CONSUMER, place.key, str(uid), traceparent="", body=b"")
        async with connect(self._pool) as connection:
            await set_aside.bury(connection, CONSUMER, place.name, [(record, reason)])
        metrics.DEAD.labels(CONSUMER).inc()

    async def due(self, place: Place) -> list[int]:
        """Return the buried UIDs to try now: an operator asked, or an hour went by.

        What was buried under another UIDVALIDITY is fetched anew anyway, and forgotten here.
        """
        async with transaction(self._pool) as connection:
            await connection.execute(
                "delete from dead_letter where consumer = $1 and key = $2 and lane <> $3",
                CONSUMER,
                place.key,
                place.name,
            )
            rows = await connection.fetch(
                """select distinct position::bigint as uid from dead_letter
                   where consumer = $1 and lane = $2
                     and (replay_asked or at < now() - make_interval(secs => $3)) order by 1""",
                CONSUMER,
                place.name,
                float(TRY_AGAIN_AFTER),
            )
        return [row["uid"] for row in rows]

    async def still_dead(self, place: Place, uid: int, reason: str) -> None:
        async with connect(self._pool) as connection:
            await connection.execute(
                """update dead_letter set replay_asked = false, at = now(), reason = $4
                   where consumer = $1 and lane = $2 and position = $3""",
                CONSUMER,
                place.name,
                str(uid),
                reason,
            )

    async def risen(self, place: Place, uid: int) -> None:
        """Forget a buried mail: it is safe with us now, or gone from its mailbox."""
        async with connect(self._pool) as connection:
            await connection.execute(
                "delete from dead_letter where consumer = $1 and lane = $2 and position = $3",
                CONSUMER,
                place.name,
                str(uid),
            )
