"""What HylaFAX hands over: whose it is, what is said of it, and that nothing is lost."""

import asyncio
import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from channel_fax.parse.context import Call
from channel_fax.parse.handed import Handed, read_handed
from channel_fax.receive import faxrcvd
from channel_fax.receive.hylafax import add_door
from hub_contract.errors import Temporary
from hub_contract.events import MessageContent, MessageReceived
from hub_contract.problems import ProblemCode
from hub_kit import set_aside
from hub_kit.database import connect
from local_hub.peers.faxes.pages import TSI, chain, tiff

SECRET = "the secret of a line"
HEAD = b'{"file": "fax000000001.tif", "commid": "000000002", "fault": "", "call_ids": %s}\n'
IDS = b'["07115550101", "Line 0", "<NONE>", "071112398"]'


def door_of(line: Any) -> httpx.AsyncClient:
    app = FastAPI()
    add_door(app, line.received, lambda: SECRET, 1_000_000)
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://fax")


async def hand_over(line: Any, body: bytes, secret: str = SECRET) -> int:
    async with door_of(line) as client:
        answer = await client.post(
            "/received", content=body, headers={"Authorization": f"Bearer {secret}"}
        )
    return answer.status_code


def content(event: MessageReceived) -> MessageContent:
    assert isinstance(event.content, MessageContent)
    return event.content


async def test_a_fax_comes_to_the_account_whose_number_was_dialled(line: Any) -> None:
    raw = tiff(2, f"{TSI}\n07115550101\nLine 0\n<NONE>\n071112398")
    assert await hand_over(line, HEAD % IDS + raw) == 202
    (event,) = line.came
    assert (event.account, event.pages, event.partial, event.readable) == ("fax", 2, False, True)
    said = content(event)
    assert said.sender is not None
    assert said.sender.value == "+497115550101"
    assert said.external_id == "000000002"
    assert [(one.kind, one.result) for one in said.evidence] == [
        ("caller-id", "unchecked"),
        ("station-id", TSI),
    ]
    assert line.originals == [raw]


async def test_twice_is_once_by_whichever_way(line: Any, spool: Path) -> None:
    raw = tiff(1, f"{TSI}\n07115550101\nLine 0\n<NONE>\n071112398")
    assert await hand_over(line, HEAD % IDS + raw) == 202
    assert await hand_over(line, HEAD % IDS + raw) == 202
    path = spool / "recvq" / "fax000000001.tif"
    path.write_bytes(raw)
    os.utime(path, (1_000_000, 1_000_000))
    await line.sweeper.look()
    assert len(line.came) == 1
    assert not list((spool / "recvq").iterdir())


async def test_a_fax_that_broke_off_is_kept_and_marked(line: Any) -> None:
    head = HEAD.replace(b'"fault": ""', b'"fault": "Failed to detect high-speed data carrier."')
    assert await hand_over(line, head % IDS + tiff(2)) == 202
    (event,) = line.came
    assert event.partial
    (problem,) = content(event).problems
    assert (problem.code, problem.about) == (ProblemCode.LINE_DROPPED, "2")


WITHHELD = [b'["", "", "<NONE>", "071112398"]', b'["anonymous", "", "", "071112398"]']


@pytest.mark.parametrize("ids", WITHHELD)
async def test_who_withholds_the_number_has_no_address(line: Any, ids: bytes) -> None:
    assert await hand_over(line, HEAD % ids + tiff(1)) == 202
    assert content(line.came[0]).sender is None


DIALLED = {
    "071112398": "fax",
    "+4971112398": "fax",
    "4971112398": "fax",
    "004971112397": "amt",
    "12397": "amt",
    "2397": "amt",
    "397": None,
    "071199999": None,
    "": None,  # two numbers, and the line tells none
}


@pytest.mark.parametrize("dialled", sorted(DIALLED))
def test_exchanges_write_our_numbers_in_many_ways(dialled: str) -> None:
    from channel_fax.numbers import Accounts, AnyNumber, HylafaxAccount

    numbers = Accounts(
        [
            AnyNumber("t", name, "T", HylafaxAccount(address=address, country="DE"))
            for name, address in (("fax", "+4971112398"), ("amt", "+4971112397"))
        ],
        "",
    )
    found = numbers.dialled(dialled)
    assert (found.name if found else None) == DIALLED[dialled]


async def test_a_number_of_nobody_goes_to_operators_and_finds_its_account_later(line: Any) -> None:
    body = HEAD % IDS.replace(b"071112398", b"0711777777") + tiff(3)
    assert await hand_over(line, body) == 202
    assert await hand_over(line, body) == 202
    assert line.came == []
    async with connect(line.ground.pool) as connection:
        rows = await connection.fetch("select consumer, reason from dead_letter")
        assert len(rows) == 1
        assert "0711777777" not in rows[0]["reason"]
        data = await connection.fetchval("select data from fax_stray")
        assert b"0711777777" not in data
    assert await line.sweeper.retry() == 0
    async with connect(line.ground.pool) as connection:
        await set_aside.ask_replay(connection)
    assert await line.sweeper.retry() == 0  # still nobody's
    line.numbers._by_address["+49711777777"] = next(iter(line.numbers))
    async with connect(line.ground.pool) as connection:
        await set_aside.ask_replay(connection)
    assert await line.sweeper.retry() == 1
    assert [event.pages for event in line.came] == [3]
    async with connect(line.ground.pool) as connection:
        assert not await connection.fetch(
            "select 1 from dead_letter union all select 1 from fax_stray"
        )


FORGED = ["", "another", SECRET + "x", "ü"]


