"""Delivery reports move the words of what we sent, in whatever order they come."""

from dataclasses import replace
from itertools import permutations
from uuid import uuid4

import pytest

from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from hub_contract.delivery import Delivery, Reason
from hub_contract.ids import reported_id
from hub_kit.tokens import Caller

AGENT = Caller("agent-7", "musterstadt", "agent")
A = AGENT.tenant
D = Delivery


@pytest.fixture
async def sent(world):
    """Return what an agent has answered to a citizen."""
    [first] = await world.take_in(world.mail(external_id="<q>"))
    message_id, _ = await reply(world.store, AGENT, first["conversation_id"], Answer("Ja."), "")
    return await world.entry(message_id)


async def test_a_report_moves_the_word_and_is_kept(world, sent):
    assert sent["delivery"] == "requested"
    report = world.report(sent["id"], D.DEFERRED, reason=Reason.MAILBOX_FULL, code="4.2.2")
    await world.ground.accept(report)
    await world.append()
    entry = await world.entry(sent["id"])
    assert (entry["delivery"], entry["delivery_reason"], entry["delivery_code"]) == (
        "deferred",
        "mailbox_full",
        "4.2.2",
    )
    assert entry["delivery_at"] == report.event.at
    [kept] = await world.rows("delivery")
    assert (kept["id"], kept["message_id"], kept["status"]) == (
        report.event.id,
        sent["id"],
        "deferred",
    )
    said = (await world.said("faden.entry.appended"))[-1]
    assert (said.change, said.entry_id, said.place) == ("delivery", sent["id"], 2)


@pytest.mark.parametrize("order", list(permutations([D.ACCEPTED, D.SENT, D.DELIVERED])))
@pytest.mark.parametrize("batches", [1, 3])
async def test_disorder_ends_in_the_same_word(world, sent, order, batches):
    reports = [world.report(sent["id"], status) for status in order]
    if batches == 1:
        await world.ground.accept.all(reports)
        await world.append()
    else:
        for report in reports:
            await world.ground.accept(report)
            await world.append()
    assert (await world.entry(sent["id"]))["delivery"] == "delivered"
    assert len(await world.rows("delivery")) == 3


async def test_twice_is_once(world, sent):
    report = world.report(sent["id"], D.ACCEPTED)
    await world.ground.accept(report)
    delivered = await world.read()
    for _ in range(2):
        async with world.transaction() as connection:
            await world.store.append(connection, delivered)
    assert len(await world.rows("delivery")) == 1
    assert [s.change for s in await world.said("faden.entry.appended")].count("delivery") == 1


@pytest.mark.parametrize("status", [D.FAILED, D.RETURNED])
async def test_what_failed_asks_for_an_agent(world, sent, status):
    await world.owner.execute(
        "update conversation_store.conversation set state = 'closed', unread = 0"
    )
    await world.owner.execute("update conversation_store.participant set open = false")
    await world.ground.accept(world.report(sent["id"], status, reason=Reason.ADDRESS_UNKNOWN))
    await world.append()
    conversation = await world.conversation(sent["conversation_id"])
    assert (conversation["state"], conversation["unread"]) == ("open", 1)
    assert (await world.rows("participant"))[0]["open"]


async def test_who_was_answered_after_all_waits_no_more(world, sent):
    """Carriers report "failed" and later the opposite."""
    for status, waits in ((D.FAILED, True), (D.DELIVERED, False)):
        await world.ground.accept(world.report(sent["id"], status))
        await world.append()
        conversation = await world.conversation(sent["conversation_id"])
        assert (conversation["waiting_since"] is not None) == waits, status


async def test_delivered_disturbs_nobody(world, sent):
    await world.owner.execute(
        "update conversation_store.conversation set state = 'closed', unread = 0"
    )
    await world.ground.accept(world.report(sent["id"], D.DELIVERED))
    await world.append()
    conversation = await world.conversation(sent["conversation_id"])
    assert (conversation["state"], conversation["unread"]) == ("closed", 0)


async def test_a_report_about_nothing_we_know_is_kept(world, sent):
    await world.ground.accept(world.report(uuid4(), D.FAILED))
    await world.ground.accept(world.report(sent["id"], D.FAILED, tenant="kleindorf"))
    await world.append()
    assert len(await world.rows("delivery")) == 2
    assert (await world.entry(sent["id"]))["delivery"] == "requested"


async def test_a_message_from_outside_has_no_delivery(world, sent):
    [first, _] = await world.rows("entry", "place")
    await world.ground.accept(world.report(first["id"], D.FAILED))
    await world.append()
    assert (await world.entry(first["id"]))["delivery"] is None


@pytest.mark.parametrize("batches", [1, 2])
async def test_our_message_id_leads_an_answer_back(world, sent, batches):
    """What the relay knows our mail by comes with its report, perhaps together with the answer."""
    report = world.report(sent["id"], D.ACCEPTED, external_id="<ours@musterstadt>")
    answer = world.mail("other@example.org", answers=("<ours@musterstadt>",))
    await world.ground.accept(answer)
    if batches == 1:
        await world.ground.accept(report)
        await world.append()
    else:
        [delivered] = await world.read()
        await world.ground.accept(report)
        await world.append()
        async with world.transaction() as connection:
            await world.store.append(connection, [delivered])
    entry = await world.entry(answer.event.id)
    assert (entry["rule"], entry["conversation_id"]) == (1, sent["conversation_id"])


async def test_an_answer_that_came_before_the_report_is_a_question(world, sent):
    [early] = await world.take_in(world.mail("other@example.org", answers=("<ours@musterstadt>",)))
    assert early["rule"] == 5
    await world.ground.accept(
        world.report(sent["id"], D.ACCEPTED, external_id="<ours@musterstadt>")
    )
    await world.append()
    [proposal] = await world.rows("proposal")
    assert (proposal["conversation_id"], proposal["other"]) == (
        sent["conversation_id"],
        early["conversation_id"],
    )
    [late] = await world.take_in(world.mail("third@example.org", answers=("<ours@musterstadt>",)))
    assert late["conversation_id"] == sent["conversation_id"]


async def test_an_erased_report_still_counts(world, sent):
    report = await world.ground.accept(world.report(sent["id"], D.DELIVERED))
    await world.erase(report.event_id)
    await world.append()
    assert (await world.entry(sent["id"]))["delivery"] == "delivered"


async def test_a_report_to_another_authority_takes_nothing_away(world, sent):
    """A recipient knows the message's id, and may send its bounce to anybody's mailbox first."""
    said = (D.FAILED, "", "5.1.1")
    ids = [reported_id(town, "email", "post", sent["id"], *said) for town in ("kleindorf", A)]
    for town, id_ in zip(("kleindorf", A), ids, strict=True):
        report = world.report(sent["id"], D.FAILED, tenant=town, code="5.1.1")
        report = replace(report, event=report.event.model_copy(update={"id": id_}))
        await world.ground.accept(report)
        await world.append()
    assert (await world.entry(sent["id"]))["delivery"] == "failed"
    assert {(row["tenant"], row["id"]) for row in await world.rows("delivery")} == {
        ("kleindorf", ids[0]),
        (A, ids[1]),
    }
