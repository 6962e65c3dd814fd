"""Callers stand in the desk's queue: the exchange, the desk's telephone and the hub over sockets."""

from dataclasses import replace

import pytest

from channel_phone.receive.promise import Promise
from hub_contract.words import CallOutcome, CallStatus
from local_hub.peers.phones.carrier import Faults


@pytest.fixture
def account(account):
    settings = account.settings.model_copy(update={"queue_minutes": 1})
    return replace(account, settings=settings)


async def ask_for_desk(line) -> None:
    await line.dial()
    await line.does("keys", "1")
    await line.does("keys", "0")


async def statuses(line) -> list[CallStatus]:
    return [one.status for one in await line.hub.kept("call.rang")]


async def test_one_waits_and_is_put_through(line):
    line.phones.faults = Faults(repeat=2)
    await ask_for_desk(line)
    assert line.now["waits"] == "queue"
    assert "Sie sind als Nächstes an der Reihe." in line.heard
    [ring] = line.lines.desk.rings
    assert (ring.to, ring.sender) == ("+49711123911", line.to)
    await line.does("silence")
    assert len(line.lines.desk.rings) == 1  # it rings already
    assert "ich verbinde Sie" in await line.does("desk_answers")
    assert line.now["waits"] == "talk"
    assert await statuses(line) == [CallStatus.RINGING, CallStatus.ANSWERED]
    assert "Danke für Ihren Anruf" in await line.does("desk_hangs_up")
    [entry] = await line.hub.kept()
    assert (entry.outcome, entry.partial) == (CallOutcome.ANSWERED, False)
    [figure] = await Promise(line.hub.ground.pool).show("musterstadt")
    assert figure.counts == {"asked": 1, "answered": 1, "in_time": 1}
    assert [one for one in line.now["lines"] if one["who"] == "line"] == []


async def test_a_desk_that_does_not_answer_rings_again(line):
    await ask_for_desk(line)
    await line.does("desk_is_silent")
    assert line.lines.desk.rings == []
    await line.does("silence")
    assert len(line.lines.desk.rings) == 1


async def test_the_second_is_told_so_and_moves_up(line):
    await ask_for_desk(line)
    first = line.now["id"]
    await ask_for_desk(line)
    assert "Sie sind an zweiter Stelle von 2." in line.heard
    assert len(line.lines.desk.rings) == 1
    second, line.now["id"] = line.now["id"], first
    await line.does("desk_answers")
    line.now["id"] = second
    assert "als Nächstes" in await line.does("silence")
    assert len(line.lines.desk.rings) == 1


async def test_after_a_minute_she_is_offered_a_call_back(line):
    await ask_for_desk(line)
    for _ in range(6):
        await line.does("silence")
    assert "Gerade ist leider niemand frei." in line.heard
    assert line.now["waits"] == "keys"


async def test_the_star_leads_out_of_it(line):
    await ask_for_desk(line)
    await line.does("keys", "*")
    assert line.now["waits"] == "keys"
    assert "niemand frei" not in line.heard


async def test_who_hangs_up_in_the_queue_leaves_a_whole_entry(line):
    await ask_for_desk(line)
    await line.does("hang_up")
    [entry] = await line.hub.kept()
    assert (entry.outcome, entry.partial) == (CallOutcome.MISSED, False)
    [figure] = await Promise(line.hub.ground.pool).show("musterstadt")
    assert figure.counts == {"asked": 1, "answered": 0, "in_time": 0}
    assert await Promise(line.hub.ground.pool).show("kleindorf") == []
    # The desk answers all the same: nobody is there, and it is told so.
    assert await line.lines.desk.answer(line.phones.settings.numbers[line.to]) is not None
    assert await statuses(line) == [CallStatus.RINGING, CallStatus.ENDED]
