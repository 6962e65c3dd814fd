"""Derive the id of a mail from what does not change on its way to us, for `parse`."""

import hashlib
import re

from channel_email.parse.decode import charset_for, clean, to_text
from channel_email.parse.mime import Part
from channel_email.parse.words import decode_words

_ESCAPED_FROM = re.compile(rb"(^|\n)(>++)From ")
# Received, Return-Path, Delivered-To, X-* differ between SMTP and IMAP; these do not.
_LASTING = (b"from", b"date", b"subject", b"to")
_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")


def message_id_of(part: Part) -> str:
    """Return the Message-ID without brackets, or "" where there is none."""
    text = part.headers.text(b"message-id")
    ids = read_ids(text) or text.split()  # some are no more than a number
    return clean(ids[0])[:500] if ids else ""


def read_ids(text: str) -> list[str]:
    """Return the ids in a Message-ID, In-Reply-To or References header, once each, in order."""
    found = _ID.findall(text)
    if not found:  # Outlook Express and scripts forget the brackets
        found = [word for word in text.split() if "@" in word and "<" not in word][:50]
    return list(dict.fromkeys(map(clean, found)))


def content_hash(part: Part) -> str:
    """Return a hash that is the same however the mail reached us, and differs if the mail does."""
    body = part.raw[part.start :].replace(b"\r", b"").rstrip()
    digest = hashlib.sha256()
    done = 0
    if b">" in body and b">From " in body:  # mailboxes escape lines, and some never undo it
        for escaped in _ESCAPED_FROM.finditer(body):
            digest.update(memoryview(body)[done : escaped.end(1)])
            done = escaped.end(2)
    digest.update(memoryview(body)[done:])
    for name in _LASTING:
        # Relays fold and encode anew; what is not encoded is read without the text's charset.
        raw = part.headers.raw(name)
        same = not charset_for(raw, part.headers.charset)
        value = part.headers.words(name) if same else decode_words(to_text(raw)[0].strip())
        digest.update(b"\x00" + value.encode("utf-8", "replace"))
    return digest.hexdigest()
