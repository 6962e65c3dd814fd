"""Letters into a folder that the authority prints itself."""

import asyncio
from pathlib import Path

from channel_paper.boxes import Boxes
from channel_paper.render import render
from channel_paper.settings import PATIENCE
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome


class FolderSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        box = self._boxes.get(request.tenant, request.account)
        if box is None:
            raise Permanent("no such account; add it", reason=Reason.NOT_CONFIGURED)
        letter = render(request)
        await asyncio.to_thread(_write, box.settings.print_folder / f"{request.id}.txt", letter)
        return Outcome(Delivery.ACCEPTED, external_id=str(request.id))

    async def look_up(self, request: MessageRequested) -> Outcome | None:  # noqa: ARG002
        return None


def _write(path: Path, letter: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(letter)
    except OSError as error:
        raise Temporary(f"{path.parent}: {error.strerror}") from None
