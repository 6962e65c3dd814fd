"""Data keys, sealing and pseudonyms: why nothing personal is readable outside the store.

Every event has a data key of its own; the key is wrapped by a key-encryption key and lies in
`hub.message_key`. Deleting that row erases the event from log, Kafka and blobs at once, and from
backups once the epoch of its wrapping key is destroyed (`epochs`).
AES-256-GCM, a random 96-bit nonce in front (NIST SP 800-38D).
"""

import base64
import hmac
import json
import os
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub_contract.contact_points import compared
from hub_contract.errors import Permanent
from hub_contract.ids import write_facts
from hub_contract.words import ContactPoint
from hub_kit.epochs import EVER, Epoch, Epochs, stamp_of
from hub_kit.settings import ConfigurationError, HubSettings
from hub_kit.signers import GATEWAY, TokenKeys, make_pairs
from hub_kit.write_secret import write_new, write_over

NONCE = 12
KEY = 32


class _Stock:
    """Random bytes of one length, asked for in bulk: the kernel's answer costs more than sealing.

    A piece is taken once, by whichever thread; a forked process begins with none.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._pieces: deque[bytes] = deque()
        os.register_at_fork(after_in_child=self._pieces.clear)

    def take(self) -> bytes:
        try:
            return self._pieces.pop()
        except IndexError:
            length = self._length
            raw = os.urandom(length * 64)
            self._pieces.extend(raw[n : n + length] for n in range(length, len(raw), length))
            return raw[:length]


_NONCES, _KEYS = _Stock(NONCE), _Stock(KEY)


class Erased(Permanent):
    """The data key is gone, so the content is too; that is what erasure means."""


def seal(key: bytes, plain: bytes, what: bytes) -> bytes:
    """Return nonce + ciphertext + tag; `what` binds them to what they are of."""
    return b"".join(seal_apart(key, plain, what))


def seal_apart(key: bytes, plain: bytes, what: bytes) -> tuple[bytes, bytes]:
    """Return nonce, and ciphertext + tag: of much, to join them costs as much as to seal."""
    nonce = _NONCES.take()
    return nonce, AESGCM(key).encrypt(nonce, plain, what)


def open_sealed(key: bytes, sealed: bytes, what: bytes) -> bytes:
    """Return the plain bytes; `Permanent` where key, owner or bytes are not the ones sealed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], what)
    except (InvalidTag, ValueError):
        raise Permanent(f"sealed content cannot be opened ({len(sealed)} bytes)") from None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secrets of one hub, read from one file that only its services can read.

    `wrapping` holds the key-encryption keys by number: those of a file in `epochs`, else the
    highest wraps new keys; `pseudonym`
    makes look-up keys from addresses; `signing` makes reply tokens and what one service alone
    signs and checks; `tokens` are the key pairs of service tokens.
    """

    # Never part of a `repr`: those end up in logs.
    wrapping: Mapping[int, bytes] = field(repr=False)
    pseudonym: bytes = field(repr=False)
    signing: bytes = field(repr=False)

    tokens: TokenKeys | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path, signer: str = GATEWAY) -> Self:
        """Return the ring in this file, with the token keys beside it, if there are any.

        `ConfigurationError` where it is missing or broken.
        """
        ring, folder = cls._read(path), beside(path)
        return replace(ring, tokens=TokenKeys.read(folder, signer)) if folder.exists() else ring

    @classmethod
    def of(cls, settings: HubSettings, signer: str) -> Self:
        """Return the ring of these settings as the service `signer` has it."""
        ring = cls._read(settings.keys_file)
        folder = settings.token_keys or beside(settings.keys_file)
        return replace(ring, tokens=TokenKeys.read(folder, signer))

    @classmethod
    def _read(cls, path: Path) -> Self:
        first = read_document(path)

        def read() -> tuple[Mapping[int, bytes], Mapping[int, Epoch]]:
            document = read_document(path)
            return document.wrapping, document.epochs

        return cls(Epochs(read, partial(stamp_of, path)), first.pseudonym, first.signing)

    @staticmethod
    def create(path: Path) -> None:
        """Write a new ring, readable by its owner only, and token keys beside it.

        `FileExistsError` where there is one: without its ring a database cannot be read any more.
        """
        fresh = [base64.b64encode(secrets.token_bytes(KEY)).decode() for _ in range(3)]
        document = {
            "wrapping": {"1": fresh[0]},
            "epochs": {"1": {"begins": datetime.now(UTC).isoformat()}},
            "pseudonym": fresh[1],
            "signing": fresh[2],
        }
        write_new(path, json.dumps(document).encode())
        make_pairs(beside(path))

    def new_key(self) -> bytes:
        return _KEYS.take()

    def wrap(self, key: bytes, owner: UUID, number: int = 0) -> bytes:
        """Return the key as it may lie in a table; `number` is another epoch than that of today."""
        number = number or self._current()
        return bytes([number]) + seal(self.wrapping[number], key, owner.bytes)

    def unwrap(self, wrapped: bytes, owner: UUID) -> bytes:
        try:
            wrapping = self.wrapping[wrapped[0]]
        except (KeyError, IndexError):
            raise Permanent("data key is wrapped by a key that is not in keys_file") from None
        return open_sealed(wrapping, wrapped[1:], owner.bytes)

    def _current(self) -> int:
        held = self.wrapping
        return held.current() if isinstance(held, Epochs) else max(held)

    def lookup_of(self, tenant: str, point: ContactPoint) -> str:
        """Return the look-up key of a contact point, however spelt; empty: it names nobody."""
        value = compared(point)
        return self.pseudonym_of(tenant, point.kind, value) if value else ""

    def pseudonym_of(self, tenant: str, kind: str, value: str) -> str:
        """Return what stands for a value: the same everywhere, readable nowhere.

        Of a contact point it is `lookup_of`, which knows the spellings.
        """
        facts = write_facts(tenant, kind, value).encode()
        return hmac.digest(self.pseudonym, facts, "sha256").hex()[:32]


def beside(keys_file: Path) -> Path:
    """Return the folder of the token keys, where the settings name none."""
    return keys_file.with_name(f"{keys_file.stem}.tokens")


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in the file of a ring."""

    wrapping: Mapping[int, bytes] = field(repr=False)
    epochs: Mapping[int, Epoch]
    pseudonym: bytes = field(repr=False)
    signing: bytes = field(repr=False)


