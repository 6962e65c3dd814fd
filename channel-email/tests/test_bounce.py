"""Bounces, warnings and receipts become delivery reports where they are about a mail of ours."""

import importlib.util
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channel_email.parse import Context, read
from channel_email.parse.codes import find_code, most_telling
from channel_email.parse.headers import Headers
from channel_email.parse.last_look import names_failures
from channel_email.parse.reasons import only_words, reason_of
from channel_email.parse.telling import own_words, telling_words
from hub_contract.delivery import Reason
from hub_contract.events import DeliveryContent, DeliveryReported, MessageReceived

_spec = importlib.util.spec_from_file_location("refusals", Path(__file__).with_name("refusals.py"))
refusals = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(refusals)

HERE = Path(__file__).resolve().parent
BOUNCES = HERE / "samples" / "bounces"
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
TABLE = tomllib.loads((HERE / "bounces.toml").read_text())["bounce"]
OURS = refusals.OURS
REFUSALS = list(refusals.refusals())
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 20, tzinfo=UTC),
    domain="musterstadt.example",
)


def test_every_sample_is_in_the_table() -> None:
    assert {row["file"] for row in TABLE} == {path.name for path in BOUNCES.iterdir()}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["file"])
def test_reports_about_our_mail(row: dict) -> None:
    raw = (BOUNCES / row["file"]).read_bytes()
    arrival = read(raw, CONTEXT)
    event = arrival.event
    assert isinstance(event, DeliveryReported)
    assert isinstance(event.content, DeliveryContent)
    assert event.message_id == OURS
    assert (event.status, event.reason, event.code) == (row["status"], row["reason"], row["code"])
    assert event.content.recipient == row["recipient"]
    assert row["says"] in event.content.diagnostic
    assert event.at == row["at"]
    assert (arrival.original, arrival.files) == (raw, ())


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["file"])
def test_a_report_to_another_mailbox_is_another_report(row: dict) -> None:
    """Whoever was written to may send it anywhere: ours must still be heard when it comes."""
    raw = (BOUNCES / row["file"]).read_bytes()
    elsewhere = [replace(CONTEXT, tenant="kleindorf"), replace(CONTEXT, account="amt")]
    ids = {read(raw, context).event.id for context in (CONTEXT, *elsewhere)}
    assert len(ids) == 3


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["file"])
def test_reports_about_mail_of_others_stay_messages(row: dict) -> None:
    raw = (BOUNCES / row["file"]).read_bytes().replace(b"musterstadt.example", b"kleindorf.example")
    raw = re.sub(rb"(?m)^Original-Envelope-Id:.*\n", b"", raw)
    event = read(raw, CONTEXT).event
    assert isinstance(event, MessageReceived)
    assert event.automatic != "no"


def test_without_a_domain_no_mail_is_ours() -> None:
    raw = (BOUNCES / "postfix-dsn.eml").read_bytes()
    nobody = Context("musterstadt", "post", CONTEXT.received_at)
    assert isinstance(read(raw, nobody).event, MessageReceived)


@pytest.mark.parametrize("name", ["bounced_gmail.eml", "bounced_with_no_from.eml"])
def test_a_bounce_from_the_wild_is_marked(name: str) -> None:
    path = SHARED / "helpdesk" / name
    if not path.exists():
        pytest.skip(f"no samples at {SHARED}")
    event = read(path.read_bytes(), CONTEXT).event
    assert (event.type, event.automatic) == ("message.received", "bounce")


def test_the_same_report_is_one_report_by_smtp_and_by_imap() -> None:
    raw = (BOUNCES / "postfix-dsn.eml").read_bytes()
    by_smtp = Context(
        "musterstadt",
        "post",
        CONTEXT.received_at,
        envelope_to=(f"bounce+{OURS}@musterstadt.example",),
        domain="musterstadt.example",
    )
    later = raw.replace(b"\n", b"\r\n") + b"\r\n"
    assert read(raw, by_smtp).event.id == read(later, CONTEXT).event.id


