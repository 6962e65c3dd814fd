"""Whole calls, hook by hook, as Twilio sends them: one entry each, whatever the caller does."""

import asyncio

import pytest

from channel_phone.parse.legs import What
from channel_phone.receive.close import Closer
from hub_contract.errors import Permanent, Temporary
from hub_contract.problems import ProblemCode
from hub_contract.words import (
    CallbackDay,
    CallbackPart,
    CallOutcome,
    CallStatus,
    MessageKind,
)
from hub_kit.tokens import Refused

REFERENCE, SECRET = "384291770608", "471100"


async def entry_of(hub):
    [entry] = await hub.kept()
    return entry


async def test_a_call_rings_first_and_is_an_entry_when_it_is_over(hub, phone):
    caller = phone()
    assert "Hier ist Stadt Musterstadt" in await caller.call()
    [ring] = await hub.kept("call.rang")
    assert (ring.status, ring.content.caller.value) == (CallStatus.RINGING, "+491715550101")
    assert await hub.kept() == []
    await caller.hang_up(seconds=7)
    entry = await entry_of(hub)
    assert (entry.kind, entry.outcome, entry.seconds) == (MessageKind.CALL, CallOutcome.MISSED, 7)
    assert entry.content.sender.value == "+491715550101"
    assert entry.content.external_id == "CA1"
    assert not entry.partial
    rang = await hub.kept("call.rang")
    assert [one.status for one in rang] == [CallStatus.RINGING, CallStatus.ENDED]
    assert len({one.call_id for one in rang}) == 1


async def test_every_hook_twice_is_one_call(hub, phone):
    caller = phone(twice=True)
    await caller.call()
    await caller.press("1", "2", "1", "1")
    await caller.hang_up()
    entry = await entry_of(hub)
    assert (entry.content.callback.day, entry.content.callback.part) == (
        CallbackDay.TODAY,
        CallbackPart.MORNING,
    )
    assert len(await hub.kept("call.rang")) == 2


async def test_the_same_hook_a_hundred_times_at_once_is_one(hub, phone):
    callers = [phone() for _ in range(100)]
    await asyncio.gather(*(caller.call() for caller in callers))
    assert len({caller.heard for caller in callers}) == 1
    await asyncio.gather(*(caller.hang_up() for caller in callers))
    await entry_of(hub)
    assert len(await hub.kept("call.rang")) == 2


async def test_she_hears_how_far_it_is(hub, phone):
    hub.outside.inboxes[REFERENCE, SECRET] = {
        "state": "answered",
        "at": "2026-05-12T22:30:00+00:00",
    }
    caller = phone()
    await caller.call()
    assert "Vorgangsnummer" in await caller.press("1", "1")
    assert "Geheimzahl" in await caller.press(REFERENCE)
    # Half past midnight where she lives.
    assert "Wir haben Ihnen am 13. Mai geantwortet." in await caller.press(SECRET)
    await caller.hang_up()
    entry = await entry_of(hub)
    assert entry.outcome is CallOutcome.ANSWERED
    assert entry.content.references == (REFERENCE,)
    assert ("portal-secret", "pass") in [(e.kind, e.result) for e in entry.content.evidence]


async def test_the_secret_is_written_down_nowhere(hub, phone):
    caller = phone()
    await caller.call()
    assert "passen nicht zusammen" in await caller.press("1", "1", REFERENCE, SECRET)
    assert [asked["secret"] for asked in hub.outside.asked] == [SECRET]
    [row] = await hub.rows("select id, sealed from channel_phone.call")
    assert b"CA1" not in row["sealed"]
    lost = await lost_call(hub)
    assert SECRET.encode() not in lost.original
    assert REFERENCE.encode() in lost.original


async def lost_call(hub):
    """Return the call as the closer finds it, hours later."""
    await hub.rows("update channel_phone.call set heard_at = now() - interval '5 hours'")
    closer: Closer = hub.receiver.closer
    [call] = await hub.receiver.calls.lost(closer._contexts("musterstadt").get, "musterstadt")
    return call


async def test_a_hook_that_comes_again_asks_the_portal_only_once(hub, phone):
    caller = phone(twice=True)
    await caller.call()
    await caller.press("1", "1", REFERENCE, SECRET)
    assert len(hub.outside.asked) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [(429, "zu oft falsch"), (503, "gerade nicht nachsehen"), (200, "gerade nicht nachsehen")],
)
async def test_a_portal_that_is_shut_or_away_is_said(hub, phone, status, says):
    hub.outside.status = status
    caller = phone()
    await caller.call()
    heard = await caller.press("1", "1", REFERENCE, SECRET)
    assert says in heard
    assert "drücken Sie die 2" in heard


