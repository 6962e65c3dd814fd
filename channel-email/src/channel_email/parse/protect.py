"""Mark what is signed or encrypted, and say so where it cannot be read: S/MIME and PGP.

Nothing is checked and nothing is decrypted here; what is marked is there, and no more.
"""

from channel_email.parse.cms import CMS_TYPES, Opened
from channel_email.parse.mime import Part
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import Evidence

SMIME, PGP = "s/mime", "pgp"
_SIGNATURE, _ENCRYPTED = "signature", "encrypted"
_MARKED = {
    "application/pkcs7-signature": (_SIGNATURE, SMIME),
    "application/x-pkcs7-signature": (_SIGNATURE, SMIME),
    "application/pgp-signature": (_SIGNATURE, PGP),
    "application/pgp-encrypted": (_ENCRYPTED, PGP),
}
_AROUND = {"multipart/signed": _SIGNATURE, "multipart/encrypted": _ENCRYPTED}
_PGP_ENDINGS = frozenset({"asc", "pgp", "gpg"})
_ARMOUR = "-----BEGIN PGP "
_BLOCKS = {
    "MESSAGE-----": _ENCRYPTED,
    "MESSAGE, PART": _ENCRYPTED,
    "SIGNED MESSAGE-----": _SIGNATURE,
    "SIGNATURE-----": _SIGNATURE,
}
_NAMES = {SMIME: "S/MIME", PGP: "PGP"}

Found = tuple[tuple[Evidence, ...], tuple[Problem, ...]]
NOTHING: Found = ((), ())


def in_part(part: Part) -> Found:
    """Return what the type of a part says of it."""
    kind = _AROUND.get(part.media_type)
    if kind is None:
        marked = _MARKED.get(part.media_type)
        return _found(*marked) if marked else NOTHING
    protocol = part.params.get("protocol", "").lower()
    by = PGP if "pgp" in protocol else SMIME if "pkcs7" in protocol else ""
    return _found(kind, by) if by else NOTHING


def in_file(name: str, content: bytes) -> Found:
    """Return what a file says of itself whose type a gateway has taken away."""
    ending = name.lower().rpartition(".")[2]
    if ending == "p7s":
        return _found(_SIGNATURE, SMIME)
    return in_text(content[:4096].decode("latin-1")) if ending in _PGP_ENDINGS else NOTHING


def in_text(text: str) -> Found:
    """Return what a text says of itself that is signed or encrypted by inline PGP."""
    at = text.find(_ARMOUR)
    if at < 0:
        return NOTHING
    block = text[at + len(_ARMOUR) : at + 60]
    kind = next((k for begin, k in _BLOCKS.items() if block.startswith(begin)), "")
    return _found(kind, PGP) if kind else NOTHING


def in_cms(part: Part, opened: Opened) -> Found:
    """Return what was found in smime.p7m; what is no CMS is what its label says."""
    label = part.params.get("smime-type", "").lower()
    kind, problem = opened.kind, Problem(code=ProblemCode.SMIME_UNOPENED)
    if not kind and part.media_type in CMS_TYPES:
        kind = "signed" if "signed" in label else "encrypted" if "certs" not in label else ""
        told = "enveloped" in label or "encrypted" in label
        return _marks(kind), (_sealed(SMIME) if told else problem,)
    if kind == "encrypted":
        return _found(_ENCRYPTED, SMIME)
    marks = _marks("signed") if opened.is_signed else ()
    if kind == "signed" and opened.content and not opened.is_signed:
        marks = (Evidence(kind=_SIGNATURE, result="none", by=SMIME),)
    return marks, () if opened.is_whole and kind not in ("", "unknown") else (problem,)


def _marks(kind: str) -> tuple[Evidence, ...]:
    word = {"signed": _SIGNATURE, "encrypted": _ENCRYPTED}.get(kind)
    return (Evidence(kind=word, result="unchecked", by=SMIME),) if word else ()


def _found(kind: str, by: str) -> Found:
    mark = Evidence(kind=kind, result="unchecked", by=by)
    return (mark,), (_sealed(by),) if kind == _ENCRYPTED else ()


def _sealed(by: str) -> Problem:
    return Problem(code=ProblemCode.ENCRYPTED, about=_NAMES[by])
