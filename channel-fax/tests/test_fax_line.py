"""A real T.30 call each way, by HylaFAX and two soft modems: number dialled, pages, report."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image

from channel_fax.providers.hfaxd import Login, session
from channel_fax.receive.hylafax import add_door
from channel_fax.settings import Hylafax
from hub_contract.delivery import Delivery
from hub_contract.events import MessageContent, MessageRequested
from hub_kit.listen import HostPort
from local_hub.fax_line import Ends, FaxLine, run_fax_line
from local_hub.peers.faxes.pages import tiff

SECRET = "the secret of a line"
pytestmark = pytest.mark.real("hylafax")


@pytest.fixture(scope="module")
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="module")
def fax_line(door: socket.socket) -> Iterator[FaxLine]:
    # HylaFAX's user must get there, and pytest's folders are root's alone.
    folder = Path(tempfile.mkdtemp(prefix="faden-fax-test-"))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    try:
        with run_fax_line(folder, Ends(address, SECRET)) as line:
            yield line
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def serving(app: FastAPI, door: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    # A duplicate: the server closes what it was given.
    running = asyncio.create_task(server._serve([socket.fromfd(door.fileno(), 2, 1)]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await running


async def send_as_citizen(line: FaxLine, number: str, pages: bytes) -> None:
    async with session(Login("127.0.0.1", line.hfaxd, "erika")) as hfaxd:
        file = await hfaxd.store(pages)
        await hfaxd.new_job()
        for said in (
            'FROMUSER "erika"',
            "LASTTIME 000010",
            f'DIALSTRING "{number}"',
            'NOTIFYADDR "erika"',
            'NOTIFY "none"',
            "VRES 98",
            "PAGEWIDTH 215",
            "PAGELENGTH 297",
            'PAGECHOP "none"',
            f'MODEM "{line.theirs}"',
            f'DOCUMENT "{file}"',
        ):
            await hfaxd.ask(f"JPARM {said}")
        await hfaxd.ask("JSUBM")


async def until(fact: Callable[[], Any]) -> None:
    async with asyncio.timeout(120):
        while not fact():  # noqa: ASYNC110 - another process's fact
            await asyncio.sleep(0.2)


async def test_a_real_call_each_way(
    door: socket.socket,
    fax_line: FaxLine,
    line_at: Callable[[Hylafax], Any],
    request_to: Callable[..., MessageRequested],
) -> None:
    settings = Hylafax(
        hfaxd=HostPort("127.0.0.1", fax_line.hfaxd),
        spool=fax_line.spool,
        modem=fax_line.ours,
        lines=98,
    )
    ours, app = line_at(settings), FastAPI()
    add_door(app, ours.received, lambda: SECRET, 1_000_000)
    async with serving(app, door):
        await send_as_citizen(fax_line, "+4971112397", tiff(1, height=300, words="Hallo Amt"))
        await until(lambda: ours.came)
        (event,) = ours.came
        assert (event.account, event.pages, event.partial) == ("amt", 1, False)
        assert isinstance(event.content, MessageContent)
        assert event.content.sender is not None
        assert event.content.sender.value == "+497115550101"
        recvq = fax_line.spool / "recvq"
        await until(lambda: not list(recvq.glob("fax*.tif")))  # safe, so it is gone there

        request = request_to("+497115550101")
        assert (await ours.sender.send(request, ())).status is Delivery.ACCEPTED
        async with asyncio.timeout(120):
            while len(ours.came) < 2:
                await ours.watch.look()
                await asyncio.sleep(0.5)
    report = ours.came[1]
    assert (report.status, report.pages, report.message_id) == (Delivery.DELIVERED, 1, request.id)
    await until(lambda: fax_line.printed)
    with Image.open(fax_line.printed[0]) as printed:
        assert printed.width == 1728
        assert printed.height > 900
    assert (fax_line.spool / "log" / "xferfaxlog").exists()
