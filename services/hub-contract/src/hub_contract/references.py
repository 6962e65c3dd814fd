"""The reference: twelve digits that a keypad, a fax, an SMS and a voice can all carry.

Rule 1. Ten digits, the first not 0, and two check digits (ISO 7064 MOD 97-10). A single wrong
        digit and two swapped neighbours are always caught.
Rule 2. In a field meant for it, every look-alike is undone: O is 0, l is 1, S is 5.
Rule 3. In running text most characters are true digits, so that no word is read as a number.
Rule 4. There it is grouped by three, or evenly, or not at all, and it stands alone: no piece of
        a longer number, of a phone number or of an IBAN.
Rule 5. A reference routes; it is never a secret and opens nothing by itself.
Rule 6. Those that begin with 9 are given out by channels, the others by the store: neither asks the
        other, and both are free.
"""

import re
import secrets
from collections.abc import Iterator
from itertools import islice

from stdnum.iso7064 import mod_97_10

from hub_contract.invisible import INVISIBLE

# What OCR and hands make of digits. Only digits are valid, so this never destroys anything.
_CONFUSED = str.maketrans("OoQDIl|!ZzSsGbB", "000011112255668")
_LOOK_ALIKE = r"[0-9OoQDIl|!ZzSsGbB]"
_TRUE_DIGITS = 7  # of twelve
_LOOKED_AT = 10_000  # a hostile text is nothing but candidates
_AROUND = 64  # characters before and behind, which may be look-alikes, or say what a number is

_UNSEEN = re.compile(f"[{INVISIBLE}\r]")
_BLANK = re.compile(r"[^\S\n]+")
_GAP = r"[\s\-.*/\u00b7\u2010-\u2015\u2212]"
# Where digits are near enough to each other; most of a long text is not looked at any closer.
_BETWEEN = rf"[OoQDIl|!ZzSsGbB\s\-.*/\u00b7\u2010-\u2015\u2212{INVISIBLE}]"
_NUMBERS = re.compile(rf"[0-9](?:{_BETWEEN}{{0,60}}+[0-9]){{6,}}+")
# The same of a whole text in a tenth of the time: without what may stand between them (any byte
# that is not ASCII might be that), seven digits must stand side by side.
_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LEFT_OUT = b"OoQDIl|!ZzSsGbB-.*/ \t\n\r\v\f\x1c\x1d\x1e\x1f" + bytes(range(128, 256))
_GAPS = re.compile(rf"{_GAP}+")
_SEPARATORS = re.compile(rf"{_GAP}|#")  # a keypad ends its digits with #
_CANDIDATE = re.compile(
    # A lookahead, so that candidates overlap: "Nr. 3 384-..." begins at 384 as well as at 3.
    rf"(?<![^\W_])(?=({_LOOK_ALIKE}(?:{_GAP}{{0,4}}{_LOOK_ALIKE}){{11}})(?![^\W_]))"
)
_BY_THREE = re.compile(rf"\S{{3}}(?:{_GAP}{{1,4}}\S{{3}}){{3}}")
_DASHED = re.compile(r"[^-]{3}(?:-?[^-]{3}){3}")  # once blanks are out and gaps are dashes

_PHONE_BEFORE = re.compile(r"(?:\+|\+[1-9][\d() ./-]{0,8}|\(0\) ?)$")
_IBAN_BEFORE = re.compile(r"\b[A-Z]{2}\d{2} ?$")
_NUMBER_BEFORE = re.compile(rf"[0-9]({_GAP}{{1,4}})$")
_NUMBER_AFTER = re.compile(rf"({_GAP}{{1,4}})([0-9]+)")


def make_reference() -> str:
    """Return a new random reference for the store to give out: twelve bare digits."""
    return _with_check_digits(secrets.randbelow(8_000_000_000) + 1_000_000_000)


