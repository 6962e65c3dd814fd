"""A batch of events becomes entries: in order, once, with its threads, or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from zlib import crc32

import pytest

from conversation_store.append.listen import listen
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from conversation_store.store import Store
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, DeliveryContent
from hub_contract.words import (
    Automatic,
    ContactKind,
    ContactPoint,
    Contribution,
    Direction,
    MessageKind,
    Recipient,
    RecipientRole,
)
from hub_kit.database import transaction
from hub_kit.sealing import open_bytes
from hub_kit.testing import eventually
from hub_kit.tokens import Caller

TENANT = "musterstadt"


def addressed(value: str) -> Recipient:
    return Recipient(role=RecipientRole.TO, point=ContactPoint(kind=ContactKind.EMAIL, value=value))


async def test_places_follow_the_order_of_the_bus(world):
    entries = await world.take_in(*(world.mail(text=str(n)) for n in range(5)))
    assert [e["place"] for e in entries] == [1, 2, 3, 4, 5]
    assert len({e["conversation_id"] for e in entries}) == 1
    conversation = await world.conversation(entries[0]["conversation_id"])
    assert (conversation["entry_count"], conversation["next_place"]) == (5, 6)
    assert conversation["unread"] == 5
    assert conversation["last_at"] == entries[-1]["at"]
    said = await world.said("faden.entry.appended")
    assert [(s.entry_id, s.place, s.change) for s in said] == [
        (e["id"], e["place"], "appended") for e in entries
    ]


async def test_twice_is_once(world):
    first, second = world.mail(), world.mail(answers=("<1@example.org>",))
    await world.ground.accept.all([first, second])
    delivered = await world.read()
    for batch in (delivered * 2, delivered[:1], delivered):
        async with transaction(world.ground.pool) as connection:
            await world.store.append(connection, batch)
    assert len(await world.rows("entry")) == 2
    [conversation] = await world.rows("conversation")
    assert (conversation["entry_count"], conversation["unread"]) == (2, 2)
    assert len(await world.said("faden.entry.appended")) == 2


async def test_a_thread_begins_and_goes_on_in_one_batch(world):
    entries = await world.take_in(
        world.mail("erika@example.org", external_id="<q>"),
        world.mail("karl@example.org", external_id="<a>", answers=("<q>",)),
        world.mail("erika@example.org", answers=("<nowhere>", "<a>")),
    )
    assert [e["rule"] for e in entries] == [5, 1, 1]
    assert [e["verified"] for e in entries] == [True, False, True]
    assert len({e["conversation_id"] for e in entries}) == 1


@pytest.mark.parametrize("batches", [1, 2])
async def test_an_answer_may_come_before_what_it_answers(world, batches):
    to = (addressed("erika@example.org"),)
    answer = world.mail("karl@example.org", external_id="<a>", answers=("<q>",), recipients=to)
    question = world.mail("erika@example.org", external_id="<q>")
    later = world.mail("petra@example.org", answers=("<q>",))
    if batches == 1:
        first, second, third = await world.take_in(answer, question, later)
    else:
        [first], [second], [third] = [await world.take_in(m) for m in (answer, question, later)]
    assert (first["rule"], second["rule"], second["reason"]) == (5, 1, "answered_by")
    assert second["conversation_id"] == first["conversation_id"] == third["conversation_id"]


async def test_a_reused_message_id_joins_no_strangers(world):
    """Some mailers give every mail the same Message-ID (freescout#5591)."""
    same = [world.mail(f"p{n}@example.org", external_id="<same>") for n in range(3)]
    entries = [*await world.take_in(*same[:2]), *await world.take_in(same[2])]
    assert len({e["conversation_id"] for e in entries}) == 3


@pytest.mark.parametrize("batches", [1, 2])
async def test_a_mail_to_two_of_our_mailboxes_is_one_thread(world, batches):
    start = world.mail().event.received_at
    entries = await world.take_in(world.mail(at=start), world.mail(at=start + timedelta(days=31)))
    assert [e["rule"] for e in entries] == [5, 5]
    copies = [world.mail(external_id="<both>", account=account) for account in ("post", "amt")]
    if batches == 1:
        one, two = await world.take_in(*copies)
    else:
        [one], [two] = [await world.take_in(copy) for copy in copies]
    assert (one["rule"], two["rule"], two["reason"]) == (5, 1, "copy")
    assert one["conversation_id"] == two["conversation_id"]


async def test_two_stores_find_question_and_answer_together(world):
    """The second waits for the first at their common external id, and sees what it has decided."""
    to = (addressed("q@example.org"),)
    answer = world.mail("a@example.org", external_id="<a>", answers=("<q>",), recipients=to)
    await world.ground.accept(answer)
    [answer] = await world.read()
    await world.ground.accept(world.mail("q@example.org", external_id="<q>"))
    [question] = await world.read()

    async def second() -> None:
        async with transaction(world.ground.pool) as connection:
            await world.store.append(connection, [question])

    async with transaction(world.ground.pool) as connection:
        await world.store.append(connection, [answer])
        waiting = asyncio.create_task(second())

        async def waits() -> bool:
            return bool(await world.owner.fetch("select from pg_locks where not granted"))

        await eventually(waits)
        assert not waiting.done()
    await waiting
    assert len(await world.rows("conversation")) == 1


async def test_many_stores_at_once_give_every_place_once(world):
    mails = [
        world.mail(
            f"p{n % 7}@example.org",
            external_id=f"<{n}>",
            answers=(f"<{(n * 7) % 60}>",) if n % 3 else (),
        )
        for n in range(120)
    ]
    await world.ground.accept.all(mails)
    delivered = await world.read()
    lanes = [
        [d for d in delivered if crc32(d.record.key.encode()) % 4 == lane] for lane in range(4)
    ]

    async def work(lane) -> None:
        store = Store.open(world.ground, world.store.settings)
        for start in range(0, len(lane), 5):
            await again(store, lane[start : start + 5])

    async def again(store, batch) -> None:
        try:
            async with transaction(world.ground.pool) as connection:
                await store.append(connection, batch)
        except Temporary:  # as the consumer does: try again in place
            await again(store, batch)

    await asyncio.gather(*map(work, lanes))
    entries = await world.rows("entry", "conversation_id, place")
    assert len(entries) == 120
    for conversation in await world.rows("conversation"):
        places = [e["place"] for e in entries if e["conversation_id"] == conversation["id"]]
        assert places == list(range(1, conversation["entry_count"] + 1))
    order = {d.event.id: n for n, d in enumerate(delivered)}
    for lane in lanes:
        ids = {d.event.id for d in lane}
        own = [e for e in entries if e["id"] in ids]
        assert all(
            order[one["id"]] < order[two["id"]]
            for one, two in pairwise(own)
            if one["conversation_id"] == two["conversation_id"]
        )


async def append_and_break(world, delivered) -> None:
    async with transaction(world.ground.pool) as connection:
        await world.store.append(connection, delivered)
        raise RuntimeError


async def test_a_crash_in_a_batch_leaves_nothing_and_loses_nothing(world):
    await world.ground.accept.all([world.mail(), world.mail("karl@example.org")])
    delivered = await world.read()
    with pytest.raises(RuntimeError):
        await append_and_break(world, delivered)
    for table in ("entry", "conversation", "contact_point", "external_ref", "participant"):
        assert await world.rows(table) == []
    async with transaction(world.ground.pool) as connection:
        await world.store.append(connection, delivered)
    assert len(await world.rows("entry")) == 2


async def test_the_consumer_begins_again_after_a_crash(world):
    """The offset is in the same transaction: whatever breaks, every event counts once."""
    broken = [Temporary("once"), OSError("twice")]

    async def handle(connection, delivered) -> None:
        await world.store.append(connection, delivered)
        if broken:
            raise broken.pop()

    await world.ground.accept.all([world.mail(f"p{n}@example.org") for n in range(20)])
    consumer = listen(world.ground, handle)
    task = asyncio.create_task(consumer.run())

    async def done() -> bool:
        return len(await world.rows("entry")) == 20

    await eventually(done)
    task.cancel()
    assert broken == []
    assert len(await world.said("faden.entry.appended")) == 20


async def test_what_was_too_long_to_travel_is_kept_whole(world):
    long = "ä" * 200_000
    [entry] = await world.take_in(world.mail(subject=long))
    gone = await world.ground.accept(world.mail("gone@example.org", subject=long))
    message_id, _ = await reply(
        world.store,
        Caller("a", "musterstadt", "agent"),
        entry["conversation_id"],
        Answer("Ja."),
        "",
    )
    report = world.report(message_id, "returned").event
    report = report.model_copy(update={"content": DeliveryContent(diagnostic=long)})
    await world.ground.accept(Arrival(report))
    await world.erase(gone.event_id)
    await world.append()
    sizes = await world.owner.fetch("select length(body) from hub.event_log")
    assert max(row[0] for row in sizes) < 2_000
    [kept] = await world.rows("delivery")
    for owner, sealed in ((entry["id"], entry["content"]), (kept["id"], kept["content"])):
        wrapped = await world.owner.fetchval(
            "select wrapped from hub.message_key where owner = $1", owner
        )
        assert long.encode() in open_bytes(sealed, owner, world.ground.ring.unwrap(wrapped, owner))
    assert (await world.entry(gone.event_id))["content"] == b""


async def test_an_erased_key_keeps_the_entry(world):
    [known] = await world.take_in(world.mail("erika@example.org"))
    gone = await world.ground.accept(world.mail("erika@example.org", references=("384291770608",)))
    stranger = await world.ground.accept(world.mail("never@example.org"))
    await world.erase(gone.event_id, stranger.event_id)
    await world.append()
    gone, stranger = await world.entry(gone.event_id), await world.entry(stranger.event_id)
    assert (gone["rule"], gone["conversation_id"]) == (4, known["conversation_id"])
    assert gone["contact_point_id"] == known["contact_point_id"]
    assert stranger["rule"] == 5
    assert len(await world.rows("contact_point")) == 1


async def test_what_cannot_be_opened_parks_its_key_only(world):
    accepted = await world.ground.accept.all(
        [world.mail(f"p{n}@example.org") for n in (0, 1, 2, 1)]
    )
    # Another key than the one it was sealed with.
    ring, broken = world.ground.ring, accepted[1].event_id
    sql = "update hub.message_key set wrapped = $2 where owner = $1"
    await world.owner.execute(sql, broken, ring.wrap(ring.new_key(), broken))
    with pytest.raises(Permanent, match="cannot be opened"):
        await world.append()
    task = asyncio.create_task(listen(world.ground, world.store.append).run())

    async def done() -> bool:
        return len(await world.rows("parked")) == 2

    await eventually(done)
    task.cancel()
    assert len(await world.rows("entry")) == 2
    reasons = {row["reason"] for row in await world.rows("parked")}
    assert "waits in order" in reasons
    assert not any("p1@" in reason for reason in reasons)


async def test_a_reference_leads_the_sender_back(world):
    [first] = await world.take_in(world.mail())
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    [again] = await world.take_in(world.mail(channel="email", references=(reference,)))
    assert (again["rule"], again["verified"]) == (2, True)
    [sms] = await world.take_in(
        world.mail("+4915112345678", channel="sms", references=(reference,))
    )
    assert (sms["rule"], sms["verified"], sms["marks"]) == (3, False, "sender_unknown")
    assert sms["conversation_id"] == first["conversation_id"]
    [more] = await world.take_in(world.mail("+4915112345678", channel="sms"))
    assert (more["rule"], more["verified"]) == (4, False)
    people = await world.rows("participant", "at")
    assert [(p["channel"], p["verified"]) for p in people] == [("email", True), ("sms", False)]


async def test_nothing_crosses_tenants(world):
    [first] = await world.take_in(world.mail(external_id="<q>"))
    conversation = await world.conversation(first["conversation_id"])
    token = world.store.signer.make(TENANT, conversation["id"], first["at"])
    [foreign] = await world.take_in(
        world.mail(
            tenant="kleindorf",
            answers=("<q>",),
            reply_token=token,
            references=(conversation["reference"],),
        )
    )
    assert (foreign["rule"], foreign["marks"]) == (5, "token_forged reference_unknown")
    assert foreign["conversation_id"] != first["conversation_id"]
    assert foreign["contact_point_id"] != first["contact_point_id"]


async def test_both_tenants_of_one_batch(world):
    entries = await world.take_in(
        *(world.mail(tenant=t) for t in ("musterstadt", "kleindorf", "musterstadt"))
    )
    assert [e["tenant"] for e in entries] == ["musterstadt", "kleindorf", "musterstadt"]
    assert [e["place"] for e in entries] == [1, 1, 2]


TOKENS = {
    "good": (lambda world, c, at: world.store.signer.make(TENANT, c, at), 1, ""),
    "forged": (lambda world, c, at: "a" * 48, 4, "token_forged"),
    "expired": (
        lambda world, c, at: world.store.signer.make(TENANT, c, at - timedelta(days=500)),
        4,
        "token_expired",
    ),
    "of no conversation": (
        lambda world, c, at: world.store.signer.make(TENANT, world.mail().event.id, at),
        4,
        "token_unknown",
    ),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_a_reply_token_is_checked_and_a_bad_one_marked(world, name):
    make, rule, marks = TOKENS[name]
    [first] = await world.take_in(world.mail())
    token = make(world, first["conversation_id"], first["at"])
    [answer] = await world.take_in(world.mail(reply_token=token))
    assert (answer["rule"], answer["marks"]) == (rule, marks)
    assert answer["conversation_id"] == first["conversation_id"]


async def test_thirty_days_and_two_open_ones(world):
    [first] = await world.take_in(world.mail())
    late = first["at"] + timedelta(days=30, seconds=1)
    [second] = await world.take_in(world.mail(at=late))
    assert (second["rule"], second["reason"]) == (5, "new")
    [third] = await world.take_in(world.mail(at=first["at"] + timedelta(days=1)))
    assert (third["rule"], third["reason"]) == (5, "new_several_open")
    proposals = await world.rows("proposal", "at")
    assert {p["other"] for p in proposals if p["conversation_id"] == third["conversation_id"]} == {
        first["conversation_id"],
        second["conversation_id"],
    }


async def test_another_channel_is_another_conversation(world):
    call, sms = await world.take_in(
        world.mail("+4930123", channel="phone", account="line"),
        world.mail("+4930123", channel="sms", account="sms1"),
    )
    assert call["contact_point_id"] == sms["contact_point_id"]
    assert (sms["rule"], sms["reason"]) == (5, "new")


async def close(world, entry, state="closed") -> None:
    await world.owner.execute(
        "update conversation_store.conversation set state = $2 where id = $1",
        entry["conversation_id"],
        state,
    )
    sql = "update conversation_store.participant set open = $2 where conversation_id = $1"
    await world.owner.execute(sql, entry["conversation_id"], state != "closed")


@pytest.mark.parametrize(
    ("state", "automatic", "after"),
    [
        ("closed", Automatic.NO, "open"),
        ("snoozed", Automatic.NO, "open"),
        ("closed", Automatic.REPLY, "closed"),
        ("snoozed", Automatic.REPLY, "snoozed"),
        ("open", Automatic.REPLY, "open"),
        ("closed", Automatic.GENERATED, "closed"),
    ],
)
async def test_people_open_it_again_machines_do_not(world, state, automatic, after):
    [first] = await world.take_in(world.mail(external_id="<q>"))
    await close(world, first, state)
    [answer] = await world.take_in(world.mail(answers=("<q>",), event={"automatic": automatic}))
    assert answer["conversation_id"] == first["conversation_id"]
    conversation = await world.conversation(first["conversation_id"])
    assert conversation["state"] == after
    assert conversation["unread"] == (2 if automatic is Automatic.NO else 1)
    [person] = await world.rows("participant")
    assert person["open"] == (after != "closed")


async def test_a_vacation_reply_alone_is_kept_beside_the_queue(world):
    [alone] = await world.take_in(world.mail(event={"automatic": Automatic.REPLY}))
    assert alone["reason"] == "new_automatic"
    conversation = await world.conversation(alone["conversation_id"])
    assert (conversation["state"], conversation["unread"]) == ("closed", 0)
    [person] = await world.take_in(world.mail())
    assert person["rule"] == 5, "a closed one is no thread to go on in"


async def test_our_own_call_is_no_unread_message(world):
    event = {"direction": Direction.OUT, "kind": MessageKind.CALL}
    [call] = await world.take_in(world.mail("+4930123", channel="phone", event=event))
    assert (call["direction"], call["kind"]) == ("out", "call")
    assert (await world.conversation(call["conversation_id"]))["unread"] == 0


async def test_the_same_name_is_a_question(world):
    [first] = await world.take_in(world.mail("erika@example.org", name="Erika Mustermann"))
    second, third = await world.take_in(
        world.mail("e.m@work.example", name="Mustermann,  ERIKA"),
        world.mail("info@work.example", name="Info"),
    )
    [proposal] = await world.rows("proposal")
    assert (proposal["kind"], proposal["reason"]) == ("same_person", "same_name")
    assert proposal["conversation_id"] == second["conversation_id"]
    assert proposal["other"] == first["contact_point_id"]
    assert len({e["conversation_id"] for e in (first, second, third)}) == 3


async def test_a_form_begins_a_transaction_and_contributes(world):
    parts = (
        Contribution(requirement="dog_name", value="Bello", source="form"),
        Contribution(requirement="chip", value="276", source="form", confidence=0.5),
    )
    form = world.mail(
        public_service="hundesteuer-anmeldung",
        contributions=parts,
        event={"kind": MessageKind.FORM},
    )
    more = world.mail(contributions=parts[:1], public_service="anderes")
    entry, second = await world.take_in(form, more)
    [transaction_row] = await world.rows("transaction")
    conversation = await world.conversation(entry["conversation_id"])
    assert transaction_row["public_service"] == "hundesteuer-anmeldung"
    assert transaction_row["reference"] == conversation["reference"]
    assert conversation["transaction_id"] == transaction_row["id"]
    rows = await world.rows("contribution", "entry_id = '" + str(second["id"]) + "', number")
    assert [(r["requirement"], r["number"]) for r in rows] == [
        ("dog_name", 0),
        ("chip", 1),
        ("dog_name", 0),
    ]
    assert {r["transaction_id"] for r in rows} == {transaction_row["id"]}
    [changed] = await world.said("faden.transaction.changed")
    assert (changed.status, changed.public_service) == ("SUBMITTED", "hundesteuer-anmeldung")


async def test_what_channels_say_beside_the_words_is_kept(world):
    [fax] = await world.take_in(
        world.mail(
            "+4930987",
            channel="fax",
            original=b"tiff",
            event={
                "readable": False,
                "partial": True,
                "pages": 3,
                "confidence": 0.25,
                "happened_at": world.mail().event.received_at,
            },
        )
    )
    assert (fax["readable"], fax["partial"]) == (False, True)
    assert fax["facts"] == '{"pages": 3, "confidence": 0.25}'
    assert fax["claimed_at"] is not None
    assert '"size":4' in fax["original"]


async def test_who_names_herself_without_an_address_is_nobody_and_shown(world, desk):
    mail = world.mail(None)
    nobody = ContactPoint(kind="email", value="", name="Erika Muster", as_written=True)
    content = mail.event.content.model_copy(update={"sender": nobody})
    event = mail.event.model_copy(update={"content": content})
    [entry] = await world.take_in(replace(mail, event=event))
    assert entry["contact_point_id"] is None
    shown = (await desk.get(f"/entries/{entry['id']}")).json()["person"]
    assert (shown["value"], shown["name"]) == ("", "Erika Muster")


async def test_an_unknown_sender_is_taken_in_too(world):
    anonymous, again = await world.take_in(
        world.mail(None, channel="paper"), world.mail(None, channel="paper")
    )
    assert (anonymous["rule"], again["rule"]) == (5, 5)
    assert anonymous["contact_point_id"] is None
    assert await world.rows("participant") == []


async def test_who_writes_again_after_erasure_is_sealed_anew(world):
    [first] = await world.take_in(world.mail())
    await world.erase(first["contact_point_id"])
    [second] = await world.take_in(world.mail())
    assert second["contact_point_id"] == first["contact_point_id"]
    assert await world.owner.fetchval(
        "select count(*) from hub.message_key where owner = $1", first["contact_point_id"]
    )


async def count_queries(world, delivered) -> int:
    queries: list[str] = []
    async with transaction(world.ground.pool) as connection:
        with connection.query_logger(lambda record: queries.append(record.query)):
            await world.store.append(connection, delivered)
    return len(queries)


async def test_the_number_of_queries_does_not_grow(world):
    counts = []
    for size in (10, 300):
        await world.take_in(*(world.mail(f"p{n}@example.org") for n in range(3)))
        mails = [world.mail(f"p{n}@example.org", answers=("<1@example.org>",)) for n in range(size)]
        await world.ground.accept.all(mails)
        counts.append(await count_queries(world, await world.read()))
    assert counts[0] == counts[1] <= 25
