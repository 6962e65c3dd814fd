"""The whole door: what is forged is 403, counted, and nothing is stored; no account is 404."""

from dataclasses import replace

import httpx
import pytest

from channel_fax.numbers import Accounts
from channel_fax.receive.telnyx import TelnyxReceiver
from hub_contract.words import Channel
from hub_kit import metrics
from hub_kit.hooks import Account, Hooks
from hub_kit.settings import HubSettings
from hub_kit.shell import Parts, make_app
from local_hub.peers.faxes.call import signed

WHO = Account("fax", "musterstadt", "fax")
TENANTS = {
    "musterstadt": {
        "name": "Stadt Musterstadt",
        "accounts": {"fax": {"channel": "fax", "address": "+4971112396"}},
    }
}


@pytest.fixture
async def door(ground, telnyx):
    numbers = Accounts([telnyx.account], "http://hub.example")
    receiver = TelnyxReceiver(numbers, {WHO: telnyx}, ground.accept, 100_000)
    raw = ground.settings.model_dump() | {"tenants": TENANTS}
    known = replace(ground, settings=HubSettings.model_validate(raw))
    hooks = Hooks(make_app(Parts("probe")), known, {Channel.FAX: receiver}, "http://hub.example")
    transport = httpx.ASGITransport(hooks)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as http:
        yield http
    await receiver.flights.close()


def counted(status: int) -> float:
    return metrics.HOOKS.labels("fax", status)._value.get()


async def stored(ground) -> int:
    async with ground.pool.acquire() as connection:
        return await connection.fetchval("select count(*) from hub.event_log")


CALLS = {
    "right": ("/hooks/fax/musterstadt/fax", "the key of a pretend account", 200, 1),
    "forged": ("/hooks/fax/musterstadt/fax", "another key", 403, 0),
    "of no account": ("/hooks/fax/musterstadt/fax-2", "the key of a pretend account", 404, 0),
    "of no tenant": ("/hooks/fax/nowhere/fax", "the key of a pretend account", 404, 0),
}


@pytest.mark.parametrize(("path", "token", "status", "kept"), CALLS.values(), ids=CALLS)
async def test_a_hook_at_the_door(door, ground, provider, *, path, token, status, kept):
    body = provider.telnyx.tell(provider.feed()).body
    before = counted(status)
    answer = await door.post(path, content=body, headers=signed(token, body))
    assert answer.status_code == status
    assert counted(status) == before + 1
    assert await stored(ground) == kept


async def test_while_the_file_cannot_be_had_it_is_503(door, ground, provider):
    body = provider.telnyx.tell(provider.feed()).body
    headers = signed("the key of a pretend account", body)
    provider.breaks(media_answer=500)
    assert (
        await door.post("/hooks/fax/musterstadt/fax", content=body, headers=headers)
    ).status_code == 503
    assert await stored(ground) == 0
