"""What forms become: one event each, the same one when they come twice."""

import json
from datetime import UTC, datetime
from uuid import UUID

from channel_web.parse import Context, Inbox, Sent, parse, parse_block
from channel_web.parse.form import Written
from channel_web.parse.uploads import Upload
from hub_contract.events import MessageContent, MessageReceived
from hub_contract.problems import Problem
from hub_contract.words import Automatic, ContactKind, MessageKind

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
INBOX = Inbox(UUID("7c6ff4d6-6a4c-4e0e-8f43-d3f3dd7e8f6d"), "938429177007")
FIRST = Context("musterstadt", "portal", INBOX, AT, begins=True)
LATER = Context("musterstadt", "portal", INBOX, AT)
WRITTEN = Written("Ich habe einen Hund.", "Hundesteuer", "Erika Mustermann")
PHOTO = Upload("hund.jpg", "image/jpeg", b"\xff\xd8\xff")


def content_of(sent: Sent, context: Context) -> tuple[MessageReceived, MessageContent]:
    event = parse(sent, context).event
    assert isinstance(event, MessageReceived)
    assert isinstance(event.content, MessageContent)
    return event, event.content


def test_the_first_message_brings_reference_and_ways():
    event, content = content_of(Sent("t", MessageKind.FORM, WRITTEN, (PHOTO,)), FIRST)
    assert (event.channel, event.kind, event.account) == ("web", "form", "portal")
    assert content.sender is not None
    assert (content.sender.kind, content.sender.value) == ("portal", str(INBOX.portal_id))
    assert (content.sender.name, content.subject) == ("Erika Mustermann", "Hundesteuer")
    assert content.body.text == "Ich habe einen Hund."
    assert content.reference == INBOX.reference
    assert content.references == ()
    assert [point.kind for point in content.reachable] == ["portal"]
    assert [(a.file_name, a.size) for a in content.attachments] == [("hund.jpg", 3)]
    assert content.evidence == ()


def test_the_wished_way_comes_first():
    for answer, kinds in (("email", ["email", "portal"]), ("here", ["portal", "email"])):
        written = Written("x", "y", answer=answer, email="erika@mail.example")
        _, content = content_of(Sent("t", MessageKind.FORM, written), FIRST)
        assert [point.kind for point in content.reachable] == kinds


def test_what_comes_later_leads_into_the_conversation():
    event, content = content_of(Sent("t", MessageKind.CHAT, Written("Danke!")), LATER)
    assert event.kind == "chat"
    assert (content.reference, content.reachable) == ("", ())
    assert content.references == (INBOX.reference,)
    assert [(e.kind, e.result) for e in content.evidence] == [("session", "pass")]
    assert content.subject == ""


def test_twice_is_once_and_another_text_is_another():
    sent = Sent("t", MessageKind.FORM, WRITTEN, (PHOTO,))
    later = Context("musterstadt", "portal", INBOX, datetime.now(UTC), begins=True)
    assert parse(sent, FIRST).event.id == parse(sent, later).event.id
    others = [
        parse(Sent("u", MessageKind.FORM, WRITTEN, (PHOTO,)), FIRST),
        parse(Sent("t", MessageKind.FORM, Written("Anders", "Hundesteuer"), (PHOTO,)), FIRST),
        parse(Sent("t", MessageKind.FORM, WRITTEN), FIRST),
        parse(sent, Context("kleindorf", "portal", INBOX, AT, begins=True)),
    ]
    assert len({parse(sent, FIRST).event.id, *(other.event.id for other in others)}) == 5


def test_the_original_is_the_form_as_it_was_filled_in():
    sent = Sent("t", MessageKind.FORM, WRITTEN, (Upload("b.jpg", "image/jpeg", b"x", "b.png"),))
    arrival = parse(sent, FIRST)
    form = json.loads(arrival.original)
    assert form["subject"] == "Hundesteuer"
    assert form["files"][0][0] == "b.png"
    assert "email" not in form
    assert arrival.files == (b"x",)
    assert isinstance(arrival.event, MessageReceived)
    assert arrival.event.size == len(arrival.original) + 1


def test_an_agent_reads_that_a_file_got_another_name():
    sent = Sent("t", MessageKind.FORM, WRITTEN, (Upload("b.jpg", "image/jpeg", b"x", "b.png"),))
    _, content = content_of(sent, FIRST)
    assert content.problems == (Problem(code="file_renamed", about="b.png → b.jpg"),)


def test_a_chat_is_called_after_its_first_line():
    _, content = content_of(Sent("t", MessageKind.CHAT, Written("Haben Sie offen?\nDanke")), FIRST)
    assert content.subject == "Haben Sie offen?"
    _, content = content_of(Sent("t", MessageKind.CHAT, Written("lang " * 30)), FIRST)
    assert content.subject.endswith("lang …")
    assert len(content.subject) <= 81


def test_a_block_is_a_note_of_a_machine():
    event = parse_block(LATER, AT).event
    assert isinstance(event, MessageReceived)
    assert isinstance(event.content, MessageContent)
    assert (event.kind, event.automatic) == (MessageKind.NOTE, Automatic.GENERATED)
    assert event.content.references == (INBOX.reference,)
    assert [problem.code for problem in event.content.problems] == ["access_blocked"]
    assert event.content.sender is not None
    assert event.content.sender.kind is ContactKind.PORTAL
    assert event.id == parse_block(LATER, AT).event.id
