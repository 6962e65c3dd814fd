"""HILFE and STATUS are answered by rule: to whom, with what, and to whom not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import conversation_store
from conversation_store.append.say import Progress, State, say_help, say_state
from conversation_store.append.wish import LATE, state_of
from conversation_store.authorities import Authority
from conversation_store.change import Change, change
from conversation_store.queue.views import show_queue
from conversation_store.reply.answer import reply
from conversation_store.reply.compose import Answer
from conversation_store.store import Store
from hub_contract.references import find_references, make_reference, show_reference
from hub_contract.sms_text import Alphabet, count_segments
from hub_contract.words import Automatic, Channel, Keyword
from hub_kit.sealing import open_event
from hub_kit.tokens import Caller
from hub_pages.catalogue import find_gaps
from hub_pages.face import Words

ERIKA, KARL = "+491715550101", "+491715550102"
AGENT = Caller("agent-7", "musterstadt", "agent")
TOPIC = "faden.message.requested.sms"
CITY = Authority("Stadt Musterstadt", "0711 123-0", Words(de="Mo-Fr 8-16 Uhr"))
DAY = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def with_city(world):
    world.store = Store.open(world.ground, world.store.settings, {"musterstadt": CITY})


def sms(world, text, sender=ERIKA, keyword=Keyword.NONE, *, at=None, event=None, **content):
    return world.mail(
        sender,
        text,
        channel=Channel.SMS,
        account="sms",
        at=at or datetime.now(UTC),
        references=tuple(find_references(text)),
        event={"keyword": keyword, **(event or {})},
        **content,
    )


async def ask(world, text="STATUS", sender=ERIKA, keyword=Keyword.STATUS, **more):
    [entry] = await world.take_in(sms(world, text, sender, keyword, **more))
    return entry


async def answers(world) -> list[str]:
    """Return what was sent, in order, as the channel opens it."""
    sent = [one for one in await world.said(TOPIC) if one.automatic]
    return [(await opened(world, one)).text for one in sent]


async def opened(world, event):
    keys = "select wrapped from hub.message_key where owner = $1"
    wrapped = await world.owner.fetchval(keys, event.id)
    return open_event(event, world.ground.ring.unwrap(wrapped, event.id)).content


async def reference_of(world, entry) -> str:
    return (await world.conversation(entry["conversation_id"]))["reference"]


def test_english_is_complete():
    assert find_gaps(Path(conversation_store.__file__).parent) == []


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("progress", Progress)
def test_an_answer_is_short_and_of_the_letters_of_an_sms(progress, language):
    state = State(progress, "384291770608", DAY)
    text = say_state(Authority("Stadt Musterstadt"), state, language)
    assert text.startswith("Stadt Musterstadt: ")
    assert "%" not in text
    assert count_segments(text)[:2] == (Alphabet.GSM_7, 1)


@pytest.mark.parametrize(
    ("phone", "hours", "said"),
    [
        ("0711 1", Words(de="Mo-Fr", en="Mon-Fri"), ("Telefon 0711 1, Mo-Fr.", "0711 1, Mon-Fri.")),
        ("0711 1", None, ("Telefon 0711 1.", "Telephone 0711 1.")),
        ("", None, ("STOPP", "STOP")),
    ],
)
def test_help_says_who_how_and_how_to_be_left_alone(phone, hours, said):
    for language, words in zip(("de", "en"), said, strict=True):
        text = say_help(Authority("Stadt Musterstadt", phone, hours), language)
        assert text.startswith("Stadt Musterstadt: ")
        assert words in text
        assert ("Tele" in text) == bool(phone)
        assert count_segments(text).alphabet is Alphabet.GSM_7


@pytest.mark.parametrize(
    ("row", "progress"),
    [
        ({"state": "closed"}, Progress.DONE),
        ({"state": "closed", "waiting_since": DAY}, Progress.DONE),
        ({"status": "COMPLETED"}, Progress.DONE),
        ({"status": "ACTION_REQUIRED"}, Progress.NEEDED),
        ({"waiting_since": DAY, "answered_at": DAY}, Progress.ARRIVED),
        ({"answered_at": DAY}, Progress.ANSWERED),
        ({}, Progress.ARRIVED),
    ],
)
def test_how_far_it_is(row, progress):
    known = {"reference": "1", "state": "open", "opened_at": DAY, "status": None}
    nothing = {"waiting_since": None, "answered_at": None}
    assert state_of(known | nothing | row, named=False).progress is progress


async def test_who_asks_hears_how_far_hers_is_and_both_are_entries(world):
    [first] = await world.take_in(sms(world, "Die Laterne ist aus"))
    home, number = first["conversation_id"], show_reference(await reference_of(world, first))
    asked = await ask(world, f"STATUS {number}")
    assert asked["conversation_id"] == home
    await reply(world.store, AGENT, home, Answer("Sie brennt wieder."), "k")
    await ask(world, f"status {number}")
    await change(world.ground, AGENT, home, Change(state="closed"))
    await ask(world, f"Status: {number}")
    arrived, answered, done = await answers(world)
    assert f"Ihr Anliegen {number} liegt uns seit" in arrived
    assert f"Zu Ihrem Anliegen {number} haben wir Ihnen am" in answered
    assert f"Ihr Anliegen {number} ist abgeschlossen." in done
    rows = [row for row in await world.rows("entry", "place") if row["conversation_id"] == home]
    assert [row["direction"] for row in rows if row["kind"] == "message"] == [
        *("in", "in", "out", "out", "in", "out", "in", "out")
    ]
    own = [row for row in rows if row["automatic"] == "generated"]
    assert {(row["reason"], row["delivery"]) for row in own} == {("by_rule", "requested")}


async def test_what_a_rule_answers_waits_for_nobody_and_opens_nothing(world):
    asked = await ask(world, "HILFE", keyword=Keyword.HELP)
    found = await world.conversation(asked["conversation_id"])
    assert (found["state"], found["unread"], found["waiting_since"]) == ("closed", 0, None)
    assert "answered_by_rule" in asked["marks"]
    page = await show_queue(world.ground, AGENT, "waiting", None)
    assert page["conversations"] == []
    [text] = await answers(world)
    assert "Telefon 0711 123-0, Mo-Fr 8-16 Uhr." in text


async def test_an_answered_wish_still_waits_for_nobody_when_it_is_looked_up_anew(world):
    [first] = await world.take_in(sms(world, "Guten Tag"))
    home = first["conversation_id"]
    sent, _ = await reply(world.store, AGENT, home, Answer("Guten Tag"), "k")
    await ask(world, f"STATUS {await reference_of(world, first)}")
    await world.take_in(world.report(sent, "failed"), world.report(sent, "delivered"))
    assert (await world.conversation(home))["waiting_since"] is None


async def test_without_a_number_the_newest_counts(world):
    await ask(world)
    await world.take_in(sms(world, "Die Tonne"))
    await ask(world, "status?")
    [unnamed, found] = await answers(world)
    assert "Bitte senden Sie STATUS und Ihre Vorgangsnummer" in unnamed
    assert "liegt uns seit" in found


async def test_what_is_anothers_is_answered_like_what_does_not_exist(world):
    [hers] = await world.take_in(sms(world, "Die Laterne", language="en"))
    [his] = await world.take_in(sms(world, "Der Hund", KARL))
    secret = await reference_of(world, hers)
    nobodys = make_reference()
    mistyped = f"{secret[:-1]}{(int(secret[-1]) + 1) % 10}"
    for number in (secret, nobodys, mistyped):
        await ask(world, f"STATUS {number}", KARL)
    texts = await answers(world)
    assert len(texts) == 3
    assert len(set(texts)) == 1
    assert "finden wir nichts von Ihnen" in texts[0]
    assert his["conversation_id"] != hers["conversation_id"]


async def test_what_a_stranger_was_answered_is_not_shown_to_whom_it_belongs(world, desk):
    [hers] = await world.take_in(
        world.mail("inbox-1", "Die Laterne", channel=Channel.WEB, account="portal")
    )
    home = hers["conversation_id"]
    await ask(world, f"STATUS {await reference_of(world, hers)}", KARL)
    mine = desk.as_(role="citizen", who="inbox-1")
    found = (await mine.get(f"/mine/{home}/entries")).raise_for_status().json()
    await mine.aclose()
    assert [line["text"] for line in found["entries"]] == ["Die Laterne"]


@pytest.mark.parametrize(
    ("text", "chosen", "language"),
    [
        ("HILFE", "", "de"),
        ("HELP", "", "en"),
        ("HELP", "de", "de"),
        ("HILFE", "en", "en"),
    ],
)
async def test_help_comes_in_the_language_of_who_asks(world, text, chosen, language):
    if chosen:
        await world.take_in(sms(world, "Guten Tag", language=chosen))
    await ask(world, text, keyword=Keyword.HELP)
    [said] = await answers(world)
    assert ("Telefon" in said) == (language == "de")


UNANSWERED = [
    ({"event": {"automatic": Automatic.REPLY}}, "a machine"),
    ({"event": {"no_automatic_answer": True}}, "the provider answers, or she wants none"),
    ({"at": datetime.now(UTC) - LATE}, "nobody waits for it any more"),
    ({"sender": None}, "nobody"),
    ({"keyword": Keyword.NONE}, "a message"),
    ({"keyword": Keyword.START}, "START itself"),
]


@pytest.mark.parametrize("odd", [one for one, _ in UNANSWERED], ids=[why for _, why in UNANSWERED])
async def test_who_is_not_answered(world, odd):
    entry = await ask(world, **odd)
    assert entry is not None
    assert await answers(world) == []


async def test_a_mail_that_says_help_is_read_by_a_person(world):
    await world.take_in(
        world.mail(text="help", at=datetime.now(UTC), event={"keyword": Keyword.HELP})
    )
    assert await world.said("faden.message.requested.email") == []


async def test_a_stopped_number_hears_nothing_until_it_starts_again(world):
    await ask(world, "STOP", keyword=Keyword.STOP)
    await ask(world)
    assert await answers(world) == []
    await ask(world, "START", keyword=Keyword.START)
    await ask(world)
    assert len(await answers(world)) == 1


async def test_a_stop_counts_within_its_batch(world):
    words = [Keyword.HELP, Keyword.STOP, Keyword.HELP, Keyword.START, Keyword.STATUS]
    await world.take_in(*[sms(world, word.upper(), keyword=word) for word in words])
    assert len(await answers(world)) == 2


async def test_nobody_is_answered_without_end(world):
    most = world.store.settings.wishes_a_day
    await world.take_in(*[sms(world, "STATUS", keyword=Keyword.STATUS) for _ in range(most + 3)])
    await ask(world)
    assert len(await answers(world)) == most
    await ask(world, sender=KARL)
    assert len(await answers(world)) == most + 1, "of each number"
    await world.owner.execute("update conversation_store.wish_answered set day = day - 1")
    await ask(world)
    assert len(await answers(world)) == most + 2, "and of each day"


async def test_the_answer_is_of_no_use_after_a_while(world):
    at = datetime.now(UTC) - timedelta(minutes=5)
    await ask(world, at=at)
    [event] = await world.said(TOPIC)
    assert event.expires_at == at + LATE


async def test_twice_is_once(world):
    wish = sms(world, "HILFE", keyword=Keyword.HELP)
    await world.take_in(wish)
    position, world.position = world.position, ""
    await world.append()
    assert world.position == position
    assert len(await answers(world)) == 1
