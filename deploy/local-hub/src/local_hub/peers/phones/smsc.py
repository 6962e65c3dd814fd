"""The pretend SMSC: SMPP 3.4 over TCP or TLS for the numbers that are bound there.

What is delivered waits until the hub has said yes to it, over as many connections as that takes.
"""

import asyncio
import itertools
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local_hub.peers.phones import packets
from local_hub.peers.phones.carrier import Message, Phones
from local_hub.peers.phones.packets import Packet, Submitted
from local_hub.peers.phones.smsc_faults import SmscFaults
from local_hub.peers.settings import HubNumber

WRONG_PASSWORD, UNKNOWN_TO, QUERY_FAILED, UNKNOWN_COMMAND = 0x0E, 0x0B, 0x67, 0x03
_STATES = {"DELIVRD": 2, "UNDELIV": 5}
_PAUSE = 0.05  # seconds before what was put off is delivered again


@dataclass(eq=False)
class Waiting:
    """A deliver_sm that the hub has not said yes to."""

    body: bytes
    taken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Bound:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    system_id: str = ""
    sequence: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    asked: dict[int, "asyncio.Future[Packet]"] = field(default_factory=dict)

    async def write(self, packet: Packet) -> None:
        self.writer.write(bytes(packet))
        await self.writer.drain()

    async def ask(self, command: int, body: bytes = b"") -> Packet:
        sequence = next(self.sequence)
        answer: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self.asked[sequence] = answer
        await self.write(Packet(command, 0, sequence, body))
        return await answer


