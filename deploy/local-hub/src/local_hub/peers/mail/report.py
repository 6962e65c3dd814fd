"""Writes delivery status notifications as real mail servers do: pure.

RFC 3464 (the report), RFC 6522 (its envelope), RFC 3461 (who asked for one).
"""

from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.policy import SMTP, compat32
from email.utils import format_datetime, make_msgid


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient: `action` and `status` in the words of RFC 3464."""

    action: str  # delivered, failed, delayed
    status: str  # 2.0.0, 5.1.1
    diagnostic: str
    words: str  # for a human reader


DELIVERED = Outcome("delivered", "2.0.0", "250 2.0.0 OK", "Die Nachricht wurde zugestellt.")
UNKNOWN = Outcome(
    "failed",
    "5.1.1",
    "550 5.1.1 User unknown in virtual mailbox table",
    "Die Nachricht konnte nicht zugestellt werden: Das Postfach gibt es nicht (mehr).",
)


def refused(code: int, text: str) -> Outcome:
    """Return what a sender is told when the next server refused his mail."""
    words = "Die Nachricht konnte nicht zugestellt werden: Der Empfänger nimmt sie nicht an."
    return Outcome("failed", _enhanced(code, text), f"{code} {text}", words)


@dataclass(frozen=True, slots=True)
class About:
    """The mail that a report is about, as it came."""

    sender: str  # its envelope sender: who gets the report
    recipient: str
    raw: bytes
    envelope_id: str = ""  # ENVID, given back as it came
    original_recipient: str = ""  # ORCPT


def write_report(about: About, outcome: Outcome, host: str, now: datetime) -> bytes:
    """Return the report as it goes out, with an empty envelope sender."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{host}>"
    report["To"] = about.sender
    report["Subject"] = _SUBJECTS.get(outcome.action, "Delivery Status Notification")
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=host)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(_words(about, outcome, host), "plain", "utf-8"))
    report.attach(_status(about, outcome, host, now))
    report.attach(_returned(about.raw, outcome))
    return report.as_bytes(policy=SMTP)


_SUBJECTS = {
    "delivered": "Successful Mail Delivery Report",
    "failed": "Undelivered Mail Returned to Sender",
    "delayed": "Delayed Mail (still being retried)",
}


def _words(about: About, outcome: Outcome, host: str) -> str:
    lines = [f"Dies ist das Mailsystem {host}.", "", outcome.words, ""]
    return "\n".join([*lines, f"<{about.recipient}>: {outcome.diagnostic}", ""])


def _status(about: About, outcome: Outcome, host: str, now: datetime) -> Message:
    whole = Message(policy=compat32)
    whole["Reporting-MTA"] = f"dns; {host}"
    if about.envelope_id:
        whole["Original-Envelope-Id"] = about.envelope_id
    whole["Arrival-Date"] = format_datetime(now)
    one = Message(policy=compat32)
    if about.original_recipient:
        one["Original-Recipient"] = about.original_recipient
    one["Final-Recipient"] = f"rfc822; {about.recipient}"
    one["Action"] = outcome.action
    one["Status"] = outcome.status
    one["Diagnostic-Code"] = f"smtp; {outcome.diagnostic}"
    part = MIMENonMultipart("message", "delivery-status")
    part.set_payload([whole, one])
    return part


def _returned(raw: bytes, outcome: Outcome) -> Message:
    """Give back headers only of what was delivered, and the mail itself of what was not."""
    if outcome.action == "delivered":
        headers = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"
        part = MIMENonMultipart("text", "rfc822-headers")
        part.set_payload(headers.decode("ascii", "replace"))
        return part
    part = MIMENonMultipart("message", "rfc822")
    part.set_payload([BytesParser(policy=compat32).parsebytes(raw)])
    return part


def _enhanced(code: int, text: str) -> str:
    first = text.partition(" ")[0]
    return first if first.count(".") == 2 else f"{code // 100}.0.0"
