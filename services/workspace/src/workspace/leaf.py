"""Leafs through the pages of a letter or fax: their pictures, beside what a machine has read there.

What was read is always called so, and the original is one click away. A page works without scripts:
turned, enlarged and searched by its address; the keys press its links.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from hub_kit.tokens import Caller
from workspace.desk import Desk, TheAgent, TheDesk
from workspace.hand_out import LOCKED, headers
from workspace.mark_words import Word, count_hits, lines_of, mark_words, read_words

router = APIRouter()
AT_ONCE = 8  # pages whose words are asked for together
MOST_SEARCHED = 300  # pages
LARGEST = 4  # of `zoom`
Number = Annotated[int, Path(ge=1, le=100_000)]


@dataclass(frozen=True, slots=True)
class View:
    """How a page is looked at; all of it stands in the address."""

    find: str = ""
    turn: int = 0  # degrees clockwise
    zoom: int = 1

    def address(self, **other: str | int) -> str:
        """Return the query that says it, with what is other then; empty where it says nothing."""
        said = {"find": self.find, "turn": self.turn, "zoom": self.zoom} | other
        told = {k: v for k, v in said.items() if v != getattr(View(), k)}
        return f"?{urlencode(told)}" if told else ""


@router.get("/e/{entry_id}/pages/{number}")
async def get_page(
    request: Request,
    desk: TheDesk,
    agent: TheAgent,
    *,
    entry_id: UUID,
    number: Number,
    find: Annotated[str, Query(max_length=100)] = "",
    turn: Annotated[int, Query(ge=0, le=270, multiple_of=90)] = 0,
    zoom: Annotated[int, Query(ge=1, le=LARGEST)] = 1,
) -> Response:
    """One page of a document, its picture and its words; `find` marks a word in both."""
    entry = await desk.store.get(agent.caller, f"/entries/{entry_id}")
    reading, view = entry["reading"], View(find.strip(), turn, zoom)
    pages = reading["pages"] if reading else []
    page = next((one for one in pages if one["number"] == number), None)
    if not reading or (pages and page is None) or (not pages and number > 1):
        raise HTTPException(404)
    searched = pages if view.find else [page] if page else []
    words = await _read_all(desk, agent.caller, entry_id, searched, view.find)
    here = words.get(number, [])
    values = {
        "entry": entry,
        "reading": reading,
        "page": page,
        "view": view,
        "place": pages.index(page) if page else 0,
        "lines": lines_of(here),
        "boxes": [word for word in here if word.hit],
        "hits": {of: count_hits(found) for of, found in words.items()},
        "sheet": sheet_of(page, view.turn) if page else None,
    }
    return desk.page(request, agent, "pages.html", **values)


@router.get("/e/{entry_id}/pages/{number}/{part}")
async def get_picture(
    desk: TheDesk,
    agent: TheAgent,
    entry_id: UUID,
    number: Number,
    part: Literal["small", "large"],
) -> Response:
    """The picture of a page, to be shown; our own reader has made it."""
    file = await desk.store.fetch(agent.caller, f"/entries/{entry_id}/pages/{number}/{part}")
    return Response(file.data, media_type="image/webp", headers=headers(LOCKED, "inline"))


async def _read_all(
    desk: Desk, caller: Caller, entry_id: UUID, pages: Sequence[Mapping[str, Any]], find: str
) -> dict[int, list[Word]]:
    """Return the words of these pages, marked, by the number of the page."""
    room = asyncio.Semaphore(AT_ONCE)

    async def read(number: int) -> tuple[int, list[Word]]:
        async with room:
            path = f"/entries/{entry_id}/pages/{number}/words"
            file = await desk.store.fetch(caller, path)
        return number, mark_words(read_words(file.data), find)

    wanted = [one["number"] for one in pages if "words" in one["parts"]][:MOST_SEARCHED]
    return dict(await asyncio.gather(*map(read, wanted)))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The drawing of a page: its size once it is turned, and how it is turned."""

    width: int
    height: int
    turned: str


def sheet_of(page: Mapping[str, Any], turn: int) -> Sheet:
    width, height = max(1, page["width"]), max(1, page["height"])
    turned = {
        0: "",
        90: f"translate({height} 0) rotate(90)",
        180: f"translate({width} {height}) rotate(180)",
        270: f"translate(0 {width}) rotate(270)",
    }[turn]
    return Sheet(height, width, turned) if turn % 180 else Sheet(width, height, turned)
