"""One connection to an SMSC, from bind to its end: requests, answers, signs of life in both ways.

Rule 1. An answer belongs to its request by the sequence number; a request whose answer does not
        come is `Lost`: the SMSC may have carried it out.
Rule 2. What the SMSC delivers is answered after `take` has it safe. Too much at once is put off by
        ESME_RMSGQFUL, a fault of ours by ESME_RX_T_APPN: the SMSC keeps it and tries again.
Rule 3. What cannot be read is refused by generic_nack; after a wrong length nobody knows where the
        next packet begins, so the connection ends.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID, uuid4

import structlog

from channel_sms.numbers import SmppAccount
from channel_sms.providers import smpp_codes as codes
from channel_sms.providers.smpp_pdu import (
    HEADER,
    LAST,
    RESPONSE,
    Command,
    Pdu,
    Unreadable,
    read_header,
    write_bind,
)
from hub_kit import logs

MOST_AT_ONCE = 32  # deliveries that are being kept
# Keeps what the SMSC delivers; returns the status to answer. Told apart by session: what comes
# again on another one is a repeat.
Take = Callable[[Pdu, UUID], Awaitable[int]]
log = structlog.get_logger()


class Lost(Exception):  # noqa: N818 - as the two words of the house
    """The request may have been carried out; its answer did not come."""


class Closed(Exception):  # noqa: N818
    """Nothing was sent: there is no connection (any more), or the SMSC refused to bind."""


class Session:
    """`run` reads until the end, and must be running while others `ask`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        take: Take,
        settings: SmppAccount,
    ) -> None:
        self._reader, self._writer, self._take = reader, writer, take
        self._settings = settings
        self._id = uuid4()
        self._sequence = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Pdu]] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._window = asyncio.Semaphore(settings.window)
        self._is_over = False

    async def bind(self, password: str) -> None:
        """Log in as transceiver; `Closed` names the SMSC's refusal."""
        said = self._settings
        body = write_bind(said.system_id, password, said.system_type)
        answer = await self.ask(Command.BIND_TRANSCEIVER, body)
        if answer.status:
            raise Closed(f"bind: {codes.name_of(answer.status)}")

    async def ask(self, command: Command, body: bytes = b"") -> Pdu:
        """Return the answer, whatever its status; at most `window` are under way."""
        async with self._window:
            if self._is_over:
                raise Closed("the connection has ended")
            sequence = self._next()
            answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
            self._asked[sequence] = answer
            try:
                await self._write(Pdu(command, codes.OK, sequence, body))
                async with asyncio.timeout(self._settings.answer_within):
                    return await answer
            except (OSError, TimeoutError) as error:
                raise Lost(type(error).__name__) from None
            finally:
                del self._asked[sequence]

    async def run(self) -> str:
        """Read until the connection ends; return why it did."""
        alive = asyncio.create_task(self._ask_for_life())
        try:
            while True:
                await self._handle(await self._read())
        except (OSError, EOFError, Unreadable) as error:
            return str(error) or type(error).__name__
        finally:
            alive.cancel()
            await self._end()

    async def unbind(self) -> None:
        """Say good-bye, where anybody listens; what was asked is left to its answers."""
        with suppress(Lost, Closed):
            await self.ask(Command.UNBIND)
        self._writer.close()

    async def _read(self) -> Pdu:
        try:
            length, pdu = read_header(await self._reader.readexactly(HEADER.size))
        except Unreadable:
            await self._write(Pdu(Command.GENERIC_NACK, codes.BAD_LENGTH, 0))
            raise
        return pdu._replace(body=await self._reader.readexactly(length))

    async def _handle(self, pdu: Pdu) -> None:
        if pdu.command & RESPONSE:
            if (waiting := self._asked.get(pdu.sequence)) and not waiting.done():
                waiting.set_result(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            await self._answer(pdu, codes.OK)
        elif pdu.command in (Command.DELIVER_SM, Command.DATA_SM):
            await self._deliver(pdu)
        elif pdu.command == Command.UNBIND:
            await self._answer(pdu, codes.OK)
            raise EOFError("the SMSC has unbound")
        else:
            await self._write(Pdu(Command.GENERIC_NACK, codes.UNKNOWN_COMMAND, pdu.sequence))

    async def _deliver(self, pdu: Pdu) -> None:
        if pdu.command == Command.DATA_SM:  # its form is another one; nobody has asked for it
            await self._answer(pdu, codes.UNKNOWN_COMMAND)
        elif len(self._keeping) >= MOST_AT_ONCE:
            await self._answer(pdu, codes.QUEUE_FULL)
        else:
            task = asyncio.create_task(self._keep(pdu))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def _keep(self, pdu: Pdu) -> None:
        try:
            status = await self._take(pdu, self._id)
        except Exception as error:  # noqa: BLE001 - outermost: a fault of ours is no reason to give up
            log.error("a delivery is put off", error=logs.where(error))
            status = codes.LATER
        with suppress(OSError):
            await self._answer(pdu, status)

    async def _answer(self, pdu: Pdu, status: int) -> None:
        # deliver_sm_resp has a message_id, which is empty (§4.6.2); the others have no body.
        body = b"\0" if pdu.command in (Command.DELIVER_SM, Command.DATA_SM) else b""
        await self._write(Pdu(pdu.command | RESPONSE, status, pdu.sequence, body))

    async def _write(self, pdu: Pdu) -> None:
        self._writer.write(pdu.write())
        await self._writer.drain()

    async def _ask_for_life(self) -> None:
        """Ask whether anybody is there, for ever; a line that does not answer is closed."""
        try:
            while True:
                await asyncio.sleep(self._settings.enquire_every)
                await self.ask(Command.ENQUIRE_LINK)
        except (Lost, Closed):
            self._writer.transport.abort()

    async def _end(self) -> None:
        self._is_over = True
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(OSError("the connection has ended"))
        self._writer.close()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    def _next(self) -> int:
        return (next(self._sequence) - 1) % LAST + 1
