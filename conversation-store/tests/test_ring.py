"""Calls that ring: found by whose they are, told to the desks at once, forgotten after their end."""

from datetime import timedelta
from itertools import permutations

import pytest

from conversation_store.append.ring import KEPT, forget_calls
from hub_contract.words import CallStatus, Channel

ANNA = "+491711234567"
RINGING, ANSWERED, ENDED = CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.ENDED


async def called_before(world, **more):
    [entry] = await world.take_in(
        world.mail(ANNA, "Guten Tag", channel=Channel.PHONE, account="zentrale", **more)
    )
    return entry["conversation_id"]


async def ring(world, *calls):
    """Let these ring; they are no entries."""
    await world.ground.accept.all(list(calls))
    await world.append()


async def calls(desk):
    return (await desk.get("/calls")).raise_for_status().json()["calls"]


async def rang(world):
    told = [e for e in await world.said("faden.entry.appended") if e.change == "rang"]
    return [(e.conversation_id, e.entry_id) for e in told]


async def test_a_known_number_leads_to_its_conversation(world, desk):
    home = await called_before(world)
    await ring(world, world.call(ANNA))
    [call] = await calls(desk)
    assert call["conversation"]["id"] == str(home)
    assert (call["caller"]["value"], call["status"]) == (ANNA, "ringing")
    [(told, what)] = await rang(world)
    assert (told, str(what)) == (home, call["id"])


async def test_an_open_conversation_before_one_that_is_closed(world, desk):
    first = await called_before(world)
    await desk.post(f"/conversations/{first}/close")
    second = await called_before(world)  # newer
    await desk.post(f"/conversations/{second}/close")
    await desk.post(f"/conversations/{first}/reopen")
    await ring(world, world.call(ANNA))
    [call] = await calls(desk)
    assert first != second
    assert call["conversation"]["id"] == str(first)


async def test_a_reference_that_was_keyed_in_comes_first(world, desk):
    await called_before(world)
    [mail] = await world.take_in(world.mail("karl@example.org"))
    reference = (await world.conversation(mail["conversation_id"]))["reference"]
    await ring(world, world.call(ANNA, reference=reference))
    [call] = await calls(desk)
    assert call["conversation"]["id"] == str(mail["conversation_id"])
    assert not call["verified"], "whoever has read a reference can key it in"


async def test_a_reference_of_ones_own_is_believed(world, desk):
    home = await called_before(world)
    reference = (await world.conversation(home))["reference"]
    await ring(world, world.call(ANNA, reference=reference))
    [call] = await calls(desk)
    assert (call["conversation"]["id"], call["verified"]) == (str(home), True)


@pytest.mark.parametrize(
    "number", ["+4930999999", None, "anonymous"], ids=["unknown", "withheld", "withheld in words"]
)
async def test_who_is_not_known_is_told_too(world, desk, number):
    await called_before(world)
    await ring(world, world.call(number))
    [call] = await calls(desk)
    assert call["conversation"] is None
    [(told, what)] = await rang(world)
    assert told == what


async def test_a_number_of_another_tenant_is_unknown_here(world, desk):
    await called_before(world)
    await ring(world, world.call(ANNA, tenant="kleindorf"))
    assert await calls(desk) == []
    [call] = await calls(desk.as_("kleindorf"))
    assert call["conversation"] is None


async def test_an_unconfirmed_contact_point_leads_nowhere(world, desk):
    [mail] = await world.take_in(world.mail("karl@example.org"))
    reference = (await world.conversation(mail["conversation_id"]))["reference"]
    await called_before(world, references=(reference,))
    await ring(world, world.call(ANNA))
    [call] = await calls(desk)
    assert call["conversation"] is None


@pytest.mark.parametrize("order", list(permutations((RINGING, ANSWERED, ENDED))))
async def test_a_call_only_goes_on_whatever_order_and_however_often(world, desk, order):
    said = [world.call(ANNA, status) for status in order]
    for one in (*said, *said):
        await ring(world, one)
    [row] = await world.rows("ringing")
    assert row["status"] == "ended"
    assert await calls(desk) == []
    line = (RINGING, ANSWERED, ENDED)
    news = [max(order[: n + 1], key=line.index) for n in range(3)]
    assert len(await rang(world)) == len(set(news))


async def test_of_one_call_one_key_is_left_and_at_last_none(world):
    await ring(world, *(world.call(ANNA, status) for status in (RINGING, ANSWERED, ENDED)))
    sql = "select count(*) from hub.message_key"
    assert await world.owner.fetchval(sql) == 1
    await forget_calls(world.ground, "musterstadt")
    assert len(await world.rows("ringing")) == 1
    await world.owner.execute(
        "update conversation_store.ringing set at = at - $1::interval", KEPT + timedelta(minutes=1)
    )
    await forget_calls(world.ground, "musterstadt")
    assert await world.rows("ringing") == []
    assert await world.owner.fetchval(sql) == 0


async def test_no_number_is_readable_on_the_bus(world):
    await ring(world, world.call(ANNA))
    rows = await world.owner.fetch("select key, body from hub.event_log")
    assert len(rows) == 2
    assert all(ANNA[1:].encode() not in row["body"] + row["key"].encode() for row in rows)


async def test_a_call_whose_key_is_erased_is_a_call_of_nobody(world, desk):
    call = world.call(ANNA)
    await world.ground.accept.all([call])
    await world.erase(call.event.id)
    await world.append()
    [shown] = await calls(desk)
    assert shown["caller"] is None


async def test_a_batch_of_calls_and_messages_is_taken_in_as_one(world, desk):
    await world.ground.accept.all([world.mail(), world.call(ANNA), world.mail("karl@example.org")])
    await world.append()
    assert len(await world.rows("entry")) == 2
    assert len(await calls(desk)) == 1
