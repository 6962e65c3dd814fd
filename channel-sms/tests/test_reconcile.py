"""What no hook has brought is found in the provider's log, once."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from channel_sms.parse import parse
from channel_sms.receive.hooks import context_of
from channel_sms.receive.reconcile import TwilioLog
from hub_kit.checkpoint import Checkpoints
from hub_kit.ground import Ground
from hub_kit.reconcile import Reconciler
from hub_kit.turns import Turns


@pytest.fixture
def reconciler(client, ground) -> Reconciler:
    checkpoints, turns = Checkpoints(ground.pool), Turns(ground.pool)
    return Reconciler(TwilioLog(client, ground.accept, 1_000), checkpoints, turns, 300)


async def count(ground: Ground) -> int:
    async with ground.pool.acquire() as connection:
        return await connection.fetchval("select count(*) from hub.event_log")


async def test_what_never_came_by_hook_is_taken_in_once(reconciler, carrier, ground, client):
    first = carrier.write("Kam an")
    said = {"MessageSid": first, "From": "+491715550101", "To": "+4971112399", "Body": "Kam an"}
    context = context_of(client.account, datetime.now(UTC))
    await ground.accept(parse(urlencode(said).encode(), context))
    carrier.write("Kam nicht an", (("image/png", b"\x89PNG\r\n\x1a\n"),))
    assert await reconciler.look() == 2
    assert await count(ground) == 2
    assert await reconciler.look() == 2, "each look goes back behind the last one"
    assert await count(ground) == 2


async def test_many_pages_of_the_log_are_read(reconciler, carrier, ground):
    for number in range(450):
        carrier.write(f"Nachricht {number}")
    assert await reconciler.look() == 450
    assert await count(ground) == 450
