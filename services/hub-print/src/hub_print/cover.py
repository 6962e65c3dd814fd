"""Makes a fax: a cover sheet on which the text begins, the pages behind it, enclosures. Pure.

Letters are larger than on paper and all black: a fax at Standard has 98 lines an inch.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hub_contract.page_codes import write_page_code
from hub_contract.references import show_reference
from hub_print import geometry
from hub_print.blocks import blocks_of
from hub_print.draw_code import data_matrix
from hub_print.geometry import Fault, Found, Unprintable
from hub_print.labels import labels
from hub_print.letter import NOON, Enclosure, Printed, Sender, written_day
from hub_print.merge import Part, merge, read_part
from hub_print.typeset import typeset


@dataclass(frozen=True, slots=True)
class Cover:
    sender: Sender
    to: str  # the number that is dialled, as people read it
    text: str
    reference: str  # twelve digits, bare
    message_id: UUID
    day: date
    to_name: str = ""
    own_number: str = ""
    subject: str = ""
    author: str = ""
    language: str = "de"
    enclosures: tuple[Enclosure, ...] = ()
    most_pages: int = geometry.MOST_PAGES


def cover(wanted: Cover) -> Printed:
    """Return the whole fax as PDF; `Unprintable` says by codes why there is none."""
    read = [read_part(one.name, one.data) for one in wanted.enclosures]
    parts = [part for part in read if isinstance(part, Part)]
    found = [*geometry.check_text(wanted.text), *(one for one in read if isinstance(one, Found))]
    if found:
        raise Unprintable(found)
    behind = sum(part.pages for part in parts)
    data = _data(wanted, parts, behind)
    own = typeset("cover", data, datetime.combine(wanted.day, NOON))
    merged = merge(own, parts)
    if merged.pages > wanted.most_pages:
        raise Unprintable([Found(Fault.TOO_MANY_PAGES, str(merged.pages))])
    return Printed(merged.pdf, merged.pages, merged.pages - behind)


def _data(wanted: Cover, parts: list[Part], behind: int) -> dict[str, Any]:
    say, sender = labels(wanted.language), wanted.sender
    shown = show_reference(wanted.reference) if wanted.reference else ""
    rows = {
        "fax_to": [line for line in (wanted.to_name, wanted.to) if line],
        "fax_from": [line for line in (*sender.name.splitlines(), wanted.own_number) if line],
        "telephone": [sender.phone] if sender.phone else [],
        "author": [wanted.author] if wanted.author else [],
        "day": [written_day(wanted.day, wanted.language)],
        "reference": [shown] if shown else [],
    }
    code = write_page_code(wanted.reference, wanted.message_id) if wanted.reference else ""
    return {
        "labels": say,
        "language": wanted.language.partition("-")[0] or "de",
        "title": wanted.subject or say["fax_title"],
        "author": sender.name,
        "rows": [(say[key], lines) for key, lines in rows.items() if lines],
        "blocks": blocks_of(wanted.text),
        "enclosures": [f"{part.name} ({part.pages})" for part in parts],
        "behind": behind,
        "reference": shown,
        "code": data_matrix(code) if code else "",
        "foot": sender.foot[:3],
        "zones": {"code": geometry.CODE},
        "red": {"first": [], "every": []},
        "left": geometry.TEXT_LEFT,
        "right": geometry.TEXT_RIGHT,
        "bottom": geometry.TEXT_BOTTOM,
    }
