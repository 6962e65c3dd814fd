"""Keeps citizens' mails as Maildir folders, for the pretend mail server and who looks into it."""

import mailbox
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its owner sees it; `id` is its name in the folder."""

    id: str
    at: datetime
    sender: str
    reply_to: str
    subject: str
    text: str
    message_id: str
    answers: str  # In-Reply-To
    references: str
    automatic: str  # Auto-Submitted
    attachments: tuple[str, ...]


class Mailboxes:
    """`folder/<address>/` is a Maildir: any mail program opens it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, address: str, raw: bytes) -> str:
        """Deliver a mail and return its id."""
        return self._open(address).add(raw)

    def listing(self, address: str) -> list[Mail]:
        """Return the mails of this address, oldest first."""
        box = self._open(address)
        arrived = {key: self._arrived(address, key) for key in box.keys()}  # noqa: SIM118
        return [_read(key, box.get_bytes(key), arrived[key]) for key in sorted(arrived)]

    def raw(self, address: str, mail: str) -> bytes | None:
        """Return the bytes of one mail; None where there is none of this id."""
        try:
            return self._open(address).get_bytes(mail)
        except KeyError:
            return None

    def find(self, address: str, mail: str) -> Mail | None:
        return next((one for one in self.listing(address) if one.id == mail), None)

    def _open(self, address: str) -> mailbox.Maildir:
        return mailbox.Maildir(self._folder / _folder_name(address), create=True)

    def _arrived(self, address: str, key: str) -> datetime:
        folder = self._folder / _folder_name(address)
        found = next((p for s in ("new", "cur") for p in (folder / s).glob(f"{key}*")), None)
        return datetime.fromtimestamp(found.stat().st_mtime if found else 0, UTC)


def _folder_name(address: str) -> str:
    return address.lower().replace("/", "_").lstrip(".")


def _read(key: str, raw: bytes, at: datetime) -> Mail:
    message = message_from_bytes(raw, policy=default)
    return Mail(
        id=key,
        at=at,
        sender=str(message.get("From", "")),
        reply_to=str(message.get("Reply-To", "")),
        subject=str(message.get("Subject", "")),
        text=_text(message),
        message_id=str(message.get("Message-ID", "")),
        answers=str(message.get("In-Reply-To", "")),
        references=str(message.get("References", "")),
        automatic=str(message.get("Auto-Submitted", "no")),
        attachments=tuple(part.get_filename() or "" for part in message.iter_attachments()),
    )


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    return str(body.get_content()).strip() if body else ""
