"""What an operator sees of a service: how far behind, what is stuck, whom it cannot reach; replay."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub_contract.delivery import Delivery
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import EntryAppended, MessageRequested, RequestedContent
from hub_contract.ids import derive
from hub_contract.topics import APPENDED, key_of, to_wire
from hub_contract.words import Channel, ContactKind, ContactPoint
from hub_kit import event_log, set_aside, unreached
from hub_kit.bus import Record
from hub_kit.consume import Consumer, Delivered
from hub_kit.database import open_pool, transaction
from hub_kit.operations import add_operations
from hub_kit.outgoing import Outcome, Outgoing, take_in
from hub_kit.retry import DAYS, Patience
from hub_kit.sealing import seal_event
from hub_kit.settings import TenantSection
from hub_kit.shell import Parts, make_app
from hub_kit.testing import eventually
from hub_kit.tokens import Caller, issue

READER = "probe_channel"
TENANTS = {name: TenantSection(name=name) for name in ("musterstadt", "kleindorf")}


def news(number: int, tenant: str = "musterstadt") -> EntryAppended:
    return EntryAppended(
        id=derive("test", tenant, str(number)),
        tenant=tenant,
        conversation_id=derive("test", "conversation"),
        entry_id=derive("test", str(number)),
        place=number,
        kind="note",
        direction="none",
        at=datetime.now(UTC),
    )


@pytest.fixture
def ground(channel):
    """The ground of a channel that serves two tenants."""
    return replace(channel, settings=channel.settings.model_copy(update={"tenants": TENANTS}))


def reader(ground, handle=None) -> Consumer:
    async def ignore(connection, delivered) -> None: ...

    return Consumer(READER, [APPENDED.name], ground.bus, ground.pool, handle or ignore)


def client(ground, consumers, outgoing=None, caller=None, audience=READER) -> httpx.AsyncClient:
    caller = caller or Caller("op-1", "musterstadt", "operator")
    app = add_operations(make_app(Parts(READER)), ground, consumers, outgoing)
    headers = {"Authorization": f"Bearer {issue(ground.ring, caller, audience)}"}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers)


@asynccontextmanager
async def running(*work):
    tasks = [asyncio.create_task(run()) for run in work]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def state(ground, consumers, outgoing=None, **more):
    async with client(ground, consumers, outgoing, **more) as operator:
        return (await operator.get("/operations")).raise_for_status().json()


async def park(ground, *rows) -> None:
    async with transaction(ground.pool) as connection:
        for key, reason in rows:
            record = Record(APPENDED.name, key, "1:1", "", b"x")
            await set_aside.park(connection, READER, "log", [record], reason)


async def test_how_far_behind_each_lane_is(ground, owner):
    one = reader(ground)
    assert (await state(ground, [one]))["lanes"] == [], "it has not begun"
    wires = [to_wire(news(number), "test") for number in range(5)]
    await event_log.append(owner, wires[:2], [])
    async with running(one.run):
        await eventually(lambda: one_stands(ground, one))
    await event_log.append(owner, wires[2:], [])
    shown = await state(ground, [one])
    [lane] = shown["lanes"]
    assert (lane["consumer"], lane["lane"], lane["behind"]) == (READER, "log", 3)
    moved = datetime.fromisoformat(lane["moved_at"])
    assert datetime.now(UTC) - moved < timedelta(minutes=5)
    rest = (shown["service"], shown["bus"], shown["sending"], shown["failure"])
    assert rest == (READER, "", None, None)


async def one_stands(ground, one) -> bool:
    [lane] = (await state(ground, [one]))["lanes"] or [{"behind": 9}]
    return lane["behind"] == 0


async def test_a_bus_that_does_not_answer_is_said(ground):
    class Away:
        async def behind(self, topics, stands):
            raise Temporary("kafka: KafkaConnectionError")

    one = reader(ground)
    async with transaction(ground.pool) as connection:
        await connection.execute("insert into cursor values ($1, 'log', '')", READER)
    shown = await state(replace(ground, bus=Away()), [one])
    assert shown["bus"] == "kafka: KafkaConnectionError"
    assert [lane["behind"] for lane in shown["lanes"]] == [None]


async def test_behind_is_counted_on_both_buses(harness):
    topics, bus = [harness.topic], harness.reader().bus
    async with harness.reading():
        await harness.append([harness.event(c, 1) for c in range(1, 7)])
        await harness.until(6)
    stands = {r["lane"]: r["position"] for r in await harness.fetch("select * from cursor")}
    assert set((await bus.behind(topics, stands)).values()) == {0}
    await harness.append([harness.event(c, 2) for c in range(1, 5)])

    async def four() -> bool:
        return sum((await bus.behind(topics, stands)).values()) == 4

    await eventually(four)
    assert await bus.behind(topics, {}) == {}
    begun = await bus.behind(topics, dict.fromkeys(stands, ""))
    assert sum(begun.values()) == 10


async def test_what_is_stuck_is_seen_and_replayed(ground, owner):
    mended = asyncio.Event()
    handled = []

    async def handle(connection, delivered) -> None:
        if not mended.is_set():
            raise Permanent("no such requirement")
        handled.extend(d.event.place for d in delivered)

    one = reader(ground, handle)
    await event_log.append(owner, [to_wire(news(1), "test"), to_wire(news(2), "test")], [])
    async with running(one.run), client(ground, [one]) as operator:

        async def both() -> bool:
            shown = (await operator.get("/operations")).json()
            return [stuck["events"] for stuck in shown["parked"]] == [2]

        await eventually(both)
        [parked] = (await operator.get("/operations")).json()["parked"]
        assert (parked["reason"], parked["topic"]) == ("no such requirement", APPENDED.name)
        mended.set()
        answer = await operator.post(f"/operations/replay/{parked['id']}")
        assert (answer.status_code, answer.json()) == (202, {"asked": parked["id"]})

        async def done() -> bool:
            return not (await operator.get("/operations")).json()["parked"]

        await eventually(done)
        assert (await operator.post(f"/operations/replay/{parked['id']}")).status_code == 404
    assert handled == [1, 2]


async def test_a_dead_letter_is_asked_for_by_its_id(ground, owner):
    dead = Record(APPENDED.name, "musterstadt/1", "1:1", "", b"\xff")
    async with transaction(ground.pool) as connection:
        await set_aside.bury(connection, READER, "log", [(dead, "undecodable"), (dead, "again")])
    async with client(ground, []) as operator:
        first, second = (await operator.get("/operations")).json()["dead"]
        assert (first["reason"], second["reason"]) == ("undecodable", "again")
        assert (await operator.post(f"/operations/replay/{second['id']}")).status_code == 202
    asked = await owner.fetch("select reason from probe_channel.dead_letter where replay_asked")
    assert [row["reason"] for row in asked] == ["again"]


async def test_what_is_stuck_of_another_tenant_is_neither_seen_nor_replayed(ground, owner):
    await park(ground, ("musterstadt/1", "a"), ("kleindorf/2", "b"), ("neither", "c"))
    seen = {}
    for tenant in TENANTS:
        caller = Caller("op", tenant, "operator")
        seen[tenant] = (await state(ground, [], caller=caller))["parked"]
    assert {t: {s["key"] for s in stuck} for t, stuck in seen.items()} == {
        "musterstadt": {"musterstadt/1", "neither"},
        "kleindorf": {"kleindorf/2", "neither"},
    }
    [theirs] = [s["id"] for s in seen["kleindorf"] if s["key"].startswith("kleindorf")]
    async with client(ground, []) as operator:
        assert (await operator.post(f"/operations/replay/{theirs}")).status_code == 404
    assert not await owner.fetch("select from probe_channel.parked where replay_asked")


@pytest.mark.parametrize("role", ["", "citizen", "agent", "supervisor", "service"])
async def test_it_is_for_operators(ground, role):
    async with client(ground, [], caller=Caller("x", "musterstadt", role)) as other:
        assert (await other.get("/operations")).status_code == 403
        assert (await other.post("/operations/replay/parked-1")).status_code == 403


async def test_a_token_for_another_service_is_refused(ground):
    async with client(ground, [], audience="workspace") as other:
        assert (await other.get("/operations")).status_code == 401
        other.headers.pop("Authorization")
        assert (await other.post("/operations/replay/parked-1")).status_code == 401


@pytest.mark.parametrize("letter", ["1", "parked-", "parked-x", "outgoing-1", f"dead-{10**18}"])
async def test_what_is_no_letter(ground, letter):
    async with client(ground, []) as operator:
        assert (await operator.post(f"/operations/replay/{letter}")).status_code == 422


class Peer:
    """A pretend carrier that is away until it is not."""

    def __init__(self, patience: Patience = DAYS) -> None:
        self.away, self.patience = True, patience

    async def send(self, request, files) -> Outcome:
        if self.away:
            raise Temporary("relay: 450 4.2.0 erika@example.org is greylisted")
        return Outcome(Delivery.ACCEPTED)

    async def look_up(self, request) -> None:
        return None


async def take(ground) -> None:
    """Take in a request, with its key for this channel."""
    request = MessageRequested(
        id=derive("test", "request"),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        conversation_id=derive("test", "conversation"),
        requested_at=datetime.now(UTC),
        content=RequestedContent(
            recipient=ContactPoint(kind=ContactKind.EMAIL, value="erika@example.org"), text="Ja."
        ),
    )
    key = ground.ring.new_key()
    sealed = seal_event(request, key)
    record = Record("", key_of(sealed), "", "", to_wire(sealed, "test").body)
    async with transaction(ground.pool) as connection:
        await take_in(connection, [Delivered(record, sealed)])
        await connection.execute(
            "insert into hub.message_key (owner, tenant, wrapped, reader) values ($1, $2, $3, $4)",
            *(request.id, request.tenant, ground.ring.wrap(key, request.id), READER),
        )


async def test_a_peer_that_is_not_reached_is_seen_until_it_is(ground, owner):
    peer = Peer()
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, peer, READER)
    await take(ground)
    assert (await state(ground, [], outgoing))["failure"] is None
    await outgoing.work_off()
    # Another process of it, and the next one, know it too.
    other = Outgoing(ground.pool, ground.blobs, ground.ring, peer, READER)
    for one in (outgoing, other):
        shown = await state(ground, [], one)
        assert shown["failure"]["reason"] == "relay: 450 4.2.0 *** is greylisted"
        assert shown["sending"]["waiting"] == 1
        assert shown["sending"]["oldest"]
    peer.away = False
    await owner.execute("update probe_channel.outgoing set due_at = now()")
    await other.work_off()
    for one in (outgoing, other):
        shown = await state(ground, [], one)
        assert (shown["failure"], shown["sending"]) == (None, {"waiting": 0, "oldest": None})


async def test_what_was_given_up_did_not_reach_its_peer(ground):
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, Peer(Patience(0, (5,))), READER)
    await take(ground)
    await outgoing.work_off()
    shown = await state(ground, [], outgoing)
    assert shown["sending"]["waiting"] == 0
    assert shown["failure"]["reason"] == "relay: 450 4.2.0 *** is greylisted"


async def test_no_service_sees_or_ends_the_failure_of_another(ground, keeper, owner):
    failure = unreached.Failure("relay: away", datetime.now(UTC))
    async with transaction(ground.pool) as connection:
        await unreached.keep(connection, failure)
    async with transaction(keeper.pool) as connection:
        assert await unreached.read(connection) is None
        await connection.execute(f"{unreached.REACHED} select 1")
    assert [dict(row) for row in await owner.fetch("select service from hub.unreached")] == [
        {"service": READER}
    ]


async def test_while_the_database_is_away_a_process_tells_what_it_knows(ground):
    peer = Peer()
    outgoing = Outgoing(ground.pool, ground.blobs, ground.ring, peer, READER)
    await take(ground)
    await outgoing.work_off()
    away = await open_pool("postgresql://nobody@127.0.0.1:9/none", READER, size=1)
    shown = await state(replace(ground, pool=away), [reader(ground)], outgoing)
    assert shown["failure"]["reason"] == "relay: 450 4.2.0 *** is greylisted"
    assert shown["troubles"]["database"].startswith("database: ")
    assert (shown["lanes"], shown["parked"], shown["sending"]) == ([], [], None)
