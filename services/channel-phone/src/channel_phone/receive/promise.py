"""Counts how soon the desk answers, day by day, for operators: numbers only, kept for a year."""

from datetime import date, timedelta, tzinfo

from prometheus_client import Counter

from channel_phone.parse.legs import read_legs
from channel_phone.parse.promise import Waited, read_wait
from channel_phone.receive.calls import Call
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.operations import Figure

KEPT = timedelta(days=366)
SHOWN = 7  # days
NAME = "promise"  # what operators' pages know the figures by
DESK = Counter(
    "hub_desk_calls_total", "Calls that asked for the desk, by what came of it", ["result"]
)
_COUNT = """
insert into promise (tenant, account, day, asked, answered, in_time) values ($1, $2, $3, 1, $4, $5)
on conflict (tenant, account, day) do update set asked = promise.asked + 1,
  answered = promise.answered + excluded.answered, in_time = promise.in_time + excluded.in_time
"""
_SHOW = """
select day, sum(asked)::int as asked, sum(answered)::int as answered, sum(in_time)::int as in_time
from promise where tenant = $1 group by day order by day desc limit $2
"""


async def count_wait(connection: Connection, call: Call, zone: tzinfo) -> Waited | None:
    """Count a call that is being closed, in the transaction that closes it: so it counts once."""
    legs = read_legs(call.original)
    waited = read_wait(legs)
    if waited is not None:
        day = legs[0].at.astimezone(zone).date()
        answered = int(waited.seconds is not None)
        of_call = (call.context.tenant, call.context.account, day)
        await connection.execute(_COUNT, *of_call, answered, int(waited.in_time))
    return waited


def note(waited: Waited | None) -> None:
    """Tell Prometheus what stands in the table by now."""
    if waited is not None:
        answered = "late" if waited.seconds is not None else "missed"
        DESK.labels("in_time" if waited.in_time else answered).inc()


class Promise:
    """What is kept of it in the channel's table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def show(self, tenant: str) -> list[Figure]:
        """Return the last days, the newest first."""
        async with transaction(self._pool, tenant) as connection:
            rows = await connection.fetch(_SHOW, tenant, SHOWN)
        return [_figure(row["day"], {name: row[name] for name in _NAMES}) for row in rows]

    async def sweep(self, tenant: str) -> int:
        """Delete what is older than a year; return how many rows."""
        sql = "delete from promise where tenant = $1 and day < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            return affected(await connection.execute(sql, tenant, KEPT))


_NAMES = ("asked", "answered", "in_time")


def _figure(day: date, counts: dict[str, int]) -> Figure:
    return Figure(name=NAME, day=day, counts=counts)
