"""An answer: an entry and a sealed request to its channel, once, and only to whom it may go."""

import base64

import asyncpg
import pytest

from conversation_store.reply.answer import reply
from conversation_store.reply.choose import Target
from conversation_store.reply.compose import Answer, File
from conversation_store.reply.ways import show_ways
from hub_contract.errors import Permanent
from hub_contract.events import RequestedContent
from hub_contract.refusals import Refusal
from hub_contract.topics import from_wire
from hub_contract.words import Automatic, Channel, ContactPoint, Keyword
from hub_kit.blobs import read_blob
from hub_kit.sealing import fetch_content, open_event
from hub_kit.tokens import Caller

AGENT = Caller("agent-7", "musterstadt", "agent")
TOPIC = "faden.message.requested.email"


async def requested(world, topic=TOPIC):
    """Return the request on the bus, opened as its channel opens it."""
    [sealed] = await world.said(topic)
    wrapped = await world.owner.fetchval(
        "select wrapped from hub.message_key where owner = $1", sealed.id
    )
    key = world.ground.ring.unwrap(wrapped, sealed.id)
    return open_event(await fetch_content(sealed, world.ground.blobs, key), key)


async def answer(world, conversation_id, text="Ja.", key="", **more):
    return await reply(world.store, AGENT, conversation_id, Answer(text, **more), key)


async def test_the_entry_and_the_request_say_the_same(world):
    first, second = await world.take_in(
        world.mail(external_id="<1>", answers=("<0>",), subject="Hund", language="de-DE"),
        world.mail(external_id="<2>", answers=("<1>",), subject="AW: Hund", name="Erika"),
    )
    message_id, new = await answer(world, first["conversation_id"], author_name="Frau Amt")
    assert new
    event = await requested(world)
    conversation = await world.conversation(first["conversation_id"])
    assert (event.id, event.conversation_id) == (message_id, conversation["id"])
    assert (event.channel, event.account, event.automatic) == ("email", "post", False)
    token = event.content.reply_token
    assert event.content == RequestedContent(
        recipient={"kind": "email", "value": "erika@example.org", "name": "Erika"},
        subject="Re: Hund",
        text="Ja.",
        answers=("<2>", "<1>"),
        reply_token=token,
        reference=conversation["reference"],
        language="de-DE",
        author="Frau Amt",
    )
    assert (
        world.store.signer.read("musterstadt", token, event.requested_at).conversation_id
        == (conversation["id"])
    )
    entry = await world.entry(message_id)
    assert (entry["direction"], entry["kind"], entry["place"]) == ("out", "message", 3)
    assert (entry["delivery"], entry["author"], entry["rule"]) == ("requested", "agent-7", 0)
    assert entry["content"] == base64.b64decode((await world.said(TOPIC))[0].content.sealed)
    assert (conversation["entry_count"], conversation["next_place"]) == (3, 4)
    said = (await world.said("faden.entry.appended"))[-1]
    assert (said.entry_id, said.place, said.direction) == (message_id, 3, "out")
    assert second["conversation_id"] == first["conversation_id"]


async def test_only_its_channel_may_read_the_key(world, tmp_path):
    [first] = await world.take_in(world.mail())
    message_id, _ = await answer(world, first["conversation_id"])
    dsn = world.ground.settings.database.replace("conversation_store@", "channel_email@")
    channel = await asyncpg.connect(dsn)
    rows = await channel.fetch("select owner from hub.message_key")
    await channel.close()
    assert [row["owner"] for row in rows] == [message_id]


async def test_the_same_key_makes_one_answer(world):
    [first] = await world.take_in(world.mail())
    made = [await answer(world, first["conversation_id"], key="k1") for _ in range(3)]
    assert [new for _, new in made] == [True, False, False]
    assert len({message_id for message_id, _ in made}) == 1
    other, _ = await answer(world, first["conversation_id"], key="k2")
    assert other != made[0][0]
    assert len(await world.said(TOPIC)) == 2
    with pytest.raises(Permanent, match="Idempotency-Key"):
        await answer(world, first["conversation_id"], text="Nein.", key="k1")


async def test_without_a_key_every_answer_is_a_new_one(world):
    [first] = await world.take_in(world.mail())
    made = {(await answer(world, first["conversation_id"]))[0] for _ in range(2)}
    assert len(made) == 2


