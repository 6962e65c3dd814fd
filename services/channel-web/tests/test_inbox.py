"""Inboxes: one for each form, opened by number and digits alone; wrong digits are counted."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from channel_web.receive import secret as secret_module
from channel_web.receive.block import DAY, HOUR, Blocks, Limit, network_of
from channel_web.receive.inbox import Inboxes
from channel_web.receive.secret import Secrets
from channel_web.receive.session import new_visit
from channel_web.settings import Tries
from hub_contract.references import is_channel_reference, make_channel_reference

TENANT = "musterstadt"
HERE = "203.0.113.7"
HOURLY, DAILY = Limit(Tries().hour, HOUR), Limit(Tries().day, DAY)


@pytest.fixture
def inboxes(hub):
    return Inboxes(hub.ground.pool, hub.ground.ring)


@pytest.fixture
def blocks(hub):
    return Blocks(hub.ground.pool, hub.ground.ring, Tries())


async def test_a_form_sent_twice_has_one_inbox_and_shows_the_same_digits(inboxes, hub):
    token = new_visit()
    first, again, third = await asyncio.gather(
        *(inboxes.open(TENANT, token, "de") for _ in range(3))
    )
    assert first == again == third
    assert is_channel_reference(first.inbox.reference)
    assert first.secret.isdigit()
    assert len(first.secret) == 6
    assert await hub.ask("select count(*) from channel_web.inbox") == 1


async def test_another_form_or_tenant_has_another(inboxes):
    token = new_visit()
    slips = [
        await inboxes.open(*who, "de")
        for who in ((TENANT, token), (TENANT, new_visit()), ("kleindorf", token))
    ]
    assert len({slip.inbox.reference for slip in slips}) == 3
    assert len({slip.secret for slip in slips}) == 3


async def test_the_message_that_began_it_stays(inboxes):
    token = new_visit()
    slip = await inboxes.open(TENANT, token, "de")
    assert slip.begun is None
    first = uuid4()
    await inboxes.begin(TENANT, slip.inbox, first)
    await inboxes.begin(TENANT, slip.inbox, uuid4())
    assert (await inboxes.open(TENANT, token, "de")).begun == first


async def test_only_both_together_open_it(inboxes):
    slip = await inboxes.open(TENANT, new_visit(), "de")
    other = await inboxes.open(TENANT, new_visit(), "de")
    reference, secret = slip.inbox.reference, slip.secret
    assert await inboxes.find(TENANT, reference, secret) == slip.inbox
    wrong = f"{(int(secret) + 1) % 10**6:06}"
    assert await inboxes.find(TENANT, reference, wrong) is None
    assert await inboxes.find(TENANT, other.inbox.reference, secret) is None
    assert await inboxes.find(TENANT, make_channel_reference(), secret) is None
    assert await inboxes.find("kleindorf", reference, secret) is None


async def test_what_does_not_exist_costs_the_same_work(inboxes, monkeypatch):
    slip = await inboxes.open(TENANT, new_visit(), "de")
    parameters = []

    def count(peppered: bytes, kept: str) -> bool:
        parameters.append(kept.rpartition("$")[0].rpartition("$")[0])  # without salt and hash
        return False

    monkeypatch.setattr(secret_module, "_verify", count)
    await inboxes.find(TENANT, slip.inbox.reference, "000000")
    await inboxes.find(TENANT, make_channel_reference(), "000000")
    assert len(parameters) == 2
    assert parameters[0] == parameters[1] == "$argon2id$v=19$m=19456,t=2,p=1"


async def test_a_thief_of_the_database_reads_no_secret(inboxes, hub):
    slips = [await inboxes.open(TENANT, new_visit(), "de") for _ in range(2)]
    rows = [str(row) for row in await hub.rows("select * from channel_web.inbox")]
    # Six digits may stand in a hash by chance, but not in both rows.
    assert not all(
        any(slip.secret in row.replace(slip.inbox.reference, "") for row in rows) for slip in slips
    )
    # Even with all digits to try: the pepper is in the ring, not in the database.
    slip = slips[0]
    other = Secrets(type(hub.ground.ring)({1: b"x" * 32}, b"y" * 32, b"z" * 32))
    kept = await hub.ask(
        "select secret from channel_web.inbox where portal_id = $1", slip.inbox.portal_id
    )
    assert not await other.is_right(TENANT, slip.inbox.reference, slip.secret, kept)


async def test_rows_of_another_tenant_are_not_seen(inboxes, hub):
    await inboxes.open(TENANT, new_visit(), "de")
    async with hub.ground.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from inbox") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "insert into inbox values ($1, 'musterstadt', '1', 'f', 's', 'de')", uuid4()
            )


async def wrong(blocks: Blocks, reference: str, address: str, times: int) -> list:
    return [await blocks.begin(TENANT, reference, address) for _ in range(times)]


async def test_the_tenth_shuts_the_reference_for_everybody(blocks):
    attempts = await wrong(blocks, "1", HERE, HOURLY.most)
    assert [attempt.last for attempt in attempts] == [None] * 9 + [HOURLY]
    assert not any(attempt.shut_until for attempt in attempts)
    elsewhere = await blocks.begin(TENANT, "1", "198.51.100.1")
    assert elsewhere.shut_until is not None
    assert not elsewhere.rows


async def test_and_the_address_for_every_reference(blocks):
    await wrong(blocks, "1", HERE, HOURLY.most)
    assert (await blocks.begin(TENANT, "2", HERE)).shut_until is not None
    assert (await blocks.begin(TENANT, "2", "198.51.100.1")).shut_until is None
    other = await blocks.begin("kleindorf", "1", HERE)
    assert other.shut_until is None


async def test_ten_references_from_one_address_shut_the_address(blocks):
    for number in range(HOURLY.most):
        assert (await blocks.begin(TENANT, f"{number}", HERE)).shut_until is None
    assert (await blocks.begin(TENANT, "11", HERE)).shut_until is not None
    assert (await blocks.begin(TENANT, "11", "198.51.100.1")).shut_until is None


async def test_a_hundred_at_once_are_not_more_than_ten(blocks):
    attempts = await asyncio.gather(*(blocks.begin(TENANT, "1", HERE) for _ in range(40)))
    assert sum(not attempt.shut_until for attempt in attempts) == HOURLY.most
    assert sum(attempt.last is not None for attempt in attempts) == 1


async def test_a_right_one_is_forgotten(blocks):
    for _ in range(3 * HOURLY.most):
        attempt = await blocks.begin(TENANT, "1", HERE)
        assert attempt.shut_until is None
        await blocks.forgive(TENANT, attempt)


async def test_after_an_hour_it_opens_again(blocks, hub):
    await wrong(blocks, "1", HERE, HOURLY.most)
    age = "update channel_web.failure set at = at - $1::interval returning 1"
    await hub.ask(age.replace("$1", "'59 minutes'"))
    assert (await blocks.begin(TENANT, "1", HERE)).shut_until is not None
    await hub.ask(age.replace("$1", "'2 minutes'"))
    assert (await blocks.begin(TENANT, "1", HERE)).shut_until is None


_LATER = "update channel_web.failure set at = at - interval '{}' returning 1"


async def test_nine_an_hour_shut_nothing_at_first(blocks, hub):
    for _ in range(2):
        await wrong(blocks, "1", HERE, HOURLY.most - 1)
        await hub.ask(_LATER.format("61 minutes"))
    assert (await blocks.begin(TENANT, "1", HERE)).shut_until is None


async def test_but_twenty_a_day_shut_the_reference_for_a_day(blocks, hub):
    for first in range(0, DAILY.most, 5):
        attempts = await wrong(blocks, "1", HERE, 5)
        assert not any(attempt.shut_until for attempt in attempts)
        assert attempts[-1].last == (DAILY if first + 5 == DAILY.most else None)
        await hub.ask(_LATER.format("61 minutes"))
    assert (await blocks.begin(TENANT, "1", "198.51.100.1")).shut_until is not None
    assert (await blocks.begin(TENANT, "2", HERE)).shut_until is None, "nor the address"
    await hub.ask(_LATER.format("22 hours"))
    assert (await blocks.begin(TENANT, "1", HERE)).shut_until is not None
    await hub.ask(_LATER.format("2 hours"))
    assert (await blocks.begin(TENANT, "1", HERE)).shut_until is None


async def test_what_is_counted_says_nothing_and_does_not_stay(blocks, hub):
    reference = make_channel_reference()
    await wrong(blocks, reference, HERE, 2)
    rows = str(await hub.rows("select * from channel_web.failure"))
    assert reference not in rows
    assert HERE not in rows
    await blocks.sweep(TENANT)
    assert await hub.ask("select count(*) from channel_web.failure") == 4
    await hub.ask("update channel_web.failure set at = at - interval '49 hours' returning 1")
    await blocks.sweep(TENANT)
    assert await hub.ask("select count(*) from channel_web.failure") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_who_has_a_whole_network_is_one(address, network):
    assert network_of(address) == network
