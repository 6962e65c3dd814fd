"""What an SMS has cost is asked for once its way has ended, some times, and kept as a report."""

from decimal import Decimal
from uuid import uuid4

import pytest

from channel_sms.parse import Context, parse_status
from channel_sms.receive.prices import PAUSES, Prices
from hub_contract.delivery import Delivery
from hub_kit.database import connect

KEY = "musterstadt/sms"
TO = "+491715550101"


@pytest.fixture
def kept():
    return []


@pytest.fixture
def prices(ground, client, kept):
    async def accept(arrival):
        accepted = await ground.accept(arrival)
        kept.extend([arrival.event] if accepted.new else [])
        return accepted

    return Prices(ground.pool, accept, {KEY: client})


async def sent(prices, carrier, status="delivered", times=1):
    """Have a message sent, and its status told; return our id of it."""
    message, ours = carrier.phones.take("+4971112399", TO, "Guten Tag", ""), uuid4()
    message.status = status
    form = f"MessageSid={message.sid}&MessageStatus={status}".encode()
    context = Context("musterstadt", "sms", message.at)
    for _ in range(times):
        await prices.note(KEY, parse_status(form, str(ours), context).event)
    return ours


async def let_pass(ground):
    async with connect(ground.pool) as connection:
        await connection.execute("update sms_price set due_at = now()")


async def test_the_price_is_kept_once(prices, carrier, ground, kept):
    ours = await sent(prices, carrier, times=3)
    assert await prices.look() == 0, "not at once"
    await let_pass(ground)
    assert await prices.look() == 1
    await let_pass(ground)
    assert await prices.look() == 0
    [report] = kept
    assert (report.message_id, report.status) == (ours, Delivery.DELIVERED)
    assert (report.cost.amount, report.cost.currency) == (Decimal("0.0885"), "EUR")


async def test_what_failed_may_cost_too_and_what_is_under_way_is_not_asked_for(
    prices, carrier, ground, kept
):
    await sent(prices, carrier, "sent")
    failed = await sent(prices, carrier, "undelivered")
    await let_pass(ground)
    assert await prices.look() == 1
    assert [(one.message_id, one.status) for one in kept] == [(failed, Delivery.FAILED)]


async def test_a_price_that_never_comes_is_given_up(prices, carrier, ground, kept):
    carrier.breaks(unpriced=True)
    await sent(prices, carrier)
    for _ in PAUSES:
        await let_pass(ground)
        assert await prices.look() == 0
    async with connect(ground.pool) as connection:
        assert await connection.fetchval("select count(*) from sms_price") == 0
    assert kept == []


async def test_one_whose_price_comes_late_is_asked_for_again(prices, carrier, ground, kept):
    carrier.breaks(unpriced=True)
    await sent(prices, carrier)
    await let_pass(ground)
    assert await prices.look() == 0
    carrier.breaks()
    assert await prices.look() == 0, "not at once"
    await let_pass(ground)
    assert await prices.look() == 1
    assert len(kept) == 1
