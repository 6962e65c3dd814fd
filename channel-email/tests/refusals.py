"""The rows of refusals.toml as mails: a bounce of each dialect, for the tests and for `make bench`."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from channel_email.parse import Context

OURS = UUID("7d1f3c52-9a0b-4e6d-8c21-5b9a4f0e1d77")
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 20, tzinfo=UTC),
    envelope_to=(f"bounce+{OURS}@musterstadt.example",),
    domain="musterstadt.example",
)
_HEAD = """\
From: {sender}
To: bounce+{ours}@musterstadt.example
Subject: {subject}
Content-Type: {type}; charset=utf-8{more}

"""
_REPORT = """\
--b
Content-Type: text/plain

A report of a mail server.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org


Final-Recipient: rfc822; erika@example.org
Action: failed
Status: {status}
Diagnostic-Code: {said}

--b--
"""


class Refusal(NamedTuple):
    dialect: str
    reason: str
    said: str  # what tells the reason, for people who read a failed test
    raw: bytes


def refusals() -> Iterator[Refusal]:
    """Yield all rows."""
    table = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text("utf-8"))
    for dialect, kinds in table.items():
        for reason, status, said in kinds.get("said", ()):
            raw = mail(_REPORT.format(status=status, said=said), "multipart/report", "; boundary=b")
            yield Refusal(dialect, reason, said, raw)
        for reason, text in kinds.get("written", ()):
            yield Refusal(dialect, reason, text.strip(), mail(text))


def mail(
    text: str,
    media_type: str = "text/plain",
    more: str = "",
    subject: str = "failure notice",
    sender: str = "MAILER-DAEMON@mx.example.org",
) -> bytes:
    head = _HEAD.format(sender=sender, ours=OURS, subject=subject, type=media_type, more=more)
    return (head + text).encode()
