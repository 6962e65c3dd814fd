"""Letters into a folder that the authority prints itself: a folder a day, PDF and JSON a letter.

Rule 1. A letter is there once its JSON is: both are written beside their place, then renamed.
Rule 2. Written again it is the same file, so that nothing is printed twice.
Rule 3. Once a day is over it gets its `addresses.csv`: then the batch is complete, and may be
        printed. What the print room says of it is read by `receive.receipts`.
"""

import asyncio
import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from channel_paper.boxes import Boxes, PaperBox
from channel_paper.send.make import make
from channel_paper.settings import PATIENCE
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested, RequestedContent
from hub_kit.outgoing import Outcome
from hub_print.geometry import Sheet
from hub_print.letter import Printed

SHEET = Sheet(marks=True)  # hands fold and punch here


class FolderSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        box = self._box(request)
        made = await make(request, files, box, SHEET)
        if isinstance(made, Outcome):
            return made
        folder = day_folder(box, request)
        await asyncio.to_thread(_write, folder, request, made)
        return _taken(request, made.pages)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """A letter lies in its folder, or it was never written whole."""
        path = day_folder(self._box(request), request) / f"{request.id}.json"
        return _taken(request, None) if await asyncio.to_thread(path.exists) else None

    def _box(self, request: MessageRequested) -> PaperBox:
        if box := self._boxes.get(request.tenant, request.account):
            return box
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)


def day_folder(box: PaperBox, request: MessageRequested) -> Path:
    """Return where this letter belongs: the day of the request, so that it is always the same."""
    day: date = request.requested_at.astimezone(box.settings.zone()).date()
    folder: Path = box.settings.print_folder
    return folder / day.isoformat()


def _taken(request: MessageRequested, pages: int | None) -> Outcome:
    return Outcome(Delivery.ACCEPTED, external_id=str(request.id), pages=pages)


def _write(folder: Path, request: MessageRequested, made: Printed) -> None:
    facts = json.dumps(_facts(request, made), ensure_ascii=False, indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / f"{request.id}.pdf", made.pdf)
        replace(folder / f"{request.id}.json", facts.encode())
    except OSError as error:
        raise Temporary(f"{folder}: {error.strerror}") from None


def _facts(request: MessageRequested, made: Printed) -> dict[str, Any]:
    content = request.content
    assert isinstance(content, RequestedContent)
    return {
        "letter": str(request.id),
        "tenant": request.tenant,
        "account": request.account,
        "reference": content.reference,
        "recipient": content.recipient.value.splitlines(),
        "pages": made.pages,
        "own_pages": made.own_pages,
        "sha256": hashlib.sha256(made.pdf).hexdigest(),
        "requested_at": request.requested_at.isoformat(),
    }


def replace(path: Path, data: bytes) -> None:
    """Write the file so that others see all of it or nothing."""
    beside = path.with_name(f".{path.name}.writing")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
