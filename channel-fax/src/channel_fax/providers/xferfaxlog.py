"""Read HylaFAX's log of calls (`log/xferfaxlog`, xferfaxlog(5F)), its audit truth.

A row is a line of fields between tabs; most are quoted. What has fewer fields than it should, as a
line that is just being written, is no row. Reading never raises.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FIELDS = 14
_TAIL = 2_000_000  # bytes of the log of calls that are read, from its end


@dataclass(frozen=True, slots=True)
class Row:
    kind: str  # SEND, RECV, CALL …
    commid: str
    modem: str
    file: str  # of RECV: recvq/fax….tif; of SEND: the job's number
    tag: str  # of SEND: what we called the job
    station: str  # what the other machine calls itself
    pages: int
    seconds: int  # on the line
    reason: str  # empty: it went as it should
    line: str


def read_rows(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        if row := _read(line):
            yield row


def _read(line: str) -> Row | None:
    fields = [one.strip().strip('"') for one in line.split("\t")]
    if len(fields) < _FIELDS:
        return None
    _, kind, commid, modem, file, tag, _, _, station, _, pages, _, seconds, reason = fields[:14]
    return Row(
        kind=kind,
        commid=commid,
        modem=modem,
        file=file,
        tag=tag,
        station=station[:40],
        pages=_count(pages),
        seconds=_seconds(seconds),
        reason=reason,
        line=line[:1_000],
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _seconds(text: str) -> int:
    """Return h:mm:ss as seconds."""
    total = 0
    for part in text.split(":")[:3]:
        total = total * 60 + _count(part)
    return total


def read_tail(spool: Path) -> str:
    """Return the end of the log of calls; nothing where there is none, or we may not read it."""
    try:
        with (spool / "log" / "xferfaxlog").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
