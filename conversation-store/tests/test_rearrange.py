"""Merge, split, move and undo: exact, recorded, and every channel goes on answering."""

from datetime import timedelta
from uuid import uuid4

import pytest

from conversation_store.rearrange.merge import merge, move, split, undo
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from hub_contract.errors import Permanent
from hub_kit.tokens import Caller

AGENT = Caller("agent-7", "musterstadt", "agent")


async def snapshot(world):
    """Return all that an agent sees of the order of things; what undoing must give back."""
    entries = await world.rows("entry", "conversation_id, place")
    conversations = await world.rows("conversation", "id")
    people = await world.rows("participant", "conversation_id, contact_point_id, channel")
    return (
        [(e["conversation_id"], e["place"], e["id"]) for e in entries],
        [
            tuple(c[n] for n in ("id", "state", "merged_into", "entry_count", "unread", "last_at"))
            for c in conversations
        ],
        [
            tuple(p[n] for n in ("conversation_id", "contact_point_id", "verified", "open"))
            for p in people
        ],
    )


@pytest.fixture
async def two(world):
    """Return a conversation by mail and one by SMS, their messages alternating in time."""
    mails = [
        world.mail(channel="email", external_id=f"<e{n}>", text=f"e{n}") if n % 2 == 0
        else world.mail("+4915112345678", channel="sms", account="sms1", text=f"s{n}")
        for n in range(6)
    ]  # fmt: skip
    entries = await world.take_in(*mails)
    return entries[0]["conversation_id"], entries[1]["conversation_id"]


async def texts(desk, conversation_id):
    entries = await desk.pages(f"/conversations/{conversation_id}/entries", order="oldest")
    return [entry["text"] for entry in entries]


async def test_a_merge_shows_both_in_the_order_of_time(world, desk, two):
    mail, sms = two
    done = await merge(world.ground.pool, AGENT, sms, mail)
    assert done.conversation_id == mail
    assert await texts(desk, mail) == ["e0", "s1", "e2", "s3", "e4", "s5"]
    assert await texts(desk, sms) == ["e0", "s1", "e2", "s3", "e4", "s5"]
    kept, gone = await world.conversation(mail), await world.conversation(sms)
    assert (kept["entry_count"], kept["unread"], kept["state"]) == (6, 6, "open")
    assert (gone["entry_count"], gone["state"], gone["merged_into"]) == (0, "merged", mail)
    [row] = await world.rows("rearrangement")
    assert (row["kind"], row["made_by"]) == ("merge", "agent-7")
    said = [s for s in await world.said("faden.entry.appended") if s.change == "merged"]
    assert [s.conversation_id for s in said] == [mail] * 3 + [sms], "who looks at it is told too"
    assert said[-1].place == 1


async def test_after_a_merge_every_channel_still_answers(world, two):
    """zammad#5712: there, after merging, nobody can answer on the other channel any more."""
    mail, sms = two
    await merge(world.ground.pool, AGENT, sms, mail)
    await reply(world.store, AGENT, mail, Answer("SMS"), "")
    [request] = await world.said("faden.message.requested.sms")
    assert request.account == "sms1"
    by_mail = await reply(world.store, AGENT, sms, Answer("Mail", wish=wish(channel="email")), "")
    [request] = await world.said("faden.message.requested.email")
    assert (request.account, request.conversation_id) == ("post", mail)
    assert (await world.entry(by_mail[0]))["conversation_id"] == mail


def wish(**given):
    from conversation_store.reply.choose import Target

    return Target(**given)


async def test_all_that_led_to_the_merged_one_leads_on(world, two):
    mail, sms = two
    reference = (await world.conversation(mail))["reference"]
    at = (await world.rows("entry", "at desc"))[0]["at"]
    token = world.store.signer.make("musterstadt", mail, at)
    await merge(world.ground.pool, AGENT, mail, sms)
    by_reference, by_token, by_id, by_sender = await world.take_in(
        world.mail(references=(reference,)),
        world.mail(reply_token=token),
        world.mail(answers=("<e2>",)),
        world.mail(),
    )
    found = [by_reference, by_token, by_id, by_sender]
    assert [e["rule"] for e in found] == [2, 1, 1, 4]
    assert {e["conversation_id"] for e in found} == {sms}


@pytest.mark.parametrize("direction", [0, 1])
async def test_undoing_a_merge_is_exact(world, two, direction):
    source, target = two if direction else two[::-1]
    before = await snapshot(world)
    done = await merge(world.ground.pool, AGENT, source, target)
    assert await snapshot(world) != before
    back = await undo(world.ground.pool, AGENT, done.rearrangement_id)
    assert back.conversation_id == source
    assert await snapshot(world) == before
    kinds = [r["kind"] for r in await world.rows("rearrangement", "seq")]
    assert kinds == ["merge", "undo"]
    said = [s for s in await world.said("faden.entry.appended") if s.change == "undone"]
    assert [s.conversation_id for s in said] == [source] * 3 + [target]


