"""The way out by SMPP: submits a message, in parts where it is long, and says what the SMSC said.

Rule 1. Refused for now (throttled, queue full) before anything was taken: tried again later. A
        later part waits here until it is taken: the first ones cannot be called back.
Rule 2. An answer that was lost: `unknown`, never submitted again. A receipt that brings our
        reference back says what became of it; query_sm can ask only where we know the SMSC's id.
Rule 3. What is known is written before anything else is done, however long the database is away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple
from uuid import UUID

import structlog

from channel_sms.numbers import SmppAccount
from channel_sms.providers import smpp_codes as codes
from channel_sms.providers.smpp_line import Line
from channel_sms.providers.smpp_pdu import (
    UDHI,
    Address,
    Command,
    Message,
    Pdu,
    Reader,
    Tag,
    Unreadable,
    read_query,
    write_query,
)
from channel_sms.providers.smpp_sent import Sent, overall, reference_of
from channel_sms.providers.smpp_session import Lost
from channel_sms.providers.smpp_text import header, write
from channel_sms.render import render
from channel_sms.settings import PATIENCE
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Temporary
from hub_contract.events import MessageRequested
from hub_contract.sms_text import count_segments
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome

WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds before each new try of a later part
log = structlog.get_logger()


class SmppSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(
        self, lines: Mapping[Account, Line], sent: Sent, waits: tuple[float, ...] = WAITS
    ) -> None:
        self._lines, self._sent, self._waits = lines, sent, waits

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        line = self._line(request)
        fields = render(request)
        messages = write_messages(fields["To"], fields["Body"], request.id, line.number.settings)
        await self._sent.begin(line.number.key, request.id, len(messages))
        first = ""
        for number, message in enumerate(messages, start=1):
            try:
                outcome = await self._submit(line, message, request.id, number)
            except Lost as error:
                return Outcome(Delivery.UNKNOWN, diagnostic=str(error), external_id=first)
            if outcome.status is Delivery.FAILED:
                return outcome
            first = first or outcome.external_id
        segments = count_segments(fields["Body"]).number if len(messages) == 1 else len(messages)
        cost = line.number.settings.cost_of(segments)
        return Outcome(Delivery.ACCEPTED, external_id=first, segments=segments, cost=cost)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """Return what the SMSC says now; what it took and does not tell of is `accepted`."""
        line = self._line(request)
        parts = await self._sent.parts(request.id)
        if not parts or not all(part.external_id for part in parts):
            return None
        words = [await self._ask(line, part.external_id) for part in parts]
        status = overall([status for status, _ in words])
        reason = next((reason for _, reason in words if reason is not Reason.NONE), Reason.NONE)
        failed = status is Delivery.FAILED
        return Outcome(
            status,
            reason if failed else Reason.NONE,
            external_id=parts[0].external_id,
            segments=len(parts),
            cost=line.number.settings.cost_of(len(parts)),
        )

    async def _submit(self, line: Line, message: Message, request: UUID, number: int) -> Outcome:
        """Submit one part until it is taken or refused; `Temporary` for the first one alone."""
        answer = await self._try(line, message, number)
        for wait in self._waits:
            if answer.status not in codes.AGAIN:
                break
            if number == 1:
                why = f"smpp: {codes.name_of(answer.status)}"
                raise Temporary(why, retry_after=codes.AGAIN[answer.status])
            await asyncio.sleep(wait)
            answer = await self._try(line, message, number)
        if answer.status:
            return _refused(answer.status, number)
        external_id = _id_in(answer.body)
        if external_id:
            await _insist(partial(self._sent.taken, request, number, external_id))
        return Outcome(Delivery.ACCEPTED, external_id=external_id)

    async def _try(self, line: Line, message: Message, number: int) -> Pdu:
        """Return the SMSC's answer; where there is no line for a later part, one that says so."""
        try:
            return await line.ask(Command.SUBMIT_SM, message.write())
        except Temporary:
            if number == 1:
                raise
            return Pdu(Command.SUBMIT_SM, codes.LATER, 0)

    async def _ask(self, line: Line, external_id: str) -> codes.Word:
        source = address_of(line.number.settings.address)
        accepted = (Delivery.ACCEPTED, Reason.NONE)
        try:
            answer = await line.ask(Command.QUERY_SM, write_query(external_id, source))
            state, _ = read_query(answer.body) if not answer.status else (0, 0)
        except (Lost, Unreadable):
            return accepted
        status, reason = codes.STATES.get(state, accepted)
        return accepted if status is Delivery.UNKNOWN else (status, reason)

    def _line(self, request: MessageRequested) -> Line:
        return self._lines[Account("sms", request.tenant, request.account)]


def write_messages(to: str, words: str, request: UUID, settings: SmppAccount) -> list[Message]:
    """Return what is submitted for this text: one message, or one for each part."""
    written = write(words, settings.alphabet)
    parts: tuple[bytes, ...] = written.parts
    if settings.long == "payload":
        parts = (b"".join(parts),)
    messages = []
    for number, text in enumerate(parts, start=1):
        reference = reference_of(request, number)
        part, esm_class = text, 0
        tlvs = {int(Tag.USER_MESSAGE_REFERENCE): reference.to_bytes(2)}
        if len(written.parts) > 1:
            together = Together(reference_of(request, 0), len(parts), number)
            esm_class, part, more = _long(text, together, settings.long)
            tlvs |= more
        messages.append(
            Message(
                source=address_of(settings.address),
                destination=address_of(to),
                text=part,
                esm_class=esm_class,
                coding=written.coding,
                registered=1,
                validity=_validity(settings.valid_for),
                service_type=settings.service_type,
                tlvs=tlvs,
            )
        )
    return messages


class Together(NamedTuple):
    """What the parts of one message say of themselves."""

    reference: int
    total: int
    number: int


def _long(part: bytes, said: Together, how: str) -> tuple[int, bytes, dict[int, bytes]]:
    """Return esm_class, short_message and optional parameters of one part, as the SMSC wants it."""
    if how == "payload":
        return 0, b"", {Tag.MESSAGE_PAYLOAD: part}
    if how == "sar":
        return (
            0,
            part,
            {
                Tag.SAR_MSG_REF_NUM: said.reference.to_bytes(2),
                Tag.SAR_TOTAL_SEGMENTS: bytes((said.total,)),
                Tag.SAR_SEGMENT_SEQNUM: bytes((said.number,)),
            },
        )
    return UDHI, header(*said) + part, {}


def address_of(number: str) -> Address:
    """Return a number in E.164 as SMSCs want it: international, without +."""
    return Address(number.removeprefix("+"))


def _validity(seconds: int) -> str:
    """Return a relative time (SMPP 3.4 §7.1.1): years, months, days, hours, minutes, seconds."""
    hours, rest = divmod(seconds, 3_600)
    return f"000000{hours:02}{rest // 60:02}{rest % 60:02}000R"


def _refused(status: int, number: int) -> Outcome:
    name = codes.name_of(status)
    words = name if number == 1 else f"{name} for part {number}; what came before it was taken"
    return Outcome(Delivery.FAILED, codes.reason_of(status), name, words)


def _id_in(body: bytes) -> str:
    try:
        return Reader(body).text()
    except Unreadable:
        return ""


async def _insist(write: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await write()
        except Temporary as error:
            log.warning("an id waits to be written", reason=str(error)[:200])
            await asyncio.sleep(1)
        else:
            return
