"""Scans by SFTP, handed in by the client of asyncssh and, where it is installed, by OpenSSH's."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from channel_paper.boxes import Boxes, Sftp
from channel_paper.receive.listen import SftpListener, host_key
from channel_paper.settings import PaperSettings
from hub_kit.listen import Listen
from hub_kit.testing import eventually

PDF = b"%PDF-1.7\nErika Mustermann\n%%EOF\n"
PASSWORD = "Zwiebelturm 4711"


@pytest.fixture
async def door(place, tmp_path) -> AsyncIterator[int]:
    """The port; the user `postraum` may come with a password, or with a key."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(tmp_path / "key"))
    (tmp_path / "keys").write_bytes(key.export_public_key())
    user = Sftp(user="postraum", password_file=tmp_path / "password", keys_file=tmp_path / "keys")
    section = place.box.settings.model_copy(update={"sftp": user})
    place.scans.box = replace(place.box, settings=section)
    settings = PaperSettings(sftp_host_key=tmp_path / "host_key", size_limit=5_000_000)
    async with SftpListener(settings, [place.scans]).serve(Listen("127.0.0.1", 0)) as port:
        yield port


@asynccontextmanager
async def logged_in(port: int, **how: object) -> AsyncIterator[asyncssh.SFTPClient]:
    how = {"password": PASSWORD, "client_keys": None, "username": "postraum"} | how
    async with (
        asyncssh.connect(
            "127.0.0.1", port, known_hosts=None, config=None, agent_path=None, **how
        ) as line,
        line.start_sftp_client() as client,
    ):
        yield client


async def hand_in(client: asyncssh.SFTPClient, name: str, data: bytes = PDF) -> None:
    async with client.open(name, "wb") as file:
        await file.write(data)


async def test_a_file_that_was_closed_is_a_scan(door, place):
    async with logged_in(door) as client:
        await hand_in(client, "eg/Scan 1.pdf")
        [item] = place.queue.waiting()
        assert (await client.stat("eg/Scan 1.pdf")).size == len(PDF)
    assert item.path.read_bytes() == PDF
    assert (item.origin.name, item.origin.by) == ("eg/Scan 1.pdf", "postraum")
    await place.look(1)
    [event] = place.events
    assert {"sftp", "postraum"} <= {one.result for one in event.content.evidence}


async def test_what_is_open_is_invisible(door, place):
    async with logged_in(door) as client:
        file = await client.open("Scan.pdf", "wb")
        await file.write(PDF)
        assert place.queue.waiting() == []
        await place.look()
        assert place.events == []
        await file.close()
        assert len(place.queue.waiting()) == 1


@pytest.mark.parametrize("how", ["abort", "eof"])
async def test_where_the_line_breaks_nothing_is_kept(door, place, how):
    async with asyncssh.connect(
        "127.0.0.1", door, known_hosts=None, config=None, agent_path=None,
        username="postraum", password=PASSWORD, client_keys=None,
    ) as line:  # fmt: skip
        client = await line.start_sftp_client()
        file = await client.open("Scan.pdf", "wb")
        await file.write(PDF)
        coming = place.folder / ".faden" / "coming"
        assert len(list(coming.iterdir())) == 1
        if how == "abort":
            line.abort()
        else:
            client.exit()

        async def gone() -> bool:
            return not list(coming.iterdir())

        await eventually(gone)
    assert place.queue.waiting() == []


async def test_large_files_arrive_as_they_are(door, place):
    data = b"%PDF-1.7\n" + bytes(range(256)) * 12_000 + b"%%EOF"
    async with logged_in(door) as client:
        await hand_in(client, "gross.pdf", data)
    [item] = place.queue.waiting()
    assert item.path.read_bytes() == data


