"""What no hook has brought is found in the provider's log, once; how ours fared, too."""

from datetime import timedelta

import pytest

from channel_fax.numbers import Accounts
from channel_fax.receive.logs import SinchLog, TelnyxLog
from channel_fax.receive.sinch import SinchReceiver
from channel_fax.receive.telnyx import TelnyxReceiver
from channel_fax.send.telnyx import TelnyxSender
from hub_contract.delivery import Delivery
from hub_contract.events import DeliveryReported
from hub_contract.problems import ProblemCode
from hub_kit.checkpoint import Checkpoints
from hub_kit.hooks import Account
from hub_kit.reconcile import Reconciler
from hub_kit.turns import Turns
from local_hub.peers.faxes.pages import tiff

WHO = Account("fax", "musterstadt", "fax")
NUMBERS = {"telnyx": "+4971112396", "sinch": "+4971112395"}


@pytest.fixture(params=["telnyx", "sinch"])
async def looking(request, ground, telnyx, sinch):
    client = {"telnyx": telnyx, "sinch": sinch}[request.param]
    numbers = Accounts([client.account], "http://hub.example")
    kinds = {"telnyx": (TelnyxReceiver, TelnyxLog), "sinch": (SinchReceiver, SinchLog)}
    take, log = kinds[request.param]
    receiver = take(numbers, {WHO: client}, ground.accept, 100_000)
    checkpoints, turns = Checkpoints(ground.pool), Turns(ground.pool)
    reconciler = Reconciler(log(client, receiver, ground.accept), checkpoints, turns, 300)
    yield reconciler, NUMBERS[request.param]
    await receiver.flights.close()


async def count(ground) -> int:
    async with ground.pool.acquire() as connection:
        return await connection.fetchval("select count(*) from hub.event_log")


async def test_what_never_came_by_hook_is_taken_in_once(looking, provider, ground):
    reconciler, number = looking
    for pages in (1, 2, 3):
        provider.feed(number, pages)
    assert await reconciler.look() == 3
    assert await count(ground) == 3
    assert await reconciler.look() == 3, "each look goes back behind the last one"
    assert await count(ground) == 3


async def test_a_provider_away_for_an_hour_loses_nothing(looking, provider, ground):
    reconciler, number = looking
    fax = provider.feed(number)
    fax.at -= timedelta(minutes=55)
    provider.breaks(media_answer=503)
    await reconciler.look()
    assert await count(ground) == 0
    assert await reconciler._checkpoints.last(reconciler._source) == 0, "it begins there again"
    provider.breaks()
    await reconciler.look()
    assert await count(ground) == 1
    assert await reconciler._checkpoints.last(reconciler._source) > 0


async def test_a_file_that_is_nowhere_for_an_hour_becomes_an_entry_without(telnyx, provider, kept):
    receiver = TelnyxReceiver(Accounts([telnyx.account], "http://h"), {WHO: telnyx}, kept, 100_000)
    fax = provider.feed()
    provider.breaks(media_answer=404)
    assert [one async for one in TelnyxLog(telnyx, receiver, kept).look(fax.at)] == [False]
    fax.at -= timedelta(hours=2)
    assert [one async for one in TelnyxLog(telnyx, receiver, kept).look(fax.at)] == [True]
    event = kept.came[0].event
    assert [one.code for one in event.content.problems] == [ProblemCode.FILE_MISSING]
    assert (event.readable, event.received_at) == (False, fax.at)
    await receiver.flights.close()


async def test_how_ours_fared_is_read_there_too(telnyx, provider, kept, request_to):
    async def drawn(_):
        return tiff()

    numbers = Accounts([telnyx.account], "http://hub.example")
    wanted = request_to()
    await TelnyxSender(numbers, {WHO: telnyx}, drawn).send(wanted, ())
    receiver = TelnyxReceiver(numbers, {WHO: telnyx}, kept, 100_000)
    assert [one async for one in TelnyxLog(telnyx, receiver, kept).look(wanted.requested_at)] == []
    (report,) = (one.event for one in kept.came)
    assert isinstance(report, DeliveryReported)
    assert (report.message_id, report.status) == (wanted.id, Delivery.DELIVERED)