def test_the_envelope_ties_where_the_header_does_not() -> None:
    raw = (BOUNCES / "gmail.eml").read_bytes()
    raw = re.sub(rb"bounce\+[0-9a-f-]+@", b"postmaster@", raw)
    envelope = Context(
        "musterstadt",
        "post",
        CONTEXT.received_at,
        envelope_to=(f"bounce+{OURS}@MUSTERSTADT.example",),
        domain="musterstadt.example",
    )
    event = read(raw, envelope).event
    assert isinstance(event, DeliveryReported)
    assert event.message_id == OURS


def test_an_absence_note_to_the_bounce_address_is_an_answer_not_a_bounce() -> None:
    raw = (
        f"Return-Path: <>\nFrom: Erika <erika@example.org>\n"
        f"To: bounce+{OURS}@musterstadt.example\n"
        "Subject: Automatische Antwort: Zustellung fehlgeschlagen?\nAuto-Submitted: auto-replied\n"
        "\nIch bin im Urlaub. Ihre Nachricht konnte von mir nicht zugestellt werden.\n"
    ).encode()
    event = read(raw, CONTEXT).event
    assert isinstance(event, MessageReceived)
    assert event.automatic == "reply"
    assert event.content.answers == (f"{OURS}@musterstadt.example",)


def test_a_person_may_write_about_bounces() -> None:
    raw = (
        "From: Erika <erika@example.org>\nTo: post@musterstadt.example\n"
        "Subject: Unzustellbar: mein Brief\n"
        f"In-Reply-To: <{OURS}@musterstadt.example>\n"
        "\nIhr Brief konnte nicht zugestellt werden, sagt die Post.\n"
    ).encode()
    event = read(raw, CONTEXT).event
    assert isinstance(event, MessageReceived)
    assert event.automatic == "no"


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.dialect}-{row.reason}")
def test_why_as_an_agent_is_told(row: refusals.Refusal) -> None:
    event = read(row.raw, refusals.CONTEXT).event
    assert isinstance(event, DeliveryReported)
    assert (event.message_id, event.reason) == (OURS, row.reason), row.said


def test_the_table_of_dialects_is_wide() -> None:
    assert len(REFUSALS) >= 180
    assert len({row.dialect for row in REFUSALS}) >= 25
    assert {row.reason for row in REFUSALS} <= set(Reason)


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [
        ("5.1.1", "", Reason.ADDRESS_UNKNOWN),
        ("5.2.2", "", Reason.MAILBOX_FULL),
        ("5.2.1", "", Reason.MAILBOX_DISABLED),
        ("5.3.4", "", Reason.TOO_LARGE),
        ("4.4.1", "", Reason.UNREACHABLE),
        ("4.4.7", "", Reason.EXPIRED),
        ("5.7.1", "", Reason.REFUSED_BY_POLICY),
        ("5.7.1", "user does not exist", Reason.ADDRESS_UNKNOWN),
        ("5.7.1", "554 rejected due to spam content", Reason.REFUSED_AS_SPAM),
        ("5.7.26", "Unauthenticated email is not accepted due to DMARC", Reason.SENDER_REJECTED),
        ("5.1.8", "", Reason.SENDER_REJECTED),
        ("5.1.0", "", Reason.OTHER),
        ("5.7.999", "", Reason.REFUSED_BY_POLICY),
        ("5.1.1", "550 5.1.1 unknown (in reply to MAIL FROM command)", Reason.SENDER_REJECTED),
        ("5.1.1", "550 5.1.1 Mailbox_full", Reason.MAILBOX_FULL),
        ("5.1.1", "550 5.1.1 mx.spam-filter.example says user unknown", Reason.ADDRESS_UNKNOWN),
        ("", "mta7.yahoodns.net said no", Reason.OTHER),
        ("", "Empfaenger unbekannt", Reason.ADDRESS_UNKNOWN),
        ("5.0.0", "Quota exceeded", Reason.MAILBOX_FULL),
        ("", "Die E-Mail-Adresse existiert nicht", Reason.ADDRESS_UNKNOWN),
        ("", "Empfänger unbekannt", Reason.ADDRESS_UNKNOWN),
        ("", "Host or domain name not found", Reason.UNREACHABLE),
        ("", "message has been in the queue too long", Reason.EXPIRED),
        ("9.99.999", "", Reason.OTHER),
        ("", "", Reason.OTHER),
        ("nonsense", "nonsense", Reason.OTHER),
    ],
)
def test_reasons(code: str, words: str, reason: Reason) -> None:
    assert reason_of(code, words) is reason


