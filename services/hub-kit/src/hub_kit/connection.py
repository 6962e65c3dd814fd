"""One connection of a listener: uvicorn's own, with its header, body and answer watched.

uvicorn waits for ever for a header, keeps all of it however large, and so with bodies and answers.
What is watched here ends with a status that says which limit it was, or with the connection.
"""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub_kit.crowd import Phase
from hub_kit.guard import Bite, Guard
from hub_kit.pace import Pace

LINGER = 3.0  # seconds in which the rest of a refused request is taken: a cut line tells nothing
_IGNORED = 16 * 1024 * 1024  # bytes of it
_FRAMING = 65_536  # bytes of chunk sizes and trailers that are nobody's fault
# RFC 9110 §7.2 and RFC 3986 §3.2.2; what passes here is safe in an address of ours.
_HOST = re.compile(rb"([A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{0,5})?")
_STATUS = {
    Bite.HEADER_BYTES: 431,
    Bite.HEADER_LINES: 431,
    Bite.HEADER_SECONDS: 408,
    Bite.PIPELINED: 429,
    Bite.BODY_RATE: 408,
    Bite.BODY_SECONDS: 408,
    Bite.BODY_FRAMING: 400,
    Bite.CONNECTIONS: 503,
    Bite.EACH: 503,
}


class _Wrong(Exception):  # noqa: N818 - ends the parsing, nothing is wrong with us
    """The header is none that we take."""


