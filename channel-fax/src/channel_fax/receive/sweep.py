"""Finds what HylaFAX has received and nobody handed over, and tries strays again.

Rule 1. A fax that is being received is left alone: HylaFAX holds a lock on it, and writes to it.
        A modem that was killed left its file without a lock, and it never changes again.
        Its partner may hang in a call that never ends: operators are told.
Rule 2. What the log of calls says of a file is believed; where it says nothing, the call did not
        end, and the fax is partial.
Rule 3. What is safe is deleted from recvq. Where we may not, it is remembered and left.
"""

import asyncio
import fcntl
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from channel_fax.parse.context import Call
from channel_fax.parse.handed import Handed
from channel_fax.providers.xferfaxlog import Row, read_rows, read_tail
from channel_fax.receive.hylafax import Received, with_tags
from channel_fax.receive.strays import Strays
from channel_fax.settings import Hylafax
from hub_contract.errors import Permanent, Temporary
from hub_kit.turns import Turns

_MOST = 200  # files of one look
_BROKE_OFF = "the call did not end: the modem or its process was gone"
_NO_CALL = Call()
log = structlog.get_logger()


class Sweeper:
    """`run` for ever; one copy of the service has its turn."""

    def __init__(
        self, settings: Hylafax, received: Received, strays: Strays, turns: Turns, largest: int
    ) -> None:
        self._settings, self._received, self._largest = settings, received, largest
        self._strays, self._turns = strays, turns
        self._left: set[tuple[str, int, int]] = set()  # name, bytes, moment of what is safe
        self._under_way: dict[str, float] = {}  # since when we see each fax being received

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take("fax sweep"):
                    await self.look()
                    await self.retry()
            except (Temporary, Permanent, OSError) as error:
                log.warning("recvq not swept", reason=str(error)[:200])
            await asyncio.sleep(min(60.0, self._settings.sweep_after / 2))

    async def check(self) -> str | None:
        """Say which calls hang: HylaFAX alone can end what it receives. For operators."""
        longest = self._settings.longest_call
        now = time.monotonic()
        hang = [name for name, since in self._under_way.items() if now - since > longest]
        return f"{', '.join(hang)} is being received for too long; run faxabort" if hang else None

    async def look(self) -> int:
        """Take in what lies there; return how many faxes that were."""
        folder = self._settings.spool / "recvq"
        held = await asyncio.to_thread(_held, folder)
        now = time.monotonic()
        self._under_way = {name: self._under_way.get(name, now) for name in held}
        due = await asyncio.to_thread(_over, folder, self._settings.sweep_after)
        due = [one for one in due if _mark(one) not in self._left][:_MOST]
        if not due:
            return 0
        calls = await asyncio.to_thread(_calls, self._settings.spool)
        for path in due:
            await self._take(path, calls.get(f"recvq/{path.name}"))
        return len(due)

    async def _take(self, path: Path, call: Row | None) -> None:
        raw = await asyncio.to_thread(_read, path, self._largest)
        if raw is None:
            log.error("a fax in recvq is empty or too large; move it", file=path.name)
            self._left.add(_mark(path))
            return
        fault = call.reason if call else _BROKE_OFF
        commid = call.commid if call else ""
        await self._received.keep(with_tags(Handed(_NO_CALL, raw, path.name), fault, commid))
        log.warning("a fax was found in recvq", file=path.name, ended=bool(call))
        self._remove(path)

    def _remove(self, path: Path) -> None:
        mark = _mark(path)
        try:
            path.unlink(missing_ok=True)
        except OSError:
            self._left.add(mark)

    async def retry(self) -> int:
        """Try strays once more; return how many have found their account."""
        found = 0
        for stray in await self._strays.due():
            if self._received.account_of(stray.handed) is None:
                await self._strays.still(stray)
                continue
            await self._received.keep(stray.handed)
            await self._strays.forget(stray)
            found += 1
        return found


def _over(folder: Path, after: float) -> list[Path]:
    """Return the faxes of a folder whose call is over, the oldest first."""
    if not folder.is_dir():
        return []
    now = time.time()
    old = [one for one in sorted(folder.glob("fax*.tif")) if _age(one, now) > after]
    return [one for one in old if not _is_locked(one)]


def _held(folder: Path) -> list[str]:
    """Return the names of the faxes that are being received."""
    return [one.name for one in sorted(folder.glob("fax*.tif")) if _is_locked(one)]


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except OSError:
        return 0


def _is_locked(path: Path) -> bool:
    """Say whether somebody still writes it, or it cannot be read at all."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _read(path: Path, largest: int) -> bytes | None:
    """Return the bytes; None where there are none, or too many."""
    size = path.stat().st_size
    return path.read_bytes() if 0 < size <= largest else None


def _mark(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, found.st_size, found.st_mtime_ns


def _calls(spool: Path) -> Mapping[str, Row]:
    """Return the calls of the log by the file that they brought; the last of each counts."""
    return {row.file: row for row in read_rows(read_tail(spool)) if row.kind == "RECV"}