def make_channel_reference() -> str:
    """Return one for a channel that gives it out itself; it keeps its own apart by a unique row."""
    return _with_check_digits(secrets.randbelow(1_000_000_000) + 9_000_000_000)


def _with_check_digits(head: int) -> str:
    return f"{head}{mod_97_10.calc_check_digits(str(head))}"


def is_channel_reference(digits: str) -> bool:
    """Say whether these twelve bare digits are a reference that a channel may give out."""
    return digits.startswith("9") and is_reference(digits)


def normalise_reference(text: str) -> str | None:
    """Return the twelve bare digits that `text` means, or None where it means none."""
    digits = _SEPARATORS.sub("", _UNSEEN.sub("", text)).translate(_CONFUSED)
    return digits if is_reference(digits) else None


def is_reference(digits: str) -> bool:
    return (
        len(digits) == 12
        and digits.isascii()
        and digits.isdigit()
        and not digits.startswith("0")
        and bool(mod_97_10.is_valid(digits))
    )


def show_reference(digits: str) -> str:
    """Return the reference as people read it: 384-291-770-608."""
    return "-".join(digits[i : i + 3] for i in range(0, 12, 3))


def find_references(text: str) -> tuple[str, ...]:
    """Return every valid reference in running text, once each, in order of appearance."""
    bare = text.encode(errors="surrogatepass").translate(_AS_ZERO, _LEFT_OUT)
    if b"0" * _TRUE_DIGITS not in bare:
        return ()
    return tuple(dict.fromkeys(digits for part in _near(text) for digits in _found(part)))


def _near(text: str) -> Iterator[str]:
    """Yield the parts of the text around its numbers; none of them ends within a number."""
    start = end = 0
    for numbers in _NUMBERS.finditer(text):
        if numbers.start() - end > 2 * _AROUND:
            yield text[start : end + _AROUND]
            start = numbers.start() - _AROUND
        end = numbers.end()
    if end:
        yield text[start : end + _AROUND]


def _found(part: str) -> Iterator[str]:
    text = _BLANK.sub(" ", _UNSEEN.sub("", part))
    free = 0  # where the last one ended: two references share no digit
    for match in islice(_CANDIDATE.finditer(text), _LOOKED_AT):
        written = match.group(1)
        digits = normalise_reference(written)
        if digits and match.start() >= free and _stands_alone(text, match.start(), written):
            free = match.start() + len(written)
            yield digits


def _stands_alone(text: str, start: int, written: str) -> bool:
    """Say whether rules 3 and 4 hold for these twelve characters and what is around them."""
    if sum(c in "0123456789" for c in written) < _TRUE_DIGITS:
        return False
    before = text[max(0, start - 16) : start]
    after = text[start + len(written) : start + len(written) + 16]
    gaps = set(_GAPS.findall(written))
    by_three = _is_by_three(written, gaps)
    if not by_three and (len(gaps) > 1 or "\n" in written or _IBAN_BEFORE.search(before)):
        return False
    return not _PHONE_BEFORE.search(before) and not _goes_on(before, after, gaps, by_three)


def _is_by_three(written: str, gaps: set[str]) -> bool:
    """Accept 384 291 770 608, and what a scan makes of 384-291-770-608: 384-29 1-770 608."""
    if _BY_THREE.fullmatch(written):
        return True
    dashed = _GAPS.sub("-", written.replace(" ", "").replace("\n", ""))
    return any(gap.strip() for gap in gaps) and bool(_DASHED.fullmatch(dashed))


def _goes_on(before: str, after: str, gaps: set[str], by_three: bool) -> bool:
    """Say whether the number goes on across the gap it uses itself, as card numbers do."""
    head, tail = _NUMBER_BEFORE.search(before), _NUMBER_AFTER.match(after)
    if head and head.group(1) in gaps:
        return True
    # After our own groups of three a stray number is another thing: "384 291 770 608 2 Seiten".
    return bool(tail and tail.group(1) in gaps and (not by_three or len(tail.group(2)) == 3))
