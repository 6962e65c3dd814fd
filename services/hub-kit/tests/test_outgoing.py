"""What is requested leaves once, in order, whatever the peer, the database or the process does."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import DeliveryReported, MessageRequested, RequestedContent
from hub_contract.topics import from_wire, key_of, to_wire
from hub_contract.words import Attachment, Channel, ContactKind, ContactPoint, Cost
from hub_kit import claim as table
from hub_kit import event_log
from hub_kit.blobs import Packing, pack
from hub_kit.bus import Record
from hub_kit.consume import Consumer, Delivered
from hub_kit.database import transaction
from hub_kit.event_log import KeyRow
from hub_kit.outgoing import Outcome, Outgoing, take_in
from hub_kit.retry import DAYS, Patience
from hub_kit.sealing import open_event, seal_event, shorten
from hub_kit.testing import eventually, open_ground

ACCEPTED = Outcome(Delivery.ACCEPTED, code="250", external_id="queue-1")


def request(number: int, conversation: int = 0, **more: object) -> MessageRequested:
    return MessageRequested(
        id=UUID(int=number + 1),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        conversation_id=UUID(int=conversation),
        requested_at=datetime.now(UTC),
        recipient_key="erika",
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"),
            text=str(number),
        ),
    ).model_copy(update=more)


class Peer:
    """A pretend carrier: `script` says what it does at each call, then it accepts."""

    # Long from the first: a busy machine takes its time, and nothing shall be due by itself.
    patience = Patience(DAYS.give_up_after, (600, 3_600))

    def __init__(self, *script: object, found: object = None) -> None:
        self.script, self.found = list(script), found
        self.sent: list[str] = []
        self.files: list[tuple[bytes, ...]] = []
        self.asked: list[str] = []

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        self.sent.append(request.content.text)
        self.files.append(files)
        return await self._play(self.script.pop(0) if self.script else ACCEPTED)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        self.asked.append(request.content.text)
        if isinstance(self.found, list):
            return await self._play(self.found.pop(0))
        return await self._play(self.found)

    async def _play(self, what: object) -> Outcome | None:
        if isinstance(what, BaseException):
            raise what
        return await what() if callable(what) else what


async def take(ground, *requests: MessageRequested, keys: bool = True) -> None:
    """Take requests in as the consumer does, with their data keys for this channel."""
    delivered, rows = [], []
    for one in requests:
        key = ground.ring.new_key()
        sealed = seal_event(one, key)
        body = to_wire(sealed, "test").body
        delivered.append(Delivered(Record("", key_of(one), "", "", body), sealed))
        rows.append(KeyRow(one.id, one.tenant, ground.ring.wrap(key, one.id), "probe_channel"))
    async with transaction(ground.pool) as connection:
        await take_in(connection, delivered)
        if keys:
            await connection.executemany(
                "insert into hub.message_key (owner, tenant, wrapped, reader) values ($1,$2,$3,$4)",
                [(row.owner, row.tenant, row.wrapped, row.reader) for row in rows],
            )


def outgoing(ground, peer, **options) -> Outgoing:
    return Outgoing(ground.pool, ground.blobs, ground.ring, peer, "probe_channel", **options)


async def reports(owner, ring) -> list[DeliveryReported]:
    """Return what was reported, opened, in order."""
    rows = await owner.fetch(
        "select body, wrapped from hub.event_log join hub.message_key on owner = event_id"
        " order by xid, seq"
    )
    events = [from_wire(row["body"]) for row in rows]
    return [
        open_event(event, ring.unwrap(row["wrapped"], event.id))
        for event, row in zip(events, rows, strict=True)
    ]


async def words(owner, ring) -> list[str]:
    return [report.status.value for report in await reports(owner, ring)]


async def due_now(owner) -> None:
    """Let the time pass until the next try."""
    await owner.execute("update probe_channel.outgoing set due_at = now() where state <> 'done'")


async def states(owner) -> dict[str, int]:
    rows = await owner.fetch("select state, count(*) from probe_channel.outgoing group by 1")
    return {row["state"]: row["count"] for row in rows}


async def finish(way: Outgoing) -> None:
    while await way.work_off():
        pass


async def test_a_request_from_the_bus_is_sent_and_reported(channel, owner):
    one, key = request(1), channel.ring.new_key()
    wire = replace(to_wire(seal_event(one, key), "store"), topic="requests")
    row = KeyRow(one.id, one.tenant, channel.ring.wrap(key, one.id), "probe_channel")
    await event_log.append(owner, [wire], [row])
    reader = Consumer("probe_channel", ["requests"], channel.bus, channel.pool, take_in)
    peer = Peer()
    tasks = [asyncio.create_task(run()) for run in (reader.run, outgoing(channel, peer).run)]

    async def reported() -> bool:
        return await owner.fetchval("select count(*) from hub.event_log") == 2

    await eventually(reported)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert peer.sent == ["1"]
    body = await owner.fetchval("select body from hub.event_log where topic like '%delivery%'")
    report = from_wire(body)
    assert (report.status, report.message_id, report.code) == (Delivery.ACCEPTED, one.id, "250")


async def test_a_request_too_long_to_travel_is_sent_whole_and_its_peer_talks_no_event_full(
    channel, owner
):
    text, packing = "ä" * 200_000, Packing()
    one, key = request(1), channel.ring.new_key()
    one = one.model_copy(update={"content": one.content.model_copy(update={"text": text})})
    sealed, name = shorten(seal_event(one, key), packing, key)
    await channel.blobs.put_all(packing.objects)
    row = KeyRow(one.id, one.tenant, channel.ring.wrap(key, one.id), "probe_channel", name)
    await event_log.append(owner, [to_wire(sealed, "store")], [row])
    record = Record("", key_of(sealed), "", "", to_wire(sealed, "test").body)
    async with transaction(channel.pool) as connection:
        await take_in(connection, [Delivered(record, sealed)])
    peer = Peer(Outcome(Delivery.FAILED, Reason.OTHER, "5" * 999, "no " * 999_999, "q" * 99_999))
    await outgoing(channel, peer).work_off()
    assert peer.sent == [text]
    sizes = await owner.fetch(
        "select length(body) from hub.event_log where topic like '%delivery%'"
    )
    assert [row[0] < 40_000 for row in sizes] == [True]


async def test_a_report_says_what_the_peer_said(channel, owner):
    cost = Cost(amount=Decimal("0.2250"), currency="EUR")
    said = Outcome(
        Delivery.FAILED,
        Reason.MAILBOX_FULL,
        "5.2.2",
        "full: erika@example.org",
        "q1",
        pages=2,
        segments=3,
        seconds=61,
        cost=cost,
    )
    await take(channel, request(1))
    await outgoing(channel, Peer(said)).work_off()
    [report] = await reports(owner, channel.ring)
    assert (report.status, report.reason, report.code) == (said.status, said.reason, said.code)
    assert (report.pages, report.segments, report.seconds, report.cost) == (2, 3, 61, cost)
    assert (report.content.diagnostic, report.content.external_id) == (said.diagnostic, "q1")
    assert (report.tenant, report.channel, report.account) == ("musterstadt", "email", "post")
    log = await owner.fetchval("select body from hub.event_log")
    assert b"erika" not in log


async def test_attachments_are_opened_for_the_peer(channel, owner):
    """Under the key of their message, which is not the one `take` makes; so all by hand."""
    key = channel.ring.new_key()
    data, blobs = pack("musterstadt/2025-01-01/a", [b"Bescheid", b"Anlage"], key)
    await channel.blobs.put_all({"musterstadt/2025-01-01/a": data})
    attachments = tuple(
        Attachment(file_name="a.pdf", media_type="application/pdf", size=b.size, blob=b)
        for b in blobs
    )
    one = request(1)
    one = one.model_copy(
        update={"content": one.content.model_copy(update={"attachments": attachments})}
    )
    await take(channel, one, keys=False)
    sealed = seal_event(one, key)
    await owner.execute("update probe_channel.outgoing set body = $1", to_wire(sealed, "test").body)
    await owner.execute(
        "insert into hub.message_key (owner, tenant, wrapped, reader) values ($1, 'm', $2, $3)",
        one.id,
        channel.ring.wrap(key, one.id),
        "probe_channel",
    )
    peer = Peer()
    await outgoing(channel, peer).work_off()
    assert peer.files == [(b"Bescheid", b"Anlage")]


async def test_each_conversation_leaves_in_its_order(channel, owner):
    order = [(number, number % 5) for number in range(60)]
    await take(channel, *(request(n, conversation) for n, conversation in order))

    async def dawdle() -> Outcome:
        await asyncio.sleep(random.random() / 100)
        return ACCEPTED

    peer = Peer(*[dawdle] * 60)
    await finish(outgoing(channel, peer))
    for conversation in range(5):
        own = [int(text) for text in peer.sent if int(text) % 5 == conversation]
        assert own == list(range(conversation, 60, 5))
    assert await states(owner) == {"done": 60}


# The first is put off; does the second of its conversation go out before it?
WAYS = [
    ("the same", {}, {}, False),
    ("another recipient", {}, {"recipient_key": "mother"}, True),
    ("another account", {}, {"account": "bauamt"}, True),
    ("another conversation", {}, {"conversation_id": UUID(int=2)}, True),
    ("the first from an older store", {"recipient_key": ""}, {}, False),
    ("the second from an older store", {}, {"recipient_key": ""}, False),
    ("from an older store, another account", {}, {"recipient_key": "", "account": "b"}, False),
]


@pytest.mark.parametrize(
    ("first", "second", "passes"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS]
)
async def test_one_that_waits_holds_up_its_way_and_no_other(channel, owner, first, second, passes):
    way = outgoing(channel, peer := Peer(Temporary("busy")))
    await take(channel, request(1, **first))
    await finish(way)
    await take(channel, request(2, **second))
    await finish(way)
    assert peer.sent == (["1", "2"] if passes else ["1"])
    await due_now(owner)
    await finish(way)
    assert peer.sent == (["1", "2", "1"] if passes else ["1", "1", "2"])


async def test_temporary_is_deferred_and_tried_again(channel, owner):
    await take(channel, request(1))
    way = outgoing(channel, peer := Peer(Temporary("greylisted"), Temporary("still"), ACCEPTED))
    for _ in range(3):
        await finish(way)
        await due_now(owner)
    assert await words(owner, channel.ring) == ["deferred", "deferred", "accepted"]
    first = (await reports(owner, channel.ring))[0]
    assert first.content.diagnostic == "greylisted"
    assert peer.sent == ["1"] * 3
    assert peer.asked == []


HOURS = Patience(4 * 3_600, (60, 600))  # as a channel for SMS might have it


@pytest.mark.parametrize(
    ("patience", "attempt", "asked", "pause"),
    [
        (DAYS, 1, 0, 5),
        (DAYS, 2, 0, 15),
        (DAYS, 9, 0, 1_800),
        (DAYS, 10, 0, 3_600),
        (DAYS, 500, 0, 3_600),
        (HOURS, 1, 0, 60),
        (HOURS, 3, 0, 600),
        (HOURS, 1, 120, 120),  # the peer knows when it will be back
        (HOURS, 1, 1, 60),  # never sooner than we would by ourselves
        (HOURS, 1, 1e9, 600),  # a year is a mistake, or worth a look before
        (HOURS, 1, float("inf"), 600),
        (HOURS, 1, float("nan"), 60),
        (HOURS, 1, -5, 60),
    ],
)
def test_how_long_until_the_next_try(patience, attempt, asked, pause):
    assert patience.pause(attempt, asked) == pause


@pytest.mark.parametrize(("asked", "pause"), [(0, 60), (120, 120), (1e9, 600)])
async def test_the_channel_says_how_long_and_the_peer_may_ask_for_more(
    channel, owner, asked, pause
):
    await take(channel, request(1))
    peer = Peer(Temporary("too many requests", retry_after=asked))
    peer.patience = HOURS
    await outgoing(channel, peer).work_off()
    wait = "select due_at - now() from probe_channel.outgoing"
    assert timedelta(seconds=pause - 30) < await owner.fetchval(wait) <= timedelta(seconds=pause)


@pytest.mark.parametrize("why", ["five days of trying", "hours of it", "of no use at the next try"])
async def test_who_has_tried_long_enough_gives_up(channel, owner, why):
    peer = Peer(Temporary("no route"))
    if why == "of no use at the next try":
        soon = datetime.now(UTC) + timedelta(seconds=100)
        await take(channel, request(1, expires_at=soon))
        await owner.execute("update probe_channel.outgoing set attempts = 8")
    else:
        peer.patience = DAYS if why == "five days of trying" else HOURS
        passed = timedelta(seconds=peer.patience.give_up_after)
        await take(channel, request(1))
        await owner.execute(
            "update probe_channel.outgoing set taken_at = now() - $1::interval", passed
        )
    await finish(outgoing(channel, peer))
    [report] = await reports(owner, channel.ring)
    assert (report.status, report.reason) == (Delivery.FAILED, Reason.EXPIRED)
    assert report.content.diagnostic == "no route"
    assert await states(owner) == {"done": 1}


async def test_what_has_expired_is_not_sent_any_more(channel, owner):
    await take(channel, request(1, expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    await finish(outgoing(channel, peer := Peer()))
    assert peer.sent == []
    assert [r.reason for r in await reports(owner, channel.ring)] == [Reason.EXPIRED]


async def test_quiet_hours_are_kept_and_do_not_count_as_trying(channel, owner):
    later = datetime.now(UTC) + timedelta(days=6)
    await take(channel, request(1, not_before=later), request(2, conversation=2))
    way = outgoing(channel, peer := Peer())
    await finish(way)
    assert peer.sent == ["2"]
    await owner.execute("update probe_channel.outgoing set taken_at = now() - interval '6 days'")
    await due_now(owner)
    peer.script = [Temporary("busy")]
    await finish(way)
    assert (await words(owner, channel.ring))[-1] == "deferred"


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        (
            Permanent("no relay", reason=Reason.NOT_CONFIGURED),
            Delivery.FAILED,
            Reason.NOT_CONFIGURED,
        ),
        (
            Permanent("+49: no number", reason=Reason.ADDRESS_UNKNOWN),
            Delivery.FAILED,
            Reason.ADDRESS_UNKNOWN,
        ),
        (Permanent("says nothing more"), Delivery.FAILED, Reason.OTHER),
        (ValueError("a bug, or an answer nobody understands"), Delivery.UNKNOWN, Reason.NONE),
        (TimeoutError("no answer"), Delivery.UNKNOWN, Reason.NONE),
        (Outcome(Delivery.UNKNOWN), Delivery.UNKNOWN, Reason.NONE),
    ],
)
async def test_what_is_over_is_never_sent_again(channel, owner, what, status, reason):
    await take(channel, request(1))
    way = outgoing(channel, peer := Peer(what))
    for _ in range(3):
        await finish(way)
        await due_now(owner)
    assert peer.sent == ["1"]
    [report] = await reports(owner, channel.ring)
    assert (report.status, report.reason) == (status, reason)
    assert "bug" not in report.content.diagnostic, "a foreign text may quote"


async def test_what_was_erased_before_it_was_sent_is_not_sent(channel, owner):
    await take(channel, request(1), request(2))
    await owner.execute("delete from hub.message_key where owner = $1", request(1).id)
    await finish(outgoing(channel, peer := Peer()))
    assert peer.sent == ["2"]
    first, _ = await reports(owner, channel.ring)
    assert (first.status, first.content.diagnostic) == ("failed", "erased before it was sent")


async def test_requested_twice_is_sent_once(channel, owner):
    way = outgoing(channel, peer := Peer())
    await take(channel, request(1))
    await take(channel, request(1), request(1), keys=False)
    await finish(way)
    await take(channel, request(1), keys=False)
    await finish(way)
    assert peer.sent == ["1"]


async def test_a_wrong_event_is_no_request(channel):
    wrong = DeliveryReported(
        id=uuid4(),
        tenant="m",
        channel="email",
        account="a",
        message_id=uuid4(),
        status="sent",
        at=datetime.now(UTC),
        content={"sealed": "x"},
    )
    async with transaction(channel.pool) as connection:
        with pytest.raises(Permanent, match=r"delivery\.reported is not a request"):
            await take_in(connection, [Delivered(Record("", "", "", "", b""), wrong)])


async def crash_after_claim(channel, owner) -> None:
    async with channel.pool.acquire() as connection:
        assert len(await table.take(connection, 16, 600)) == 1
    await due_now(owner)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, ["unknown"]),
        (Outcome(Delivery.DELIVERED), ["delivered"]),
        (Outcome(Delivery.FAILED), ["failed"]),
        (Permanent("no such account"), ["unknown"]),
        (ValueError("a bug"), ["unknown"]),
    ],
)
async def test_after_a_crash_it_is_looked_up_and_never_sent(channel, owner, found, said):
    await take(channel, request(1))
    await crash_after_claim(channel, owner)
    way = outgoing(channel, peer := Peer(found=found))
    for _ in range(3):
        await finish(way)
        await due_now(owner)
    assert (peer.sent, peer.asked) == ([], ["1"])
    assert await words(owner, channel.ring) == said


async def test_a_look_up_that_must_wait_stays_a_look_up(channel, owner):
    """A peer that is away for a moment is no reason to send again."""
    await take(channel, request(1))
    await crash_after_claim(channel, owner)
    found = [Temporary("away"), Temporary("away"), Outcome(Delivery.SENT)]
    way = outgoing(channel, peer := Peer(found=found))
    for _ in range(4):
        await finish(way)
        await due_now(owner)
    assert (peer.sent, peer.asked) == ([], ["1"] * 3)
    assert await words(owner, channel.ring) == ["sent"], "and is not called deferred"


async def test_after_a_crash_what_is_erased_or_too_old_is_unknown(channel, owner):
    await take(channel, request(1, 1))
    await crash_after_claim(channel, owner)
    await owner.execute("delete from hub.message_key")
    await finish(outgoing(channel, Peer()))
    await take(channel, request(2, 2))
    await crash_after_claim(channel, owner)
    await owner.execute("update probe_channel.outgoing set taken_at = now() - interval '6 days'")
    await finish(outgoing(channel, Peer(found=Temporary("away"))))
    assert await words(owner, channel.ring) == ["unknown", "unknown"]


async def test_a_slow_send_keeps_its_claim(channel, owner):
    await take(channel, request(1))
    free = asyncio.Event()

    async def slowly() -> Outcome:
        await free.wait()
        return ACCEPTED

    async def until_when() -> datetime | None:
        sql = "select due_at from probe_channel.outgoing where state = 'claimed'"
        return await owner.fetchval(sql)

    first = outgoing(channel, slow := Peer(slowly), lease=6)
    second = outgoing(channel, other := Peer(found=None))
    sending = asyncio.create_task(first.work_off())
    await eventually(until_when)
    for _ in range(2):
        held = await until_when()

        async def renewed(held=held) -> bool:
            return await until_when() > held

        await eventually(renewed)
        await second.work_off()
    free.set()
    await sending
    assert (slow.sent, other.sent, other.asked) == (["1"], [], [])
    assert await words(owner, channel.ring) == ["accepted"]


async def test_who_was_overtaken_reports_but_does_not_send_again(channel, owner):
    """A process that was paused beyond its lease wakes up: one says what it knows, one puts off."""
    for number, late, expected in (
        (1, ACCEPTED, ["unknown", "accepted"]),
        (2, Temporary("not sent"), ["unknown"]),
    ):
        await take(channel, request(number, number))
        free = asyncio.Event()

        async def wake_up(free=free, late=late) -> Outcome:
            await free.wait()
            if isinstance(late, Exception):
                raise late
            return late

        sending = asyncio.create_task(outgoing(channel, Peer(wake_up)).work_off())

        async def claimed() -> bool:
            return (await states(owner)).get("claimed") == 1

        await eventually(claimed)
        await due_now(owner)  # as if its lease had run out
        await outgoing(channel, Peer()).work_off()
        free.set()
        await sending
        await due_now(owner)
        await finish(outgoing(channel, again := Peer()))
        assert again.sent == []
        own = [r for r in await reports(owner, channel.ring) if r.message_id.int == number + 1]
        assert [r.status.value for r in own] == expected
    assert await states(owner) == {"done": 2}


async def test_two_workers_at_once_never_send_twice(channel, database, tmp_path, owner):
    requests = [request(n, conversation=n % 100) for n in range(1000)]
    await take(channel, *requests)
    async with open_ground("probe_channel", database, tmp_path) as other:
        peers = [Peer(), Peer(), Peer()]
        grounds = [channel, other, other]
        ways = [outgoing(g, p) for g, p in zip(grounds, peers, strict=True)]
        tasks = [asyncio.create_task(way.run()) for way in ways]

        async def all_done() -> bool:
            return await states(owner) == {"done": 1000}

        await eventually(all_done)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    sent = Counter(text for peer in peers for text in peer.sent)
    assert len(sent) == 1000
    assert set(sent.values()) == {1}
    assert all(peer.sent for peer in peers), "they share the work"
    assert await words(owner, channel.ring) == ["accepted"] * 1000


async def test_the_report_and_the_end_are_one_transaction(channel, owner):
    await take(channel, request(1))
    await owner.execute("revoke insert on hub.event_log from hub_writer")
    await outgoing(channel, peer := Peer()).work_off()
    assert await states(owner) == {"claimed": 1}
    await owner.execute("grant insert on hub.event_log to hub_writer")
    await due_now(owner)
    await finish(outgoing(channel, later := Peer(found=Outcome(Delivery.SENT))))
    assert (peer.sent, later.sent) == (["1"], [])
    assert await words(owner, channel.ring) == ["sent"]
    assert await states(owner) == {"done": 1}


async def test_an_answer_is_written_once_the_database_is_back(channel, database, owner):
    """Else a database that is away for a second would make `unknown` of what was accepted."""
    await take(channel, request(1))
    other = await asyncpg.connect(database)

    async def database_goes_away() -> Outcome:
        await other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'probe_channel'"
        )
        await other.execute("alter role probe_channel nologin")
        asyncio.get_running_loop().call_later(0.5, back.set)
        return ACCEPTED

    back = asyncio.Event()
    sending = asyncio.create_task(outgoing(channel, Peer(database_goes_away)).work_off())
    await back.wait()
    await other.execute("alter role probe_channel login")
    await sending
    await other.close()
    assert await words(owner, channel.ring) == ["accepted"]


async def test_the_loop_waits_while_the_database_is_away(channel, owner):
    await owner.execute("alter role probe_channel nologin")
    task = asyncio.create_task(outgoing(channel, peer := Peer()).run())
    await asyncio.sleep(0.3)
    assert not task.done()
    await owner.execute("alter role probe_channel login")
    await take(channel, request(1))

    async def done() -> bool:
        return await states(owner) == {"done": 1}

    await eventually(done)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert peer.sent == ["1"]


@asynccontextmanager
async def running(way: Outgoing):
    task = asyncio.create_task(way.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_slow_one_does_not_hold_up_the_others(channel, owner):
    await take(channel, *(request(n, conversation=n) for n in range(40)))
    free = asyncio.Event()

    async def slowly() -> Outcome:
        await free.wait()
        return ACCEPTED

    async with running(outgoing(channel, Peer(slowly))):

        async def others_done() -> bool:
            return (await states(owner)).get("done") == 39

        await eventually(others_done)
        free.set()


async def test_when_stopped_what_is_under_way_may_end(channel, owner):
    await take(channel, request(1))
    begun = asyncio.Event()

    async def a_while() -> Outcome:
        begun.set()
        await asyncio.sleep(0.3)
        return ACCEPTED

    async with running(outgoing(channel, Peer(a_while))):
        await begun.wait()
    assert await words(owner, channel.ring) == ["accepted"]


async def test_a_body_nobody_can_read_holds_up_its_conversation_only(channel, owner):
    await take(channel, request(1, 1), request(2, 1), request(3, 2))
    await owner.execute(
        "update probe_channel.outgoing set body = '{}' where event_id = $1", request(1).id
    )
    await finish(outgoing(channel, peer := Peer()))
    assert peer.sent == ["3"]
    assert await states(owner) == {"claimed": 1, "waiting": 1, "done": 1}


async def test_finding_what_is_due_costs_the_same_with_many_done(channel, owner):
    await owner.execute(
        """insert into probe_channel.outgoing (event_id, key, traceparent, body, state, due_at)
           select gen_random_uuid(), 'k' || n % 1000, '', '', 'done', 'infinity'
           from generate_series(1, 100000) n"""
    )
    await owner.execute("analyze probe_channel.outgoing")
    await take(channel, request(1))
    sql = table._TAKE.replace("$1", "16").replace("$2", "600")
    async with owner.transaction():
        plan = "\n".join(
            row[0]
            for row in await owner.fetch(
                "explain (analyze, timing off) " + sql.replace("outgoing", "probe_channel.outgoing")
            )
        )
    assert "Seq Scan" not in plan
    assert "Rows Removed by Filter" not in plan


CRASHING = """
import asyncio, os, sys
from pathlib import Path
from hub_contract.delivery import Delivery
from hub_kit.outgoing import Outcome, Outgoing
from hub_kit.retry import DAYS
from hub_kit.testing import open_ground

