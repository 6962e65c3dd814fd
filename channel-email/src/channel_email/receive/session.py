"""One session with a mail server, on aiosmtpd: what it says and what it hears, by SMTP or LMTP.

aiosmtpd keeps the protocol's state and reads commands. Ours are the reading of mails in large
chunks (line by line it reads 40 MB/s), the refusals, enhanced codes, and LMTP's one reply for
each recipient (RFC 2033 §4.2, where aiosmtpd sends one in all).
"""

import asyncio
import collections
import copy
import re
from contextlib import AsyncExitStack
from typing import Any, Protocol

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Seen

from channel_email.receive import replies
from channel_email.receive.data import DataReader, Fault, Mail
from channel_email.receive.deliver import Deliver

CHUNK = 256 * 1024
LARGE, LARGE_AT_ONCE = 1024 * 1024, 8  # bytes; all others are read on when one of these is done
RECIPIENTS = 1_000  # of one mail; RFC 5321 §4.5.3.1.8 asks for at least 100
_PATH = re.compile(r"<([^<>\s@\"\\:]+@[^<>\s@\"\\:]+|)>\s*+(.*)")
_COMMAND = 2_048  # bytes of a line: long addresses, and room for what MAIL carries


class Sessions(Protocol):
    """Who is in, for limits and for a stop that lets mails in transit finish."""

    stopping: bool
    room_for_large: asyncio.Semaphore

    def enter(self, session: "Session") -> bool: ...

    def leave(self, session: "Session") -> None: ...


