"""Tells two names from two spellings of one name, for `learn`. Pure; names are claims.

Rule 1. Order, titles, accents, initials and words left out are spelling: «Müller, Anna», «Dr. Anna
        Mueller», «A. Müller» and «Anna» are one name. No name is none.
Rule 2. Where each has a word that the other has not, they are two: «Anna Müller», «Peter Müller».
Rule 3. Who changes the family name keeps the address: one given name that the address says too is
        one person, whatever stands behind it.
"""

import re
import unicodedata

_LONGEST = 200  # characters of a name that are looked at
_WORD = re.compile(r"[^\W\d_]+")
_BESIDE = re.compile(r"[(\[][^)\]]*+[)\]]?")  # «(Stadt X)», «[extern]»
_TITLES = frozenset(
    ["dr", "prof", "dipl", "ing", "med", "jur", "herr", "frau", "hr", "fr", "mr", "mrs", "ms"]
)
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ı": "i", "þ": "th"})
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))  # as they are written without dots


def is_another(known: str, name: str, address: str) -> bool:
    """Say whether these are the names of two people; `address` is what both have written by."""
    if known == name:
        return False
    one, other = _words(known, address), _words(name, address)
    if not one or not other or _is_part(one, other) or _is_part(other, one):
        return False
    given = _given(known, one)
    return given != _given(name, other) or not _stands_in(given, address)


def fuller(known: str, name: str, address: str) -> str:
    """Return the one that says more."""
    if known == name:
        return known
    weight = [sum(map(len, _words(one, address))) for one in (known, name)]
    return name if weight[1] > weight[0] else known


def _words(name: str, address: str) -> list[str]:
    """Return the words of a name as they are compared; the address itself is no name."""
    if name.strip().strip("'\"<>").casefold() == address.casefold():
        return []
    found = _WORD.findall(_folded(_BESIDE.sub(" ", name[:_LONGEST])))
    return [word for word in dict.fromkeys(found) if word not in _TITLES]


def _folded(text: str) -> str:
    """Return the text without case, accents and the two ways in which umlauts are written."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    for written, letter in _UMLAUTS:
        bare = bare.replace(written, letter)
    return bare


def _is_part(some: list[str], all_: list[str]) -> bool:
    """Say whether each of some stands for another one of all, a whole word before an initial."""
    left = list(all_)
    for word in sorted(some, key=len, reverse=True):
        match = next((w for w in left if w == word), None) or next(
            (w for w in left if 1 in (len(w), len(word)) and w[0] == word[0]), None
        )
        if match is None:
            return False
        left.remove(match)
    return True


def _given(name: str, words: list[str]) -> str:
    """Return the given name: the first one, or behind a comma."""
    behind = _WORD.findall(_folded(name.partition(",")[2][:_LONGEST]))
    return next((word for word in behind if word in words), words[0])


def _stands_in(word: str, address: str) -> bool:
    return len(word) > 2 and word in _folded(address.rpartition("@")[0])
