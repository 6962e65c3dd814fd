"""Makes a letter: DIN 5008 form B as tagged PDF/A-2b, with its enclosures behind it. Pure.

Rule 1. What does not fit is said by code (`check`), and never cut off.
Rule 2. Number and code stand on every page of ours; enclosures are printed as they are.
Rule 3. Nothing that tells of the matter stands where an envelope's window shows it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub_contract.page_codes import write_page_code
from hub_contract.references import show_reference
from hub_print import geometry
from hub_print.blocks import blocks_of
from hub_print.draw_code import data_matrix
from hub_print.geometry import Fault, Found, Sheet, Unprintable, Zone
from hub_print.labels import labels
from hub_print.merge import Part, merge, read_part
from hub_print.typeface import width_of
from hub_print.typeset import typeset

NOON = time(12, tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class Sender:
    """The authority, as a letter shows it."""

    name: str
    address: str = ""  # in one line, as it stands above the recipient
    phone: str = ""
    email: str = ""
    arms: str = ""  # SVG
    foot: tuple[str, ...] = ()  # up to three lines below every page


@dataclass(frozen=True, slots=True)
class Enclosure:
    name: str
    data: bytes  # PDF


@dataclass(frozen=True, slots=True)
class Letter:
    sender: Sender
    recipient: tuple[str, ...]  # as `hub_contract.postal_address` writes them
    text: str
    reference: str  # twelve digits, bare
    message_id: UUID
    day: date
    subject: str = ""
    author: str = ""
    language: str = "de"
    enclosures: tuple[Enclosure, ...] = ()
    as_written: bool = False  # nobody has found postcode and place in the address
    sheet: Sheet = field(default_factory=Sheet)


@dataclass(frozen=True, slots=True)
class Printed:
    pdf: bytes
    pages: int  # with those of enclosures
    own_pages: int


def check(wanted: Letter) -> Iterator[Found]:
    """Yield all that is in the way before anything is printed."""
    yield from geometry.check_address(wanted.recipient, as_written=wanted.as_written)
    yield from geometry.check_text(wanted.text)
    yield from geometry.check_text(wanted.subject or "-")
    for one in wanted.enclosures:
        part = read_part(one.name, one.data)
        if isinstance(part, Found):
            yield part


def letter(wanted: Letter) -> Printed:
    """Return the letter as it is printed; `Unprintable` says by codes why it cannot be."""
    if found := list(check(wanted)):
        raise Unprintable(found)
    return _print(wanted, red=False)


def preview(wanted: Letter) -> tuple[Printed | None, tuple[Found, ...]]:
    """Return the letter with what must stay free in red, and all that is in the way.

    What cannot be enclosed is left out, an address that is too long is shown as far as it goes;
    there is no picture only where nothing at all can be laid out.
    """
    found = list(check(wanted))
    try:
        return _print(wanted, red=True), tuple(found)
    except Unprintable as error:
        return None, (*found, *error.found)


def _print(wanted: Letter, *, red: bool) -> Printed:
    read = [read_part(one.name, one.data) for one in wanted.enclosures]
    parts = [part for part in read if isinstance(part, Part)]
    own = typeset("letter", data_of(wanted, parts, red=red), datetime.combine(wanted.day, NOON))
    merged = merge(own, parts)
    sheet = wanted.sheet
    if merged.pages > sheet.most_pages and not red:
        raise Unprintable([Found(Fault.TOO_MANY_PAGES, str(merged.pages))])
    if len(merged.pdf) > sheet.most_bytes and not red:
        raise Unprintable([Found(Fault.TOO_LARGE, str(len(merged.pdf)))])
    return Printed(merged.pdf, merged.pages, merged.pages - sum(part.pages for part in parts))


def data_of(wanted: Letter, parts: Sequence[Part], *, red: bool = False) -> dict[str, Any]:
    """Return what the template needs."""
    say, sender = labels(wanted.language), wanted.sender
    shown = show_reference(wanted.reference) if wanted.reference else ""
    lines = wanted.recipient[: geometry.MOST_LINES]
    code = write_page_code(wanted.reference, wanted.message_id)
    return {
        "labels": say,
        "language": wanted.language.partition("-")[0] or "de",
        "title": wanted.subject or f"{say['reference']} {shown}",
        "author": sender.name,
        "arms": sender.arms,
        "sender_line": sender.address,
        "sender_size": _fitting(sender.address),
        "address": lines,
        "address_size": geometry.address_size(lines) or geometry.SIZES[-1],
        "information": list(_information(wanted, say, shown)),
        "blocks": blocks_of(wanted.text),
        "enclosures": [_named(part, say) for part in parts],
        "reference": shown,
        "code": data_matrix(code),
        "foot": sender.foot[:3],
        **_places(wanted.sheet, red=red),
    }


def _information(wanted: Letter, say: dict[str, str], shown: str) -> Iterator[tuple[str, str]]:
    rows = {
        "reference": shown,
        "author": wanted.author,
        "telephone": wanted.sender.phone,
        "mail": wanted.sender.email,
        "day": written_day(wanted.day, wanted.language),
    }
    yield from ((say[key], value) for key, value in rows.items() if value)


def _places(sheet: Sheet, *, red: bool) -> dict[str, Any]:
    edges = [*geometry.EDGES.values()] if sheet.marks else [geometry.MACHINE_EDGE]
    return {
        "zones": {
            "sender": geometry.SENDER,
            "address": geometry.ADDRESS,
            "information": geometry.INFORMATION,
            "code": geometry.CODE,
        },
        "red": {
            "first": [*geometry.KEPT_FREE.values()] if red else [],
            "every": edges if red else [],
        },
        "marks": sheet.marks,
        "mark_left": geometry.MARK_LEFT,
        "folds": geometry.FOLDS,
        "hole": geometry.HOLE,
        "leading": geometry.LEADING,
        "left": geometry.TEXT_LEFT,
        "right": geometry.TEXT_RIGHT,
        "bottom": geometry.TEXT_BOTTOM,
        "subject_top": geometry.SUBJECT_TOP,
        "next_top": geometry.NEXT_TOP,
    }


def _fitting(line: str, zone: Zone = geometry.SENDER) -> float:
    """Return the points in which the sender's line is as wide as its place at most."""
    return max(4.0, min(7.0, 7.0 * zone.width / max(width_of(line, 7.0), 1)))


def _named(part: Part, say: dict[str, str]) -> str:
    return f"{part.name} ({part.pages} {say['one_page' if part.pages == 1 else 'pages']})"


def written_day(day: date, language: str) -> str:
    """Return the day as DIN 5008 writes it; in English by its name, which nobody can turn round."""
    english = language.partition("-")[0].lower() == "en"
    return f"{day.day} {day:%B} {day.year}" if english else f"{day:%d.%m.%Y}"
