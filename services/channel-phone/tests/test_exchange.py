"""Hub and pretend exchange talk over sockets, as Twilio would: its library reads what we write."""

import pytest

from hub_contract.words import CallOutcome, CallStatus, MessageKind
from local_hub.peers.phones.carrier import Faults
from local_hub.peers.phones.twiml import read_twiml

REFERENCE, SECRET = "384291770608", "471100"


async def test_a_message_is_spoken_fetched_and_kept(line):
    assert "Hier ist Stadt Musterstadt" in await line.dial()
    await line.does("keys", "1")
    assert "nehmen wir auf" in await line.does("keys", "3")
    assert line.now["waits"] == "tone"
    assert "Ihre Nachricht ist bei uns" in await line.does("speak", "Mein Hund ist weg.")
    assert (line.now["waits"], line.now["status"]) == ("", 204)
    [entry] = await line.hub.kept()
    assert (entry.kind, entry.outcome) == (MessageKind.VOICEMAIL, CallOutcome.VOICEMAIL)
    [file] = entry.content.attachments
    [recording] = line.lines.recordings.values()
    assert (file.media_type, file.size) == ("audio/x-wav", len(recording))


async def test_a_whole_call_with_every_hook_three_times(line):
    line.phones.faults = Faults(repeat=3)
    line.hub.outside.inboxes[REFERENCE, SECRET] = {"state": "closed", "at": "2026-05-12T10:00:00Z"}
    await line.dial(withheld=True)
    for keys in ("1", "1", REFERENCE, SECRET):
        await line.does("keys", keys)
    assert "seit dem 12. Mai erledigt" in line.heard
    assert len(line.hub.outside.asked) == 1
    await line.does("keys", "0")
    assert line.now["waits"] == "desk"
    await line.does("desk_answers")
    assert line.now["waits"] == "talk"
    assert "Danke für Ihren Anruf" in await line.does("desk_hangs_up")
    [entry] = await line.hub.kept()
    assert (entry.content.sender, entry.outcome) == (None, CallOutcome.ANSWERED)
    rang = [one.status for one in await line.hub.kept("call.rang")]
    assert rang == [CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.ENDED]


async def test_silence_ends_it_and_hanging_up_is_heard_everywhere(line):
    await line.dial()
    for _ in range(3):
        await line.does("silence")
    assert line.now["waits"] == ""
    await line.dial()
    await line.does("keys", "1")
    await line.does("hang_up")
    assert await line.does("keys", "1") == line.heard
    assert len(await line.hub.kept()) == 2


async def test_an_account_nobody_has_is_404_and_a_forged_hook_403(line):
    hub = line.phones.settings.hub
    for path, status in (("nobody", 404), ("phone", 403), ("phone/status", 403)):
        answer = await line.http.post(
            f"{hub}/hooks/phone/musterstadt/{path}", data={"CallSid": "1"}
        )
        assert answer.status_code == status
    assert await line.hub.rows("select 1 from channel_phone.call") == []


WRONG = {
    "no XML": "hello",
    "no Response": "<Say>hi</Say>",
    "a verb that is none": "<Response><Shout>hi</Shout></Response>",
    "a verb in the wrong place": "<Response><Gather><Dial>1</Dial></Gather></Response>",
    "an attribute that is none": '<Response><Say loud="yes">hi</Say></Response>',
    "no words": "<Response><Say/></Response>",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_twilio_would_refuse_is_refused(text):
    with pytest.raises(ValueError, match=r"^1\d{4}: "):
        read_twiml(text)
