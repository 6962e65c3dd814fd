"""Counts in how many SMS a text travels: GSM-7 with its extension table, else UCS-2.

3GPP TS 23.038 §6.2.1 (alphabet), TS 23.040 §9.2.3.24.1 (a part of several has a header of six
bytes). German has no national shift table of its own: its umlauts are in the alphabet.
"""

from enum import StrEnum
from typing import NamedTuple

GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"  # each takes two places
_ONE, _TWO = frozenset(GSM_7), frozenset(EXTENSION)


class Alphabet(StrEnum):
    GSM_7 = "gsm-7"
    UCS_2 = "ucs-2"


ROOM = {Alphabet.GSM_7: (160, 153), Alphabet.UCS_2: (70, 67)}  # of one alone, of one of several


class Segments(NamedTuple):
    alphabet: Alphabet
    number: int  # SMS that are sent, and paid for
    left: int  # places that are free in the last one


def count_segments(text: str) -> Segments:
    """Return how this text travels; an empty one is one SMS."""
    is_gsm = all(letter in _ONE or letter in _TWO for letter in text)
    alphabet = Alphabet.GSM_7 if is_gsm else Alphabet.UCS_2
    sizes = [_places(letter, alphabet) for letter in text]
    alone, one_of_several = ROOM[alphabet]
    if (total := sum(sizes)) <= alone:
        return Segments(alphabet, 1, alone - total)
    number, room = 1, one_of_several
    for size in sizes:
        if size > room:  # a letter of two places is never cut in two
            number, room = number + 1, one_of_several
        room -= size
    return Segments(alphabet, number, room)


def _places(letter: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM_7:
        return 2 if letter in _TWO else 1
    return 2 if ord(letter) > 0xFFFF else 1  # a surrogate pair
