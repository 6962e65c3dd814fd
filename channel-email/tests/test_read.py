"""Mails that take too long: kept with their original and their header, read once, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from channel_email.parse import Context, keep_unread, parse, parse_apart
from channel_email.receive.read import INLINE, Reader
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageContent
from hub_contract.problems import Problem, ProblemCode
from hub_contract.words import ContactKind, ContactPoint
from hub_kit.bounded import Overrun

CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC), "e@m.de")
MAIL = (
    b"From: Erika Muster <e@m.de>\r\nTo: post@stadt.de\r\nMessage-ID: <1@m.de>\r\n"
    b"Subject: =?utf-8?q?M=C3=BClltonne?=\r\nDate: Thu, 12 Mar 2026 10:00:00 +0100\r\n\r\nHallo\r\n"
)
LONG = MAIL + b"Hallo\r\n" * INLINE


class Process:
    """Stands for the processes: gives what it is told to, and counts."""

    def __init__(self, ends_with: Exception | None = None) -> None:
        self.ends_with, self.calls = ends_with, 0

    async def __call__(self, raw: bytes, context: Context) -> Any:
        self.calls += 1
        if self.ends_with:
            raise self.ends_with
        return parse_apart(raw, context)


def reader(process: Process) -> Reader:
    return Reader(process)  # type: ignore[arg-type]


@pytest.fixture
async def real() -> AsyncIterator[Reader]:
    made = Reader()
    yield made
    await made.close()


@pytest.mark.parametrize("raw", [MAIL, LONG])
async def test_it_reads_what_parse_reads(real: Reader, raw: bytes) -> None:
    assert await real(raw, CONTEXT) == parse(raw, CONTEXT)


async def test_a_short_mail_needs_no_process() -> None:
    process = Process()
    await reader(process)(MAIL, CONTEXT)
    assert process.calls == 0
    await reader(process)(LONG, CONTEXT)
    assert process.calls == 1


@pytest.mark.parametrize(
    ("fault", "code", "about"),
    [
        (Overrun("5 s"), ProblemCode.OVERRUN, "5 s"),
        (Permanent("ValueError in read"), ProblemCode.UNREADABLE, "ValueError in read"),
    ],
)
async def test_what_overran_is_kept_with_its_header(
    fault: Exception, code: ProblemCode, about: str
) -> None:
    arrival = await reader(Process(fault))(LONG, CONTEXT)
    event, content = arrival.event, arrival.event.content
    assert isinstance(content, MessageContent)
    assert (arrival.original, arrival.files, event.readable) == (LONG, (), False)
    assert event.happened_at == datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert content.sender == ContactPoint(
        kind=ContactKind.EMAIL, value="e@m.de", name="Erika Muster"
    )
    assert [one.point.value for one in content.recipients] == ["post@stadt.de"]
    assert (content.subject, content.external_id) == ("Mülltonne", "1@m.de")
    assert content.problems == (Problem(code=code, about=about),)


async def test_what_overran_is_not_read_again() -> None:
    process = Process(Overrun("5 s"))
    read = reader(process)
    first, again = await read(LONG, CONTEXT), await read(LONG, CONTEXT)
    assert first == again
    assert process.calls == 1
    await read(LONG + b"x", CONTEXT)
    assert process.calls == 2


@pytest.mark.parametrize(
    "raw", [MAIL, LONG, b"", b"x", b"From: e@m.de\rSubject: x\r\rHallo", b"\xff"]
)
def test_kept_unread_it_is_the_same_message(raw: bytes) -> None:
    """After a restart it may be read after all: it must not stand there twice."""
    kept = keep_unread(raw, CONTEXT, Problem(code=ProblemCode.OVERRUN))
    assert kept.event.id == parse(raw, CONTEXT).event.id


async def test_without_processes_a_mail_is_tried_again() -> None:
    with pytest.raises(Temporary):
        await reader(Process(Temporary("none")))(LONG, CONTEXT)


async def test_the_loop_goes_on_beside_long_mails(real: Reader) -> None:
    await real(LONG, CONTEXT)
    mails = [asyncio.create_task(real(LONG * 40, CONTEXT)) for _ in range(4)]
    turns = 0
    while not all(mail.done() for mail in mails):
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
