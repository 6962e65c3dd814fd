"""Asks ClamAV's daemon about files before anybody can open them.

Rule 1. A scanner that is away stops nothing on its way in: such a file is `waiting`, and held until
        it has been asked about (`conversation_store.open_file`).
Rule 2. After a failure nobody waits for it again for a while: a queue of mails is not held up.
"""

import asyncio
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import structlog
from aioclamd import BufferTooLongError, ClamdAsyncClient, ClamdError

from hub_contract.events import Arrival, MessageContent
from hub_contract.words import Attachment, FileCheck
from hub_kit import metrics
from hub_kit.listen import HostPort

PATIENCE = 20.0  # seconds for one file; clamd's own MaxScanTime is 120
PAUSE = 15.0  # seconds in which nobody asks after a failure
_AT_ONCE = 8  # files; clamd has ten threads (MaxThreads)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Checked:
    check: FileCheck
    finding: str = ""  # what the scanner calls it


class Scanner(Protocol):
    async def __call__(self, data: bytes) -> Checked:
        """Say what is in it; never raises: a scanner that is away answers `waiting`."""
        ...


class Clamd:
    """A `Scanner`: clamd by TCP (`TCPSocket` in clamd.conf), its INSTREAM command."""

    def __init__(self, peer: HostPort, *, patience: float = PATIENCE, pause: float = PAUSE) -> None:
        self._client = ClamdAsyncClient(peer.host, peer.port)
        self._patience, self._pause = patience, pause
        self._away_until = 0.0
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, data: bytes) -> Checked:
        checked = await self._ask(data)
        metrics.FILES_CHECKED.labels(checked.check).inc()
        return checked

    async def version(self) -> str:
        """Return what it calls itself and its signatures; `ClamdError`, `TimeoutError`: away."""
        async with asyncio.timeout(self._patience):
            return str(await self._client.version())

    async def _ask(self, data: bytes) -> Checked:
        async with self._at_once:
            if time.monotonic() < self._away_until:
                return Checked(FileCheck.WAITING)
            try:
                async with asyncio.timeout(self._patience):
                    return _read(await self._client.instream(BytesIO(data)))
            except BufferTooLongError:
                return Checked(FileCheck.UNFIT)
            except (ClamdError, TimeoutError, OSError) as error:
                self._away_until = time.monotonic() + self._pause
                log.warning("scanner away", error=type(error).__name__)
                return Checked(FileCheck.WAITING)


_WORDS = {"OK": FileCheck.CLEAN, "FOUND": FileCheck.FOUND}


def _read(answer: dict[str, tuple[str, str | None]]) -> Checked:
    """Read `{"stream": ("FOUND", name)}`; any other word is no answer."""
    word, name = answer.get("stream", ("", None))
    return Checked(_WORDS.get(word, FileCheck.WAITING), name or "")


def open_scanner(peer: HostPort | None) -> Clamd | None:
    return Clamd(peer) if peer else None


async def mark(scanner: Scanner, arrival: Arrival) -> Arrival:
    """Return the arrival with what the scanner says of its original and of each file."""
    event, content = arrival.event, arrival.event.content
    if not isinstance(content, MessageContent) or not (arrival.original or arrival.files):
        return arrival
    whole, *each = await asyncio.gather(*map(scanner, (arrival.original, *arrival.files)))
    marked = content.model_copy(
        update={
            "original_check": whole.check,
            "original_finding": whole.finding,
            "attachments": tuple(
                _marked(*one) for one in zip(content.attachments, each, strict=True)
            ),
        }
    )
    changed = event.model_copy(update={"content": marked})
    return Arrival(changed, arrival.original, arrival.files)


def _marked(attachment: Attachment, checked: Checked) -> Attachment:
    return attachment.model_copy(update={"check": checked.check, "finding": checked.finding})
