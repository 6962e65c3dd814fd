"""Bounces, warnings and receipts become delivery reports where they are about a mail of ours."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from channel_email.parse import Context, read
from channel_email.parse.reasons import reason_of
from hub_contract.delivery import Reason
from hub_contract.events import DeliveryContent, DeliveryReported, MessageReceived

HERE = Path(__file__).resolve().parent
BOUNCES = HERE / "samples" / "bounces"
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
TABLE = tomllib.loads((HERE / "bounces.toml").read_text())["bounce"]
OURS = UUID("7d1f3c52-9a0b-4e6d-8c21-5b9a4f0e1d77")
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
        ("5.7.26", "Unauthenticated email is not accepted due to DMARC", Reason.REFUSED_BY_POLICY),
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
