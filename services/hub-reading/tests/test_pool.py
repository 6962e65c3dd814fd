"""Documents are read in processes that may be killed, hang or run full, and nothing else suffers."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from conftest import DATA_MATRIX, REFERENCE
from files_by_hand import pdf_of
from PIL import Image

from hub_contract.errors import Temporary
from hub_contract.events import MessageContent, MessageRead, MessageReceived, ReadContent
from hub_contract.page_codes import SEPARATOR
from hub_reading.arrive import arrival
from hub_reading.limits import Limits
from hub_reading.pool import PageReader
from hub_reading.testing import FINE, Letter, blank_page, draw, fax, tiff
from hub_reading.values import PageReading, Reading, Word


@pytest.fixture
async def reader() -> AsyncIterator[PageReader]:
    reader = PageReader(workers=2)
    yield reader
    await reader.close()


@pytest.fixture(scope="module")
def batch(paper: Image.Image) -> bytes:
    """A letter, a blank page, a separator sheet, the letter."""
    separator = draw(Letter(codes=(("DataMatrix", f"{SEPARATOR}/bau", 20.0),), paragraphs=0))
    pages = [paper, blank_page(), separator, paper]
    return tiff([fax(page, FINE, 1) for page in pages])


def received() -> MessageReceived:
    at = datetime(2026, 11, 3, tzinfo=UTC)
    return MessageReceived(
        id=UUID(int=1),
        tenant="musterstadt",
        channel="fax",
        account="post",
        kind="scan",
        external_id="c00000012",
        received_at=at,
        content=MessageContent(),
    )


async def test_a_document_is_read_as_an_event(reader: PageReader, batch: bytes) -> None:
    said = await reader(received(), batch)
    event = said.event
    assert isinstance(event, MessageRead)
    assert isinstance(event.content, ReadContent)
    assert (event.message_id, event.tenant, event.pages) == (UUID(int=1), "musterstadt", 4)
    assert event.content.references == (REFERENCE,)
    assert DATA_MATRIX[1] in event.content.codes
    assert [page.blank for page in event.content.pages] == [False, True, False, False]
    copy, *of_pages = said.files
    assert event.content.attachments[0].size == len(copy)
    assert len(of_pages) == 3 * 4
    words = json.loads(of_pages[2])
    assert "384-291-770-608" in [word[0] for word in words]
    assert all(len(word) == 6 for word in words)
    assert of_pages[5] == b""  # a blank page has no words


async def test_a_batch_is_split(reader: PageReader, batch: bytes) -> None:
    found = await reader.split(batch)
    assert found.pages == 4
    assert [(one.part.pages, one.part.blank, one.part.label) for one in found.documents] == [
        ((1,), (2,), ""),
        ((4,), (), "bau"),
    ]
    assert found.problems == ()


def workers(of: int) -> list[int]:
    """Return the processes that read, below this one."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"hub_reading.work" in name and int(fields[1]) == of:
            found.append(int(folder.name))
    return found


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not fact():  # noqa: ASYNC110 - of processes nobody tells us
            await asyncio.sleep(0.01)


async def test_a_killed_process_is_replaced_and_the_page_read_again(
    reader: PageReader, batch: bytes
) -> None:
    reading = asyncio.create_task(reader.read(batch))
    await until(lambda: any(workers(mother) for mother in workers(os.getpid())))
    for mother in workers(os.getpid()):
        for worker in workers(mother)[:1]:
            os.kill(worker, signal.SIGKILL)
    found = await reading
    assert found.references == (REFERENCE,)
    assert found.problems == ()


async def test_a_machine_on_which_every_process_dies_is_temporary(
    reader: PageReader, batch: bytes
) -> None:
    async def kill() -> None:
        while True:
            for mother in workers(os.getpid()):
                for worker in workers(mother):
                    os.kill(worker, signal.SIGKILL)
            await asyncio.sleep(0.002)

    killing = asyncio.create_task(kill())
    with pytest.raises(Temporary):
        await reader.read(batch)
    killing.cancel()


async def test_who_stops_waiting_ends_the_work(reader: PageReader, batch: bytes) -> None:
    reading = asyncio.create_task(reader.read(batch))
    await until(lambda: any(workers(mother) for mother in workers(os.getpid())))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await reader.read(pdf_of(1))).readable


async def test_after_close_no_process_is_left(batch: bytes) -> None:
    reader = PageReader(workers=1)
    await reader.read(pdf_of(1))
    (mother,) = workers(os.getpid())
    await reader.close()
    await until(lambda: not Path(f"/proc/{mother}").exists())


async def test_a_page_that_needs_too_much_is_marked_and_the_others_read(paper: Image.Image) -> None:
    small = fax(paper, FINE, 1)
    huge = Image.new("1", (10_000, 10_000), 1)
    huge.info["dpi"] = FINE
    reader = PageReader(Limits(pixels=500_000_000, memory=250 * 1024**2), workers=1)
    try:
        found = await reader.read(tiff([small, huge, small]))
    finally:
        await reader.close()
    assert found.references == (REFERENCE,)
    assert [(one.code, one.about) for one in found.problems] == [("page_unreadable", "2")]
    assert [bool(page.large) for page in found.pages] == [True, False, True]


def test_a_document_that_could_not_be_read_says_so() -> None:
    said = arrival(received(), Reading(), datetime(2026, 11, 3, tzinfo=UTC))
    assert isinstance(said.event, MessageRead)
    assert not said.event.readable
    assert said.files == ()


def test_each_page_brings_three_files_in_order() -> None:
    word = Word("Grüße", (1, 2, 3, 4), 90)
    pages = (PageReading(1, 8, 9, b"small", b"large", (word,)), PageReading(2))
    said = arrival(received(), Reading(2, pages), datetime(2026, 11, 3, tzinfo=UTC))
    assert said.event.id == arrival(received(), Reading(), datetime.now(UTC)).event.id
    assert said.files == (b"small", b"large", '[["Grüße",1,2,3,4,90]]'.encode(), b"", b"", b"")
    assert isinstance(said.event, MessageRead)
    assert isinstance(said.event.content, ReadContent)
    assert [page.confidence for page in said.event.content.pages] == [0.9, None]