@pytest.mark.parametrize("secret", FORGED)
async def test_a_forged_hand_over_leads_nowhere(line: Any, secret: str) -> None:
    async with door_of(line) as client:
        headers = {"Authorization": f"Bearer {secret}".encode()}
        answer = await client.post("/received", content=HEAD % IDS + tiff(1), headers=headers)
    assert answer.status_code == 401
    assert line.came == []


NO_HAND_OVER = [b"", b"{}", b"no json\nII*\0", b"[]\nII*\0", b"\n", b"x" * 1_200_000]


@pytest.mark.parametrize("number", range(len(NO_HAND_OVER)))
async def test_what_is_no_hand_over_stays_with_hylafax(line: Any, number: int) -> None:
    assert await hand_over(line, NO_HAND_OVER[number]) == 422


ODD = {
    "nothing": b"",
    "cut": tiff(2)[:-40],
    "0 pages": b"II*\0\0\0\0\0",
    "20,000 pages": chain(20_000),
}


@pytest.mark.parametrize("case", sorted(ODD))
async def test_odd_files_are_kept_and_marked(line: Any, case: str) -> None:
    assert await hand_over(line, HEAD % IDS + ODD[case]) == 202
    (event,) = line.came
    assert line.originals == [ODD[case]]
    assert event.partial == (case in ("cut", "20,000 pages"))
    assert event.readable == (case in ("cut", "20,000 pages"))


async def test_a_full_disk_leaves_the_fax_with_hylafax(
    line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise Temporary("blobs: no space left on device")

    monkeypatch.setattr(line.received, "_accept", full)
    assert await hand_over(line, HEAD % IDS + tiff(1)) == 503


async def test_orphans_in_recvq_are_found_once_their_call_is_over(line: Any, spool: Path) -> None:
    folder = spool / "recvq"
    tags = f"{TSI}\n07115550101\nLine 0\n<NONE>\n071112398"
    (folder / "fax000000001.tif").write_bytes(tiff(1, tags))
    (folder / "fax000000002.tif").write_bytes(tiff(2, tags))
    (folder / "fax000000003.tif").write_bytes(tiff(3, tags))
    for path in folder.iterdir():
        os.utime(path, (1_000_000, 1_000_000))
    row = [
        "11/28/26 05:10",
        "RECV",
        "000000007",
        "ttyIAX1",
        "recvq/fax000000001.tif",
        '""',
        "fax",
        '""',
        '"x"',
        "1",
        "1",
        "0:00:14",
        "0:00:14",
        '""',
        '""',
        '""',
        '""',
    ]
    (spool / "log" / "xferfaxlog").write_text("\t".join(row) + "\n")
    with (folder / "fax000000003.tif").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        await line.sweeper.look()
        found = {event.pages: event.partial for event in line.came}
        assert found == {1: False, 2: True}  # the log knows the first; the second never ended
        assert [one.name for one in folder.iterdir()] == ["fax000000003.tif"]
        assert await line.sweeper.check() is None
        line.sweeper._settings = line.settings.model_copy(update={"longest_call": -1.0})
        assert "fax000000003.tif" in await line.sweeper.check()
    await line.sweeper.look()
    assert len(line.came) == 3
    assert await line.sweeper.check() is None


async def test_an_empty_file_is_left_and_said_once(line: Any, spool: Path) -> None:
    path = spool / "recvq" / "fax000000001.tif"
    path.touch()
    os.utime(path, (1_000_000, 1_000_000))
    assert await line.sweeper.look() == 1
    assert await line.sweeper.look() == 0
    assert path.exists()
    assert line.came == []


def test_a_stray_is_written_as_it_was_handed_over() -> None:
    from channel_fax.receive.strays import _write

    handed = Handed(Call("7", "0711", "0712", fault="x"), b"II*\0", "fax.tif")
    assert read_handed(_write(handed)) == handed


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one answer on a socket, in a thread, as the service would."""
    seen: list[bytes] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


def run_faxrcvd(tmp_path: Path, door: str, *more: str) -> tuple[object, Path]:
    secret, fax = tmp_path / "secret", tmp_path / "fax000000001.tif"
    secret.write_text(SECRET + "\n")
    fax.write_bytes(tiff(1))
    arguments = [*more, "--door", door, "--secret-file", str(secret), str(fax)]
    try:
        faxrcvd.main([*arguments, "ttyIAX1", "000000002", "", "0711", "Line 0", "<NONE>", "0712"])
    except SystemExit as left:
        return left.code, fax
    return 0, fax


def test_faxrcvd_says_yes_once_it_is_safe_and_deletes(tmp_path: Path) -> None:
    with answering(202) as (door, seen):
        assert run_faxrcvd(tmp_path, door)[0] == 0
        assert not (tmp_path / "fax000000001.tif").exists()
        handed = read_handed(seen[0])
        assert handed is not None
        assert handed.call == Call("000000002", "0711", "0712")
        assert run_faxrcvd(tmp_path, door, "--keep")[1].exists()


@pytest.mark.parametrize("status", [200, 401, 422, 503])
def test_faxrcvd_keeps_what_was_not_taken(tmp_path: Path, status: int) -> None:
    with answering(status) as (door, _):
        code, fax = run_faxrcvd(tmp_path, door)
    assert code == 1
    assert fax.exists()


def test_faxrcvd_keeps_what_nobody_takes(tmp_path: Path) -> None:
    code, fax = run_faxrcvd(tmp_path, "http://127.0.0.1:9")
    assert code == 1
    assert fax.exists()


async def test_faxrcvd_starts_with_the_standard_library_alone() -> None:
    """It starts for each call: nothing heavy is loaded."""
    code = "import sys, channel_fax.receive.faxrcvd; print(sorted(m for m in sys.modules if m.split('.')[0] in ('hub_kit', 'pydantic', 'fastapi', 'PIL')))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.strip() == b"[]"
