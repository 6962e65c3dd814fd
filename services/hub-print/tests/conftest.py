"""A letter of a town, and PDFs that people enclose."""

from datetime import date
from io import BytesIO
from uuid import UUID

import pikepdf
import pytest

from hub_print.letter import Letter, Sender

MESSAGE = UUID("0199f5a0-7c1e-7000-8000-0123456789ab")
TOWN = Sender(
    "Stadt Musterstadt",
    "Stadt Musterstadt · Rathausplatz 1 · 12345 Musterstadt",
    "+49 30 12345-0",
    "amt@musterstadt.de",
    foot=("Mo bis Fr 8–12 Uhr",),
)


@pytest.fixture
def make():
    def build(**changes) -> Letter:
        facts = {
            "sender": TOWN,
            "recipient": ("Erika Mustermann", "Musterweg 12", "12345 Musterstadt"),
            "text": "Sehr geehrte Frau Mustermann,\n\nvielen Dank.",
            "reference": "384291770608",
            "message_id": MESSAGE,
            "day": date(2026, 11, 28),
            "subject": "Ihr Antrag auf Wohngeld",
        }
        return Letter(**(facts | changes))

    return build


@pytest.fixture
def pdf_of():
    def build(pages: int = 1, size: tuple[float, float] = (595, 842), **saved) -> bytes:
        with pikepdf.new() as pdf:
            for _ in range(pages):
                pdf.add_blank_page(page_size=size)
            written = BytesIO()
            pdf.save(written, **saved)
            return written.getvalue()

    return build