class Counted:
    """A transport that counts what is written, so that what was taken of it is known."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._write = transport, transport.write
        self.is_closing, self.close = transport.is_closing, transport.close
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self._write(data)

    @property
    def waiting(self) -> int:
        """Bytes that nobody has taken yet."""
        return self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """`headers`: what answers of ours say beside the status, where no app has spoken."""

    def __init__(self, guard: Guard, headers: Sequence[tuple[str, str]], **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self.guard, self.limits, self.who = guard, guard.limits, ""
        self._more = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self._phase: Phase | None = None  # None: not taken in
        self._over = False  # refused: what comes now is not read
        self._heading, self._seen, self._lines = True, 0, 0
        self._waited = 0.0  # seconds in this phase
        self._messages = self._whole = self._wire = self._got = self._ignored = 0
        self._fault: Bite | None = None
        self._size = 0  # bytes of the header, as far as it is here
        self._hosts: list[bytes] = []
        self._body = Pace(self.limits.body_rate, self.limits.body_grace)
        self._answer = Pace(self.limits.answer_rate, self.limits.answer_grace)

    # What the loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._counted = Counted(transport)
        super().connection_made(cast("asyncio.Transport", self._counted))
        bite = self.guard.admit(self, self.client[0] if self.client else "")
        if bite:
            self._refuse(_STATUS[bite])
            self.transport.close()
        else:
            self._phase = Phase.FRESH

    def connection_lost(self, exc: Exception | None) -> None:
        self._phase = None
        self.guard.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        at = 0
        while at < len(data) and not self._over:
            piece = self._next_piece(data, at)
            at += len(piece)
            self._feed(piece)
        if self._over:
            self._ignore(len(data) - at)
        else:
            self._note_phase()

    def _next_piece(self, data: bytes, at: int) -> bytes:
        """Return no more of it than a header may still have: the parser keeps what it gets."""
        room = self.limits.header_bytes + 1 - self._seen if self._heading else len(data)
        return data if not at and len(data) <= room else data[at : at + max(1, room)]

    def _feed(self, piece: bytes) -> None:
        was_heading, message = self._heading, self._whole
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._over = True  # we speak nothing else, and take no body of such a request
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._end(self._fault)
            return
        if self._heading:
            same = was_heading and message == self._whole
            self._seen = self._seen + len(piece) if same else 0
            if self._seen > self.limits.header_bytes:
                self._end(Bite.HEADER_BYTES)
        elif not was_heading:
            self._wire += len(piece)
            if self._wire > _FRAMING + 8 * self._got:
                self._end(Bite.BODY_FRAMING)

    def _ignore(self, size: int) -> None:
        self._ignored += size
        if self._ignored > _IGNORED:
            self.transport.abort()

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._messages += 1
        self._size, self._hosts = 0, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines += 1
        if self._lines > self.limits.header_lines:
            self._fault = Bite.HEADER_LINES
            raise _Wrong
        if not self._heading:
            return  # trailers are nobody's, and come too late to be a header
        super().on_header(name, value)
        self._size += len(name) + len(value) + 4
        if len(name) == 4 and name.lower() == b"host":
            self._hosts.append(value)

    def on_headers_complete(self) -> None:
        if self._size + len(self.url) > self.limits.header_bytes:
            self._fault = Bite.HEADER_BYTES
            raise _Wrong
        if len(self.pipeline) >= self.limits.pipelined:
            self._fault = Bite.PIPELINED  # uvicorn holds a task's worth of memory for each
            raise _Wrong
        one_host = _is_one(self._hosts) or (not self._hosts and self._is_old)
        if not (one_host and _has_path(self.url)):
            raise _Wrong
        super().on_headers_complete()
        self._heading, self._waited, self._wire, self._got = False, 0.0, 0, 0
        self._body.begin(0)

    def on_body(self, body: bytes) -> None:
        self._got += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._whole += 1
        self._heading, self._seen, self._lines, self._waited = True, 0, 0, 0.0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._waited = 0.0
        self._note_phase()

    # What the guard calls.

    def tick(self, seconds: float) -> None:
        """Look whether we wait for too long."""
        if not self._is_taken(seconds):
            self._bite(Bite.ANSWER_RATE)
            self.transport.abort()
            return
        self._waited += seconds
        if self._over or (self._is_idle and not self._heading):
            if self._waited > LINGER:
                self.transport.abort() if self._over else self.transport.close()
        elif self._heading:
            if self._is_idle and self._waited > self.limits.header_seconds:
                self._end(Bite.HEADER_SECONDS)
        elif bite := self._too_slow(seconds):
            self._end(bite)

    def drop(self) -> None:
        self._phase = None
        self.transport.abort()

    def _is_taken(self, seconds: float) -> bool:
        """Say whether the client takes its answer, or has nothing to take."""
        waiting = self._counted.waiting
        if not waiting:
            self._answer.begin(self._counted.written)
            return True
        return self._answer.holds(seconds, self._counted.written - waiting)

    def _too_slow(self, seconds: float) -> Bite | None:
        """Say what is wrong with a body that comes in, if it is we who wait."""
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:
            return None
        if self._waited > self.limits.body_seconds:
            return Bite.BODY_SECONDS
        return None if self._body.holds(seconds, self._got) else Bite.BODY_RATE

    @property
    def _is_old(self) -> bool:
        """HTTP/1.0 knows no Host."""
        return self.parser.get_http_version() == "1.0"

    @property
    def _is_idle(self) -> bool:
        """Say whether no answer is being made."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first one
        return cycle is None or cycle.response_complete

    def _note_phase(self) -> None:
        if self._phase is None:
            return
        if not self._heading:
            phase = Phase.SENDING
        elif not self._is_idle:
            phase = Phase.BUSY
        else:
            phase = Phase.IDLE if self._whole else Phase.FRESH
        if phase is not self._phase:
            self._phase = phase
            self.guard.put(self, phase)

    def _bite(self, bite: Bite) -> None:
        self.guard.bites(bite)

    def _end(self, bite: Bite | None) -> None:
        """Say why, if it can be said, and take no more; None: it is no HTTP."""
        if bite:
            self._bite(bite)
        self._over = True
        silent = self._heading and not self._messages  # nobody has asked anything
        under_way = not self._is_idle
        if silent and bite:
            self.transport.close()
        elif under_way and (self._heading or self.cycle.response_started):
            self.transport.abort()  # an answer that is cut must not look whole
        else:
            self._leave_app(under_way=under_way)
            self._refuse(_STATUS[bite] if bite else 400)

    def _leave_app(self, *, under_way: bool) -> None:
        """Tell the app that its client is gone: we answer instead of it."""
        if under_way:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _refuse(self, status: int) -> None:
        self._over, self._waited = True, 0.0
        text = HTTPStatus(status).phrase
        again = "retry-after: 5\r\n" if status == 503 else ""
        said = (
            f"HTTP/1.1 {status} {text}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(text)}\r\nconnection: close\r\n{again}{self._more}\r\n{text}"
        )
        self.transport.write(said.encode("ascii"))
        self.flow.resume_reading()


def _is_one(hosts: Sequence[bytes]) -> bool:
    """RFC 9112 §3.2: one Host, and a right one."""
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0].strip()) is not None


def _has_path(target: bytes) -> bool:
    """Say whether it names a path; `*` and `host:port` (RFC 9112 §3.2) are nobody's here."""
    return target[:1] == b"/" or (httptools.parse_url(target).path or b"")[:1] == b"/"
