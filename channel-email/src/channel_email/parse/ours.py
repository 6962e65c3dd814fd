"""Recognise our own addresses and Message-IDs in what comes back, for bounces and answers.

`render` writes them: `<{id}@domain>`, `bounce+{id}@domain`, `reply+{token}@domain`. They count
only with the domain of the account, since anybody may use ids of this form.
"""

import re
from collections.abc import Iterable
from itertools import islice
from uuid import UUID

from channel_email.parse.context import Context
from channel_email.parse.headers import Headers
from hub_contract.email_address import normal_domain

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_BARE = re.compile(rf"(?<![0-9a-f-]){_UUID}(?![0-9a-f-])", re.IGNORECASE)
_BOUNCE = re.compile(rf"bounce\+({_UUID})@([^\s<>\",;:]+)", re.IGNORECASE)
_REPLY = re.compile(
    r"(?<![\w.+-])reply\+([^\s@<>\"',;:()]{1,200})@([^\s<>\",;:()]+)", re.IGNORECASE
)
_OURS = re.compile(rf"(?<![0-9a-z.+-])({_UUID})@([a-z0-9._-]+)", re.IGNORECASE)
_MOST = 1_000  # ids and addresses of one text; each domain may cost a millisecond to compare
# Where the envelope recipient is written down, for mails fetched by IMAP.
_DELIVERED = (b"x-original-to", b"delivered-to", b"x-envelope-to", b"envelope-to", b"to", b"cc")


def addresses_written(headers: Headers, context: Context) -> Iterable[str]:
    """Return where the mail was sent to, the envelope first."""
    yield from context.envelope_to
    for name in _DELIVERED:
        yield from headers.texts(name)


def find_bounced(headers: Headers, context: Context) -> UUID | None:
    """Return which mail of ours this comes back to, by the address it was sent to."""
    for text in addresses_written(headers, context):
        for match in islice(_BOUNCE.finditer(text), _MOST):
            if is_our_domain(match[2], context):
                return UUID(match[1])
    return None


def came_from_nobody(headers: Headers, context: Context) -> bool:
    """Say whether the return path is empty: nobody wants an answer (RFC 5321 §4.5.5).

    An envelope without sender says so only where there is an envelope: IMAP has none.
    """
    if headers.text(b"return-path") == "<>":
        return True
    return bool(context.envelope_to) and not context.envelope_from.strip("<> ")


def find_token(headers: Headers, context: Context) -> str:
    """Return the token of a reply address of ours, in lower case (mailers fold it), or ""."""
    for text in addresses_written(headers, context):
        for match in islice(_REPLY.finditer(text), _MOST):
            if not context.domain or is_our_domain(match[2], context):
                return match[1].lower()
    return ""


def answers_ours(headers: Headers, context: Context) -> bool:
    """Say whether the mail answers one of ours: by its thread, or by where it was sent to."""
    if find_token(headers, context) or find_bounced(headers, context):
        return True
    thread = (t for name in (b"in-reply-to", b"references") for t in headers.texts(name))
    return any(find_our_id(text, context) for text in thread)


def find_our_id(text: str, context: Context) -> UUID | None:
    """Return the first Message-ID or bounce address of ours in a text."""
    if "@" not in text or not context.domain:
        return None
    for pattern in (_OURS, _BOUNCE):
        for match in islice(pattern.finditer(text), _MOST):
            if is_our_domain(match[2].rstrip("."), context):
                return UUID(match[1])
    return None


def read_envelope_id(text: str) -> UUID | None:
    """Return the id we gave the relay as ENVID (RFC 3461), which reports give back."""
    found = _BARE.search(text)
    return UUID(found.group()) if found else None


def is_our_domain(domain: str, context: Context) -> bool:
    return bool(context.domain) and normal_domain(domain) == normal_domain(context.domain)
