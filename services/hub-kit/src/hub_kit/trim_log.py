"""Trims the event log: what every reader is past, and what has been kept for long enough.

Rule 1. Never past the slowest reader: on PostgreSQL that of any service's schema, on Kafka the
        relay. One that has not read for long holds the log; it is named in the logs until it
        reads again, or its row in `cursor` is deleted because it never will.
Rule 2. From the log's beginning, topic by topic, without a gap: a row that has to stay holds those
        behind it. So a piece begins where the last one ended, past what vacuum has yet to do.
Rule 3. One trims at a time. What is trimmed cannot be appended once more (`event_log`, rule 1).
"""

import time
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from hub_kit import event_log, metrics
from hub_kit.database import Connection, Pool, transaction
from hub_kit.settings import HubSettings
from hub_kit.trim import PIECE

SAY_EVERY = 3600.0  # seconds after which it is said again who holds the log
log = structlog.get_logger()


class Stand(NamedTuple):
    """Where a reader stands; the smallest is the slowest."""

    xid: int
    seq: int
    reader: str


_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('faden trim', 0))"
_SCHEMAS = """
select quote_ident(n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_roles r on r.rolname = n.nspname -- a service's schema; others may have a table like it
where c.relname = 'cursor' and c.relkind = 'r'
"""
_STANDS = """
select position, '{schema} ' || consumer as reader from {schema}.cursor where lane = 'log'
"""
_RELAY = "select position, consumer as reader from hub.cursor where lane = 'log'"
_PIECE = """
with beginning as (
  select ctid as place, xid, seq, bool_and(kept_at < now() - $6::interval) over (order by xid, seq)
    as old
  from (select ctid, xid, seq, kept_at from hub.event_log
        where topic = $1 and (xid, seq) > ($2::text::xid8, $3)
          and (xid, seq) <= ($4::text::xid8, $5)
        order by xid, seq limit $7) as first
), gone as (
  delete from hub.event_log where ctid = any(array(select place from beginning where old))
)
select xid::text, seq from beginning where old order by xid, seq
"""


class TrimLog:
    """A sweep for the `Trimmer` of the one service whose role is in `hub_trimmer`."""

    def __init__(self, pool: Pool, settings: HubSettings) -> None:
        self._pool, self._keep = pool, settings.keep
        self._on_kafka = settings.bus != "postgresql"
        self._topics: list[str] | None = None  # of this round, still to be trimmed
        self._ends: dict[str, tuple[str, int]] = {}  # topic -> where the last piece ended
        self._said = -SAY_EVERY

    async def __call__(self) -> int:
        """Delete a piece; return how many events it was, 0 once none may go."""
        async with transaction(self._pool) as connection:
            if not await connection.fetchval(_LOCK):
                return 0
            slowest = await self._slowest(connection)
            if self._topics is None:
                self._topics = await event_log.topics(connection)
            gone: list[tuple[str, int]] = []
            while self._topics and not gone:
                topic = self._topics[-1]
                gone = await self._piece(connection, topic, slowest)
                if len(gone) < PIECE:
                    self._topics.pop()
            if not gone:
                self._topics = None
                await self._measure(connection, slowest)
        if gone:  # and committed
            self._ends[topic] = gone[-1]
        return len(gone)

    async def _slowest(self, connection: Connection) -> Stand:
        """Return where the slowest reader stands; while nobody has read, all are at the start."""
        queries = [_RELAY]
        if not self._on_kafka:
            schemas = await connection.fetch(_SCHEMAS)
            queries = [_STANDS.format(schema=schema) for (schema,) in schemas]
        rows = await connection.fetch(" union all ".join(queries)) if queries else []
        stands = [Stand(*event_log.parts(row["position"]), row["reader"]) for row in rows]
        return min(stands, default=Stand(0, 0, "nobody"))

    async def _piece(
        self, connection: Connection, topic: str, slowest: Stand
    ) -> list[tuple[str, int]]:
        begin = self._ends.get(topic, ("0", 0))
        end = (str(slowest.xid), slowest.seq)
        rows = await connection.fetch(_PIECE, topic, *begin, *end, self._keep, PIECE)
        return [(row["xid"], row["seq"]) for row in rows]

    async def _measure(self, connection: Connection, slowest: Stand) -> None:
        size = "select pg_total_relation_size('hub.event_log')"
        metrics.LOG_BYTES.set(await connection.fetchval(size))
        oldest = await event_log.oldest(connection)
        age = datetime.now(UTC) - oldest if oldest else self._keep * 0
        metrics.LOG_OLDEST.set(age.total_seconds())
        if age > 2 * self._keep and time.monotonic() - self._said > SAY_EVERY:
            self._said = time.monotonic()
            log.warning("a reader holds the log", reader=slowest.reader, days=age.days)
