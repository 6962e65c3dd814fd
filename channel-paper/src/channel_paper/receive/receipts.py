"""Closes each day's batch of a print folder, and reads back what the print room says of it.

Rule 1. `addresses.csv` is written once its day is over, and never again: then the batch is whole.
Rule 2. A `receipt*.csv` becomes `read-…` once all that it says is safe. What it says twice is once.
Rule 3. Rows that say nothing we know are listed in `…-unread.txt` beside it, with the remedy.
"""

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import structlog

from channel_paper.boxes import PaperBox
from channel_paper.parse.receipt import Odd, read_receipt
from channel_paper.parse.report import Said, report
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_kit.turns import Turns

ADDRESSES = "addresses.csv"
LIMIT = 20_000_000  # bytes of one receipt
_HEAD = ("letter", "pages", "reference", *(f"line {number}" for number in range(1, 7)))
log = structlog.get_logger()
Take = Callable[[Sequence[Arrival]], Awaitable[object]]


class PrintRoom:
    """`run` for ever for one box whose letters go to a folder."""

    def __init__(self, box: PaperBox, take: Take, turns: Turns, every: float) -> None:
        self._box, self._take, self._turns, self._every = box, take, turns, every
        self._folder: Path = box.settings.print_folder

    async def run(self) -> None:
        while True:
            try:
                if await self._turns.take(f"print room/{self._box.key}"):
                    await self.look()
            except (Temporary, Permanent, OSError) as error:
                log.warning("print folder not read", account=self._box.key, error=str(error)[:200])
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """Close what is over, read what was said; return how many receipts were read."""
        today = datetime.now(self._box.settings.zone()).date()
        days = await asyncio.to_thread(_days, self._folder)
        for folder, day in days:
            if day < today:
                await asyncio.to_thread(close_batch, folder)
        receipts = await asyncio.to_thread(_receipts, self._folder, [one for one, _ in days])
        for path in receipts:
            await self._read(path)
        return len(receipts)

    async def _read(self, path: Path) -> None:
        raw = await asyncio.to_thread(path.read_bytes)
        found = read_receipt(raw)
        now = datetime.now(UTC)
        said = [one for one in found if isinstance(one, Said)]
        await self._take([report(one, self._box.tenant, self._box.name, now) for one in said])
        odd = [one for one in found if isinstance(one, Odd)]
        await asyncio.to_thread(_put_away, path, odd)


def close_batch(folder: Path) -> None:
    """Write the list of addresses of a day's letters, where there is none."""
    if (folder / ADDRESSES).exists():
        return
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEAD)
    for path in sorted(folder.glob("[!.]*.json")):
        facts = json.loads(path.read_bytes())
        recipient = [_plain(line) for line in facts["recipient"]]
        writer.writerow((f"{path.stem}.pdf", facts["pages"], facts["reference"], *recipient))
    beside = folder / f".{ADDRESSES}.writing"
    beside.write_bytes(out.getvalue().encode("utf-8-sig"))  # so that Excel reads umlauts
    beside.replace(folder / ADDRESSES)


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking an address for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t" else cell


def _days(folder: Path) -> list[tuple[Path, date]]:
    return sorted(_dated(folder)) if folder.is_dir() else []


def _dated(folder: Path) -> Iterator[tuple[Path, date]]:
    for path in folder.iterdir():
        try:
            day = date.fromisoformat(path.name)
        except ValueError:
            continue
        if path.is_dir():
            yield path, day


def _receipts(folder: Path, days: list[Path]) -> list[Path]:
    places = [folder, *days] if folder.is_dir() else []
    found = [path for place in places for path in sorted(place.glob("receipt*.csv"))]
    return [path for path in found if path.is_file() and path.stat().st_size <= LIMIT]


def _put_away(path: Path, odd: list[Odd]) -> None:
    if odd:
        lines = "".join(f"{one.row}: {one.fault}\n" for one in odd)
        path.with_name(f"{path.stem}-unread.txt").write_text(lines, encoding="utf-8")
    path.replace(path.with_name(f"read-{path.name}"))
