"""Makes and reads reply tokens: proof that a message answers one of ours, for `reply` and `append`.

Rule 1. A token holds its conversation, the day it expires, and an HMAC over both and the tenant.
Rule 2. It fits a local part of 64 characters (RFC 5321 §4.5.3.1.1) behind `reply+`, and lower
        case suffices, since mail systems change the case of local parts.
Rule 3. It says where a message belongs, never who sent it.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from hub_kit.keys import KeyRing
from hub_kit.tokens import derive_key

_EPOCH = date(1970, 1, 1)
_MAC = 12  # bytes: 96 bits cannot be guessed by mail
_LENGTH = 16 + 2 + _MAC  # bytes; 48 characters in base32, without padding


class Token(NamedTuple):
    """What a reply token says: a conversation, or a fault: `forged`, `expired`."""

    conversation_id: UUID | None = None
    fault: str = ""


class Signer:
    """Signs and checks reply tokens of every tenant of one hub."""

    def __init__(self, ring: KeyRing, days: int) -> None:
        self._key = derive_key(ring, "reply-token")
        self._days = days

    def make(self, tenant: str, conversation_id: UUID, now: datetime) -> str:
        """Return the token that leads answers into this conversation, 48 characters."""
        expires = (now.astimezone(UTC).date() - _EPOCH).days + self._days
        body = conversation_id.bytes + expires.to_bytes(2, "big")
        return base64.b32encode(body + self._mac(tenant, body)).decode().lower()

    def read(self, tenant: str, token: str, now: datetime) -> Token:
        """Return what the token says of this tenant; a token of another tenant is `forged`."""
        try:
            raw = base64.b32decode(token.strip().upper())
        except (binascii.Error, ValueError):
            return Token(fault="forged")
        body, mac = raw[:18], raw[18:]
        if len(raw) != _LENGTH or not hmac.compare_digest(mac, self._mac(tenant, body)):
            return Token(fault="forged")
        expires = _EPOCH + timedelta(days=int.from_bytes(body[16:], "big"))
        if now.astimezone(UTC).date() > expires:
            return Token(fault="expired")
        return Token(UUID(bytes=body[:16]))

    def _mac(self, tenant: str, body: bytes) -> bytes:
        return hmac.new(self._key, tenant.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC]
