"""The print room of an authority: prints what lies in the folder, posts it, writes the receipt.

It looks at each letter as a print house does, and spoils what nobody could post.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from local_hub.peers.letters.inspect import Unreadable, faults_of
from local_hub.peers.letters.tray import Tray

log = structlog.get_logger()
EVERY = 1.0  # seconds between two looks


class PrintRoom:
    def __init__(self, folder: Path, tray: Tray) -> None:
        self._folder, self._tray = folder, tray
        self._seen: set[Path] = set()

    async def run(self) -> None:
        while True:
            try:
                self.look()
            except OSError as error:
                log.warning("print folder not read", error=error.strerror)
            await asyncio.sleep(EVERY)

    def look(self) -> int:
        """Print what is new; return how many letters were."""
        found = [path for path in sorted(self._folder.glob("*/[!.]*.json")) if self._is_new(path)]
        for path in found:
            self._print(path)
            self._seen.add(path)
        return len(found)

    def _is_new(self, path: Path) -> bool:
        receipts = (
            path.with_name(f"{begin}{path.stem}.csv") for begin in ("receipt-", "read-receipt-")
        )
        return path not in self._seen and not any(one.exists() for one in receipts)

    def _print(self, path: Path) -> None:
        pdf = path.with_suffix(".pdf").read_bytes()
        try:
            fault = next(iter(faults_of(pdf, by_hand=True)), None)
        except Unreadable:
            _write(path, "failed", "file_unreadable")
            return
        if fault:
            _write(path, "failed", fault.code)
            return
        _write(path, "posted")
        self._tray.bring(pdf, self._returning(path))

    def _returning(self, path: Path) -> Callable[[], None]:
        return lambda: _write(path, "returned", name=f"receipt-{path.stem}-returned.csv")


def _write(path: Path, word: str, remark: str = "", name: str = "") -> None:
    """Write a receipt so that nobody reads half of it."""
    receipt = path.with_name(name or f"receipt-{path.stem}.csv")
    beside = receipt.with_name(f".{receipt.name}.writing")
    beside.write_text(f"{path.stem};{word};{remark}\n", encoding="utf-8")
    beside.replace(receipt)
