"""Scans handed in with a browser: the page, uploads in pieces, and who may."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from channel_paper.receive.pages import PIECE
from channel_paper.settings import PaperSettings
from hub_kit.tokens import Caller
from hub_pages.testing import Door

PDF = b"%PDF-1.7\nErika Mustermann\n%%EOF\n"
FILE = {"box": "letters", "name": "Scan 1.pdf", "size": len(PDF), "changed": 7}


@pytest.fixture
def app(place, make_app) -> FastAPI:
    settings = PaperSettings(size_limit=6_000_000)
    return make_app(place, settings)


@pytest.fixture
async def ask(app, ring) -> AsyncIterator:
    """Return what asks as somebody of an authority."""
    clients = []

    def client(role: str = "agent", tenant: str = "musterstadt", who: str = "petra"):
        door = Door(ring, {"/scans": ("channel_paper", app, Caller(who, tenant, role))})
        transport = httpx.ASGITransport(door)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://hub/scans"))
        return clients[-1]

    yield client
    for one in clients:
        await one.aclose()


async def test_without_javascript_several_files_come_by_a_form(ask, place):
    files = [("files", (name, PDF + name.encode() + b"%%EOF")) for name in ("a.pdf", "b.pdf")]
    answer = await ask().post("/", data={"box": "letters"}, files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, "/scans/?handed=2")
    await place.look(1)
    first, _ = place.events
    said = {one.kind: one.result for one in first.content.evidence}
    assert said["scan-way"] == "upload"
    assert said["scan-by"] == "Petra Amt (petra)"
    assert "2 Dateien sind übergeben" in (await ask().get("/?handed=2")).text


@pytest.mark.parametrize(
    "files", [[], [("files", ("leer.pdf", b""))], [("files", ("x.pdf", bytes(6_000_001)))]]
)
async def test_what_is_no_file_is_said_on_the_page(ask, place, files):
    answer = await ask().post("/", data={"box": "letters"}, files=files or [("files", ("", b""))])
    assert answer.status_code == 422
    assert place.queue.waiting() == []


async def test_pieces_make_a_file_and_go_on_after_a_break(ask, place):
    client = ask()
    begun = (await client.post("/uploads", json=FILE)).json()
    assert begun["offset"] == 0
    url = f"/uploads/letters/{begun['id']}"
    assert (await client.patch(url, params={"offset": 0}, content=PDF[:10])).json()["offset"] == 10
    assert "Scan 1.pdf" in (await client.get("/")).text
    place.again()
    again = (await client.post("/uploads", json=FILE)).json()
    assert again == begun | {"offset": 10}
    wrong = await client.patch(url, params={"offset": 12}, content=PDF[12:])
    assert wrong.status_code == 409
    twice = await client.patch(url, params={"offset": 0}, content=PDF[:10])
    assert twice.json()["offset"] == 10
    assert place.queue.waiting() == []
    whole = await client.patch(url, params={"offset": 10}, content=PDF[10:])
    assert whole.json()["offset"] == len(PDF)
    [item] = place.queue.waiting()
    assert item.path.read_bytes() == PDF
    assert item.origin.name == "Scan 1.pdf"
    assert "Scan 1.pdf" not in (await client.get("/")).text


async def test_who_does_not_want_it_any_more_drops_it(ask, place):
    client = ask()
    begun = (await client.post("/uploads", json=FILE)).json()
    await client.post(f"/uploads/letters/{begun['id']}/drop")
    assert place.files(".faden/coming") == []


@pytest.mark.parametrize(("fields", "status"), [
    ({"size": 0}, 422), ({"size": 6_000_001}, 413), ({"box": "other"}, 404), ({"name": ""}, 422),
])  # fmt: skip
async def test_what_is_asked_wrongly_is_refused(ask, fields, status):
    assert (await ask().post("/uploads", json=FILE | fields)).status_code == status


async def test_pieces_have_a_limit(ask):
    client = ask()
    begun = (await client.post("/uploads", json=FILE | {"size": 5_000_000})).json()
    url = f"/uploads/letters/{begun['id']}"
    assert (
        await client.patch(url, params={"offset": 0}, content=bytes(PIECE + 1))
    ).status_code == 413
    assert (await client.patch(url, params={"offset": -1}, content=b"x")).status_code == 422


async def test_an_upload_is_its_senders_alone(ask):
    begun = (await ask().post("/uploads", json=FILE)).json()
    other = ask(who="lena", role="supervisor")
    url = f"/uploads/letters/{begun['id']}"
    assert (await other.patch(url, params={"offset": 0}, content=PDF)).status_code == 409
    assert "Scan 1.pdf" not in (await other.get("/")).text
    for odd in ("x", "..%2F..%2F..%2Fetc", "0" * 32):
        answer = await ask().patch(f"/uploads/letters/{odd}", params={"offset": 0}, content=PDF)
        assert answer.status_code in (404, 409)


@pytest.mark.parametrize("role", ["operator", "citizen", "service"])
async def test_others_hand_nothing_in(ask, role):
    assert (await ask(role).get("/")).status_code == 403
    assert (await ask(role).post("/uploads", json=FILE)).status_code == 403


async def test_another_authority_has_no_box_here(ask):
    client = ask(tenant="kleindorf")
    assert "Hier kommen keine Briefe an" in (await client.get("/")).text
    assert (await client.post("/uploads", json=FILE)).status_code == 404


async def test_a_name_that_means_unfinished_is_taken_all_the_same(ask, place):
    await ask().post("/", data={"box": "letters"}, files=[("files", (".scan.tmp", PDF))])
    [item] = place.queue.waiting()
    assert item.origin.name == "Scan scan.tmp"