def read_document(path: Path) -> Document:
    """Return what stands in this file; `ConfigurationError` where it is missing or broken.

    A key of a release before there were epochs has begun ever since.
    """
    try:
        raw = json.loads(path.read_bytes())
        wrapping = _numbered(raw["wrapping"])
        said = raw.get("epochs", {})
        epochs = {number: _epoch(said.get(str(number), {})) for number in wrapping}
        return Document(wrapping, epochs, _key(raw["pseudonym"]), _key(raw["signing"]))
    except OSError as error:
        remedy = "make one with `faden keys`"
        raise ConfigurationError(f"{path}: keys_file: {error.strerror}; {remedy}") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ConfigurationError(f"{path}: keys_file: not a key ring; see `faden keys`") from None


def write_document(
    path: Path, document: Document, wrapping: Mapping[int, bytes], epochs: Mapping[int, Epoch]
) -> None:
    """Write the ring with these keys in the place of the old file, whose bytes are overwritten.

    A disk that writes elsewhere than it is told (flash, snapshots) may keep them for a while.
    """
    raw = {
        "wrapping": {str(number): _text(key) for number, key in sorted(wrapping.items())},
        "epochs": {str(number): _said(epoch) for number, epoch in sorted(epochs.items())},
        "pseudonym": _text(document.pseudonym),
        "signing": _text(document.signing),
    }
    with path.open("r+b") as old:
        write_over(path, json.dumps(raw).encode())
        old.write(bytes(os.fstat(old.fileno()).st_size))
        old.flush()
        os.fsync(old.fileno())


def new_wrapping_key() -> bytes:
    return secrets.token_bytes(KEY)


def _epoch(raw: Mapping[str, str]) -> Epoch:
    rewrapped = raw.get("rewrapped")
    begins = datetime.fromisoformat(raw["begins"]) if "begins" in raw else EVER
    return Epoch(begins, datetime.fromisoformat(rewrapped) if rewrapped else None)


def _said(epoch: Epoch) -> dict[str, str]:
    said = {"begins": epoch.begins.isoformat()} if epoch.begins > EVER else {}
    return said | ({"rewrapped": epoch.rewrapped.isoformat()} if epoch.rewrapped else {})


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _numbered(raw: Mapping[str, str]) -> dict[int, bytes]:
    keys = {int(number): _key(text) for number, text in raw.items()}
    if not keys or min(keys) < 1 or max(keys) > 255:
        raise ValueError("the number of a wrapping key travels in one byte")
    return keys


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY:
        raise ValueError("a key has not 32 bytes")
    return key
