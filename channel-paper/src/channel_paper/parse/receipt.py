"""Read the receipt of a print room: which letter of a batch became what. Pure and total.

A CSV as spreadsheets write it: parted by semicolons or commas, the letter (or the name of its file)
in the first column, a word in the second, a remark in the third. A head is skipped.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from channel_paper.parse.report import Said
from hub_contract.delivery import Delivery, Reason

# What print rooms write, in lower case; a new word is a new line.
_WORDS = {
    "gedruckt": (Delivery.ACCEPTED, Reason.NONE),
    "printed": (Delivery.ACCEPTED, Reason.NONE),
    "versandt": (Delivery.SENT, Reason.NONE),
    "verschickt": (Delivery.SENT, Reason.NONE),
    "frankiert": (Delivery.SENT, Reason.NONE),
    "posted": (Delivery.SENT, Reason.NONE),
    "sent": (Delivery.SENT, Reason.NONE),
    "zugestellt": (Delivery.DELIVERED, Reason.NONE),
    "delivered": (Delivery.DELIVERED, Reason.NONE),
    "retour": (Delivery.RETURNED, Reason.ADDRESS_UNKNOWN),
    "zurück": (Delivery.RETURNED, Reason.ADDRESS_UNKNOWN),
    "returned": (Delivery.RETURNED, Reason.ADDRESS_UNKNOWN),
    "verweigert": (Delivery.RETURNED, Reason.REFUSED_BY_RECIPIENT),
    "refused": (Delivery.RETURNED, Reason.REFUSED_BY_RECIPIENT),
    "nicht abgeholt": (Delivery.RETURNED, Reason.NOT_COLLECTED),
    "not collected": (Delivery.RETURNED, Reason.NOT_COLLECTED),
    "makuliert": (Delivery.FAILED, Reason.OTHER),
    "failed": (Delivery.FAILED, Reason.OTHER),
}
_MOST = 100_000  # rows of one receipt


@dataclass(frozen=True, slots=True)
class Odd:
    """A row that says nothing we know: its number, from 1, and what is wrong with it."""

    row: int
    fault: str


def read_receipt(raw: bytes) -> list[Said | Odd]:
    """Return what each row says, in order; an empty one says nothing."""
    text = raw.decode("utf-8-sig", "replace") if _is_utf8(raw) else raw.decode("cp1252", "replace")
    parted = ";" if text.count(";") >= text.count(",") else ","
    lines = text.replace("\0", "").splitlines()[:_MOST]
    return list(_rows(csv.reader(lines, delimiter=parted, strict=False)))


def _rows(rows: Iterator[list[str]]) -> Iterator[Said | Odd]:
    number = 0
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:  # a cell without end
            yield Odd(number, str(error))
            continue
        cells = [cell.strip() for cell in (*row, "", "", "")]
        if any(cells) and (found := _read(number, *cells[:3])):
            yield found


def _read(number: int, letter: str, word: str, remark: str) -> Said | Odd | None:
    try:
        message_id = UUID(letter.removesuffix(".pdf"))
    except ValueError:
        return None if number == 1 else Odd(number, "no letter; write its name in the first column")
    known = _WORDS.get(" ".join(word.casefold().split()))
    if known is None:
        return Odd(number, f"no word that is known; write one of {', '.join(_WORDS)}")
    return Said(message_id, *known, code=word[:100], diagnostic=remark[:1000])


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
