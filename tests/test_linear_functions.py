"""What reads texts from outside besides mails takes time in proportion to them, too."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.pump import HOSTILE, SHORT, SLOW, grows, seconds

from channel_web.parse import Context, Inbox, Sent, parse
from channel_web.parse.form import Written, is_email, one_line, paragraphs, read_contact
from channel_web.parse.uploads import check
from hub_contract.contact_points import compared, contact_point
from hub_contract.references import find_references, normalise_reference
from hub_contract.words import ContactKind, ContactPoint, MessageKind
from hub_kit.files import has_macros, safe_name, type_by_content

CONTEXT = Context(
    "musterstadt", "web", Inbox(UUID(int=1), "384291770608"), datetime(2026, 3, 12, tzinfo=UTC)
)
UNITS = (
    *HOSTILE,
    *(
        "a\u0300\u0316",
        "384 ",
        "3-",
        "O0",
        "1 2 3\n",
        "@a.",
        "\x00a",
        "\ud800",
        "\r",
        "\u202ea",
        "ü.",
    ),
)


def _compared(kind: ContactKind) -> Callable[[str], object]:
    return lambda text: compared(ContactPoint(kind=kind, value=text, as_written=True))


def _point(kind: ContactKind) -> Callable[[str], object]:
    return lambda text: contact_point(kind, text, "DE")


def _sent(text: str) -> object:
    written = Written(text=paragraphs(text), subject=one_line(text), name=one_line(text))
    return parse(Sent("token", MessageKind.MESSAGE, written), CONTEXT)


FUNCTIONS: dict[str, Callable[[str], Any]] = {
    **{f"compared {kind}": _compared(kind) for kind in ContactKind},
    **{f"contact_point {kind}": _point(kind) for kind in ContactKind},
    "find_references": find_references,
    "normalise_reference": normalise_reference,
    "safe_name": safe_name,
    "one_line": one_line,
    "paragraphs": paragraphs,
    "is_email": is_email,
    "read_contact": lambda text: read_contact(
        dict.fromkeys(("text", "subject", "name", "email"), text)
    ),
    "type_by_content": lambda text: type_by_content(text.encode("utf-8", "surrogatepass")),
    "check": lambda text: check("a.txt", text.encode("utf-8", "surrogatepass"), 10**9),
    "a form": _sent,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_linear(name: str) -> None:
    work, faults = FUNCTIONS[name], []
    for unit in UNITS:

        def make(length: int, unit: str = unit) -> str:
            return unit * (length // len(unit)) + "!"

        if seconds(work, make(SHORT), 1) > SLOW and grows(work, make):
            faults.append(unit)
    assert faults == []


def test_an_archive_of_endless_names_is_not_listed() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for number in range(10_001):
            file.writestr(f"word/{number}", b"")
        file.writestr("word/document.xml", b"")
    assert type_by_content(made.getvalue()) == "application/zip"
    assert not has_macros(made.getvalue())
