"""References on pages: of codes first, which carry their own checks, then of the text.

What OCR confuses is undone by the contract's normaliser, and its check digits decide.
"""

import re
from collections.abc import Iterable

from hub_contract.references import find_references, normalise_reference
from hub_reading.values import Code

_TWELVE = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def references_in(codes: Iterable[Code], text: str) -> tuple[str, ...]:
    """Return every valid reference once, as twelve bare digits."""
    found: dict[str, None] = {}
    for code in codes:
        found.update(dict.fromkeys(_of_code(code.text)))
    found.update(dict.fromkeys(find_references(text)))
    return tuple(found)


def _of_code(said: str) -> Iterable[str]:
    """Return those of a code: alone, in running text, or right behind a word (FADEN384...)."""
    alone = normalise_reference(said)
    if alone:
        return (alone,)
    pieces = (normalise_reference(piece) for piece in _TWELVE.findall(said))
    return (*find_references(said), *(piece for piece in pieces if piece))
