"""Reads scans, and reports which letters of ours came back; the scan stays an entry as any other.

Only in boxes whose `returns` says so: anybody can print a code, and elsewhere a citizen answers
with our own letter behind theirs. The report goes first: whatever ends the process in between, the
scan is read again, and the report is the same.
"""

from collections.abc import Awaitable, Callable, Sequence

from channel_paper.boxes import Boxes
from channel_paper.parse.report import returned
from hub_contract.events import Arrival, MessageRead, MessageReceived
from hub_kit.read_later import Reader

Take = Callable[[Sequence[Arrival]], Awaitable[object]]


class ReturnsReader:
    """`hub_kit.read_later.Reader`, by another one."""

    def __init__(self, reader: Reader, boxes: Boxes, take: Take) -> None:
        self._reader, self._boxes, self._take = reader, boxes, take

    async def __call__(self, received: MessageReceived, raw: bytes) -> Arrival:
        """Return what was read. `Temporary`: try again later."""
        read = await self._reader(received, raw)
        if reports := self._reports(received, read):
            await self._take(reports)
        return read

    def _reports(self, received: MessageReceived, read: Arrival) -> Sequence[Arrival]:
        box = self._boxes.get(received.tenant, received.account)
        if box is None or not box.settings.returns or not isinstance(read.event, MessageRead):
            return ()
        return returned(read.event, received.received_at)
