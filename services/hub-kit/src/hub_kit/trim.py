"""Deletes what is no longer needed, in small pieces that keep pace: one job for every service.

Rule 1. Small pieces, each committed, and after each a pause as long as it took: nobody waits for
        the trimmer, and vacuum never has much to do at once. Measured against partitions, with
        200,000 events through a log of 40,000: either costs the database 29 µs of processor time an
        event, but a look of a reader takes 0.1 ms here, and 1.7 ms among 28 partitions.
Rule 2. Any number of copies of a service may trim: what another has deleted is not there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

import structlog

from hub_contract.errors import Temporary
from hub_contract.topics import TOPICS
from hub_kit import event_log, metrics
from hub_kit.database import affected, connect
from hub_kit.ground import Ground
from hub_kit.settings import HubSettings

PIECE = 500
FIRST_PAUSE, LAST_PAUSE = 5.0, 60.0  # seconds between rounds: while there is work, and without
Sweep = Callable[[], Awaitable[int]]  # deletes a piece; says how much it was, 0 at the end
log = structlog.get_logger()


class Trimmer:
    """Goes round what a service must not keep for ever; the names are labels of a metric."""

    def __init__(self, sweeps: Mapping[str, Sweep]) -> None:
        self._sweeps = sweeps

    async def run(self) -> None:
        """Trim for ever; for `Parts.work`."""
        pause = FIRST_PAUSE
        while True:
            pause = FIRST_PAUSE if await self.trim() else min(pause * 2, LAST_PAUSE)
            await asyncio.sleep(pause)

    async def trim(self) -> int:
        """Delete all that may go by now; return how much it was."""
        return sum([await self._sweep(name, sweep) for name, sweep in self._sweeps.items()])

    async def _sweep(self, name: str, sweep: Sweep) -> int:
        total = 0
        try:
            while True:
                begun = time.monotonic()
                gone = await sweep()
                if not gone:
                    break
                total += gone
                metrics.TRIMMED.labels(name).inc(gone)
                await asyncio.sleep(time.monotonic() - begun)
        except Temporary as error:
            log.warning("trimming waits", what=name, reason=str(error)[:200])
        return total


def for_each(tenants: Iterable[str], sweep: Callable[[str], Awaitable[int]]) -> Sweep:
    """Return a sweep of all tenants, of one that sees a single tenant's rows."""
    every = tuple(tenants)

    async def swept() -> int:
        return sum([await sweep(tenant) for tenant in every])

    return swept


# A request that is still in the log may be read once more; then its row says that it was sent.
_SENT = """
delete from outgoing where event_id in (
  select event_id from outgoing
  where state = 'done' and taken_at < now() - $1::interval
    and taken_at < coalesce($2::timestamptz, 'infinity')
  order by taken_at limit $3)
"""


def sent(ground: Ground) -> Sweep:
    """Return the sweep of `outgoing`, for every channel."""
    keep = 2 * _readable(ground.settings)

    async def sweep() -> int:
        async with connect(ground.pool) as connection:
            oldest = await event_log.oldest(connection)
            return affected(await connection.execute(_SENT, keep, oldest, PIECE))

    return sweep


def _readable(settings: HubSettings) -> timedelta:
    """Return for how long a request can be read again, at most: from the log, or from Kafka."""
    if settings.bus == "postgresql":
        return settings.keep
    return max(settings.keep, timedelta(days=max(topic.retention_days for topic in TOPICS)))
