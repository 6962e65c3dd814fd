"""Find the end of a mail on the wire, and give back the mail as its sender wrote it: pure.

Rule 1. A mail ends with CRLF . CRLF and with nothing else (RFC 5321 §4.1.1.4). Servers that took
        LF . LF for an end let strangers smuggle a second mail behind the first
        (CVE-2023-51764), so a mail with a bare CR or LF is refused whole.
Rule 2. Nothing is read line by line: chunks as they come, searched and changed at C speed.
Rule 3. What is too large is counted and dropped, never kept.
"""

from dataclasses import dataclass
from enum import Enum, auto

_END = b"\r\n.\r\n"
_HELD = len(_END) - 1  # bytes that may be the beginning of the end
# What a client that ends lines its own way believes to be the end: each holds a bare CR or LF.
_FALSE_ENDS = (b"\n.\n", b"\n.\r\n", b"\r.\r")


class Fault(Enum):
    BARE_LINE_END = auto()
    TOO_LARGE = auto()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as read: its bytes, or why it is refused; `rest` is what the peer sent after it.

    `lost` says that the true end was not seen, so nothing after it may be understood.
    """

    raw: bytes
    fault: Fault | None = None
    rest: bytes = b""
    lost: bool = False


class DataReader:
    """Fed with chunks behind the 354, until `feed` returns the mail."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self.size = 0
        self._held = b"\r\n"  # the end of the line with DATA begins the first line of the mail

    def feed(self, chunk: bytes) -> Mail | None:
        window = self._held + chunk
        end = window.find(_END)
        if end >= 0:
            self._keep(window[: end + 2])
            return self._finish(window[end + len(_END) :])
        if window.endswith(_FALSE_ENDS):
            return Mail(b"", Fault.BARE_LINE_END, lost=True)
        self._keep(window[:-_HELD])
        self._held = window[-_HELD:]
        if self.size > 2 * self._limit:
            return Mail(b"", Fault.TOO_LARGE, lost=True)
        return None

    def _keep(self, piece: bytes) -> None:
        self.size += len(piece)
        # Doubled dots do not count (RFC 1870), so there is some room until they are undone.
        if self.size <= self._limit + self._limit // 50 + 2:
            self._kept += piece
        else:
            self._kept.clear()

    def _finish(self, rest: bytes) -> Mail:
        if not self._kept:
            return Mail(b"", Fault.TOO_LARGE, rest)
        lines = bytes(memoryview(self._kept)[2:])  # without the end of the line with DATA
        if lines.replace(b"\r", b"").replace(b"\n", b"\r\n") != lines:  # faster than to count
            return Mail(b"", Fault.BARE_LINE_END, rest)
        raw = lines.replace(b"\r\n.", b"\r\n").removeprefix(b".")
        if len(raw) > self._limit:
            return Mail(b"", Fault.TOO_LARGE, rest)
        return Mail(raw, rest=rest)
