"""Reads a postal address into the lines of a letter (DIN 5008): no blank ones, place, country last.

Inland the last line is postcode and place; abroad the country follows in capitals.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple


class _Country(NamedTuple):
    name: str  # as Deutsche Post wants it: in German, in capitals
    plate: str  # that people put before a postcode: A-1010
    postcode: str  # a pattern; its groups are written with a blank between
    names: str = ""  # other ones, split at blanks


_COUNTRIES = {
    "AT": _Country("ÖSTERREICH", "A", r"(\d{4})", "oesterreich austria autriche"),
    "BE": _Country("BELGIEN", "B", r"(\d{4})", "belgium belgique belgië belgie"),
    "BG": _Country("BULGARIEN", "BG", r"(\d{4})", "bulgaria"),
    "CH": _Country("SCHWEIZ", "CH", r"(\d{4})", "switzerland suisse svizzera"),
    "CZ": _Country("TSCHECHIEN", "CZ", r"(\d{3}) ?(\d{2})", "czechia česko tschechische_republik"),
    "DE": _Country("DEUTSCHLAND", "D", r"(\d{5})", "germany allemagne brd"),
    "DK": _Country("DÄNEMARK", "DK", r"(\d{4})", "daenemark denmark danmark"),
    "ES": _Country("SPANIEN", "E", r"(\d{5})", "spain españa espana"),
    "FR": _Country("FRANKREICH", "F", r"(\d{5})", "france"),
    "GR": _Country("GRIECHENLAND", "GR", r"(\d{3}) ?(\d{2})", "greece ελλάδα"),
    "HR": _Country("KROATIEN", "HR", r"(\d{5})", "croatia hrvatska"),
    "HU": _Country("UNGARN", "H", r"(\d{4})", "hungary magyarország"),
    "IT": _Country("ITALIEN", "I", r"(\d{5})", "italy italia"),
    "LI": _Country("LIECHTENSTEIN", "FL", r"(\d{4})"),
    "LU": _Country("LUXEMBURG", "L", r"(\d{4})", "luxembourg luxemburg"),
    "NL": _Country("NIEDERLANDE", "NL", r"(\d{4}) ?([A-Z]{2})", "netherlands nederland holland"),
    "PL": _Country("POLEN", "PL", r"(\d{2}-\d{3})", "poland polska"),
    "PT": _Country("PORTUGAL", "P", r"(\d{4}-\d{3})"),
    "RO": _Country("RUMÄNIEN", "RO", r"(\d{6})", "rumaenien romania românia"),
    "SE": _Country("SCHWEDEN", "S", r"(\d{3}) ?(\d{2})", "sweden sverige"),
    "SI": _Country("SLOWENIEN", "SLO", r"(\d{4})", "slovenia slovenija"),
    "SK": _Country("SLOWAKEI", "SK", r"(\d{3}) ?(\d{2})", "slovakia slovensko"),
    "TR": _Country("TÜRKEI", "TR", r"(\d{5})", "tuerkei turkey türkiye"),
}
_BY_NAME = {
    name.replace("_", " ").casefold(): code
    for code, known in _COUNTRIES.items()
    for name in (known.name, *known.names.split())
}
_BY_PLATE = {p: code for code, known in _COUNTRIES.items() for p in (known.plate, code)}
_PLATE = re.compile(r"([A-Z]{1,3}) ?- ?(?=\d)", re.IGNORECASE)
_PLACE = {
    known.postcode: re.compile(rf"{known.postcode} (\S.*)", re.IGNORECASE)
    for known in _COUNTRIES.values()
}
_MOST_LINES = 10


def read_postal(text: str, country: str) -> str | None:
    """Return the lines of the address, or None where no place with its postcode ends them."""
    lines = _lines(text)
    if len(lines) < 2 or len(lines) > _MOST_LINES:  # a recipient and a place
        return None
    code = _BY_NAME.get(lines[-1].strip(".").casefold(), "")
    *lines, place = lines[:-1] if code else lines
    if plate := _PLATE.match(place):
        by_plate = _BY_PLATE.get(plate[1].upper(), "")
        if not by_plate or (code and by_plate != code):
            return None
        code, place = by_plate, place[plate.end() :]
    known = _COUNTRIES.get(code or country)
    found = known and _PLACE[known.postcode].fullmatch(place)
    if not known or not found or not lines:
        return None
    *postcode, town = found.groups()
    lines.append(" ".join((*map(str.upper, postcode), town)))
    return "\n".join(lines if (code or country) == country else (*lines, known.name))


def names_country(lines: Sequence[str]) -> bool:
    """Say whether the last line is a country in capitals, as one that is in no table of ours."""
    last = lines[-1] if len(lines) >= 3 else ""
    return last.isupper() and not any(one.isdigit() for one in last)


def compared_lines(text: str) -> str:
    """Return what two spellings of an address share: case, commas, and Str. for Straße."""
    plain = re.sub(r"[.,]", " ", unicodedata.normalize("NFC", text).casefold())
    lines = (re.sub(r"str\b", "strasse", " ".join(line.split())) for line in plain.splitlines())
    return "\n".join(filter(None, lines))


def _lines(text: str) -> list[str]:
    lines = [" ".join(line.split()).strip(", ") for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1:  # as one writes it into a field of one line
        return [part.strip() for part in lines[0].split(",") if part.strip()]
    return lines