class Hooks:
    """What aiosmtpd asks for at each command."""

    def __init__(self, deliver: Deliver, size_limit: int) -> None:
        self._deliver, self._limit = deliver, size_limit

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds hooks by name
        self, _server: SMTP, seen: Seen, _envelope: Envelope, hostname: str, offered: list[str]
    ) -> list[str]:
        seen.host_name = hostname
        more = [f"250-SIZE {self._limit}", "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]
        return ["\r\n".join([*offered[:-1], *more])]  # the last one offered is HELP

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _seen: Seen, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        for option in options:
            name, _, value = option.partition("=")
            if name == "SIZE" and value.isdecimal() and int(value) > self._limit:
                return replies.too_large(self._limit)
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender noted"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _seen: Seen, envelope: Envelope, recipient: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return replies.TOO_MANY_RECIPIENTS
        if not self._deliver.knows(recipient):
            return replies.UNKNOWN_ADDRESS
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 Recipient noted"

    async def handle_exception(self, _error: Exception) -> str:
        return replies.TRY_AGAIN


class Session(SMTP):
    """SMTP: one reply for all recipients; if any failed, all are tried again: twice is once."""

    line_length_limit = CHUNK  # how much aiosmtpd's reader holds before it slows the peer down
    command_size_limit = _COMMAND
    command_size_limits = collections.defaultdict(lambda: _COMMAND)  # noqa: RUF012 - as theirs
    busy = False
    _reading: tuple[DataReader, "asyncio.Future[Mail | None]"] | None = None  # between 354 and end
    _heard_at = 0.0  # when the timeout began anew

    def __init__(
        self, deliver: Deliver, sessions: Sessions, *, limit: int, hostname: str, timeout: float
    ) -> None:
        super().__init__(
            Hooks(deliver, limit),
            data_size_limit=None,  # said and checked in Hooks, which name the limit
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident=self.protocol_name,
            timeout=timeout,
        )
        self._deliver, self._sessions, self._limit = deliver, sessions, limit

    protocol_name = "ESMTP"

    def twin(self) -> "Session":
        """Return a fresh session: aiosmtpd looks itself over in each new one, for 0.5 ms."""
        made = copy.copy(self)
        reader = asyncio.StreamReader(self.line_length_limit, self.loop)
        met = made._cb_client_connected  # noqa: SLF001 - our own, only of another instance
        asyncio.StreamReaderProtocol.__init__(made, reader, met, self.loop)
        verbs = self._smtp_methods
        made._smtp_methods = {verb: getattr(made, f"smtp_{verb}") for verb in verbs}  # noqa: SLF001
        made.command_size_limits = self.command_size_limits.copy()  # they grow with each EHLO
        return made

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # What almost everyone writes; Python's own parser takes ten times as long for it.
        if match := _PATH.fullmatch(arg):
            return match[1] or "<>", match[2]
        return super()._getaddr(arg)

    async def push(self, status: Any) -> None:
        reply = status if isinstance(status, str) else status.decode()
        await super().push(replies.with_enhanced_code(reply))

    async def _handle_client(self) -> None:
        try:
            if self._sessions.enter(self):
                await super()._handle_client()
            else:
                await self.push(replies.TOO_MANY_SESSIONS)
                self.hang_up()
        except ConnectionError:  # the peer left; what it was not told yes to, it sends again
            self.hang_up()
        finally:
            self._sessions.leave(self)

    def _timeout_cb(self) -> None:
        self.hang_up(replies.TIMED_OUT)

    def hang_up(self, last_words: str = "") -> None:
        if self.transport is not None and not self.transport.is_closing():
            if last_words:
                self._writer.write(last_words.encode() + b"\r\n")
            self.transport.close()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Nobody to take it: RCPT first")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        else:
            self.busy = True
            try:
                await self._take_mail(self.envelope)
            finally:
                self.busy = False
            if self._sessions.stopping:
                self.hang_up(replies.STOPPING)

    async def _take_mail(self, envelope: Envelope) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        async with AsyncExitStack() as room:
            mail = await self._read_mail(room)
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            refusal = _refusal(mail, self._limit)
            if mail.lost:
                # What the peer sends next may be part of the mail, so nothing more is heard.
                self.hang_up(refusal)
                return
            recipients = [str(recipient) for recipient in envelope.rcpt_tos]
            if refusal:
                said = [refusal] * len(recipients)
            else:
                sender = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
                said = await self._deliver(mail.raw, sender, recipients)
        await self.answer(said)

    async def _read_mail(self, room: AsyncExitStack) -> Mail:
        data, is_large = DataReader(self._limit), False
        while True:
            # More than the reader can hold, so it is empty now and what comes may go past it.
            chunk = await self._reader.read(64 * CHUNK)
            if not chunk:
                raise ConnectionResetError
            self._heard()
            if mail := data.feed(chunk):
                self._reader.feed_data(mail.rest)
                return mail
            if data.size <= LARGE:
                self._reading = data, self.loop.create_future()
                if mail := await self._reading[1]:
                    return mail
            if not is_large:
                is_large = True
                await room.enter_async_context(self._sessions.room_for_large)

    def data_received(self, data: bytes) -> None:
        # Peers send pieces of a few KB: by way of reader and task each would cost four times more.
        if self._reading is None:
            super().data_received(data)
            return
        self._heard()
        reader, told = self._reading
        mail = reader.feed(data)
        if mail or reader.size > LARGE:
            self._reading = None
            self._reader.feed_data(mail.rest if mail else b"")
            if not told.done():
                told.set_result(mail)

    def _heard(self) -> None:
        # A timer for every piece would cost more than the piece.
        if self.loop.time() - self._heard_at > self._timeout_duration / 10:
            self._heard_at = self.loop.time()
            self._reset_timeout()

    async def answer(self, said: list[str]) -> None:
        faults = [reply for reply in said if not reply.startswith("250")]
        await self.push(faults[0] if faults else said[0])


class LmtpSession(Session, LMTP):
    """LMTP: one reply for each recipient, in the order of RCPT."""

    protocol_name = "LMTP"

    async def answer(self, said: list[str]) -> None:
        for reply in said:
            await self.push(reply)


def _refusal(mail: Mail, limit: int) -> str:
    if mail.fault is Fault.TOO_LARGE:
        return replies.too_large(limit)
    if mail.fault is Fault.BARE_LINE_END:
        return replies.BARE_LINE_END_LOST if mail.lost else replies.BARE_LINE_END
    return ""
