"""The way in by SMPP: messages, their parts, and receipts; nothing is answered before it is safe.

Rule 1. A part is committed before its deliver_sm_resp; all of them make the message. What is
        missing after `parts_within` is given up, and the rest is kept as `partial`.
Rule 2. Killed anywhere between, the next round of `run` finishes it; ids make twice once.
Rule 3. A receipt may overtake the answer to its submit_sm: it is looked for until that is there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from channel_sms.numbers import SmppNumber
from channel_sms.parse.context import Context
from channel_sms.parse.deliver import parse_deliver, report
from channel_sms.providers.smpp_codes import LATER, OK
from channel_sms.providers.smpp_pdu import Message, Pdu, Unreadable, read_message
from channel_sms.providers.smpp_receipt import Receipt, is_receipt, read_receipt
from channel_sms.providers.smpp_sent import Part, Sent, overall
from channel_sms.providers.smpp_text import Piece, read_piece
from channel_sms.receive.hooks import context_of
from channel_sms.receive.parts import Came, PartStore
from hub_contract.delivery import Delivery
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit.accept import Accepted
from hub_kit.keys import KeyRing

LOOKS, PAUSE = 50, 0.1  # for the message of a receipt: so often, so many seconds apart
ROUND = 15.0  # seconds between looks for sets that are due, at most
Keep = Callable[[Arrival], Awaitable[Accepted]]  # `hub_kit.accept.Accept`
log = structlog.get_logger()


class Delivered:
    """Takes what one number of ours is delivered: `take` for its line, `run` for ever beside it."""

    def __init__(
        self, number: SmppNumber, accept: Keep, parts: PartStore, sent: Sent, ring: KeyRing
    ) -> None:
        self.number, self._accept, self._ring = number, accept, ring
        self._parts, self._sent = parts, sent
        self._clock = ZoneInfo(number.settings.clock)

    async def take(self, pdu: Pdu, session: UUID) -> int:
        """Return the status to answer; OK once it is safe."""
        try:
            message = _read(pdu)
            if message and is_receipt(message):
                return await self._note(pdu, read_receipt(message, self._clock))
            set_id, is_whole = await self._parts.put(self._came(pdu, message, session))
        except Temporary as error:
            log.warning("a delivery is put off", reason=str(error)[:200])
            return LATER
        if is_whole:
            await self._finish_or_leave(set_id)
        return OK

    async def run(self) -> None:
        """Finish what was left behind, and give up waiting for missing parts."""
        while True:
            try:
                await self.look()
            except Temporary as error:
                log.warning("parts wait", reason=str(error)[:200])
            await asyncio.sleep(min(ROUND, self.number.settings.parts_within / 4))

    async def look(self) -> int:
        """Close what is due, once; return how many messages that made."""
        within = self.number.settings.parts_within
        await self._parts.let_again(self.number.tenant)
        due = await self._parts.due(self.number.key, within)
        for set_id in due:
            await self._finish_or_leave(set_id)
        return len(due)

    async def _finish_or_leave(self, set_id: UUID) -> None:
        """Make the message of a set; where that does not go now, the next round tries again.

        What will never go is put aside: operators see it, and may have it tried again.
        """
        try:
            try:
                await self._finish(set_id)
            except Permanent as error:
                await self._parts.refuse(set_id, self.number.tenant, str(error))
                log.error("a message is put aside in its parts", reason=str(error)[:200])
        except Temporary as error:
            log.warning("a message waits in its parts", reason=str(error)[:200])

    async def _finish(self, set_id: UUID) -> None:
        closed = await self._parts.close(set_id)
        if closed is None or not closed.raws:
            return  # a repeat of what is safe
        context = self._context(closed.began_at)
        alphabet = self.number.settings.alphabet
        await self._accept(parse_deliver(b"".join(closed.raws), context, str(set_id), alphabet))
        await self._parts.forget(set_id)

    def _came(self, pdu: Pdu, message: Message | None, session: UUID) -> Came:
        if message is None:
            piece, who = Piece(pdu.body, ""), ""
        else:
            piece = read_piece(message, self.number.settings.alphabet)
            who = f"{message.source.value} {message.destination.value}"
        said = self._pseudonym(f"{who} {piece.coding} {piece.text.hex()}")
        key = f"{who} {piece.reference} {piece.total}" if piece.total > 1 else f"one {said}"
        return Came(
            self.number.key,
            self._pseudonym(key),
            piece.number,
            piece.total,
            said,
            session,
            pdu.write(),
        )

    def _pseudonym(self, value: str) -> str:
        return self._ring.pseudonym_of(self.number.tenant, "sms_part", value)

    async def _note(self, pdu: Pdu, receipt: Receipt) -> int:
        key = self.number.key
        part = await self._find(receipt)
        if part is None:
            if await self._sent.is_under_way(key):
                return LATER
            log.warning("a receipt of no message of ours", account=key)
            return OK
        if receipt.ids and not part.external_id:
            await self._sent.taken(part.message_id, part.number, receipt.ids[0])
        status = overall(await self._sent.note(part, receipt.status))
        if receipt.status is not Delivery.UNKNOWN:
            context = self._context(datetime.now(UTC))
            await self._accept(report(pdu.write(), receipt, part.message_id, status, context))
        return OK

    async def _find(self, receipt: Receipt) -> Part | None:
        key = self.number.key
        for _ in range(LOOKS):
            if found := await self._sent.find(key, receipt.ids, receipt.reference):
                return found
            if not await self._sent.is_under_way(key):
                return None
            await asyncio.sleep(PAUSE)
        return None

    def _context(self, at: datetime) -> Context:
        return context_of(self.number, at)


def _read(pdu: Pdu) -> Message | None:
    try:
        return read_message(pdu.body)
    except Unreadable:
        return None  # kept as it is
