"""Read addresses out of header fields and envelopes, for sender and recipients.

An address is whatever has letters on both sides of an `@`; names, comments, groups, missing
brackets and stray commas around it are a mailer's business (RFC 5322 §4.4 lists old ones).
"""

import re
from collections.abc import Iterable
from itertools import islice

from channel_email.parse.words import decode_words
from hub_contract.contact_points import compared, contact_point
from hub_contract.words import ContactKind, ContactPoint

_PART = r'[^<>\s",;:()@]{1,255}'  # bounded, or a long line without an @ takes for ever
# On a piece without blanks around it.
_SIMPLE = re.compile(rf'(?:"([^"\\<>]*+)"\s*+|([^",;:<>()@\\]*+))<({_PART}@{_PART})>')
_BARE = re.compile(rf"{_PART}@{_PART}")
# Begins where a word does, or every letter of a long word would be tried as a beginning.
_ANY = re.compile(
    r'(?:"([^"\r\n]{1,100})"|(?<![^<>\s",;:()@\[\]])([^<>\s",;:()@\[\]]{1,255}+))@' + _PART
)
_IN_ANGLE = re.compile(r"<\s*+" + _ANY.pattern)
# An escaped bracket is taken as well: it begins no comment, and each would be tried as one.
_COMMENT = re.compile(r"\\.|\(((?:[^()\\]++|\\.)*+)\)")
_BEFORE_ANGLE = re.compile(r'[<>"]+')
MOST = 200  # addresses of one field that are read; odd ones cost a tenth of a millisecond each


def read_addresses(values: Iterable[str]) -> tuple[ContactPoint, ...]:
    """Return the contact points in these header values, once each, in order."""
    pieces = (piece for value in values for piece in _pieces(value) if "@" in piece)
    points = filter(None, map(_read_one, islice(pieces, MOST)))
    found: dict[str, ContactPoint] = {}
    for point in points:
        found.setdefault(compared(point), point)
    return tuple(found.values())


def read_address(text: str, name: str = "") -> ContactPoint | None:
    """Return the contact point of a bare address such as the envelope has, or None."""
    match = _BARE.fullmatch(text.strip("<> \t\r\n")) or _ANY.search(text)
    if not match:
        return None
    return contact_point(ContactKind.EMAIL, match.group(), name=name)


def _pieces(value: str) -> list[str]:
    """Split at commas and semicolons outside of quotes, comments and angle brackets."""
    if not any(mark in value for mark in ",;:"):
        return [value]
    pieces: list[str] = []
    current: list[str] = []
    quoted = escaped = False
    depth = angle = 0
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")" and depth > 0)
            angle = (letter == "<") or (angle and letter != ">")
            if letter in ",;" and not depth and not angle:
                pieces.append("".join(current))
                current = []
                continue
            if letter == ":" and not depth and not angle:
                current = []  # `group name:` says nothing about who is in it
                continue
        current.append(letter)
    pieces.append("".join(current))
    # An open quote or bracket has swallowed the rest: better cut it anywhere than lose it.
    if (quoted or angle or depth) and pieces[-1].count("@") > 1:
        pieces[-1:] = re.split("[,;]", pieces[-1])
    return pieces


def _read_one(piece: str) -> ContactPoint | None:
    piece = piece.strip()
    if simple := _SIMPLE.fullmatch(piece):
        name, address = simple[1] or (simple[2] or "").strip(), simple[3]
    elif bare := _BARE.fullmatch(piece):
        name, address = "", bare.group()
    else:
        bare_piece = _without_comments(piece)
        # What looks like an address before the one in brackets is a name.
        match = _IN_ANGLE.search(bare_piece) or _ANY.search(bare_piece)
        if not match:
            return None
        address = match.group().strip("< ")
        before = piece.partition(address)[0]
        name = _BEFORE_ANGLE.sub(" ", _without_comments(before)).strip()
        name = name or next((c[1] for c in _COMMENT.finditer(piece) if c[1] is not None), "")
    return contact_point(
        ContactKind.EMAIL,
        address,
        name=decode_words(name.replace('\\"', '"')).strip("\"' ")[:200],
    )


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found.group() if found[1] is None else " ", text)
