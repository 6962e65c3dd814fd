"""Write people's words into headers, so that every program reads them as they were typed."""

import re
from base64 import b64encode
from email.policy import Policy
from itertools import groupby
from typing import Self

from channel_email.parse.decode import clean
from channel_email.parse.words import OURS

_BLANKS = re.compile(r"\s+")
# What needs no encoding: on one line, without what looks like an encoded word.
_PLAIN = re.compile(r"(?:(?!=\?)[!-~ ]){0,68}")
_ATOM_WORD = re.compile(r"(?:(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]){1,500}")
_QUOTABLE = re.compile(r"[A-Za-z0-9 .,:;()@&/+'-]{1,68}")
_LONGEST_WORD = 45  # bytes: 60 characters in base64, and 12 around them


class Written(str):
    """The value of a header as it goes out: folded already, and touched by nobody."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, value: str) -> Self:
        made = super().__new__(cls, value)
        made.name = name
        return made

    def fold(self, *, policy: Policy) -> str:
        line = f"{self.name}: {self}{policy.linesep}"
        # An address with an umlaut goes out as it is, in UTF-8 (RFC 6532): Python asks for ASCII.
        return line.encode().decode("ascii", "surrogateescape")


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as From and To have them."""
    name = one_line(name)[:200].strip()
    if not name:
        return address
    if _QUOTABLE.fullmatch(name):
        return f'"{name}" <{address}>'
    return f"{_encoded(name)}\r\n <{address}>"


def subject_line(subject: str) -> str:
    return subject if _PLAIN.fullmatch(subject) else _encoded(subject)


def _encoded(text: str) -> str:
    """Return words of people as a header may have them (RFC 2047), folded.

    By hand: Python's folding puts blanks into long names, and takes what somebody has typed for
    an encoded word. Here that is encoded itself. Plain words stay, since Python's parser also
    leaves a blank between two encoded words of a name.
    """
    lines: list[str] = []
    for is_plain, found in groupby(text.split(" "), _is_plain):
        words = list(found)
        lines += words if is_plain else _encoded_words(" ".join(words))
    return "\r\n ".join(lines)


def _is_plain(word: str) -> bool:
    return _ATOM_WORD.fullmatch(word) is not None


def _encoded_words(text: str) -> list[str]:
    """Return encoded words of at most 75 characters, each of whole letters."""
    pieces, piece = [], b""
    for letter in text:
        if len(piece) + len(letter.encode()) > _LONGEST_WORD:
            pieces.append(piece)
            piece = b""
        piece += letter.encode()
    return [f"=?{OURS}?b?{b64encode(piece).decode('ascii')}?=" for piece in [*pieces, piece]]


def one_line(text: str) -> str:
    return _BLANKS.sub(" ", clean(text)).strip()
