"""Writes mails as citizens' programs do: new ones, answers that quote, vacation answers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime, make_msgid, parseaddr

from local_hub.peers.mail.mailboxes import Mail


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Words:
    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its envelope: an empty `sender` is what reports have."""

    sender: str
    recipient: str
    raw: bytes


def write_mail(sender: Address, words: Words, now: datetime, files: Sequence[File] = ()) -> Letter:
    """Return a citizen's new mail."""
    mail = _start(sender, words.to, words.subject, now)
    mail.set_content(words.text)
    for file in files:
        maintype, _, subtype = file.media_type.partition("/")
        mail.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=file.name)
    return Letter(sender.addr_spec, words.to, mail.as_bytes(policy=SMTP))


def write_answer(sender: Address, mail: Mail, text: str, now: datetime) -> Letter:
    """Return the answer to `mail` as German mail programs write it: own words, then the quote."""
    to = parseaddr(mail.reply_to or mail.sender)[1]
    subject = (
        mail.subject if mail.subject.lower().startswith(("re:", "aw:")) else f"AW: {mail.subject}"
    )
    answer = _start(sender, to, subject, now)
    answer["In-Reply-To"] = mail.message_id
    answer["References"] = f"{mail.references} {mail.message_id}".strip()
    quote = "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())
    answer.set_content(
        f"{text}\n\nAm {mail.at:%d.%m.%Y um %H:%M} schrieb {mail.sender}:\n{quote}\n"
    )
    return Letter(sender.addr_spec, to, answer.as_bytes(policy=SMTP))


def write_vacation(
    sender: Address, words: str, raw: bytes, envelope_from: str, now: datetime
) -> Letter | None:
    """Return the vacation answer to a mail, or None where a machine must not be answered.

    RFC 3834: to the envelope sender, never to a machine, and marked.
    """
    headers = BytesParser(policy=default).parsebytes(raw, headersonly=True)
    automatic = str(headers.get("Auto-Submitted", "no")).lower() != "no"
    if not envelope_from or automatic or headers.get("Precedence") or headers.get("List-Id"):
        return None
    subject = f"Automatische Antwort: {headers.get('Subject', '')}"
    answer = _start(sender, envelope_from, subject, now)
    if message_id := headers.get("Message-ID"):
        answer["In-Reply-To"] = str(message_id)
        answer["References"] = str(message_id)
    answer["Auto-Submitted"] = "auto-replied"
    answer.set_content(words + "\n")
    return Letter("", envelope_from, answer.as_bytes(policy=SMTP))


def _start(sender: Address, to: str, subject: str, now: datetime) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=sender.domain)
    return mail
