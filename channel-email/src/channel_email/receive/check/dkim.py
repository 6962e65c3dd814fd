"""Checks the seals that mail servers set on a mail: DKIM, RFC 6376, 8301 and 8463.

Rule 1. What is not under the seal is not sealed: one that covers a part of the body (`l=`) or not
        the author is none, and a mail whose header is not clean has none either.
Rule 2. All work is linear, and keys and seals have bounds: a stranger chose both.
"""

import asyncio
import re
import time
from base64 import b64decode
from binascii import Error
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channel_email.receive.check.dmarc import organisation
from channel_email.receive.check.resolve import LookUpFailed, Resolver
from channel_email.receive.check.tags import read_tags
from hub_contract.email_address import normal_domain

MOST = 5  # seals of a mail that are checked
SEALED = 100  # header names under one seal
SMALLEST, LARGEST, EXPONENT = 1024, 4096, 2**32  # of an RSA key; larger ones only cost time
_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]*+:")
_OWN_VALUE = re.compile(rb"(^|;)(\s*+b\s*+=)[^;]*+")
_METHODS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


class Seal(NamedTuple):
    domain: str
    result: str


class _Field(NamedTuple):
    name: bytes  # in lower case
    raw: bytes  # all of it, with its last CRLF


class _Signature(NamedTuple):
    tags: dict[str, str]
    field: _Field


async def check_seals(resolver: Resolver, raw: bytes, author: str) -> tuple[Seal, ...]:
    """Return the results, those that speak for the author's domain first."""
    header, body = _split(raw)
    if header is None:
        return ()
    found = [_Signature(tags, field) for field in header if (tags := _tags_of(field))]
    organised = organisation(author)
    found.sort(key=lambda one: organisation(_domain(one)) != organised)
    checks = (_check(resolver, one, header, body) for one in found[:MOST])
    results = await asyncio.gather(*checks)
    return tuple(Seal(_domain(one), r) for one, r in zip(found, results, strict=False))


def _split(raw: bytes) -> tuple[list[_Field] | None, bytes]:
    """Return fields and body; no fields where a lenient reader might see others than we do."""
    block, _, body = raw.partition(b"\r\n\r\n")
    fields: list[_Field] = []
    pieces: list[bytes] = []
    for line in block.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and line.strip() and pieces:
            pieces.append(line)
            continue
        if pieces:
            fields.append(_field(pieces))
        if not _FIELD.match(line):
            return None, body
        pieces = [line]
    return [*fields, _field(pieces)], body


def _field(pieces: list[bytes]) -> _Field:
    raw = b"\r\n".join(pieces) + b"\r\n"
    return _Field(raw.partition(b":")[0].strip().lower(), raw)


def _tags_of(field: _Field) -> dict[str, str] | None:
    if field.name != b"dkim-signature":
        return None
    return read_tags(field.raw.partition(b":")[2].decode("latin-1"))


def _domain(signature: _Signature) -> str:
    return normal_domain(signature.tags.get("d", ""))


async def _check(
    resolver: Resolver, signature: _Signature, header: list[_Field], body: bytes
) -> str:
    if fault := _fault(signature.tags):
        return fault
    selector = signature.tags["s"]
    try:
        texts = await resolver.ask(f"{selector}._domainkey.{_domain(signature)}", "TXT")
    except LookUpFailed:
        return "temperror"
    key = read_tags(texts[0]) if texts else None
    if not key or not _may_sign(key, signature.tags):
        return "permerror"
    return await asyncio.to_thread(_verify, signature, key, header, body)


def _fault(tags: dict[str, str]) -> str:
    """Return what is wrong with a signature before any key is asked for, or ""."""
    needed = all(tags.get(name) for name in ("v", "a", "b", "bh", "d", "h", "s"))
    names = _sealed(tags) if needed else []
    if not needed or tags["v"] != "1" or "from" not in names or len(names) > SEALED:
        return "permerror"
    if tags["a"].lower() not in _METHODS or "l" in tags:  # RFC 8301: no SHA-1
        return "policy"
    identity = normal_domain(tags.get("i", "@" + tags["d"]).rpartition("@")[2])
    if not f".{identity}".endswith("." + normal_domain(tags["d"])):
        return "permerror"
    until = tags.get("x", "")
    if until and not (until.isdecimal() and len(until) < 13 and int(until) > time.time()):
        return "fail"
    return ""


