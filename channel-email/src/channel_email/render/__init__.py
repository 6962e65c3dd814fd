"""Turn a request into the bytes of a mail: pure, for `send`.

Rule 1. What agents and citizens write never becomes a header of its own: line ends are blanks.
Rule 2. Every mail of ours says who it is (`<id@domain>`), where bounces about it go
        (`bounce+<id>@domain`), and that it is ours (`X-Faden-Loop`).
Rule 3. What a machine caused says so (RFC 3834), so that no machine answers it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from channel_email.parse.decode import clean
from channel_email.render.header import Written, mailbox, one_line, subject_line
from channel_email.render.sign import sign_html, sign_text, signature_of
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Reason
from hub_contract.email_address import normal_domain
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.references import show_reference
from hub_contract.words import Attachment, ContactKind, ContactPoint
from hub_kit.files import ending_of, safe_name

# Headers are folded at 78 characters and bodies are quoted-printable or base64 where they are
# not plain: a relay without 8BITMIME must not have to touch a signed mail.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
_MEDIA_TYPE = re.compile(r"([a-z0-9][\w.+-]*+)/([a-z0-9][\w.+-]*+)")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_BEYOND_ASCII = re.compile(r"[^\x00-\x9f\s]")  # RFC 6531 §3.3: as good as a letter in an atom
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_ID = re.compile(r"[^\s<>@]{1,250}@[^\s<>@]{1,250}")
_ASKS = "\ue000"  # stands in for a question mark: for private use, so nobody types it
_MOST_REFERENCES = 20  # the thread survives, and no line gets longer than relays like


@dataclass(frozen=True, slots=True)
class Sender:
    """Under which address, name and mail domain an account writes, and with which signature."""

    address: str
    display_name: str
    domain: str
    signatures: Mapping[str, str] = field(default_factory=dict)  # by language


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail as it goes to the relay; `message_id` comes without angle brackets."""

    raw: bytes
    envelope_from: str
    envelope_to: str
    message_id: str


def render(
    event: MessageRequested, sender: Sender, files: tuple[bytes, ...], now: datetime
) -> Outgoing:
    """Return the mail of an opened request; `files` are its attachments' bytes, in their order.

    Raises `Permanent`, naming field and remedy, where no mail can be made of it.
    """
    content = event.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {event.id} is sealed: open it before rendering")
    if len(files) != len(content.attachments):
        raise Permanent(
            f"attachments of {event.id}: {len(content.attachments)} named but {len(files)} given;"
            " read every blob before rendering"
        )
    domain = normal_domain(sender.domain)
    message_id = f"{event.id}@{domain}"
    recipient = _recipient(content.recipient)
    mail = EmailMessage(policy=_POLICY)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Date"] = format_datetime(now)
    own = _sendable("sender", sender.address, Reason.NOT_CONFIGURED)
    mail["From"] = Written("From", mailbox(sender.display_name, own))
    mail["To"] = Written("To", mailbox(content.recipient.name, recipient))
    mail["Subject"] = Written("Subject", subject_line(_subject(content)))
    if content.reply_token:
        mail["Reply-To"] = _reply_address(content.reply_token, domain)
    _mark(mail, event, domain)
    _fill(mail, _signed(content, sender), files)
    _set_boundaries(mail, event)
    raw = _thread(content) + mail.as_bytes()
    return Outgoing(raw, f"bounce+{event.id}@{domain}", recipient, message_id)


def _recipient(point: ContactPoint) -> str:
    if point.kind is not ContactKind.EMAIL:
        raise Permanent(
            f"recipient: a contact point of kind {point.kind} gets no mail; choose another one",
            reason=Reason.ADDRESS_UNKNOWN,
        )
    return _sendable("recipient", point.value, Reason.ADDRESS_UNKNOWN)


