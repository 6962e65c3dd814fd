"""Dead letters and parked keys: what could not be handled, kept with bytes and reason.

A dead letter cannot be decoded. A parked key has one event that fails; the events behind it wait
in order. Both are replayed when an operator asks, by the reader itself, under the lock of the lane
they came by: so nothing new of that lane is handled or parked meanwhile, whichever member it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from hub_contract.errors import Permanent, Temporary
from hub_kit import logs
from hub_kit.bus import Record
from hub_kit.database import AWAY, Connection, Pool, connect, transaction

WAITS = "waits in order"  # the reason of everything behind the event that fails
AT_ONCE = 100  # parked events of a key that are tried together
log = structlog.get_logger()


async def bury(
    connection: Connection, consumer: str, lane: str, dead: Sequence[tuple[Record, str]]
) -> None:
    """Keep undecodable events, each with its reason, as dead letters."""
    await _keep(connection, "dead_letter", consumer, lane, dead)


async def park(
    connection: Connection, consumer: str, lane: str, records: Sequence[Record], reason: str
) -> None:
    """Keep events of a key that fails, in their order."""
    await _keep(connection, "parked", consumer, lane, [(r, reason) for r in records])


async def _keep(
    connection: Connection,
    table: str,
    consumer: str,
    lane: str,
    what: Sequence[tuple[Record, str]],
) -> None:
    if what:
        await connection.executemany(
            f"""insert into {table}
                  (consumer, lane, topic, key, position, traceparent, body, reason)
                values ($1, $2, $3, $4, $5, $6, $7, $8)""",  # noqa: S608 - one of two constants
            [
                (consumer, lane, r.topic, r.key, r.position, r.traceparent, r.body, reason)
                for r, reason in what
            ],
        )


async def parked(
    connection: Connection, consumer: str, records: Sequence[Record]
) -> set[tuple[str, str]]:
    """Return which (topic, key) of these are parked."""
    rows = await connection.fetch(
        "select distinct topic, key from parked where consumer = $1 and key = any($2::text[])",
        consumer,
        list({r.key for r in records}),
    )
    return {(row["topic"], row["key"]) for row in rows}


async def ask_replay(connection: Connection, *, key: str | None = None) -> int:
    """Ask the readers of this schema to try again: one key, or all; return how many wait."""
    sql = "update {} set replay_asked = true where $1::text is null or key = $1"
    counts = [await connection.execute(sql.format(t), key) for t in ("parked", "dead_letter")]
    return sum(int(count.rpartition(" ")[2]) for count in counts)


async def ask_replay_of(connection: Connection, kind: str, number: int) -> None:
    """Ask for one of what `waiting` lists: by its kind, `parked` or `dead`, and its id."""
    table = {"parked": "parked", "dead": "dead_letter"}[kind]
    sql = f"update {table} set replay_asked = true where id = $1"  # noqa: S608 - of constants
    await connection.execute(sql, number)


async def waiting(connection: Connection) -> list[dict[str, Any]]:
    """Return what is set aside in this schema, oldest first: no content, only ids and reasons."""
    rows = await connection.fetch(
        """select 'parked' as kind, min(id) as id, consumer, topic, key, count(*) as events,
                  min(reason) filter (where reason <> $1) as reason, min(at) as since
           from parked group by consumer, topic, key
           union all
           select 'dead', id, consumer, topic, key, 1, reason, at from dead_letter
           order by since""",
        WAITS,
    )
    return [dict(row) for row in rows]


Again = Callable[[Connection, Sequence[Record]], Awaitable[None]]


async def replay(pool: Pool, consumer: str, again: Again) -> None:
    """Try what operators asked for; what fails again stays, its order kept, with its new reason."""
    async with connect(pool) as connection:
        keys = await connection.fetch(
            """select topic, key, array_agg(distinct lane) as lanes from parked
               where consumer = $1 group by topic, key having bool_or(replay_asked)
               order by min(id)""",
            consumer,
        )
        dead = await connection.fetch(
            """select id, lane from dead_letter where consumer = $1 and replay_asked
               order by id limit 1000""",
            consumer,
        )
    for row in dead:
        await _replay_dead(pool, consumer, row["lane"], row["id"], again)
    for row in keys:
        await _drain(pool, consumer, row, again)


async def _drain(pool: Pool, consumer: str, key: Any, again: Again) -> None:
    """Handle all that is parked of a key, also what comes while this goes on."""
    at_once = AT_ONCE
    while True:
        try:
            if not await _replay_head(pool, consumer, key, at_once, again):
                return
        except (Temporary, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001 - outermost loop: the reason goes to the operator
            if at_once == 1:
                await _leave_parked(pool, consumer, key, error)
                return
            at_once = 1


async def _replay_head(pool: Pool, consumer: str, key: Any, limit: int, again: Again) -> int:
    async with transaction(pool) as connection:
        await _hold(connection, consumer, key["lanes"])
        rows = await connection.fetch(
            """select * from parked where consumer = $1 and topic = $2 and key = $3
               order by id limit $4""",
            consumer,
            key["topic"],
            key["key"],
            limit,
        )
        if rows:
            await again(connection, [_record(row) for row in rows])
            ids = [row["id"] for row in rows]
            await connection.execute("delete from parked where id = any($1::bigint[])", ids)
        return len(rows)


async def _leave_parked(pool: Pool, consumer: str, key: Any, error: Exception) -> None:
    log.warning("parked event fails again", consumer=consumer, error=logs.where(error))
    async with transaction(pool) as connection:
        await _hold(connection, consumer, key["lanes"])
        await connection.execute(
            """update parked set replay_asked = false, reason = case when id = (
                 select min(id) from parked where consumer = $1 and topic = $2 and key = $3
               ) then $4 else reason end
               where consumer = $1 and topic = $2 and key = $3""",
            consumer,
            key["topic"],
            key["key"],
            reason_of(error),
        )


async def _replay_dead(pool: Pool, consumer: str, lane: str, number: int, again: Again) -> None:
    try:
        async with transaction(pool) as connection:
            await _hold(connection, consumer, [lane])
            sql = "delete from dead_letter where id = $1 returning *"
            if row := await connection.fetchrow(sql, number):
                await again(connection, [_record(row)])
    except (Temporary, *AWAY):
        raise
    except Exception as error:  # noqa: BLE001 - outermost loop: the reason goes to the operator
        log.warning("dead letter fails again", consumer=consumer, error=logs.where(error))
        async with transaction(pool) as connection:
            sql = "update dead_letter set replay_asked = false, reason = $2 where id = $1"
            await connection.execute(sql, number, reason_of(error))


async def _hold(connection: Connection, consumer: str, lanes: list[str]) -> None:
    """Take the turn of these lanes to the end of the transaction; batches of theirs wait."""
    await connection.fetch(
        """select from cursor where consumer = $1 and lane = any($2::text[])
           order by lane for update""",
        consumer,
        lanes,
    )


def reason_of(error: Exception) -> str:
    """Return why an event failed. Only our own words are safe: a foreign text may quote content."""
    return str(error) if isinstance(error, Permanent) else logs.where(error)


def _record(row: Any) -> Record:
    return Record(row["topic"], row["key"], row["position"], row["traceparent"], row["body"])
