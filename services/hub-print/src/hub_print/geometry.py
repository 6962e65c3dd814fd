"""Where on a page what may stand, in mm from its top left corner, and what does not fit there.

DIN 5008:2020 form B, and inside of it what print houses ask for: the address field of Deutsche Post
(E-POSTBUSINESS: 8 mm for the sender, 13 mm kept empty for franking, 24 mm for the address).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hub_contract.postal_address import names_country
from hub_print.typeface import unwritable, width_of

WIDTH, HEIGHT = 210, 297  # A4


class Zone(NamedTuple):
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


FIELD = Zone(20, 45, 85, 45)  # what a window shows
SENDER = Zone(25, 47, 80, 5)  # one small line, by which the letter comes back
FRANKING = Zone(20, 53, 85, 13)
ADDRESS = Zone(25, 66.5, 80, 23.4)  # marks above capitals stay out of the franking zone
INFORMATION = Zone(125, 50, 75, 45)
CODE = Zone(176, 272, 14, 14)  # a DataMatrix is read off a fax from 10 mm on
TEXT_LEFT, TEXT_RIGHT, TEXT_BOTTOM = 25, 20, 32  # margins
SUBJECT_TOP, NEXT_TOP = 98.5, 30  # where text begins on the first page, and on those behind it
FOLDS, HOLE = (105, 210), 148.5  # from the top
MARK_LEFT = 4.2  # printers leave about 4 mm

# Where nothing of ours may stand on the first page, and on every page.
KEPT_FREE: dict[str, Zone] = {
    "franking": FRANKING,
    "window": Zone(20, 90, 85, 3),  # below the address: the sheet moves in its envelope
}
EDGES: dict[str, Zone] = {
    "left": Zone(0, 0, 4, HEIGHT),
    "right": Zone(WIDTH - 4, 0, 4, HEIGHT),
    "top": Zone(0, 0, WIDTH, 4),
    "bottom": Zone(0, HEIGHT - 4, WIDTH, 4),
}
# Print houses put their own codes there, so that marks for hands are left out.
MACHINE_EDGE = Zone(0, 0, 12, HEIGHT)

MOST_LINES = 6
LEADING = ADDRESS.height / MOST_LINES
SIZES = (10.0, 9.5, 9.0, 8.5, 8.0)  # points; below 8 a machine reads no address (DIN 5008)
MOST_PAGES = 100


class Fault(StrEnum):
    """Why something cannot be printed; a page that people read chooses the words."""

    ADDRESS_MISSING = "address-missing"
    ADDRESS_INCOMPLETE = "address-incomplete"  # no line but one
    ADDRESS_UNREADABLE = "address-unreadable"  # no postcode and place, no country in capitals
    ADDRESS_TOO_LONG = "address-too-long"  # more lines, or longer ones, than a window shows
    ADDRESS_CHARACTERS = "address-characters"  # that no machine of the post reads
    TEXT_MISSING = "text-missing"
    TEXT_CHARACTERS = "text-characters"  # that our typeface lacks
    TOO_MANY_PAGES = "too-many-pages"
    TOO_LARGE = "too-large"
    ENCLOSURE_ENCRYPTED = "enclosure-encrypted"
    ENCLOSURE_UNREADABLE = "enclosure-unreadable"
    ENCLOSURE_EMPTY = "enclosure-empty"
    ZONE_NOT_EMPTY = "zone-not-empty"


class Found(NamedTuple):
    fault: Fault
    about: str = ""  # which line, which file, how many


class Unprintable(ValueError):  # noqa: N818 - it is no fault of the program
    """What stands in the way; `found` has at least one."""

    def __init__(self, found: Sequence[Found]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(f"{one.fault}: {one.about}" for one in found))


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a print house wants its sheets."""

    marks: bool = True  # for folding and punching by hand
    most_pages: int = MOST_PAGES
    most_bytes: int = 50_000_000


def address_size(lines: Sequence[str]) -> float | None:
    """Return the points in which all lines fit into the window, None where they do not."""
    if len(lines) > MOST_LINES:
        return None
    return next(
        (size for size in SIZES if all(width_of(line, size) <= ADDRESS.width for line in lines)),
        None,
    )


def check_address(lines: Sequence[str], *, as_written: bool = False) -> Iterator[Found]:
    """Yield what is wrong with these lines; `as_written`: nobody has found postcode and place."""
    if not lines:
        yield Found(Fault.ADDRESS_MISSING)
        return
    if len(lines) == 1:
        yield Found(Fault.ADDRESS_INCOMPLETE, lines[0])
    elif as_written and not names_country(lines):
        yield Found(Fault.ADDRESS_UNREADABLE, lines[-1])
    if len(lines) > MOST_LINES:
        yield Found(Fault.ADDRESS_TOO_LONG, str(len(lines)))
    for line in lines:
        if width_of(line, SIZES[-1]) > ADDRESS.width:
            yield Found(Fault.ADDRESS_TOO_LONG, line)
        if lacking := unwritable(line):
            yield Found(Fault.ADDRESS_CHARACTERS, lacking)


def check_text(text: str) -> Iterator[Found]:
    if not text.strip():
        yield Found(Fault.TEXT_MISSING)
    if lacking := unwritable(text):
        yield Found(Fault.TEXT_CHARACTERS, lacking[:20])
