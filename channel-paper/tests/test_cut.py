"""Batches with separator sheets, cut in the pool: each document an entry, the file kept whole."""

import asyncio
from io import BytesIO

import pikepdf
import pytest
from PIL import Image, ImageDraw

from channel_paper.receive.cut import Cutter
from hub_contract.page_codes import SEPARATOR
from hub_print.separator import separator
from hub_reading.pages import count
from hub_reading.pool import PageReader
from hub_reading.read_page import look_at_page
from hub_reading.split import plan
from hub_reading.values import PageReading

A4 = (620, 877)  # pixels at 75 dpi


def page(text: str) -> bytes:
    picture = Image.new("L", A4, 255)
    if text:
        ImageDraw.Draw(picture).text((60, 60), text, fill=0, font_size=24)
    out = BytesIO()
    picture.save(out, "PDF", resolution=75)
    return out.getvalue()


@pytest.fixture
def batch() -> bytes:
    """Two pages and a blank one, a sheet, one page."""
    with pikepdf.new() as whole:
        for one in (page("Erika 1"), page(""), page("Erika 2"), separator(), page("Alois")):
            with pikepdf.open(BytesIO(one)) as part:
                whole.pages.extend(part.pages)
        out = BytesIO()
        whole.save(out)
    return out.getvalue()


def test_each_code_of_our_sheet_parts_alone():
    """A sheet may be torn or smeared where the others stand."""
    sheet = look_at_page(separator(), 1)
    assert {one.text for one in sheet.codes} == {"PATCHT", SEPARATOR}
    for code in sheet.codes:
        pages = [PageReading(1), PageReading(2, codes=(code,)), PageReading(3)]
        assert [part.pages for part in plan(pages)] == [(1,), (3,)], code


@pytest.mark.parametrize("raw", [b"%PDF-1.7\nnothing", b"II*\0\x08\0\0\0"])
def test_what_nobody_can_read_has_no_pages(raw):
    assert not count(raw)


async def test_a_batch_is_cut_at_its_sheets_beside_the_loop(make_place, batch):
    """One pool for all that is asked: a process takes seconds to load what reads pages."""
    reader = PageReader(workers=1)
    cut = Cutter(reader)
    place = make_place(cut)
    (place.folder / "Stapel.pdf").write_bytes(batch)
    await place.look(1)
    looking, turns = asyncio.create_task(place.look(1)), 0
    while not looking.done():
        await asyncio.sleep(0.001)
        turns += 1
    await looking
    assert turns > 10
    assert [(one.content.first_page, one.pages) for one in place.events] == [(1, 2), (5, 1)]
    first, second = (
        {one.kind: one.result for one in event.content.evidence} for event in place.events
    )
    assert (first["scan-blank-pages"], first["transfer-note"]) == ("2", "cut")
    assert "scan-blank-pages" not in second
    assert next(place.folder.rglob("done/**/Stapel.pdf")).read_bytes() == batch
    for raw, pages in ((page("Erika"), 1), (b"%PDF-1.7\nnothing", 0)):
        [one] = await cut(raw)
        assert (one.data, one.pages, one.is_whole) == (raw, pages, True)
    await reader.close()
