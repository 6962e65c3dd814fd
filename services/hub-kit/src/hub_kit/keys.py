"""Data keys, sealing and pseudonyms: why nothing personal is readable outside the store.

Every event has a data key of its own; the key is wrapped by a key-encryption key and lies in
`hub.message_key`. Deleting that row erases the event from log, Kafka, blobs and backups at once.
AES-256-GCM, a random 96-bit nonce in front (NIST SP 800-38D).
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub_contract.errors import Permanent
from hub_kit.settings import ConfigurationError

NONCE = 12


class Erased(Permanent):
    """The data key is gone, so the content is too; that is what erasure means."""


def seal(key: bytes, plain: bytes, what: bytes) -> bytes:
    """Return nonce + ciphertext + tag; `what` binds them to their place."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, what)


def open_sealed(key: bytes, sealed: bytes, what: bytes) -> bytes:
    """Return the plain bytes; `Permanent` where key, place or bytes are not the ones sealed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], what)
    except (InvalidTag, ValueError):
        raise Permanent(f"sealed content cannot be opened ({len(sealed)} bytes)") from None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secrets of one hub, read from one file that only its services can read.

    `wrapping` holds the key-encryption keys by number, the highest wraps new keys; `pseudonym`
    makes look-up keys from addresses; `signing` makes service tokens and reply tokens.
    """

    wrapping: Mapping[int, bytes]
    pseudonym: bytes
    signing: bytes

    @classmethod
    def read(cls, path: Path) -> Self:
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            wrapping = {int(n): base64.b64decode(k) for n, k in raw["wrapping"].items()}
            ring = cls(wrapping, *(base64.b64decode(raw[n]) for n in ("pseudonym", "signing")))
            ring._check()
        except OSError as error:
            remedy = "make one with `faden keys`"
            raise ConfigurationError(f"{path}: keys_file: {error.strerror}; {remedy}") from None
        except (ValueError, KeyError, AttributeError):
            raise ConfigurationError(
                f"{path}: keys_file: not a key ring; see `faden keys`"
            ) from None
        return ring

    def _check(self) -> None:
        keys = (*self.wrapping.values(), self.pseudonym, self.signing)
        if not self.wrapping or any(len(key) != 32 for key in keys):
            raise ValueError("a key has not 32 bytes")

    @staticmethod
    def create(path: Path) -> None:
        """Write a new ring, readable by its owner only; an existing one is never replaced."""
        fresh = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(3)]
        document = {"wrapping": {"1": fresh[0]}, "pseudonym": fresh[1], "signing": fresh[2]}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())

    def new_key(self) -> bytes:
        return secrets.token_bytes(32)

    def wrap(self, key: bytes, owner: UUID) -> bytes:
        number = max(self.wrapping)
        return bytes([number]) + seal(self.wrapping[number], key, owner.bytes)

    def unwrap(self, wrapped: bytes, owner: UUID) -> bytes:
        try:
            wrapping = self.wrapping[wrapped[0]]
        except (KeyError, IndexError):
            raise Permanent("data key is wrapped by a key that is not in keys_file") from None
        return open_sealed(wrapping, wrapped[1:], owner.bytes)

    def pseudonym_of(self, tenant: str, kind: str, value: str) -> str:
        """Return the look-up key of a contact point: the same everywhere, readable nowhere."""
        facts = json.dumps([tenant, kind, value], ensure_ascii=False).encode()
        return hmac.new(self.pseudonym, facts, hashlib.sha256).hexdigest()[:32]