class Smsc:
    """`submitted` is what it took, by the id it gave: part by part."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        self.faults = SmscFaults()
        self.submitted: dict[str, Submitted] = {}
        self.bound: list[Bound] = []
        self.unanswered = 0  # requests while it was silent
        self._parts: dict[tuple[str, str, str], dict[int, str]] = {}
        self._queues: dict[str, asyncio.Queue[Waiting]] = {}
        self._ids = itertools.count(0xA1)
        self._references = itertools.count(1)

    async def serve(
        self, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> asyncio.Server:
        return await asyncio.start_server(self._talk, host, port, ssl=tls)

    async def run(self, host: str, port: int) -> None:
        """Listen for ever; for `Parts.work`."""
        async with await self.serve(host, port) as server:
            await server.serve_forever()

    def number_of(self, system_id: str) -> HubNumber | None:
        numbers = self._phones.settings.numbers.values()
        return next((one for one in numbers if system_id and one.system_id == system_id), None)

    def tell(self, message: Message) -> list[Waiting]:
        """Deliver a citizen's message to the number it is for."""
        system_id = self._phones.settings.numbers[message.to].system_id
        reference = next(self._references)
        bodies = packets.write_words(message.sender, message.to, message.text, reference)
        bodies = bodies[::-1] if self.faults.disorder else bodies
        return self.deliver(system_id, bodies * self.faults.repeat)

    def deliver(self, system_id: str, bodies: list[bytes]) -> list[Waiting]:
        waiting = [Waiting(body) for body in bodies]
        for one in waiting:
            self._queue(system_id).put_nowait(one)
        return waiting

    def cut(self) -> None:
        """End every connection, without a word."""
        for one in self.bound:
            one.writer.transport.abort()

    def _queue(self, system_id: str) -> "asyncio.Queue[Waiting]":
        return self._queues.setdefault(system_id, asyncio.Queue())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bound = Bound(reader, writer)
        handing_over = asyncio.create_task(asyncio.sleep(0))
        try:
            while True:
                packet = await _read(reader)
                await self._handle(bound, packet)
                if packet.command == packets.BIND and bound.system_id:
                    handing_over = asyncio.create_task(self._hand_over(bound))
        except (OSError, EOFError, ValueError):
            pass
        finally:
            for answer in bound.asked.values():
                answer.cancel()
            handing_over.cancel()
            if bound in self.bound:
                self.bound.remove(bound)
            writer.close()

    async def _hand_over(self, bound: Bound) -> None:
        queue = self._queue(bound.system_id)
        while True:
            waiting = await queue.get()
            try:
                answer = await bound.ask(packets.DELIVER, waiting.body)
            except (OSError, asyncio.CancelledError):
                queue.put_nowait(waiting)  # for the next connection
                return
            if answer.status:
                queue.put_nowait(waiting)
                await asyncio.sleep(_PAUSE)
            else:
                waiting.taken.set()

    async def _handle(self, bound: Bound, packet: Packet) -> None:
        if packet.command & packets.RESPONSE:
            if (answer := bound.asked.pop(packet.sequence, None)) and not answer.done():
                answer.set_result(packet)
        elif self.faults.silent and packet.command != packets.BIND:
            self.unanswered += 1
        elif packet.command == packets.BIND:
            await self._bind(bound, packet)
        elif not bound.system_id:
            await _answer(bound, packet, 0x04)
        elif packet.command == packets.SUBMIT:
            await self._submit(bound, packet)
        elif packet.command == packets.QUERY:
            await self._query(bound, packet)
        elif packet.command in (packets.ENQUIRE, packets.UNBIND):
            await _answer(bound, packet, 0)
        else:
            await bound.write(Packet(packets.NACK, UNKNOWN_COMMAND, packet.sequence))

    async def _bind(self, bound: Bound, packet: Packet) -> None:
        (system_id, password), _ = packets.read_texts(packet.body, 2)
        if self.number_of(system_id) is None or password != self._phones.token:
            await _answer(bound, packet, WRONG_PASSWORD)
            return
        bound.system_id = system_id
        self.bound.append(bound)
        await _answer(bound, packet, 0, b"PRETEND\0")

    async def _submit(self, bound: Bound, packet: Packet) -> None:
        one = packets.read_submitted(packet.body)
        handset = self._phones.settings.handsets.get(one.to)
        if self.faults.refuses():
            await _answer(bound, packet, self.faults.status)
            return
        if handset and handset.refuses:
            await _answer(bound, packet, UNKNOWN_TO)
            return
        external_id = f"{next(self._ids):08X}"
        self.submitted[external_id] = one
        self._show(one)
        if self.faults.early:
            self._report(bound.system_id, external_id)
            await asyncio.sleep(_PAUSE)  # so that it is on its way before the answer
        if self.faults.loses():
            bound.writer.transport.abort()
        else:
            await _answer(bound, packet, 0, external_id.encode() + b"\0")
        if not self.faults.early:
            self._report(bound.system_id, external_id)

    def _show(self, one: Submitted) -> None:
        """Lay the message into the handset once all of its parts are there."""
        reference, total, number = one.together
        key = (one.sender, one.to, reference) if total > 1 else (one.sender, one.to, "")
        parts = self._parts.setdefault(key, {})
        parts[number] = one.text
        if len(parts) == total:
            text = "".join(parts[n] for n in sorted(parts))
            del self._parts[key]
            message = self._phones.take(one.sender, one.to, text, "")
            message.status = "delivered" if self._stat(one) == "DELIVRD" else "undelivered"

    def _stat(self, one: Submitted) -> str:
        handset = self._phones.settings.handsets.get(one.to)
        return "DELIVRD" if handset and not handset.fails else "UNDELIV"

    def _report(self, system_id: str, external_id: str) -> None:
        one = self.submitted[external_id]
        if not (one.wants_receipt and self.faults.receipts):
            return
        stat = self.faults.stat or self._stat(one)
        written = str(int(external_id, 16)) if self.faults.decimal else external_id
        now = f"{datetime.now(UTC):%y%m%d%H%M}"
        error = "000" if stat == "DELIVRD" else "011"
        text = (
            f"id:{written} sub:001 dlvrd:001 submit date:{now} done date:{now} "
            f"stat:{stat} err:{error} text:{one.text[:20]}"
        )
        echoes = self.faults.echo and packets.REFERENCE in one.tlvs
        tlvs = {packets.REFERENCE: one.tlvs[packets.REFERENCE]} if echoes else {}
        self.deliver(system_id, [packets.write_receipt(one, text, tlvs)] * self.faults.repeat)

    async def _query(self, bound: Bound, packet: Packet) -> None:
        [external_id], _ = packets.read_texts(packet.body, 1)
        one = self.submitted.get(external_id)
        if one is None or not self.faults.query:
            await _answer(bound, packet, QUERY_FAILED)
            return
        state = _STATES[self._stat(one)]
        await _answer(bound, packet, 0, external_id.encode() + b"\0\0" + bytes((state, 0)))


async def _read(reader: asyncio.StreamReader) -> Packet:
    head = await reader.readexactly(16)
    length, command, status, sequence = (
        int.from_bytes(head[at : at + 4]) for at in range(0, 16, 4)
    )
    if not 16 <= length <= 70_000:
        raise ValueError("no packet")
    return Packet(command, status, sequence, await reader.readexactly(length - 16))


async def _answer(bound: Bound, packet: Packet, status: int, body: bytes = b"") -> None:
    with suppress(OSError):
        await bound.write(Packet(packet.command | packets.RESPONSE, status, packet.sequence, body))