async def test_files_travel_sealed_under_the_key_of_the_answer(world):
    [first] = await world.take_in(world.mail())
    files = (File("Bescheid.pdf", "application/pdf", b"%PDF"), File("b.txt", "text/plain", b"zwei"))
    message_id, _ = await answer(world, first["conversation_id"], files=files)
    event = await requested(world)
    attachments = event.content.attachments
    assert [(a.file_name, a.media_type, a.size) for a in attachments] == [
        ("Bescheid.pdf", "application/pdf", 4),
        ("b.txt", "text/plain", 4),
    ]
    key = world.ground.ring.unwrap(
        await world.owner.fetchval(
            "select wrapped from hub.message_key where owner = $1", message_id
        ),
        message_id,
    )
    opened = [await read_blob(world.ground.blobs, a.blob, key) for a in attachments]
    assert opened == [b"%PDF", b"zwei"]


@pytest.mark.parametrize("files", [(), (File("b.txt", "text/plain", b"zwei"),)])
async def test_an_answer_too_long_to_travel_goes_beside_its_files(world, files):
    [first] = await world.take_in(world.mail())
    html = "<p>ä</p>" * 40_000
    message_id, _ = await answer(world, first["conversation_id"], html=html, files=files)
    assert (await requested(world)).content.html == html
    [sealed] = await world.said(TOPIC)
    name = await world.owner.fetchval(
        "select blob from hub.message_key where owner = $1", message_id
    )
    assert (sealed.content.sealed, sealed.content.blob.name) == ("", name)
    assert len((await world.entry(message_id))["content"]) > len(html), "the store has all of it"


async def unverified(world):
    """Return a conversation in which a stranger has named the reference last."""
    [first] = await world.take_in(world.mail())
    reference = (await world.conversation(first["conversation_id"]))["reference"]
    await world.take_in(world.mail("stranger@example.org", references=(reference,)))
    return first["conversation_id"]


async def machine(world):
    [first] = await world.take_in(world.mail(event={"automatic": Automatic.REPLY}))
    return first["conversation_id"]


async def by_a_list(world):
    [first] = await world.take_in(world.mail(event={"no_automatic_answer": True}))
    return first["conversation_id"]


async def plain(world):
    [first] = await world.take_in(world.mail())
    return first["conversation_id"]


async def anonymous(world):
    [first] = await world.take_in(world.mail(None))
    return first["conversation_id"]


