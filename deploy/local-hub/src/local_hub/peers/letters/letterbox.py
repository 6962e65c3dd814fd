"""A letter box whose letters are scanned: a photo, a PDF or a typed letter lands in a scan folder.

It writes as scanners do: under a name that says so, and renamed when all is written.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from hub_kit.files import ending_of, type_by_content
from local_hub.peers.letters.draw import draw_letter

LONGEST = 50_000_000  # bytes of one letter
SCANNED = ("application/pdf", "image/tiff", "image/jpeg", "image/png", "image/heic")


class Typed(BaseModel):
    text: str = Field(min_length=1, max_length=20_000)


class Scanned(BaseModel):
    """What became of a letter: the name of its file in the scan folder."""

    file_name: str


class Letterbox:
    """Of one authority."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def scan(self, data: bytes) -> str:
        """Write what the scanner sees; return how it called the file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        ending = ending_of(type_by_content(data)) or ".bin"
        name = f"Scan {now:%Y-%m-%d %H%M%S} {os.getpid()}-{next(self._numbers):04}{ending}"
        unfinished = self._folder / f"{name}.tmp"
        unfinished.write_bytes(data)
        unfinished.rename(self._folder / name)
        return name


def make_router(box: Letterbox, draw: Callable[[str], bytes] = draw_letter) -> APIRouter:
    """Return what the slit of the letter box is."""
    router = APIRouter()

    @router.post("/letterbox", status_code=202)
    async def post_file(request: Request) -> Scanned:
        """Take a letter as the file that its body is."""
        data = await _read(request.stream())
        if type_by_content(data) not in SCANNED:
            raise HTTPException(415, "No letter; send a PDF, TIFF, JPEG, PNG or HEIC")
        return Scanned(file_name=await asyncio.to_thread(box.scan, data))

    @router.post("/letterbox/typed", status_code=202)
    async def post_typed(typed: Typed) -> Scanned:
        """Take a letter that is typed here, and drawn as a scanned page."""
        pages = await asyncio.to_thread(draw, typed.text)
        return Scanned(file_name=await asyncio.to_thread(box.scan, pages))

    return router


async def _read(stream: AsyncIterator[bytes]) -> bytes:
    data = bytearray()
    async for piece in stream:
        data += piece
        if len(data) > LONGEST:
            raise HTTPException(413, f"At most {LONGEST} bytes")
    return bytes(data)
