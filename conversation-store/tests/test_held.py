"""Harmful software is held before anybody can open it, shown as such, let go by a supervisor."""

import asyncio
import base64
import shutil
import subprocess
import time
from dataclasses import replace

import httpx
import pytest
from aioclamd import ClamdError

from conversation_store.app import compose
from conversation_store.settings import StoreSettings
from conversation_store.store import Store
from hub_contract.words import Attachment
from hub_kit.accept import Accept
from hub_kit.find_port import free_port
from hub_kit.listen import HostPort
from hub_kit.scan_files import Clamd
from local_hub.peers.scanner import EICAR, FINDING, Scanner

from .conftest import Desk, World

GOOD = b"%PDF-1.7 harmless"


def scanned(world: World, scanner: Clamd | None) -> World:
    """Return the world with this scanner on the way in and on the way out."""
    ground = world.ground
    accept = Accept(ground.pool, ground.blobs, ground.ring, "channel_email", scanner=scanner)
    ground = replace(ground, accept=accept, scanner=scanner)
    return replace(world, ground=ground, store=Store.open(ground, StoreSettings()))


def desk_of(world: World, role: str = "agent") -> Desk:
    return Desk(world.ground.ring, compose(world.store)).as_(role=role)


def mail(world: World, *files: bytes, original: bytes = b"raw"):
    named = tuple(
        Attachment(file_name=f"{n}.pdf", media_type="application/pdf", size=len(data))
        for n, data in enumerate(files)
    )
    return world.mail(original=original, files=files, attachments=named)


@pytest.fixture
async def scanner():
    pretend = Scanner(longest=1_000)
    async with pretend.listening() as door:
        pretend.door = door
        yield pretend


async def test_what_is_found_is_held_and_a_supervisor_lets_it_go(world, scanner):
    world = scanned(world, Clamd(scanner.door))
    entry = (await world.take_in(mail(world, EICAR, GOOD)))[0]
    path, desk = f"/entries/{entry['id']}", desk_of(world)
    shown = (await desk.get(path)).json()
    assert [(f["check"], f["finding"]) for f in shown["attachments"]] == [
        ("found", FINDING),
        ("clean", ""),
    ]
    assert shown["original_check"]["check"] == "found", "the original brings the file with it"
    line = (await desk.get(f"/conversations/{entry['conversation_id']}/entries")).json()
    assert line["entries"][0]["harmful"] is True
    for held in ("attachments/0", "original"):
        answer = await desk.get(f"{path}/{held}")
        assert answer.status_code == 423
        assert answer.json()["type"] == "urn:faden:problem:quarantined"
        assert EICAR not in answer.content
        assert (await desk.post(f"{path}/{held}/release")).status_code == 403
    assert (await desk.get(f"{path}/attachments/1")).content == GOOD
    chief = desk_of(world, "supervisor")
    assert (await chief.post(f"{path}/attachments/0/release")).status_code == 204
    assert (await desk.get(f"{path}/attachments/0")).content == EICAR
    assert (await desk.get(f"{path}/original")).status_code == 423, "that is a file of its own"
    shown = (await desk.get(path)).json()["attachments"][0]
    assert (shown["check"], shown["released_by"]) == ("released", "agent-7")
    page = (await desk.get(f"/conversations/{entry['conversation_id']}/entries")).json()
    assert [one["reason"]["code"] for one in page["entries"] if one["kind"] == "change"] == [
        "file_released"
    ]
    again = await chief.post(f"{path}/attachments/0/release")
    assert (again.status_code, again.json()["type"]) == (422, "urn:faden:problem:not_held")
    assert (await chief.post(f"{path}/attachments/7/release")).status_code == 404


async def test_a_scanner_that_is_away_stops_nothing_and_is_asked_when_somebody_opens(
    world, scanner
):
    away = HostPort("127.0.0.1", free_port())
    late = scanned(world, Clamd(away))
    entry = (await late.take_in(mail(late, EICAR, GOOD)))[0]
    path = f"/entries/{entry['id']}"
    said = [f["check"] for f in (await desk_of(late).get(path)).json()["attachments"]]
    assert said == ["waiting", "waiting"]
    answer = await desk_of(late).get(f"{path}/attachments/1")
    assert (answer.status_code, answer.json()["type"]) == (423, "urn:faden:problem:not_checked")
    back = desk_of(scanned(world, Clamd(scanner.door)))
    assert (await back.get(f"{path}/attachments/1")).content == GOOD
    assert (await back.get(f"{path}/attachments/0")).status_code == 423
    said = [f["check"] for f in (await back.get(path)).json()["attachments"]]
    assert said == ["found", "clean"], "what was said then is kept"
    asked = scanner.asked
    assert (await back.get(f"{path}/attachments/1")).content == GOOD
    assert scanner.asked == asked, "and nobody is asked twice"


