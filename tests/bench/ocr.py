"""How many pages a minute one core reads, with all that is made of a page.

Two floors, on the same pages in the same run: one bare call of Tesseract for each page, in this
process, its languages loaded by it; and `ocrmypdf`, one job. All are measured in processor
seconds, those of their children included: other processes do not count.
The row of a batch counts what the pool's processes and the reader's own hold at most, each page of
shared memory once (PSS).
"""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import tesserocr
from PIL import Image
from tests.bench.rows import Row, at_least_of_floor, at_most
from tests.bench.set_up import Stage

from hub_reading.pool import PageReader
from hub_reading.read_page import read_page
from hub_reading.searchable import make_searchable
from hub_reading.testing import FINE, Letter, draw, fax, scan, tiff
from hub_reading.words import LANGUAGES, engine


async def measure(stage: Stage) -> list[Row]:
    some = stage.some(12, 4)
    papers = [draw(_letter(seed)) for seed in range(some)]
    kinds = {
        "scans, 300 dpi": [
            scan(paper, seed, skew=_skew(seed)) for seed, paper in enumerate(papers)
        ],
        "faxes, Fine": [
            fax(paper, FINE, seed, skew=_skew(seed)) for seed, paper in enumerate(papers)
        ],
    }
    rows: list[Row] = []
    for name, pages in kinds.items():
        stage.note(f"ocr: {name}")
        rows += _beside_others(name, pages, stage.folder)
    stage.note("ocr: a batch")
    return [*rows, *await _batch(kinds["faxes, Fine"], stage.some(200, 20))]


def _skew(seed: int) -> float:
    """Return up to one degree either way, as scanners and fax machines draw paper in."""
    return seed * 7 % 21 / 10 - 1


def _letter(seed: int) -> Letter:
    codes = (("DataMatrix", "FADEN384291770608", 12.0),)
    return Letter("384-291-770-608", codes, paragraphs=4, seed=seed)


def _beside_others(name: str, pages: list[Image.Image], folder: Path) -> list[Row]:
    raw = tiff(pages, compression="group4" if pages[0].mode == "1" else "tiff_lzw")
    engine()
    ours = _rate(len(pages), lambda: _ours(raw, len(pages)))
    bare = _rate(len(pages), lambda: _bare(raw, len(pages)))
    rows = [Row(f"{name}: beside bare Tesseract", ours, "pages/min", bare, at_least_of_floor(0.95))]
    if not shutil.which("tesseract"):
        return rows
    theirs = _rate(len(pages), lambda: _ocrmypdf(raw, folder))
    return [
        *rows,
        Row(f"{name}: beside ocrmypdf", ours, "pages/min", theirs, at_least_of_floor(2)),
    ]


def _ours(raw: bytes, pages: int) -> None:
    make_searchable([read_page(raw, number) for number in range(1, pages + 1)])


def _bare(raw: bytes, pages: int) -> None:
    data = str(Path(sys.prefix) / "share" / "tessdata")
    with Image.open(BytesIO(raw)) as image:
        for number in range(pages):
            image.seek(number)
            tesserocr.image_to_text(image, lang=LANGUAGES, path=data)


def _ocrmypdf(raw: bytes, folder: Path) -> None:
    """Run it as its handbook says for faxes and scans, with the same languages."""
    came, made = folder / "pages.tif", folder / "made.pdf"
    came.write_bytes(raw)
    subprocess.run(
        [
            *(sys.executable, "-m", "ocrmypdf", "-q", "--jobs", "1", "-l", LANGUAGES),
            *("--deskew", "--rotate-pages", "--output-type", "pdfa", str(came), str(made)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )


def _rate(pages: int, read: Callable[[], None]) -> float:
    """Return pages a minute of processor time."""
    before = _processor()
    read()
    return 60 * pages / (_processor() - before)


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


async def _batch(pages: list[Image.Image], many: int) -> list[Row]:
    raw = tiff([pages[number % len(pages)] for number in range(many)])
    reader = PageReader()
    mine = _held([os.getpid()])
    reading = asyncio.create_task(reader.read(raw))
    most = 0
    while not (await asyncio.wait([reading], timeout=0.5))[0]:
        most = max(most, _held([os.getpid(), *_below(os.getpid())]) - mine)
    found = await reading
    await reader.close()
    assert len(found.pages) == many
    return [Row(f"a batch of {many} pages: memory", most / 1024**2, "MB", None, at_most(400))]


def _held(pids: list[int]) -> int:
    """Return the bytes that these processes hold, what they share counted once."""
    held = 0
    for pid in pids:
        try:
            said = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        except OSError:
            continue
        held += sum(int(row.split()[1]) for row in said.splitlines() if row.startswith("Pss:"))
    return held * 1024


def _below(pid: int) -> list[int]:
    """Return the reader's processes: those below this one that know its work."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and b"hub_reading.work" in _command(folder):
            parent = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            if parent == pid:
                found += [int(folder.name), *_below(int(folder.name))]
    return found


def _command(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""
