"""The reference: twelve digits that a keypad, a fax, an SMS and a voice can all carry.

Ten digits and two check digits (ISO 7064 MOD 97-10). A reference routes; it is never a secret
and opens nothing by itself.
"""

import re
import secrets

from stdnum.iso7064 import mod_97_10

# What OCR and hands make of digits. Only digits are valid, so this never destroys anything.
_CONFUSED = str.maketrans("OoQDIl|!ZzSsGbB", "000011112255668")
_SEPARATORS = re.compile(r"[\s\-.\u2010-\u2015\u2212/]")
_DIGIT = r"[0-9OoQDIl|!ZzSsGbB]"
_BETWEEN = r"[ \t\u00a0\-.\u2010-\u2015\u2212/]{0,2}"
_CANDIDATE = re.compile(rf"(?<![0-9A-Za-z]){_DIGIT}(?:{_BETWEEN}{_DIGIT}){{11}}(?![0-9A-Za-z])")


def make_reference() -> str:
    """Return a new random reference, twelve bare digits."""
    head = f"{secrets.randbelow(9_000_000_000) + 1_000_000_000}"
    return head + str(mod_97_10.calc_check_digits(head))


def normalise_reference(text: str) -> str | None:
    """Return the twelve bare digits that `text` means, or None where it means none."""
    digits = _SEPARATORS.sub("", text).translate(_CONFUSED)
    return digits if is_reference(digits) else None


def is_reference(digits: str) -> bool:
    return (
        len(digits) == 12
        and digits.isascii()
        and digits.isdigit()
        and bool(mod_97_10.is_valid(digits))
    )


def show_reference(digits: str) -> str:
    """Return the reference as people read it: 384-291-770-652."""
    return "-".join(digits[i : i + 3] for i in range(0, 12, 3))


def find_references(text: str) -> tuple[str, ...]:
    """Return every valid reference in running text, once each, in order of appearance."""
    found = (normalise_reference(match.group()) for match in _CANDIDATE.finditer(text))
    return tuple(dict.fromkeys(digits for digits in found if digits))
