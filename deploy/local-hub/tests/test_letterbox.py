"""The pretend letter box: what is dropped in lies in the scan folder, as a scanner writes it."""

import httpx
import pytest
from fastapi import FastAPI

from channel_paper.parse.whole import Kind, ends_of, has_end, kind_of
from hub_reading.pages import count
from local_hub.peers.letters.draw import draw_letter
from local_hub.peers.letters.letterbox import Letterbox, make_router

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17) + b"IEND\xaeB`\x82"


@pytest.fixture
async def slit(tmp_path):
    app = FastAPI()
    app.include_router(make_router(Letterbox(tmp_path / "scans")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        yield client


async def test_a_photo_is_a_scan(slit, tmp_path):
    said = (await slit.post("/letterbox", content=PNG)).json()
    [file] = (tmp_path / "scans").iterdir()
    assert (file.name, file.read_bytes()) == (said["file_name"], PNG)
    assert file.suffix == ".png"


async def test_what_is_no_letter_is_refused(slit, tmp_path):
    assert (await slit.post("/letterbox", content=b"Guten Tag")).status_code == 415
    assert (await slit.post("/letterbox/typed", json={"text": ""})).status_code == 422
    assert not (tmp_path / "scans").exists()


async def test_a_typed_letter_is_drawn(slit, tmp_path):
    answer = await slit.post("/letterbox/typed", json={"text": "Guten Tag\n\nErika"})
    assert answer.status_code == 202
    [file] = (tmp_path / "scans").iterdir()
    raw = file.read_bytes()
    assert kind_of(raw) is Kind.PDF
    assert has_end(ends_of(raw))
    assert count(raw) == 1


@pytest.mark.parametrize(("text", "pages"), [("", 1), ("Zeile\n" * 80, 3), ("ohne Ende " * 900, 4)])
def test_long_letters_have_several_pages(text, pages):
    assert count(draw_letter(text)) in range(1, pages + 2)