async def test_what_came_after_the_merge_stays(world, two):
    mail, sms = two
    done = await merge(world.ground.pool, AGENT, sms, mail)
    [late] = await world.take_in(world.mail("+4915112345678", channel="sms", account="sms1"))
    assert late["conversation_id"] == mail
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    assert (await world.entry(late["id"]))["conversation_id"] == mail
    for conversation_id, count in ((mail, 4), (sms, 3)):
        conversation = await world.conversation(conversation_id)
        assert conversation["entry_count"] == count
    people = [p for p in await world.rows("participant") if p["conversation_id"] == mail]
    assert {p["channel"] for p in people} == {"email", "sms"}, "who has written here since stays"
    [more] = await world.take_in(world.mail("+4915112345678", channel="sms", account="sms1"))
    assert more["reason"] == "new_several_open"


async def test_merges_in_a_chain_are_undone_from_their_end(world, two):
    mail, sms = two
    [third] = await world.take_in(world.mail("karl@example.org"))
    third_id = third["conversation_id"]
    start = await snapshot(world)
    one = await merge(world.ground.pool, AGENT, mail, sms)
    between = await snapshot(world)
    two_ = await merge(world.ground.pool, AGENT, mail, third_id)  # leads on to sms
    assert {e["conversation_id"] for e in await world.rows("entry")} == {third_id}
    assert (await world.conversation(mail))["merged_into"] == third_id
    with pytest.raises(Permanent, match=str(two_.rearrangement_id)):
        await undo(world.ground.pool, AGENT, one.rearrangement_id)
    await undo(world.ground.pool, AGENT, two_.rearrangement_id)
    assert await snapshot(world) == between
    assert (await world.conversation(mail))["merged_into"] == sms
    await undo(world.ground.pool, AGENT, one.rearrangement_id)
    assert await snapshot(world) == start


async def test_undone_is_undone_once_and_may_be_done_again(world, two):
    mail, sms = two
    done = await merge(world.ground.pool, AGENT, sms, mail)
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    with pytest.raises(Permanent, match="undone already"):
        await undo(world.ground.pool, AGENT, done.rearrangement_id)
    again = await merge(world.ground.pool, AGENT, sms, mail)
    assert (await world.conversation(sms))["merged_into"] == mail
    await undo(world.ground.pool, AGENT, again.rearrangement_id)


async def test_a_split_has_a_reference_of_its_own_and_is_undone(world, desk, two):
    mail, _ = two
    entries = [e for e in await world.rows("entry", "place") if e["conversation_id"] == mail]
    before = await snapshot(world)
    done = await split(world.ground, AGENT, mail, [entries[0]["id"], entries[2]["id"]])
    assert await texts(desk, done.conversation_id) == ["e0", "e4"]
    assert await texts(desk, mail) == ["e2"]
    made = await world.conversation(done.conversation_id)
    assert made["reference"] != (await world.conversation(mail))["reference"]
    [again] = await world.take_in(world.mail(references=(made["reference"],)))
    assert (again["rule"], again["conversation_id"]) == (2, made["id"])
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    after = await snapshot(world)
    assert [row for row in after[0] if row[2] != again["id"]] == before[0]
    assert (await world.conversation(made["id"]))["entry_count"] == 1


async def test_an_emptied_split_leads_back(world, two):
    mail, _ = two
    entries = [e for e in await world.rows("entry", "place") if e["conversation_id"] == mail]
    done = await split(world.ground, AGENT, mail, [entries[0]["id"]])
    reference = (await world.conversation(done.conversation_id))["reference"]
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    [late] = await world.take_in(world.mail(references=(reference,)))
    assert (late["rule"], late["conversation_id"]) == (2, mail)


async def test_what_was_split_from_an_emptied_split_leads_back_too(world, two):
    mail, _ = two
    pool = world.ground.pool
    entries = [e["id"] for e in await world.rows("entry", "place") if e["conversation_id"] == mail]
    outer = await split(world.ground, AGENT, mail, entries[:2])
    inner = await split(world.ground, AGENT, outer.conversation_id, entries[:1])
    reference = (await world.conversation(inner.conversation_id))["reference"]
    await undo(pool, AGENT, inner.rearrangement_id)
    await undo(pool, AGENT, outer.rearrangement_id)
    [late] = await world.take_in(world.mail(references=(reference,)))
    assert (late["rule"], late["conversation_id"]) == (2, mail)