LOOKS = [  # sender, subject, text, more headers
    ("MAILER-DAEMON@mx.example.org", "failure notice", "Hi.", ""),
    (
        "SMTP <smtp@mx.example.org>",
        "mail failed, returning to sender",
        "|---- Message log ----|",
        "",
    ),
    ("mail@mx.example.org", "Ваше сообщение не доставлено. Mail failure.", "Mailbox full", ""),
    ("System", "Unzustellbar / Undeliverable", "Die Nachricht / the message", ""),
    ("", "", "", ""),
    ("MAILER-DAEMON@mx.example.org", "Hello", "550 No", "Auto-Submitted: auto-replied\n"),
    ("Mail <a@b.example>", "Delivery report", "550 No", "Auto-Submitted: auto-replied\n"),
]


@pytest.mark.parametrize(("sender", "subject", "text", "more"), LOOKS)
def test_what_nobody_sends_to_our_bounce_address_is_a_bounce(sender, subject, text, more) -> None:
    raw = more.encode() + refusals.mail(text, subject=subject, sender=sender)
    event = read(raw, refusals.CONTEXT).event
    assert isinstance(event, DeliveryReported)
    assert (event.message_id, event.status) == (OURS, "failed")


def test_a_report_to_our_bounce_address_may_have_a_sender() -> None:
    head = b"Return-Path: <ndr@mx.example.org>\n"
    raw = head + refusals.mail("No.", subject="Undeliverable: Hund", sender="ndr@mx.example.org")
    seen = replace(refusals.CONTEXT, envelope_from="ndr@mx.example.org")
    assert isinstance(read(raw, seen).event, DeliveryReported)
    raw = head + refusals.mail("No.", subject="Re: Undeliverable?", sender="erika@example.org")
    assert isinstance(read(raw, seen).event, MessageReceived)


@pytest.mark.parametrize(
    ("subject", "more"),
    [
        ("Abwesenheitsnotiz: Ihr Antrag", ""),
        ("Danke für Ihre Nachricht", "Auto-Submitted: auto-replied (vacation)\n"),
        ("Danke für Ihre Nachricht", "X-Autoreply: yes\n"),
        ("Danke für Ihre Nachricht", "Precedence: auto_reply\n"),
    ],
)
def test_a_mailbox_that_answers_by_itself_got_the_mail(subject: str, more: str) -> None:
    raw = more.encode() + refusals.mail("Ich lese sie bald.", subject=subject, sender="e@b.example")
    assert isinstance(read(raw, refusals.CONTEXT).event, MessageReceived)


def test_a_report_without_a_recipient_names_it_in_its_text() -> None:
    text = (
        "--b\nContent-Type: text/plain\n\nPlease ask postmaster@mx.example.org.\n\n"
        "<erika@example.org>: mailbox is full\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n--b--\n"
    )
    raw = refusals.mail(text, "multipart/report", "; boundary=b")
    event = read(raw, refusals.CONTEXT).event
    assert isinstance(event, DeliveryReported)
    assert isinstance(event.content, DeliveryContent)
    assert (event.reason, event.content.recipient) == ("mailbox_full", "erika@example.org")