def _sealed(tags: dict[str, str]) -> list[str]:
    return [name.strip().lower() for name in tags["h"].split(":")]


def _may_sign(key: dict[str, str], tags: dict[str, str]) -> bool:
    """Say whether the key's own record allows this signature (§3.6.1)."""
    flags = [flag.strip() for flag in key.get("t", "").split(":")]
    identity = normal_domain(tags.get("i", "@" + tags["d"]).rpartition("@")[2])
    return (
        key.get("v", "DKIM1") == "DKIM1"
        and key.get("k", "rsa").lower() == _METHODS[tags["a"].lower()]
        and "sha256" in [h.strip() for h in key.get("h", "sha256").split(":")]
        and bool({"*", "email"} & {s.strip() for s in key.get("s", "*").split(":")})
        and "y" not in flags  # only a test
        and ("s" not in flags or identity == normal_domain(tags["d"]))
    )


def _verify(signature: _Signature, key: dict[str, str], header: list[_Field], body: bytes) -> str:
    """Return the result: the body first, which needs no key. Pure, and for a thread."""
    tags = signature.tags
    of_header, _, of_body = tags.get("c", "simple/simple").lower().partition("/")
    if of_header not in _HEADER or (of_body or "simple") not in _BODY:
        return "permerror"
    try:
        public, seal, said = _bytes(key.get("p", "")), _bytes(tags["b"]), _bytes(tags["bh"])
    except (Error, ValueError):
        return "permerror"
    if sha256(_BODY[of_body or "simple"](body)).digest() != said:
        return "fail"
    digest = sha256(_under_seal(signature, header, of_header)).digest()
    try:
        return "pass" if _is_sealed(public, tags["a"].lower(), seal, digest) else "permerror"
    except InvalidSignature:
        return "fail"
    except (ValueError, UnsupportedAlgorithm):
        return "permerror"


def _is_sealed(public: bytes, method: str, seal: bytes, digest: bytes) -> bool:
    """Return True for a good seal, False for a key that does not count; else `InvalidSignature`."""
    if method == "ed25519-sha256":
        Ed25519PublicKey.from_public_bytes(public).verify(seal, digest)
        return True
    key = load_der_public_key(public)
    if not isinstance(key, RSAPublicKey) or not SMALLEST <= key.key_size <= LARGEST:
        return False
    if key.public_numbers().e > EXPONENT:
        return False
    key.verify(seal, digest, PKCS1v15(), Prehashed(SHA256()))
    return True


def _under_seal(signature: _Signature, header: list[_Field], way: str) -> bytes:
    """Return the header's bytes that were signed: of each name the last one first (§5.4.2)."""
    left: dict[bytes, list[_Field]] = {}
    for field in header:
        left.setdefault(field.name, []).append(field)
    canonical = _HEADER[way]
    names = [name.encode("latin-1") for name in _sealed(signature.tags)]
    chosen = b"".join(canonical(left[name].pop().raw) for name in names if left.get(name))
    name, _, value = signature.field.raw.partition(b":")
    own = name + b":" + _OWN_VALUE.sub(rb"\1\2", value, count=1)
    own = own if own.endswith(b"\r\n") else own + b"\r\n"
    return chosen + canonical(own).removesuffix(b"\r\n")


def _relaxed_header(raw: bytes) -> bytes:
    name, _, value = raw.partition(b":")
    return name.strip().lower() + b":" + b" ".join(value.split()) + b"\r\n"


def _simple_body(body: bytes) -> bytes:
    return body.rstrip(b"\r\n") + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    body = body.replace(b"\t", b" ")
    while b"  " in body:  # halves every run: a pattern would hold all threads up for longer
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _simple_header(raw: bytes) -> bytes:
    return raw


_HEADER = {"simple": _simple_header, "relaxed": _relaxed_header}
_BODY = {"simple": _simple_body, "relaxed": _relaxed_body}


def _bytes(text: str) -> bytes:
    return b64decode("".join(text.split()), validate=True)