async def test_a_moved_entry_takes_its_answers_but_not_its_trust(world, two):
    mail, sms = two
    before = await snapshot(world)
    [first, *_] = [e for e in await world.rows("entry", "place") if e["conversation_id"] == mail]
    done = await move(world.ground, AGENT, first["id"], sms)
    moved = await world.entry(first["id"])
    assert moved["conversation_id"] == sms
    [answer] = await world.take_in(world.mail(answers=("<e0>",)))
    assert (answer["conversation_id"], answer["verified"]) == (sms, False)
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    after = await snapshot(world)
    assert [row for row in after[0] if row[2] != answer["id"]] == before[0]


REFUSALS = {
    "into itself": lambda ground, mail, sms, entries: merge(ground.pool, AGENT, mail, mail),
    "all of it": lambda ground, mail, sms, entries: split(ground, AGENT, mail, entries),
    "of another one": lambda ground, mail, sms, entries: split(ground, AGENT, sms, entries[:1]),
    "where it is": lambda ground, mail, sms, entries: move(ground, AGENT, entries[0], mail),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_changes_nothing(world, two, name):
    mail, sms = two
    entries = [e["id"] for e in await world.rows("entry", "place") if e["conversation_id"] == mail]
    before = await snapshot(world)
    with pytest.raises(Permanent):
        await REFUSALS[name](world.ground, mail, sms, entries)
    assert await snapshot(world) == before
    assert await world.rows("rearrangement") == []


async def test_two_transactions_are_not_merged(world):
    one, two = await world.take_in(
        world.mail("a@example.org", public_service="hund"),
        world.mail("b@example.org", public_service="ausweis"),
    )
    with pytest.raises(Permanent, match="transaction"):
        await merge(world.ground.pool, AGENT, one["conversation_id"], two["conversation_id"])


async def test_a_transaction_goes_with_its_conversation_and_comes_back(world):
    form, plain = await world.take_in(
        world.mail("a@example.org", public_service="hund"), world.mail("b@example.org")
    )
    ids = form["conversation_id"], plain["conversation_id"]
    before = [(await world.conversation(c))["transaction_id"] for c in ids]
    done = await merge(world.ground.pool, AGENT, *ids)
    assert [(await world.conversation(c))["transaction_id"] for c in ids] == before[::-1]
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    assert [(await world.conversation(c))["transaction_id"] for c in ids] == before


async def test_what_is_merged_answers_the_question(world):
    entries = await world.take_in(
        world.mail(channel="email"),
        world.mail("karl@example.org", external_id="<k>"),
    )
    [asking] = await world.take_in(world.mail(answers=("<k>", "<1@example.org>")))
    [proposal] = await world.rows("proposal")
    assert proposal["decided"] is None
    done = await merge(
        world.ground.pool, AGENT, entries[0]["conversation_id"], asking["conversation_id"]
    )
    assert (await world.rows("proposal"))[0]["decided"] == "accepted"
    await undo(world.ground.pool, AGENT, done.rearrangement_id)
    assert (await world.rows("proposal"))[0]["decided"] is None


async def test_what_does_not_exist_is_none(world, two):
    mail, _ = two
    pool = world.ground.pool
    assert await merge(pool, AGENT, uuid4(), mail) is None
    assert await merge(pool, AGENT, mail, uuid4()) is None
    assert await split(world.ground, AGENT, uuid4(), [uuid4()]) is None
    assert await move(world.ground, AGENT, uuid4(), mail) is None
    assert await undo(pool, AGENT, uuid4()) is None
    assert len(await world.rows("conversation")) == 2


async def test_the_order_of_the_bus_outlives_skewed_clocks(world, desk):
    """Within one conversation the order is that of the bus, whatever the clocks said."""
    start = world.mail().event.received_at
    mails = [
        world.mail("a@example.org", text=f"a{n}", at=start + timedelta(seconds=s))
        for n, s in enumerate((10, 5, 20))
    ]
    others = [
        world.mail("b@example.org", text=f"b{n}", at=start + timedelta(seconds=s))
        for n, s in enumerate((7, 12, 30))
    ]
    entries = await world.take_in(*mails, *others)
    await merge(
        world.ground.pool, AGENT, entries[0]["conversation_id"], entries[3]["conversation_id"]
    )
    shown = await texts(desk, entries[3]["conversation_id"])
    assert [t for t in shown if t[0] == "a"] == ["a0", "a1", "a2"]
    assert [t for t in shown if t[0] == "b"] == ["b0", "b1", "b2"]
    assert shown == ["b0", "a0", "a1", "b1", "a2", "b2"]