async def test_whoever_dies_while_looking_up_leaves_it_to_the_next_try(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1", "1", REFERENCE)
    rest, look = caller.next("Gather"), hub.receiver.portal.look

    async def dies(*_):
        raise Temporary("killed")

    hub.receiver.portal.look = dies
    with pytest.raises(Temporary):
        await caller.say({"Digits": SECRET}, rest)
    hub.receiver.portal.look = look
    # However slow this machine is, it was just now.
    await hub.rows("update channel_phone.call set heard_at = now() + interval '1 hour'")
    with pytest.raises(Temporary, match="just now"):
        await caller.say({"Digits": SECRET}, rest)
    await hub.rows("update channel_phone.call set heard_at = now() - interval '11 seconds'")
    assert "passen nicht zusammen" in await caller.say({"Digits": SECRET}, rest)


async def test_a_message_after_the_tone_is_the_file_of_its_entry(hub, phone):
    caller = phone()
    await caller.call()
    assert "nehmen wir auf" in await caller.press("1", "3")
    url = f"{hub.outside.address}/recordings/RE1"
    recorded = {"RecordingUrl": url, "RecordingSid": "RE1", "RecordingDuration": "5"}
    done, made = caller.next("Record"), caller.next("Record", "recordingStatusCallback")
    assert "Ihre Nachricht ist bei uns" in await caller.say({**recorded, "Digits": "hangup"}, done)
    await caller.hang_up()
    assert await hub.kept() == []
    await caller.say({**recorded, "RecordingStatus": "completed"}, made, silent=True)
    entry = await entry_of(hub)
    assert (entry.kind, entry.outcome) == (MessageKind.VOICEMAIL, CallOutcome.VOICEMAIL)
    assert [one.media_type for one in entry.content.attachments] == ["audio/x-wav"]
    assert ("recording-consent", "pass") in [(e.kind, e.result) for e in entry.content.evidence]


FETCHED = {
    "gone": ((404, b""), "/recordings/RE1", ProblemCode.FILE_MISSING),
    "too large": ((200, b"0" * 200_000), "/recordings/RE1", ProblemCode.FILE_TOO_LARGE),
    "another host": ((200, b"RIFF"), "http://evil.example/RE1", ProblemCode.FILE_MISSING),
    "another port": ((200, b"RIFF"), "http://127.0.0.1:9/RE1", ProblemCode.FILE_MISSING),
}


@pytest.mark.parametrize(("recorded", "url", "code"), FETCHED.values(), ids=FETCHED)
async def test_a_recording_that_cannot_be_had_is_said(hub, phone, recorded, url, code):
    hub.outside.recorded = recorded
    caller = phone()
    await caller.call()
    await caller.press("1", "3")
    url = url if url.startswith("http") else hub.outside.address + url
    made = caller.next("Record", "recordingStatusCallback")
    await caller.say({"RecordingUrl": url, "RecordingStatus": "completed"}, made, silent=True)
    await caller.hang_up()
    entry = await entry_of(hub)
    assert [problem.code for problem in entry.content.problems] == [code]
    assert entry.content.attachments == ()


async def test_a_recording_that_is_away_comes_later(hub, phone):
    hub.outside.recorded = (503, b"")
    caller = phone()
    await caller.call()
    await caller.press("1", "3")
    made = caller.next("Record", "recordingStatusCallback")
    url = f"{hub.outside.address}/recordings/RE1"
    await caller.say({"RecordingUrl": url, "RecordingStatus": "completed"}, made, silent=True)
    await caller.hang_up()
    assert await hub.kept() == []
    hub.outside.recorded = (200, b"RIFF\x24\0\0\0WAVEfmt ")
    await hub.rows("update channel_phone.call set heard_at = now() - interval '1 hour'")
    assert await hub.receiver.closer.look() == 1
    assert len((await entry_of(hub)).content.attachments) == 1


async def test_nothing_is_recorded_of_who_says_nothing(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1", "3")
    assert "nichts aufgenommen" in await caller.say({}, caller.next("Record"))
    await caller.hang_up()
    entry = await entry_of(hub)
    assert (entry.kind, entry.content.attachments) == (MessageKind.CALL, ())


async def test_the_desk_is_called_and_its_answer_counts(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1", "0")
    assert ">+49711123911</Number>" in caller.heard
    talked = {"DialCallStatus": "completed", "DialCallDuration": "61"}
    await caller.say(talked, caller.next("Dial"))
    await caller.hang_up(seconds=80)
    entry = await entry_of(hub)
    assert (entry.outcome, entry.seconds) == (CallOutcome.ANSWERED, 80)


async def test_where_nobody_is_free_she_is_asked_again(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1", "0")
    heard = await caller.say({"DialCallStatus": "no-answer"}, caller.next("Dial"))
    assert "niemand frei" in heard
    assert "zurückgerufen" in heard


async def test_keys_that_never_come_end_it_friendly(hub, phone):
    caller = phone()
    await caller.call()
    for _ in range(2):
        assert "Für Deutsch" in await caller.press("")
    assert "Rufen Sie gern wieder an" in await caller.press("")
    assert "<Hangup" in caller.heard
    await caller.hang_up()
    assert (await entry_of(hub)).outcome is CallOutcome.MISSED


async def test_in_english_all_is_english(hub, phone):
    caller = phone()
    await caller.call()
    assert "press 1" in await caller.press("2")
    assert 'language="de-DE"' not in caller.heard
    await caller.hang_up()
    assert (await entry_of(hub)).content.language == "en"


WITHHELD = ["anonymous", "+266696687", "+7378742833", "Restricted", "unavailable", ""]


@pytest.mark.parametrize("number", WITHHELD, ids=range(len(WITHHELD)))
async def test_a_withheld_number_is_no_contact_point_and_is_asked_for(hub, phone, number):
    caller = phone(number=number)
    await caller.call()
    assert "Wir sehen Ihre Telefonnummer nicht" in await caller.press("1", "2", "2", "2")
    assert "kenne ich so nicht" in await caller.press("12")
    assert "morgen am Nachmittag" in await caller.press("07115550101")
    await caller.hang_up()
    entry = await entry_of(hub)
    assert entry.content.sender is None
    assert entry.content.callback.number.value == "+497115550101"


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
async def test_however_it_ends_there_is_an_entry(hub, phone, status):
    await phone().hang_up(status)
    assert (await entry_of(hub)).outcome is CallOutcome.MISSED


HUNG_UP = [(), ("1",), ("1", "1"), ("1", "1", REFERENCE), ("1", "2"), ("1", "2", "1"), ("1", "3")]


@pytest.mark.parametrize("keys", HUNG_UP, ids=range(len(HUNG_UP)))
async def test_a_call_whose_end_never_came_is_closed_and_marked(hub, phone, keys):
    caller = phone()
    await caller.call()
    await caller.press(*keys)
    assert await hub.receiver.closer.look() == 0
    await hub.rows("update channel_phone.call set heard_at = now() - interval '31 minutes'")
    assert await hub.receiver.closer.look() == 1
    assert (await entry_of(hub)).partial
    await caller.hang_up()  # late
    assert await hub.receiver.closer.look() == 0
    assert len(await hub.kept()) == 1


async def test_whoever_talks_to_the_desk_is_waited_for_longer(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1", "0")
    await hub.rows("update channel_phone.call set heard_at = now() - interval '31 minutes'")
    assert await hub.receiver.closer.look() == 0
    await hub.rows("update channel_phone.call set heard_at = now() - interval '5 hours'")
    assert await hub.receiver.closer.look() == 1


async def test_a_closer_that_is_killed_makes_the_same_entry_again(hub, phone):
    caller = phone()
    await caller.call()
    await caller.press("1")
    call = await lost_call(hub)
    forget = hub.receiver.calls.close

    async def killed(*_):
        raise asyncio.CancelledError

    hub.receiver.calls.close = killed
    with pytest.raises(asyncio.CancelledError):
        await hub.receiver.closer.close(call)
    hub.receiver.calls.close = forget
    assert await hub.receiver.closer.look() == 1
    await entry_of(hub)


async def test_what_is_closed_says_nothing_more_and_goes(hub, phone):
    caller = phone()
    await caller.call()
    await caller.hang_up()
    [row] = await hub.rows("select sealed, closed_at from channel_phone.call")
    assert row["sealed"] == b""
    assert await hub.receiver.calls.sweep("musterstadt") == 0
    await hub.rows("update channel_phone.call set closed_at = now() - interval '3 days'")
    assert await hub.receiver.calls.sweep("musterstadt") == 1


async def test_forged_hooks_are_refused_and_nothing_is_kept(hub, hook):
    for rest in ("", *(f"/{what}" for what in What)):
        with pytest.raises(Refused):
            await hub.take(hook({"CallSid": "CA1"}, rest, token="another"))
    assert await hub.rows("select 1 from channel_phone.call") == []


@pytest.mark.parametrize("rest", ["/inbox", "/desk", "/nothing", "/begin"])
async def test_nobody_tells_us_what_we_look_up_ourselves(hub, hook, rest):
    with pytest.raises(Permanent):
        await hub.take(hook({"CallSid": "CA1"}, rest))
    with pytest.raises(Permanent):
        await hub.take(hook({}))
