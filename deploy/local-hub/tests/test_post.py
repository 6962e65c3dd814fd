"""The print room prints what lies in the folder, the post brings it, and takes it back."""

import json
from datetime import date
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from hub_print.letter import Letter, Sender, letter
from local_hub.peers.letters.inspect import Unreadable, address_of, count_pages, faults_of
from local_hub.peers.letters.print_room import PrintRoom
from local_hub.peers.letters.show import make_router
from local_hub.peers.letters.tray import Tray

MESSAGE = UUID("0199f5a0-7c1e-7000-8000-0123456789ab")


def printed(text: str = "Guten Tag.") -> bytes:
    address = ("Erika Mustermann", "Heidestraße 17", "51147 Köln")
    town = Sender("Stadt Musterstadt", "Rathausplatz 1 · 12345 Musterstadt")
    return letter(Letter(town, address, text, "384291770608", MESSAGE, date(2026, 11, 28))).pdf


@pytest.fixture
def day(tmp_path):
    folder = tmp_path / "2026-11-28"
    folder.mkdir()
    return folder


@pytest.fixture
def put(day):
    def write(pdf: bytes) -> None:
        (day / f"{MESSAGE}.pdf").write_bytes(pdf)
        (day / f"{MESSAGE}.json").write_text(json.dumps({"letter": str(MESSAGE)}))

    return write


def test_what_is_printed_is_brought_once_and_has_its_receipt(day, put, tmp_path):
    tray = Tray()
    put(printed())
    room = PrintRoom(tmp_path, tray)
    assert (room.look(), room.look(), PrintRoom(tmp_path, tray).look()) == (1, 0, 0)
    [brought] = tray.letters.values()
    assert brought.address.splitlines()[-1] == "51147 Köln"
    assert (day / f"receipt-{MESSAGE}.csv").read_text() == f"{MESSAGE};posted;\n"


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7 and no more"], ids=["empty", "broken"])
def test_what_cannot_be_printed_is_spoilt(day, put, tmp_path, pdf):
    put(pdf)
    tray = Tray()
    PrintRoom(tmp_path, tray).look()
    assert not tray.letters
    assert (day / f"receipt-{MESSAGE}.csv").read_text() == f"{MESSAGE};failed;file_unreadable\n"
    with pytest.raises(Unreadable):
        count_pages(pdf)


async def test_a_citizen_sees_the_pages_and_gives_the_letter_back(day, put, tmp_path):
    tray = Tray()
    put(printed("Absatz.\n\n" * 60))
    PrintRoom(tmp_path, tray).look()
    app = FastAPI()
    app.include_router(make_router(tray))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://table") as http:
        [shown] = (await http.get("/tray")).json()
        assert (shown["pages"], "384-291-770-608" in shown["text"]) == (3, True)
        pages = [await http.get(f"/tray/{shown['id']}/pages/{n}") for n in (0, 1, 3, 4)]
        assert [one.status_code for one in pages] == [404, 200, 200, 404]
        assert pages[1].content.startswith(b"\x89PNG")
        assert (await http.post(f"/tray/{shown['id']}/return")).status_code == 204
        assert (await http.get("/tray")).json() == []
        assert (await http.post(f"/tray/{shown['id']}/return")).status_code == 404
    receipt = day / f"receipt-{MESSAGE}-returned.csv"
    assert receipt.read_text() == f"{MESSAGE};returned;\n"


def test_a_house_reads_the_address_and_finds_nothing_wrong():
    pdf = printed()
    assert list(faults_of(pdf, by_hand=True)) == []
    assert [one.code for one in faults_of(pdf)] == ["content_in_edge"]  # our marks for hands
    assert address_of(pdf).splitlines()[0] == "Erika Mustermann"