def test_what_is_tried_again_is_not_too_late() -> None:
    raw = next(row.raw for row in REFUSALS if b"QUEUE.Expired" in row.raw)
    event = read(raw.replace(b"Action: failed", b"Action: delayed"), refusals.CONTEXT).event
    assert isinstance(event, DeliveryReported)
    assert (event.status, event.reason) == ("deferred", "unreachable")


def test_a_complaint_is_no_bounce() -> None:
    text = "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b--\n"
    raw = refusals.mail(text, "multipart/report", "; boundary=b", subject="Complaint")
    assert isinstance(read(raw, refusals.CONTEXT).event, MessageReceived)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("smtp; 550 No; not here", "550 No; not here"),
        ("550 No; not here", "550 No; not here"),
        ("x-unix ; Quota exceeded", "Quota exceeded"),
    ],
)
def test_a_field_may_lack_its_type(field: str, said: str) -> None:
    raw = next(row.raw for row in REFUSALS if b"Diagnostic-Code" in row.raw)
    raw = re.sub(rb"(?m)^Diagnostic-Code:.*$", f"Diagnostic-Code: {field}".encode(), raw)
    event = read(raw, refusals.CONTEXT).event
    assert isinstance(event.content, DeliveryContent)
    assert event.content.diagnostic == said


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("It failed.\n\nReason:\n\nMailbox full", "Reason: Mailbox full"),
        (
            "host said: 550 5.1.1\n  no such\n  user here\n\nBye",
            "host said: 550 5.1.1 no such user here",
        ),
        ("Hi.\n\n<e@b.example>:\n\nNobody is at home", "<e@b.example>: Nobody is at home"),
        ("Call 480-624-2500.\n\nUser unknown", "User unknown"),
        ("Sorry.", "Sorry."),
        ("", ""),
    ],
)
def test_the_words_that_tell(text: str, tells: str) -> None:
    assert telling_words(text) == tells


@pytest.mark.parametrize(
    "line",
    [
        "--- Below this line is a copy of the message.",
        "------ This is a copy of the message, including all the headers. ------",
        "--- The header of the original message is following. ---",
        "Original Message Headers",
        "Ursprüngliche Nachrichtenkopfzeilen:",
        "------- Returned Message --------",
        "Received: from somewhere",
        "> Received: from somewhere",
    ],
)
def test_our_own_words_are_not_theirs(line: str) -> None:
    assert own_words(f"User unknown\n\n{line}\n\nmailbox full of spam").strip() == "User unknown"


def test_names_are_no_words() -> None:
    said = "550-5.7.1 mx.dns.example.net [192.0.2.7] a@spam.example (https://full.example/x?y) RESOLVER.ADR.X no"
    assert only_words(said) == "* * * (* RESOLVER.ADR.X no"


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (("5.7.1", "5.1.1"), "5.1.1"),
        (("5.0.0", "5.7.1"), "5.7.1"),
        (("", "5.0.0"), "5.0.0"),
        (("", ""), ""),
    ],
)
def test_the_code_that_tells_most(codes: tuple[str, str], code: str) -> None:
    assert most_telling(*codes) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.0 - 550-'5.1.1 no'", "5.1.1"),
        ("(#5.2.2)", "5.2.2"),
        ("from 5.1.1.9 and 4.9.1 by 1.5.1.1", ""),
        ("5.7.1 " * 1000, "5.7.1"),
    ],
)
def test_codes_in_words(text: str, code: str) -> None:
    assert find_code(text) == code


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Delivery failed 20 attempts: erika@example.org\n\nOriginal message follows.", False),
        (
            "------ Failed Recipients ------\n\n<erika@example.org>: no\n------ Returned Mail ------",
            True,
        ),
        ("Guten Tag,\n\nich habe erika@example.org geschrieben.", False),
        ("a" * 100_000, False),
    ],
)
def test_the_last_look(words: str, found: bool) -> None:
    assert names_failures(Headers(), words) is found
