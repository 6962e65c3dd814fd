"""Reads a phone or fax number, as people and trunks write it, into E.164 or a short code.

`+497111230`, with an extension `+497111230;ext=12` (RFC 3966), a short code `115`, or `anonymous`.
"""

import re
from functools import cache
from types import ModuleType
from typing import Any

ANONYMOUS = "anonymous"  # RFC 3323 §4.1.1.3
# What trunks and providers say instead of a number.
_WITHHELD = {
    *(ANONYMOUS, "anonym", "blocked", "private", "restricted", "unavailable", "unknown"),
    *("unbekannt", "unterdrückt", "withheld"),
    # On a keypad: BLOCKED, ANONYMOUS, RESTRICTED, UNAVAILABLE, UNKNOWN.
    # https://help.twilio.com/articles/223179988
    *("+2562533", "+266696687", "+7378742833", "+86282452253", "+8656696"),
}
_URI = re.compile(r"(?:sips?|tel):([^@<>?]{0,100})(?:[@?][^<>]*)?", re.IGNORECASE)
_IN_ANGLES = re.compile(r'(?:"[^"]*"\s*|[^"<>]*)<([^<>]+)>[^<>]*')  # "Erika" <sip:...>;tag=x
_NUMBER = re.compile(
    r"([\d+\uff0b\s()/.\u00b7\u2010-\u2015\u2212-]{1,60})"
    r"(?:(?:;ext=|ext\.?|#|x)\s*\d{1,7})?(?:;phone-context=\+\d{1,15})?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"[1-9](?: ?[0-9]){2,5}")
_BARE = re.compile(r"[1-9](?: ?[0-9]){7,14}")
_ABROAD = re.compile(r"[( ]*(?:[+\uff0b]|00)|[^;]*;phone-context=")
_LONGEST_AREA = 6  # digits of a German area code with its 0; four more with 0049


def read_number(text: str, country: str) -> str | None:
    """Return the number, or None where there is not exactly one that can be called."""
    angles = _IN_ANGLES.fullmatch(text)
    uri = _URI.fullmatch(angles[1] if angles else text)
    dialled = _of_uri(uri[1]) if uri else text
    if dialled.lower() in _WITHHELD:
        return ANONYMOUS
    found = _NUMBER.fullmatch(dialled)
    if not found or _is_more_than_one(found[1]):
        return None
    return _short_code(dialled, country) or _parse(dialled, country)


def names_somebody(number: str) -> bool:
    """Say whether it is a number at all: many machines call themselves FAX, or nothing."""
    return sum(map(str.isdigit, number)) >= len("115")


def takes_text(number: str, country: str) -> bool:
    """Say whether this number in E.164 is a mobile one of this country: an SMS arrives there."""
    library = _library()
    try:
        found = library.parse(number, None)
    except library.NumberParseException:
        return False
    kinds = library.PhoneNumberType.MOBILE, library.PhoneNumberType.FIXED_LINE_OR_MOBILE
    is_here = library.region_code_for_number(found) == country
    return is_here and not found.extension and library.number_type(found) in kinds


def is_country(code: str) -> bool:
    """Say whether it is a country (ISO 3166-1 alpha-2) whose numbers are known."""
    return code in _library().SUPPORTED_REGIONS


def _of_uri(user: str) -> str:
    """Keep what belongs to the number (RFC 3966 §3): its digits, extension and context."""
    number, *parameters = user.lower().replace("%2b", "+").split(";")
    kept = [p for p in parameters if p.startswith(("ext=", "phone-context=+"))]
    return ";".join((number, *sorted(kept)))


def _is_more_than_one(number: str) -> bool:
    """0711/1230 is one. 0711 1230/31 means two lines, 0711 1230 / 0170 1234567 two telephones."""
    before, slash, behind = number.partition("/")
    most = _LONGEST_AREA + 4 * bool(_ABROAD.match(number))
    has_two = bool(slash) and (sum(map(str.isdigit, before)) > most or "/" in behind)
    return has_two or number.count("+") + number.count("\uff0b") > 1


def _short_code(written: str, country: str) -> str | None:
    """Return 115, 116117 or the number that an SMS service has, which no country code precedes."""
    code = _library().country_code_for_region(country) if _SHORT.fullmatch(written) else 0
    if not code:
        return None
    digits = written.replace(" ", "")
    number = _library().PhoneNumber(country_code=code, national_number=int(digits))
    return digits if _library().is_possible_short_number_for_region(number, country) else None


def _parse(written: str, country: str) -> str | None:
    library = _library()
    for candidate, is_guess in _readings(written, country):
        try:
            number = library.parse(candidate, country or None)
        except library.NumberParseException:
            continue
        if library.is_valid_short_number_for_region(number, country):  # +49 115, from abroad
            return str(number.national_number)
        if _is_good(number, trusted=not is_guess and bool(_ABROAD.match(candidate))):
            normal: str = library.format_number(number, library.PhoneNumberFormat.E164)
            return f"{normal};ext={number.extension}" if number.extension else normal
    return None


def _readings(written: str, country: str) -> list[tuple[str, bool]]:
    """Return how it may be meant, the likeliest first, and whether that is a guess.

    Trunks write 49711... without a plus. Where national numbers begin with a 0, one that begins
    with the country's own code is meant so; other codes are guessed where nothing else is left.
    """
    as_it_is, with_plus = (written, False), (f"+{written}", True)
    if not _BARE.fullmatch(written):
        return [as_it_is]
    code = str(_library().country_code_for_region(country))
    zero_first = _library().ndd_prefix_for_region(country, strip_non_digits=True)
    own = bool(zero_first) and written.startswith(code)
    return [with_plus, as_it_is] if own else [as_it_is, with_plus]


def _is_good(number: Any, *, trusted: bool) -> bool:
    """Believe a number with its country where it is long enough; others might be a piece of one."""
    if trusted:
        return bool(_library().is_possible_number_with_reason(number) == 0)
    return bool(_library().is_valid_number(number))


@cache
def _library() -> ModuleType:
    """Imported late: it takes 60 ms, and most processes never see a number."""
    import phonenumbers

    return phonenumbers