REFUSALS = {
    "empty text": (plain, Answer(" \n"), "text: is empty"),
    "a stranger wrote last": (unverified, Answer("Ja."), "contact_point: not confirmed"),
    "a machine to a machine": (machine, Answer("Ja.", automatic=True), "automatic: "),
    "a machine to a list": (by_a_list, Answer("Ja.", automatic=True), "automatic: .* asks for no"),
    "nobody to answer": (anonymous, Answer("Ja."), "contact_point: nobody"),
    "no such channel": (plain, Answer("Ja.", wish=Target(channel="fax")), "channel: "),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_names_field_and_remedy_and_writes_nothing(world, name):
    begin, wanted, expected = REFUSALS[name]
    conversation_id = await begin(world)
    before = len(await world.rows("entry"))
    with pytest.raises(Permanent, match=expected):
        await reply(world.store, AGENT, conversation_id, wanted, "")
    assert len(await world.rows("entry")) == before
    assert await world.said(TOPIC) == []


A = Answer
LETTER = File("Brief.pdf", "application/pdf", b"x" * 4_000_001)
PHOTO = File("Foto.jpg", "image/jpeg", b"jpeg")
# channel, answer | what the refusal says
UNFIT = {
    "a long SMS": ("sms", A("a" * 1601), "text: is too long; sms carries 1600 char.*, sh"),
    "a subject by SMS": ("sms", A("Ja", subject="Hund"), "subject: .* leave it out"),
    "HTML by SMS": ("sms", A("Ja", html="<p>Ja"), "html: .* plain text .* leave it out"),
    "a file by SMS": ("sms", A("Ja", files=(PHOTO,)), "attachments: .* leave them out"),
    "a photo by fax": ("fax", A("Ja", files=(PHOTO,)), "attachments: .*application/pdf"),
    "a heavy letter": ("paper", A("Ja", files=(LETTER,) * 2), "attachments: .* 8000000"),
    "many files": ("email", A("Ja", files=(PHOTO,) * 21), "attachments: .* 20; .* fewer"),
}


@pytest.mark.parametrize("name", UNFIT)
async def test_what_a_way_does_not_carry_is_refused_and_nothing_written(world, name):
    channel, wanted, expected = UNFIT[name]
    [first] = await world.take_in(world.mail("+49301234", channel=Channel(channel)))
    with pytest.raises(Permanent, match=f"{expected}.* or choose another way"):
        await reply(world.store, AGENT, first["conversation_id"], wanted, "")
    assert len(await world.rows("entry")) == 1
    assert await world.said(f"faden.message.requested.{channel}") == []


async def test_the_subject_of_the_thread_goes_only_where_subjects_go(world):
    for channel, subject in (("sms", ""), ("fax", "Re: Hund")):
        [first] = await world.take_in(
            world.mail("+49301234", channel=Channel(channel), subject="Hund")
        )
        await answer(world, first["conversation_id"])
        topic = f"faden.message.requested.{channel}"
        assert (await requested(world, topic)).content.subject == subject


async def test_by_another_way_the_subject_goes_along(world):
    mail = ContactPoint(kind="email", value="erika@example.org")
    [first] = await world.take_in(
        world.mail("inbox", channel=Channel.WEB, subject="Hund", reachable=(mail,))
    )
    await answer(world, first["conversation_id"], wish=Target(channel="email", account="post"))
    assert (await requested(world)).content.subject == "Re: Hund"


async def test_an_agent_may_answer_a_machine(world):
    message_id, _ = await answer(world, await machine(world))
    assert (await world.entry(message_id))["delivery"] == "requested"


async def test_a_machine_may_answer_a_person(world):
    message_id, _ = await answer(world, await plain(world), automatic=True)
    assert (await world.entry(message_id))["automatic"] == "generated"
    assert (await requested(world)).automatic is True


async def test_a_vacation_reply_does_not_change_whom_we_answer(world):
    [first] = await world.take_in(world.mail("erika@example.org", external_id="<q>"))
    await world.take_in(
        world.mail("daemon@example.org", answers=("<q>",), event={"automatic": Automatic.REPLY})
    )
    await answer(world, first["conversation_id"])
    asked = await requested(world)
    assert asked.content.recipient.value == "erika@example.org"
    key = world.ground.ring.pseudonym_of(asked.tenant, "email", "erika@example.org")
    assert asked.recipient_key == key


async def test_who_said_stop_is_written_to_again_only_after_start(world):
    async def say(text, keyword):
        mail = world.mail("+49301234", text, channel=Channel.SMS, event={"keyword": keyword})
        return await world.take_in(mail)

    [first] = await say("Wann ist offen?", Keyword.NONE)
    home = first["conversation_id"]
    await say("STOP", Keyword.STOP)
    with pytest.raises(Permanent, match="wants nothing more by sms") as no:
        await answer(world, home)
    assert no.value.code is Refusal.OPTED_OUT
    [way] = [w for w in await show_ways(world.store, AGENT.tenant, home) if w["channel"] == "sms"]
    assert (way["offered"], way["reason"]["code"]) == (False, "opted_out")
    await say("START", Keyword.START)
    await answer(world, home)
    assert (
        await requested(world, "faden.message.requested.sms")
    ).content.recipient.value == "+49301234"


async def test_the_last_wish_of_a_batch_counts(world):
    [first] = await world.take_in(world.mail("+49301234", channel=Channel.SMS))
    wishes = [
        world.mail("+49301234", keyword, channel=Channel.SMS, event={"keyword": keyword})
        for keyword in (Keyword.STOP, Keyword.START, Keyword.STOP)
    ]
    await world.take_in(*wishes)
    with pytest.raises(Permanent, match="wants nothing more"):
        await answer(world, first["conversation_id"])


async def test_after_the_answer_the_citizen_writes_by_token_again(world):
    [first] = await world.take_in(world.mail())
    await answer(world, first["conversation_id"])
    token = (await requested(world)).content.reply_token
    [again] = await world.take_in(world.mail(reply_token=token.upper()))
    assert (again["rule"], again["reason"], again["place"]) == (1, "token", 3)


async def test_an_erased_person_cannot_be_answered(world):
    [first] = await world.take_in(world.mail())
    await world.erase(first["contact_point_id"])
    with pytest.raises(Permanent, match="contact_point: nobody"):
        await answer(world, first["conversation_id"])


async def test_the_request_parses_as_the_channel_reads_it(world):
    await answer(world, await plain(world))
    body = await world.owner.fetchval("select body from hub.event_log where topic = $1", TOPIC)
    assert from_wire(body).type == "message.requested"
    assert b"erika" not in body
    key = await world.owner.fetchval("select key from hub.event_log where topic = $1", TOPIC)
    assert key == f"musterstadt/{(await world.rows('conversation'))[0]['id']}"
