"""The key pairs of service tokens: who signs holds a private key, everybody the public ones.

Rule 1. Whoever signs has a pair of its own, and is believed only where it has to be heard: a
        service that was broken into forges no token of another.
Rule 2. One folder holds them (`token_keys`): `public.json` for every service, and for each that
        signs `<name>.pem`, readable by its owner only. On a host of its own a service needs
        `public.json`, and its own file if it signs.
Rule 3. Two public keys of a signer are good, so that pairs are replaced while tokens travel: hand
        `public.json` out first, then the private key to its owner.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hub_contract.channels import CHANNELS, Reader
from hub_contract.words import ContactKind
from hub_kit.epochs import stamp_of
from hub_kit.settings import ConfigurationError
from hub_kit.write_secret import write_over

GATEWAY = "gateway"
ANY = "*"
_INBOXES = [f"channel_{c}" for c, row in CHANNELS.items() if row.reaches is ContactKind.PORTAL]
_VOICES = [f"channel_{c}" for c, row in CHANNELS.items() if row.read_by is Reader.MACHINE]
# signer -> what its tokens may say: (for which service, in which role)
SIGNERS: Mapping[str, frozenset[tuple[str, str]]] = {
    GATEWAY: frozenset({(ANY, ANY)}),
    "workspace": frozenset(
        {("conversation_store", "agent"), ("conversation_store", "supervisor"), (ANY, "operator")}
    ),
    # Who shows citizens their inbox reads it in the store for them, and whom a link may go to.
    **dict.fromkeys(
        _INBOXES,
        frozenset({("conversation_store", "citizen"), ("conversation_store", "portal")}),
    ),
    # Who talks to citizens asks there how far it is, for who has keyed in number and digits.
    **dict.fromkeys(_VOICES, frozenset((inboxes, "portal") for inboxes in _INBOXES)),
}
KEPT = 2  # public keys of one signer
_REMEDY = "make them with `faden keys`"
_Public = Mapping[str, tuple[str, Ed25519PublicKey]]  # the key's name -> who signs with it


def may_say(signer: str, audience: str, role: str) -> bool:
    """Say whether a token of this signer is believed by this service, for this role."""
    granted = SIGNERS.get(signer, frozenset())
    return any((a, r) in granted for a in (audience, ANY) for r in (role, ANY))


@dataclass(frozen=True, slots=True)
class Signing:
    """What one signer signs with; `name` tells those who check which public key to take."""

    signer: str
    name: str
    private: Ed25519PrivateKey = field(repr=False)


class TokenKeys:
    """The pairs as one service has them: its own to sign with, everybody's to check."""

    def __init__(self, public: _Public, own: Signing | None, file: Path) -> None:
        self._public, self.own, self._file = public, own, file
        self._stamp = stamp_of(file)

    @classmethod
    def read(cls, folder: Path, signer: str) -> Self:
        """Return the keys in this folder; who is no signer gets public ones alone.

        `ConfigurationError` where a file is missing, broken, or a private key is not in
        `public.json`.
        """
        file = folder / "public.json"
        public = _read_public(file)
        if signer not in SIGNERS:
            return cls(public, None, file)
        private = _read_private(folder / f"{signer}.pem")
        own = Signing(signer, _name(private.public_key()), private)
        if public.get(own.name, ("",))[0] != signer:
            raise ConfigurationError(
                f"{folder / f'{signer}.pem'}: token_keys: its public key is not in {file};"
                f" {_REMEDY} --rotate"
            )
        return cls(public, own, file)

    def find(self, name: str) -> tuple[str, Ed25519PublicKey] | None:
        """Return who signs with the key of this name, and the public key; None: nobody does.

        A name that is not known makes it look whether the file has changed: keys are replaced
        while services run.
        """
        if name not in self._public and (stamp := stamp_of(self._file)) != self._stamp:
            self._stamp = stamp
            try:
                self._public = _read_public(self._file)
            except ConfigurationError:  # it is being replaced: what was good stays good
                return None
        return self._public.get(name)


def make_pairs(folder: Path, *, rotate: bool = False) -> list[str]:
    """Make the pairs that are missing, or with `rotate` new ones of all; return whose.

    The public keys are there before any private one: none signs what nobody can check.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "public.json"
    known = json.loads(file.read_bytes()) if file.exists() else {}
    missing = [s for s in SIGNERS if rotate or not (folder / f"{s}.pem").exists()]
    if not missing:
        return []
    made = {signer: Ed25519PrivateKey.generate() for signer in missing}
    for signer, private in made.items():
        before = known.get(signer, [])
        known[signer] = [_text(private.public_key()), *before][:KEPT]
    write_over(file, json.dumps(known, indent=1).encode(), 0o644)
    for signer, private in made.items():
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_over(folder / f"{signer}.pem", pem)
    return missing


def _read_public(file: Path) -> _Public:
    try:
        document = json.loads(file.read_bytes())
        found = {}
        for signer, texts in document.items():
            for key in map(_key, texts[:KEPT]):
                found[_name(key)] = (str(signer), key)
    except OSError as error:
        raise ConfigurationError(f"{file}: token_keys: {error.strerror}; {_REMEDY}") from None
    except (ValueError, AttributeError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{file}: token_keys: no public keys; {_REMEDY}") from None
    return found


def _read_private(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigurationError(f"{file}: token_keys: {error.strerror}; {_REMEDY}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file}: token_keys: no private key; {_REMEDY}")
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(_raw(key)).decode()


def _key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))


def _name(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(_raw(key)).hexdigest()[:16]
