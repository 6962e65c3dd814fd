"""What is trimmed is old, read by all and nobody's any more; and what was trimmed stays once."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from hub_contract.errors import Permanent, Temporary
from hub_contract.words import Blob
from hub_kit import event_log
from hub_kit.blobs import read_blob
from hub_kit.bus_postgresql import PostgresBus
from hub_kit.consume import Consumer
from hub_kit.database import transaction
from hub_kit.testing import eventually
from hub_kit.trim import PIECE, Trimmer, for_each, sent
from hub_kit.trim_blobs import trim_blobs
from hub_kit.trim_log import TrimLog

KAFKA = "kafka://localhost:9092"
AT_ONCE = timedelta(0)


async def fill(owner, count: int, days: int = 29, topics: str = "ab") -> list[str]:
    """Let so many events be that many days old; return the position of each, in order."""
    await owner.execute(
        """insert into hub.event_log
             (event_id, tenant, topic, key, type, source, at, traceparent, body, kept_at)
           select gen_random_uuid(), '', substr($3, 1 + n % length($3), 1), '', '', '', now(), '',
             n::text::bytea, now() - make_interval(days => $2) from generate_series(1, $1) n""",
        count,
        days,
        topics,
    )
    rows = await owner.fetch("select xid::text || ':' || seq from hub.event_log order by xid, seq")
    return [row[0] for row in rows][-count:]


async def left(owner) -> int:
    return await owner.fetchval("select count(*) from hub.event_log")


def on(ground, bus: str = "postgresql", **more):
    return ground.settings.model_copy(update={"bus": bus, **more})


def trimmer(keeper, bus: str = "postgresql") -> Trimmer:
    return Trimmer({"event_log": TrimLog(keeper.pool, on(keeper, bus))})


async def stand(owner, schema: str, position: str, lane: str = "log", name: str = "reader") -> None:
    await owner.execute(f"insert into {schema}.cursor values ($1, $2, $3)", name, lane, position)


async def test_what_is_old_and_read_by_all_goes_in_pieces(keeper, owner):
    await fill(owner, 2 * PIECE + 7)
    young = await fill(owner, 5, days=27)
    for schema in ("probe_channel", "probe_keeper"):
        await stand(owner, schema, young[-1])
    assert await trimmer(keeper).trim() == 2 * PIECE + 7
    assert await left(owner) == 5


# Where readers stand, as the number of the last event they have read; and how many events stay.
AT = {
    "the slowest of two services": ("postgresql", [("probe_channel", 9), ("probe_keeper", 3)], 7),
    "two readers of one service": ("postgresql", [("probe_keeper", 8), ("probe_keeper", 6)], 4),
    "one that has not begun": ("postgresql", [("probe_channel", 10), ("probe_keeper", 0)], 10),
    "nobody has read anything": ("postgresql", [], 10),
    "a relay of former days": ("postgresql", [("probe_keeper", 10), ("hub", 2)], 0),
    "the relay alone on Kafka": (KAFKA, [("hub", 7), ("probe_channel", 1)], 3),
    "no relay yet": (KAFKA, [("probe_keeper", 10)], 10),
}


@pytest.mark.parametrize(("bus", "stands", "stay"), AT.values(), ids=AT)
async def test_nothing_behind_the_slowest_reader_goes(keeper, owner, bus, stands, stay):
    positions = await fill(owner, 10, days=3650)
    for number, (schema, last) in enumerate(stands):
        position = positions[last - 1] if last else event_log.START
        await stand(owner, schema, position, name=f"reader-{number}")
    await stand(owner, "probe_keeper", "0", lane="faden.entry.appended/0", name="on Kafka once")
    await trimmer(keeper, bus).trim()
    assert await left(owner) == stay


async def test_who_holds_the_log_is_named(keeper, owner):
    positions = await fill(owner, 3, days=80)
    await stand(owner, "probe_keeper", positions[-1])
    await stand(owner, "probe_channel", positions[0], name="slow")
    trims = trimmer(keeper)
    with structlog.testing.capture_logs() as said:
        await trims.trim()
        await trims.trim()
    assert said == [
        {
            "event": "a reader holds the log",
            "reader": "probe_channel slow",
            "days": 80,
            "log_level": "warning",
        }
    ]


async def test_a_row_that_has_to_stay_holds_those_behind_it(keeper, owner):
    """A transaction that was long under way wrote one among older ones: none is forgotten."""
    await fill(owner, 3, topics="a")
    await fill(owner, 1, days=1, topics="a")
    last = await fill(owner, 2, topics="a")
    await stand(owner, "probe_keeper", last[-1])
    trims = trimmer(keeper)
    assert await trims.trim() == 3
    await owner.execute("update hub.event_log set kept_at = now() - interval '29 days'")
    assert await trims.trim() == 3


async def test_copies_trim_one_at_a_time(keeper, owner):
    last = await fill(owner, 5 * PIECE)
    await stand(owner, "probe_keeper", last[-1])
    async with owner.transaction():
        await owner.execute("select pg_advisory_xact_lock(hashtextextended('faden trim', 0))")
        assert await trimmer(keeper).trim() == 0
    gone = await asyncio.gather(*(trimmer(keeper).trim() for _ in range(4)))
    gone.append(await trimmer(keeper).trim())  # who does not get its turn leaves off
    assert sum(gone) == 5 * PIECE
    assert await left(owner) == 0


async def test_a_reader_of_a_rare_topic_keeps_up_and_loses_nothing(log_harness):
    """Its position goes on to the present, but never past what may still be committed."""
    bus = PostgresBus(log_harness.pool, keep_up=0.0)
    reader = log_harness.reader()
    reader = Consumer(reader.name, reader.topics, bus, reader.pool, reader.handle)
    places = itertools.count(1)

    async def stands() -> tuple[int, int]:
        rows = await log_harness.fetch("select position from cursor")
        return event_log.parts(rows[0]["position"]) if rows else (0, 0)

    async def others() -> str:
        """Append to another topic; return where that lies."""
        [wire] = log_harness.wires([log_harness.event(2, next(places))])
        await log_harness.append_wires([replace(wire, topic="another")])
        sql = "select xid::text || ':' || seq from hub.event_log where topic = 'another' order by xid desc"
        return (await log_harness.fetch(sql))[0][0]

    task = asyncio.create_task(reader.run())
    async with log_harness.pool.acquire() as late:
        behind = event_log.parts(await others())

        async def kept_up() -> bool:
            return await stands() > behind

        await eventually(kept_up)
        slow = late.transaction()
        await slow.start()
        await event_log.append(late, log_harness.wires([log_harness.event(1, 1)]), [])
        held = await stands()
        await others()
        number = int(await late.fetchval("select pg_current_xact_id()::text"))
        await asyncio.sleep(0.3)  # it looks, and moves, again and again
        assert held <= await stands() < (number, 0)
        await slow.commit()
    await log_harness.until(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await log_harness.places() == {1: [1]}


async def grow_old_and_trim(owner, keeper) -> None:
    await owner.execute("update hub.event_log set kept_at = now() - interval '29 days'")
    await stand(owner, "probe_keeper", f"{2**62}:0")
    await trimmer(keeper).trim()
    assert await left(owner) == 0


async def test_twice_is_once_also_when_the_first_is_trimmed(channel, keeper, owner, arrive):
    """A mailbox that is read from its beginning again repeats mails of years."""
    assert (await channel.accept(arrive(1))).new
    await grow_old_and_trim(owner, keeper)
    answers = await channel.accept.all([arrive(1), arrive(2), arrive(2)])
    assert [answer.new for answer in answers] == [False, True, False]
    assert await left(owner) == 1
    keys = await owner.fetch("select owner from hub.message_key")
    assert {row["owner"] for row in keys} == {arrive(1).event.id, arrive(2).event.id}
    files = [path for path in channel.blobs.root.rglob("*") if path.is_file()]
    assert len(files) == 2, "the bytes of the repeated one are not kept again"


async def test_what_was_erased_does_not_come_back(channel, keeper, owner, arrive):
    await channel.accept(arrive(1))
    async with transaction(keeper.pool, "musterstadt") as connection:
        await event_log.erase_keys(connection, [arrive(1).event.id])
    await grow_old_and_trim(owner, keeper)
    assert not (await channel.accept(arrive(1))).new
    assert await left(owner) == 0
    assert await owner.fetchval("select count(*) from hub.message_key") == 0


async def erase(keeper, *accepted) -> None:
    async with transaction(keeper.pool, "musterstadt") as connection:
        await event_log.erase_keys(connection, [one.event_id for one in accepted])


def files(ground) -> list:
    return [path for path in ground.blobs.root.rglob("*") if path.is_file()]


async def test_an_object_goes_with_the_last_of_its_messages(channel, keeper, owner, arrive):
    first, second, third = await channel.accept.all([arrive(n) for n in (1, 2, 3)])
    alone = await channel.accept(arrive(4, "another batch"))
    assert len(files(channel)) == 2

    async def trim(**more) -> int:
        return await trim_blobs(keeper.pool, keeper.blobs, "musterstadt", **more)

    await erase(keeper, first, alone)
    assert await trim() == 0, "others of its batch might still be under way to the database"
    assert await trim(written=AT_ONCE) == 1
    await erase(keeper, second)
    assert await trim(written=AT_ONCE) == 0
    wrapped = await owner.fetchval("select wrapped from hub.message_key")
    key = channel.ring.unwrap(wrapped, third.event_id)
    body = await owner.fetchval(
        "select convert_from(body, 'UTF8')::json ->> 'original' from hub.event_log where event_id = $1",
        third.event_id,
    )
    original = Blob.model_validate_json(body)
    assert await read_blob(channel.blobs, original, key) == b"original Guten Tag"
    await erase(keeper, third)
    assert await trim_blobs(keeper.pool, keeper.blobs, "kleindorf", written=AT_ONCE) == 0
    assert await trim(written=AT_ONCE) == 1
    assert files(channel) == []
    assert await owner.fetchval("select count(*) from hub.blob_left") == 0


async def test_the_last_two_of_an_object_erased_at_once(channel, keeper, arrive):
    """Each sees the key of the other: whoever is second still leaves its note."""
    for number in range(0, 20, 2):
        pair = await channel.accept.all([arrive(number), arrive(number + 1)])
        trim = trim_blobs(keeper.pool, keeper.blobs, "musterstadt", written=AT_ONCE)
        await asyncio.gather(*(erase(keeper, one) for one in pair), trim)
    while await trim_blobs(keeper.pool, keeper.blobs, "musterstadt", written=AT_ONCE):
        pass
    assert files(channel) == []


class Away:
    async def delete_all(self, names) -> None:
        raise Temporary("blobs: out of reach")


async def test_bytes_that_cannot_be_deleted_now_are_found_again(channel, keeper, arrive):
    accepted = await channel.accept(arrive(1))
    await erase(keeper, accepted)
    with pytest.raises(Temporary):
        await trim_blobs(keeper.pool, Away(), "musterstadt", written=AT_ONCE)
    assert len(files(channel)) == 1
    assert await trim_blobs(keeper.pool, keeper.blobs, "musterstadt", written=AT_ONCE) == 1
    assert files(channel) == []


REQUEST = """
insert into probe_channel.outgoing (event_id, key, traceparent, body, state, taken_at)
values (gen_random_uuid(), '', '', '', $1, now() - make_interval(days => $2))
"""
# Of a request: its state, days since it was taken in, and since when the log keeps its oldest event.
REQUESTS = {
    "sent long ago": ("done", 57, 20, True),
    "sent lately": ("done", 55, 20, False),
    "not sent yet": ("waiting", 400, 20, False),
    "under way": ("claimed", 400, 20, False),
    "may be read from the log again": ("done", 57, 58, False),
    "the log is empty": ("done", 57, None, True),
}


@pytest.mark.parametrize("case", REQUESTS.values(), ids=REQUESTS)
async def test_which_requests_go(channel, owner, case):
    state, days, oldest, goes = case
    if oldest:
        await fill(owner, 1, days=oldest)
    await owner.execute(REQUEST, state, days)
    assert await Trimmer({"outgoing": sent(channel)}).trim() == int(goes)
    assert await owner.fetchval("select count(*) from probe_channel.outgoing") == int(not goes)


async def test_on_kafka_a_request_is_remembered_for_longer_than_its_topic_keeps_it(channel, owner):
    await owner.execute(REQUEST, "done", 50)
    for bus, gone in ((KAFKA, 0), ("postgresql", 1)):
        ground = replace(channel, settings=on(channel, bus, keep_days=1))
        assert await Trimmer({"outgoing": sent(ground)}).trim() == gone


async def test_each_is_swept_to_its_end_and_one_that_is_away_holds_up_no_other():
    pieces = {"a": [3, 2, 0], "b": [1, 0]}

    async def away() -> int:
        raise Temporary("database: away")

    async def sweep(tenant: str) -> int:
        return pieces[tenant].pop(0) if pieces[tenant] else 0

    assert await Trimmer({"first": away, "second": for_each("ab", sweep)}).trim() == 6
    assert pieces == {"a": [], "b": []}


async def test_a_fault_of_ours_is_not_waited_out():
    async def broken() -> int:
        raise Permanent("wrong")

    with pytest.raises(Permanent):
        await Trimmer({"it": broken}).trim()