async def test_an_unfinished_name_waits_until_it_is_renamed(door, place):
    async with logged_in(door) as client:
        await hand_in(client, "Scan.pdf.part")
        assert place.queue.waiting() == []
        assert (await client.stat("Scan.pdf.part")).size == len(PDF)
        await client.rename("Scan.pdf.part", "Scan.pdf")
        [item] = place.queue.waiting()
        assert item.origin.name == "Scan.pdf"
        await client.rename("Scan.pdf", "Anders.pdf")
        await hand_in(client, "Rest.tmp")

    async def both() -> bool:
        return len(place.queue.waiting()) == 2

    await eventually(both)


async def test_who_hands_in_sees_nothing_and_leads_nowhere(door, place, tmp_path):
    (place.folder / "geheim.pdf").write_bytes(PDF)
    async with logged_in(door) as client:
        assert set(await client.listdir("/")) <= {".", ".."}
        for refused in (
            client.open("geheim.pdf", "rb"),
            client.open("../../etc/passwd", "rb"),
            client.remove("geheim.pdf"),
            client.mkdir("x"),
            client.symlink("/etc/passwd", "x"),
            client.stat("geheim.pdf"),
            client.rename("geheim.pdf", "x.pdf"),
        ):
            with pytest.raises(asyncssh.SFTPError):
                await refused
        await hand_in(client, "../../../outside.pdf")
    assert not list(tmp_path.rglob("outside*"))
    assert [one.origin.name for one in place.queue.waiting()] == ["outside.pdf"]
    assert (place.folder / "geheim.pdf").exists()


async def test_what_is_too_large_is_refused(door, place):
    async with logged_in(door) as client, client.open("gross.pdf", "wb") as file:
        with pytest.raises(asyncssh.SFTPFailure):
            await file.write(b"x", 5_000_000)


async def test_a_full_disk_is_said(door, place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    async with logged_in(door) as client:
        file = await client.open("Scan.pdf", "wb")
        await file.write(PDF)
        monkeypatch.setattr(place.queue, "put", full)
        with pytest.raises(asyncssh.SFTPFailure, match="No space left"):
            await file.close()
        monkeypatch.undo()
        await hand_in(client, "Scan.pdf")
    assert len(place.queue.waiting()) == 1


@pytest.mark.parametrize(
    "how", [{"password": "falsch"}, {"username": "niemand"}, {"password": ""}], ids=repr
)
async def test_nobody_else_comes_in(door, how):
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(door, **how):
            pass


async def test_a_key_opens_too(door, place, tmp_path):
    async with logged_in(door, password=None, client_keys=[str(tmp_path / "key")]) as client:
        await hand_in(client, "Scan.pdf")
    assert len(place.queue.waiting()) == 1


@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's client is not installed")
async def test_the_client_of_openssh_hands_in(door, place, tmp_path):
    (tmp_path / "Scan.pdf").write_bytes(PDF)
    (tmp_path / "key").chmod(0o600)
    options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
    process = await asyncio.create_subprocess_exec(
        "sftp", *(word for one in options for word in ("-o", one)), "-F", "none",
        "-i", str(tmp_path / "key"), "-P", str(door), "-b", "-", "postraum@127.0.0.1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said = await process.communicate(f"put -p {tmp_path / 'Scan.pdf'}\n".encode())
    assert process.returncode == 0, said
    [item] = place.queue.waiting()
    assert item.path.read_bytes() == PDF


def test_the_host_key_is_made_once(tmp_path):
    path = tmp_path / "new" / "host_key"
    assert host_key(path).get_fingerprint() == host_key(path).get_fingerprint()
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_boxes_share_no_user(place, tmp_path):
    one = place.box.settings.model_copy(update={"sftp": Sftp(user="a", keys_file=Path("k"))})
    other = one.model_copy(update={"folder": tmp_path / "other", "address": "Rathaus"})
    boxes = [replace(place.box, settings=one), replace(place.box, name="b", settings=other)]
    with pytest.raises(ValueError, match="rename one"):
        Boxes(boxes)
