"""From a scan folder to events, and what lies in `done/` and `failed/` afterwards."""

import asyncio
import json
from hashlib import sha256

import pytest

from channel_paper.parse import Document
from channel_paper.receive import queue as queue_module
from hub_contract.errors import Permanent, Temporary
from hub_contract.problems import ProblemCode

PDF = b"%PDF-1.7\nErika Mustermann\n%%EOF\n"


def evidence(event) -> dict[str, str]:
    return {one.kind: one.result for one in event.content.evidence}


def record(place) -> dict:
    [name] = place.folder.rglob("done/**/*.json")
    return json.loads(name.read_text())


async def test_a_scan_is_an_entry_and_rests_in_done(place):
    (place.folder / "Scan 1.pdf").write_bytes(PDF)
    await place.look()
    [event] = place.events
    digest = sha256(PDF).hexdigest()
    assert event.content.batch == f"Scan 1.pdf {digest}"
    assert event.content.first_page == 1
    assert (event.readable, event.partial) == (True, False)
    assert evidence(event) | {"scan-time": ""} == {
        "scan-time": "",
        "scan-way": "folder",
        "scan-device": "Scanner im Postraum",
        "scan-file": "Scan 1.pdf",
        "scan-hash": digest,
        "scan-complete": "pass",
        "scan-readable": "pass",
        "transfer-note": "unchanged",
    }
    assert place.files("done") == ["Scan 1.pdf", "Scan 1.pdf.json"]
    [document] = record(place)["documents"]
    assert document["event"] == str(event.id)
    assert document["sha256"] == digest
    assert not document["already_there"]
    assert place.files(".faden/queue") == []


async def test_scanned_again_is_the_same_event_and_is_told(place):
    for _ in range(2):
        (place.folder / "Scan.pdf").write_bytes(PDF)
        await place.look()
    assert len(place.events) == 1
    assert place.files("done") == ["Scan-2.pdf", "Scan-2.pdf.json", "Scan.pdf", "Scan.pdf.json"]
    again = next(place.folder.rglob("Scan-2.pdf.json"))
    assert json.loads(again.read_text())["documents"][0]["already_there"]


async def test_two_scanners_that_write_one_name_lose_nothing(place):
    (place.folder / "Scan.pdf").write_bytes(PDF)
    accept = place.taken.all

    async def other_scanner(arrivals):
        if len(place.events) == 0:
            (place.folder / "Scan.pdf").write_bytes(PDF.replace(b"Erika", b"Alois"))
        return await accept(arrivals)

    place.taken.all = other_scanner
    await place.look(4)
    assert len(place.events) == 2
    assert place.files("done") == ["Scan-2.pdf", "Scan-2.pdf.json", "Scan.pdf", "Scan.pdf.json"]


async def test_a_full_disk_stops_and_nothing_is_lost(place):
    place.taken.full = True
    (place.folder / "Scan.pdf").write_bytes(PDF)
    with pytest.raises(Temporary, match="full"):
        await place.look()
    assert place.files("done") == []
    place.taken.full = False
    place.again()
    await place.look(1)
    assert len(place.events) == 1
    assert "Scan.pdf" in place.files("done")


async def test_a_folder_that_cannot_be_written_is_temporary(place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (place.folder / "Scan.pdf").write_bytes(PDF)
    await place.look(1)
    monkeypatch.setattr(queue_module, "_write", full)
    with pytest.raises(Temporary, match="No space left"):
        await place.look()
    assert (place.folder / "Scan.pdf").exists()
    monkeypatch.undo()
    await place.look()
    assert len(place.events) == 1


async def test_killed_between_yes_and_done_it_is_the_same_event(place, monkeypatch):
    (place.folder / "Scan.pdf").write_bytes(PDF)
    monkeypatch.setattr(place.queue, "finish", _killed)
    with pytest.raises(KeyboardInterrupt):
        await place.look()
    place.again()
    await place.look(1)
    assert len(place.events) == 1
    assert place.files("done") == ["Scan.pdf", "Scan.pdf.json"]


def _killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("leer.pdf", b"", "leer"),
        ("notiz.txt", b"Guten Tag", "kein Scan"),
        ("gross.pdf", PDF + b" " * 4000 + b"%%EOF", "zu groß"),
    ],
)
async def test_what_is_no_scan_rests_in_failed_with_its_reason(place, name, data, words):
    place.again(size_limit=3_000)
    (place.folder / name).write_bytes(data)
    await place.look()
    assert place.events == []
    assert place.files("failed") == [name, f"{name}.grund.txt"]
    [reason] = place.folder.rglob("*.grund.txt")
    assert words in reason.read_text()
    assert next(place.folder.rglob(f"failed/**/{name}")).read_bytes() == data


