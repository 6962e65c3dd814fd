"""A small service of its own, with every part that pages are made of, for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request, Response

from hub_contract.errors import Permanent, Temporary
from hub_contract.refusals import Refusal
from hub_kit.testing import new_ring
from hub_kit.tokens import Caller
from hub_pages.caller import Visitor, visitor_of
from hub_pages.form import Fault, Form
from hub_pages.pages import Pages
from hub_pages.problems import add_error_pages
from hub_pages.testing import Door, Loop, serving

SAMPLE = Path(__file__).parent / "sample"
AGENT = Caller("agent-7", "musterstadt", "agent")
FAULTS = (Fault("mail", "Bitte prüfen Sie die Adresse."), Fault("", "Bitte später noch einmal."))


@pytest.fixture
def ring(tmp_path):
    return new_ring(tmp_path)


@pytest.fixture
def app(ring) -> FastAPI:
    made = FastAPI()
    made.state.ring = ring
    pages = Pages(SAMPLE)
    made.mount("/static", pages.own)
    add_error_pages(made, pages, str.capitalize, "probe")
    ask = Annotated[Visitor, Depends(visitor_of("sample"))]

    @made.get("/")
    async def start(request: Request, visitor: ask) -> Response:
        form = Form({"name": "<b>Erika</b>", "way": "mail"}, FAULTS)
        return pages.page(request, "start.html", form=form, visitor=visitor, now=pages.clock())

    @made.get("/away")
    async def away() -> None:
        raise Temporary("the store is away")

    @made.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    @made.get("/erased")
    async def erased() -> None:
        raise Permanent("the content has been erased", code=Refusal.ERASED)

    @made.get("/broken")
    async def broken() -> None:
        raise ValueError("secret words")

    return made


@pytest.fixture
def address(app, ring) -> Iterator[str]:
    loop = Loop()
    with serving(Door(ring, {"/probe": ("sample", app, AGENT)}), loop) as base:
        yield f"{base}/probe"
    loop.close()