def _sendable(field: str, address: str, reason: Reason) -> str:
    """Return the address as every relay takes it, or raise `Permanent`, never quoting it."""
    local, _, domain = contact_point(ContactKind.EMAIL, address).value.rpartition("@")
    domain = normal_domain(domain)  # also where the address was kept as written
    if not local or not domain:
        raise Permanent(f"{field}: no e-mail address; correct it", reason=reason)
    if not _LOCAL.fullmatch(_BEYOND_ASCII.sub("x", local)) or len(local.encode()) > 64:
        raise Permanent(
            f"{field}: relays refuse what stands before the @ of the address; use another address",
            reason=reason,
        )
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise Permanent(
            f"{field}: the domain of the address is not valid; correct it", reason=reason
        )
    return f"{local}@{domain}"


def _reply_address(token: str, domain: str) -> str:
    if not _LOCAL.fullmatch(f"reply+{token}") or len(token) > 64 - len("reply+"):
        raise Permanent("reply_token: not fit for an address; have the store make a new one")
    return f"reply+{token}@{domain}"


def _subject(content: RequestedContent) -> str:
    """Return the subject with the reference, so that an answer by any program carries it."""
    subject = one_line(content.subject)[:500]
    if not content.reference:
        return subject
    shown = show_reference(content.reference)
    if shown in subject or content.reference in subject:
        return subject
    return f"{subject} [Vorgang {shown}]".strip()


def _thread(content: RequestedContent) -> bytes:
    """Return the headers that keep the thread together.

    Written by hand: Python's folding turns an id longer than a line into an encoded word, which
    no mail program reads as an id.
    """
    ids = [one.strip("<> ") for one in content.answers]
    ids = [one for one in ids if one.isascii() and _ID.fullmatch(one)][:_MOST_REFERENCES]
    if not ids:
        return b""
    oldest_first = "\r\n ".join(f"<{one}>" for one in reversed(ids))
    return f"In-Reply-To: <{ids[0]}>\r\nReferences: {oldest_first}\r\n".encode("ascii")


def _mark(mail: EmailMessage, event: MessageRequested, domain: str) -> None:
    if event.automatic:
        answers = isinstance(event.content, RequestedContent) and event.content.answers
        mail["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Faden-Loop"] = domain


def _signed(content: RequestedContent, sender: Sender) -> RequestedContent:
    signature = clean(signature_of(sender.signatures, content.language))
    text, html = sign_text(content.text, signature), sign_html(content.html, signature)
    return content.model_copy(update={"text": text, "html": html})


def _fill(mail: EmailMessage, content: RequestedContent, files: tuple[bytes, ...]) -> None:
    mail.set_content(_lines(content.text), charset="utf-8", cte=_encoding(content.text))
    if content.html:
        mail.add_alternative(
            _lines(content.html), subtype="html", charset="utf-8", cte="quoted-printable"
        )
    for number, (one, data) in enumerate(zip(content.attachments, files, strict=True), start=1):
        maintype, subtype = _media_type(one)
        name = _file_name(one.file_name) or f"{number}{ending_of(one.media_type)}"
        mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=name, cte="base64")
        if "=?" in name and name.isascii():  # Python would read it as an encoded word
            [*_, part] = mail.iter_parts()
            written = f"attachment;\r\n filename*=utf-8''{quote(name, safe='')}"
            del part["Content-Disposition"]
            part["Content-Disposition"] = Written("Content-Disposition", written)


def _file_name(name: str) -> str:
    """Return the name made harmless; a question mark harms nobody before it is a file again."""
    return safe_name(one_line(name).replace("?", _ASKS)).replace(_ASKS, "?")


def _set_boundaries(mail: EmailMessage, event: MessageRequested) -> None:
    """Replace Python's random boundaries, so that one request always gives the same bytes."""
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{event.id.hex}_{number}")
        if part is not mail:
            del part["MIME-Version"]


def _lines(text: str) -> str:
    return clean(text).rstrip("\n") + "\n"


def _encoding(text: str) -> str:
    """Return 7bit for what every relay passes as it is, else quoted-printable."""
    plain = text.isascii() and all(len(line) <= 990 for line in text.split("\n"))
    return "7bit" if plain else "quoted-printable"


def _media_type(one: Attachment) -> tuple[str, str]:
    """Return the type in two halves; what no relay may open or change is an octet stream."""
    found = _MEDIA_TYPE.fullmatch(one.media_type.lower())
    if not found or found[1] in ("message", "multipart"):
        return "application", "octet-stream"
    return found[1], found[2]