async def test_half_a_scan_is_kept_and_marked(place):
    (place.folder / "halb.pdf").write_bytes(PDF[:-7])
    await place.look()
    [event] = place.events
    assert event.partial
    assert evidence(event)["scan-complete"] == "fail"


async def test_a_batch_becomes_its_documents_and_is_kept_whole(make_place):
    async def cut(raw):
        return [Document(b"%PDF-1 a %%EOF", 2, 2, (3,), is_whole=False), Document(b"%PDF-1 b %%EOF", 6, 1, is_whole=False)]  # fmt: skip

    place = make_place(cut)
    (place.folder / "eg").mkdir()
    (place.folder / "eg" / "Stapel.pdf").write_bytes(PDF)
    await place.look()
    first, second = place.events
    assert (first.content.first_page, second.content.first_page) == (2, 6)
    assert first.content.batch == second.content.batch == f"eg/Stapel.pdf {sha256(PDF).hexdigest()}"
    assert first.pages == 2
    assert evidence(first)["scan-blank-pages"] == "3"
    assert evidence(first)["transfer-note"] == "cut"
    assert first.id != second.id
    assert place.files("done") == ["eg_Stapel.pdf", "eg_Stapel.pdf.json"]
    assert len(record(place)["documents"]) == 2


async def test_what_cutting_dies_of_becomes_one_entry(make_place):
    calls = []

    async def cut(_):
        calls.append(1)
        raise Permanent("crash")

    place = make_place(cut)
    (place.folder / "Stapel.pdf").write_bytes(PDF)
    await place.look()
    [event] = place.events
    assert len(calls) == 3
    assert [one.code for one in event.content.problems] == [ProblemCode.OVERRUN]
    assert "Stapel.pdf" in place.files("done")


async def test_what_kills_the_service_three_times_becomes_one_entry(make_place):
    async def cut(_):
        raise asyncio.CancelledError

    place = make_place(cut)
    (place.folder / "Stapel.pdf").write_bytes(PDF)
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await place.look()
        place.again()
    await place.look(1)
    [event] = place.events
    assert [one.about for one in event.content.problems] == ["crash"]


async def test_a_scan_that_grows_while_it_is_read_is_read_again(place):
    (place.folder / "Scan.pdf").write_bytes(PDF)
    accept = place.taken.all

    async def growing(arrivals):
        [item] = place.queue.waiting()
        if len(place.events) == 0:
            with item.path.open("ab") as file:
                file.write(PDF)
        return await accept(arrivals)

    place.taken.all = growing
    await place.look(3)
    assert len(place.events) == 2
    assert next(place.folder.rglob("done/**/Scan.pdf")).read_bytes() == PDF * 2


async def test_one_that_cannot_be_read_holds_up_no_other(place, monkeypatch):
    (place.folder / "a.pdf").write_bytes(PDF)
    (place.folder / "b.pdf").write_bytes(PDF + PDF)
    take = place.scans._taker.take

    async def locked(item):
        if item.origin.name == "a.pdf":
            raise Temporary("locked")
        await take(item)

    monkeypatch.setattr(place.scans._taker, "take", locked)
    with pytest.raises(Temporary):
        await place.look()
    assert "b.pdf" in place.files("done")
    monkeypatch.undo()
    await place.look(1)
    assert len(place.events) == 2