class Peer:
    patience = DAYS
    def __init__(self, book): self.book = book
    async def send(self, request, files):
        with open(self.book, "a") as book:
            book.write(request.content.text + "\\n")
        await asyncio.sleep(0.002)
        return Outcome(Delivery.ACCEPTED)
    async def look_up(self, request): return None

async def main(dsn, folder, book):
    async with open_ground("probe_channel", dsn, Path(folder)) as ground:
        way = Outgoing(ground.pool, ground.blobs, ground.ring, Peer(book), "probe", lease=1.0)
        await way.run()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_again_and_again_nothing_is_sent_twice_or_forgotten(
    channel, database, tmp_path, owner
):
    count = 150
    await take(channel, *(request(n, conversation=n % 30) for n in range(count)))
    book = tmp_path / "book"
    book.touch()
    command = [sys.executable, "-c", CRASHING, database, str(tmp_path), str(book)]
    chance = random.Random(1)
    deadline = time.monotonic() + 900
    while (await states(owner)).get("done") != count:
        assert time.monotonic() < deadline
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        before = len(book.read_text().splitlines())

        async def some_are_out(before=before) -> bool:
            done = (await states(owner)).get("done") == count
            return done or len(book.read_text().splitlines()) >= before + chance.randint(20, 60)

        await eventually(some_are_out)
        process.kill()
        await process.wait()
    sent = Counter(book.read_text().splitlines())
    assert set(sent.values()) <= {1}, "never twice"
    final = {r.message_id: r.status.value for r in await reports(owner, channel.ring)}
    assert len(final) == count, "each has an answer"
    accepted = sum(word == "accepted" for word in final.values())
    assert accepted + sum(word == "unknown" for word in final.values()) == count
    assert accepted <= len(sent) <= count