async def test_what_came_before_there_was_a_scanner_is_checked_when_it_is_opened(world, scanner):
    entry = (await world.take_in(mail(world, EICAR, GOOD)))[0]
    path = f"/entries/{entry['id']}"
    assert (await desk_of(world).get(f"{path}/attachments/0")).content == EICAR, "nobody was asked"
    desk = desk_of(scanned(world, Clamd(scanner.door)))
    assert (await desk.get(f"{path}/attachments/0")).status_code == 423
    assert (await desk.get(f"{path}/attachments/1")).content == GOOD


async def test_what_is_too_large_for_the_scanner_is_held_until_somebody_answers_for_it(
    world, scanner
):
    world = scanned(world, Clamd(scanner.door))
    entry = (await world.take_in(mail(world, b"x" * 2_000)))[0]
    path = f"/entries/{entry['id']}/attachments/0"
    assert (await desk_of(world).get(path)).json()["type"] == "urn:faden:problem:not_checked"
    assert (await desk_of(world, "supervisor").post(f"{path}/release")).status_code == 204
    assert (await desk_of(world).get(path)).content == b"x" * 2_000


async def test_a_scanner_that_hangs_holds_no_mail_up(world, scanner):
    scanner.go_on.clear()
    world = scanned(world, Clamd(scanner.door, patience=0.1, pause=3_600))
    for _ in range(2):
        entry = (await world.take_in(mail(world, GOOD)))[0]
        shown = (await desk_of(world).get(f"/entries/{entry['id']}")).json()
        assert shown["attachments"][0]["check"] == "waiting"
    assert scanner.asked <= 2, "after the first failure nobody asks for a while"


async def test_no_harmful_file_goes_out(world, scanner):
    world = scanned(world, Clamd(scanner.door))
    entry = (await world.take_in(mail(world, GOOD)))[0]
    files = [
        {"file_name": f"{n}.pdf", "media_type": "application/pdf", "data": data.hex()}
        for n, data in enumerate((GOOD, EICAR))
    ]
    answer = await send(desk_of(world), entry, files)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:faden:problem:file_harmful"
    assert "attachments[1]" in answer.json()["detail"]
    assert (await send(desk_of(world), entry, files[:1])).status_code == 201


async def send(desk: Desk, entry, files) -> httpx.Response:
    sent = [{**f, "data": base64.b64encode(bytes.fromhex(f["data"])).decode()} for f in files]
    body = {"text": "Ja.", "attachments": sent}
    return await desk.post(f"/conversations/{entry['conversation_id']}/replies", json=body)


@pytest.mark.real("clamd")
async def test_the_real_clamd_finds_it_in_a_mail(world, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "signatures").mkdir()
    # A signature of our own (ClamAV's hash format), so that no database is fetched for the test.
    (tmp_path / "signatures" / "eicar.hdb").write_text(
        f"44d88612fea8a8f36de82e1278abb02f:68:{FINDING}\n"
    )
    port = free_port()
    (tmp_path / "clamd.conf").write_text(
        f"DatabaseDirectory {tmp_path}/signatures\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        f"Foreground yes\nTemporaryDirectory {tmp_path}\nLogFile {tmp_path}/log\n"
    )
    command = [shutil.which("clamd") or "/usr/sbin/clamd", "-c", f"{tmp_path}/clamd.conf"]
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    daemon = await asyncio.create_subprocess_exec(*command, **nowhere)
    try:
        clamd = Clamd(HostPort("127.0.0.1", port), pause=0.0)
        assert await answers(clamd, daemon)
        world = scanned(world, clamd)
        whole = b"Subject: x\r\n\r\n" + EICAR
        entry = (await world.take_in(mail(world, EICAR, GOOD, original=whole)))[0]
        shown = (await desk_of(world).get(f"/entries/{entry['id']}")).json()
        assert [f["check"] for f in shown["attachments"]] == ["found", "clean"]
        assert shown["attachments"][0]["finding"].startswith(FINDING)
    finally:
        daemon.terminate()
        await daemon.wait()


async def answers(clamd: Clamd, daemon: asyncio.subprocess.Process) -> bool:
    end = time.monotonic() + 120
    while time.monotonic() < end and daemon.returncode is None:
        try:
            return "ClamAV" in await clamd.version()
        except (ClamdError, OSError, TimeoutError):
            await asyncio.sleep(0.1)
    return False
