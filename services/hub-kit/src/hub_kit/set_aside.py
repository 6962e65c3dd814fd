"""Dead letters and parked keys: what could not be handled, kept with bytes and reason.

A dead letter cannot be decoded. A parked key has one event that fails; the events behind it wait
in order. Both are replayed when an operator asks: the reader itself does it, so order holds.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from hub_contract.errors import Permanent
from hub_contract.topics import from_wire
from hub_kit import metrics
from hub_kit.bus import Record
from hub_kit.database import Connection, Pool, transaction

_COLUMNS = "topic, key, position, traceparent, body"


async def bury(
    connection: Connection, consumer: str, lane: str, record: Record, reason: str
) -> None:
    """Keep an undecodable event as a dead letter."""
    metrics.DEAD.labels(consumer).inc()
    await connection.execute(
        f"insert into dead_letter (consumer, lane, {_COLUMNS}, reason)"  # noqa: S608 - a constant
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        consumer,
        lane,
        record.topic,
        record.key,
        record.position,
        record.traceparent,
        record.body,
        reason,
    )


async def park(
    connection: Connection, consumer: str, lane: str, records: list[Record], reason: str
) -> None:
    """Keep events of a key that fails, in their order."""
    metrics.PARKED.labels(consumer).inc(len(records))
    await connection.executemany(
        f"insert into parked (consumer, lane, {_COLUMNS}, reason)"  # noqa: S608 - a constant
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (consumer, lane, r.topic, r.key, r.position, r.traceparent, r.body, reason)
            for r in records
        ],
    )


async def parked_keys(connection: Connection, consumer: str) -> set[str]:
    rows = await connection.fetch("select distinct key from parked where consumer = $1", consumer)
    return {row["key"] for row in rows}


async def ask_replay(connection: Connection, *, key: str | None = None) -> int:
    """Ask the readers of this schema to try again: one key, or all; return how many wait."""
    sql = """update {} set replay_asked = true, reason = reason
             where $1::text is null or key = $1"""
    counts = [await connection.execute(sql.format(t), key) for t in ("parked", "dead_letter")]
    return sum(int(count.rpartition(" ")[2]) for count in counts)


async def waiting(connection: Connection) -> list[dict[str, Any]]:
    """Return what is set aside in this schema, oldest first: no content, only ids and reasons."""
    rows = await connection.fetch(
        """select 'parked' as kind, consumer, topic, key, count(*) as events,
                  min(reason) filter (where reason <> 'waits in order') as reason, min(at) as since
           from parked group by consumer, topic, key
           union all
           select 'dead', consumer, topic, key, 1, reason, at from dead_letter
           order by since"""
    )
    return [dict(row) for row in rows]


Again = Callable[[Connection, Record], Awaitable[str]]


async def replay_asked(pool: Pool, consumer: str, again: Again) -> None:
    """Try what an operator asked for; a key that fails again stays parked, its order kept."""
    async with transaction(pool) as connection:
        await _replay_parked(connection, consumer, again)
        await _replay_dead(connection, consumer, again)


async def _replay_parked(connection: Connection, consumer: str, again: Again) -> None:
    rows = await connection.fetch(
        """select id, topic, key, position, traceparent, body from parked
           where consumer = $1 and replay_asked order by id limit 1000""",
        consumer,
    )
    failed: set[str] = set()
    for row in rows:
        if row["key"] in failed:
            continue
        reason = await again(connection, _record(row))
        if reason:
            failed.add(row["key"])
            sql = "update parked set reason = $2 where id = $1"
            await connection.execute(sql, row["id"], reason)
            sql = "update parked set replay_asked = false where consumer = $1 and key = $2"
            await connection.execute(sql, consumer, row["key"])
        else:
            await connection.execute("delete from parked where id = $1", row["id"])


async def _replay_dead(connection: Connection, consumer: str, again: Again) -> None:
    rows = await connection.fetch(
        """select id, topic, key, position, traceparent, body from dead_letter
           where consumer = $1 and replay_asked order by id limit 100""",
        consumer,
    )
    for row in rows:
        reason = _undecodable(row["body"]) or await again(connection, _record(row))
        if reason:
            sql = "update dead_letter set replay_asked = false, reason = $2 where id = $1"
            await connection.execute(sql, row["id"], reason)
        else:
            await connection.execute("delete from dead_letter where id = $1", row["id"])


def _undecodable(body: bytes) -> str:
    try:
        from_wire(body)
    except Permanent as error:
        return str(error)
    return ""


def _record(row: Any) -> Record:
    return Record(row["topic"], row["key"], row["position"], row["traceparent"], row["body"])
