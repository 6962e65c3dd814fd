"""Lets demo, tests and the citizen's table look at letters that were brought, by HTTP."""

from datetime import datetime

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from local_hub.peers.letters.inspect import picture_of, text_of
from local_hub.peers.letters.tray import Brought, Tray

_STAYS = {"Cache-Control": "private, max-age=3600, immutable"}


class Shown(BaseModel):
    """A letter as whoever has opened it sees it."""

    id: str
    at: datetime
    address: str
    pages: int
    text: str


def make_router(tray: Tray) -> APIRouter:
    router = APIRouter(prefix="/tray")

    def find(letter: str) -> Brought:
        if letter not in tray.letters:
            raise HTTPException(404, "No such letter")
        return tray.letters[letter]

    @router.get("")
    async def letters() -> list[Shown]:
        return [
            Shown(id=one.id, at=one.at, address=one.address, pages=one.pages, text=text_of(one.pdf))
            for one in reversed(tray.letters.values())
        ]

    @router.get("/{letter}/pages/{number}")
    async def page(letter: str, number: int) -> Response:
        try:
            picture = picture_of(find(letter).pdf, number)
        except IndexError:
            raise HTTPException(404, "No such page") from None
        return Response(picture, media_type="image/png", headers=_STAYS)

    @router.post("/{letter}/return", status_code=204)
    async def give_back(letter: str) -> None:
        """Put it back into the letter box, unopened: the post brings it back."""
        find(letter).give_back()
        del tray.letters[letter]

    return router
