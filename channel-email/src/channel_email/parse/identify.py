"""Derive the id of a mail from what does not change on its way to us, for `parse`."""

import hashlib
import re

from channel_email.parse.context import Context
from channel_email.parse.mime import Part
from hub_contract.ids import received_id

_ESCAPED_FROM = re.compile(rb"(^|\n)>+From ")
# Received, Return-Path, Delivered-To, X-* differ between SMTP and IMAP; these do not.
_LASTING = (b"from", b"date", b"subject", b"to")
_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")


def message_id_of(part: Part) -> str:
    """Return the Message-ID without brackets, or "" where there is none."""
    ids = read_ids(part.headers.text(b"message-id"))
    return ids[0] if ids else ""


def read_ids(text: str) -> list[str]:
    """Return the ids in a Message-ID, In-Reply-To or References header, once each, in order."""
    found = _ID.findall(text)
    if not found:  # Outlook Express and scripts forget the brackets
        found = [word for word in text.split() if "@" in word and "<" not in word][:50]
    return list(dict.fromkeys(found))


def content_hash(part: Part) -> str:
    """Return a hash that is the same however the mail reached us, and differs if the mail does."""
    body = part.raw[part.start :].translate(None, b"\r").rstrip()
    if b">From " in body:  # mailboxes escape lines, and some never undo it
        body = _ESCAPED_FROM.sub(rb"\1From ", body)
    digest = hashlib.sha256(body)
    for name in _LASTING:
        value = " ".join(part.headers.text(name).split())
        digest.update(b"\x00" + value.encode("utf-8", "replace"))
    return digest.hexdigest()


def identify(part: Part, context: Context) -> "object":
    return received_id(
        context.tenant, "email", context.account, message_id_of(part), content_hash(part)
    )
