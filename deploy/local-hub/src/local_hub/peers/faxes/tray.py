"""Lets demo, tests and the citizen's table send faxes and look at those that came, by HTTP."""

import asyncio
import base64
from datetime import datetime

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from local_hub.peers.faxes.call import FaxCaller
from local_hub.peers.faxes.machines import Faults, Fax, Machines
from local_hub.peers.faxes.sheets import show_page, to_pdf, write_pages
from local_hub.peers.faxes.sinch import SinchInterface
from local_hub.peers.faxes.telnyx import TelnyxInterface


class FaxIn(BaseModel):
    """A fax: a file, or words that are drawn as a page."""

    to: str
    text: str = ""
    base64: str = ""
    partial: bool = False  # the line breaks off


class Shown(BaseModel):
    """A fax as whoever stands at the machine sees it."""

    id: str
    at: datetime
    mine: bool
    other: str
    pages: int


class Sent(BaseModel):
    id: str
    status: int  # what the hub said; 0: nobody there


def make_tray(
    machines: Machines, telnyx: TelnyxInterface, sinch: SinchInterface, caller: FaxCaller
) -> APIRouter:
    tray = Tray(machines, telnyx, sinch, caller)
    router = APIRouter(prefix="/fax-machines", include_in_schema=False)
    router.add_api_route("", tray.names)
    router.add_api_route("/faults", tray.set_faults, methods=["POST"])
    router.add_api_route("/{number}", tray.faxes)
    router.add_api_route("/{number}/send", tray.send, methods=["POST"])
    router.add_api_route("/{number}/{fax}/{page}.png", tray.page)
    return router


class Tray:
    def __init__(
        self,
        machines: Machines,
        telnyx: TelnyxInterface,
        sinch: SinchInterface,
        caller: FaxCaller,
    ) -> None:
        self._machines, self._telnyx, self._sinch = machines, telnyx, sinch
        self._caller = caller

    async def names(self) -> dict[str, str]:
        return {number: one.name for number, one in self._machines.settings.machines.items()}

    async def faxes(self, number: str) -> list[Shown]:
        self._check(number)
        return [_shown(fax, number) for fax in self._machines.tray(number)]

    async def page(self, number: str, fax: str, page: int) -> Response:
        self._check(number)
        found = next((one for one in self._machines.tray(number) if one.id == fax), None)
        if found is None:
            raise HTTPException(404, "No such fax at this machine")
        try:
            png = await asyncio.to_thread(show_page, found.file, page)
        except LookupError:
            raise HTTPException(404, "No such page") from None
        return Response(png, media_type="image/png", headers={"Cache-Control": "max-age=3600"})

    async def send(self, number: str, wanted: FaxIn) -> Sent:
        """Send a fax; answered once the hub has said yes or no to it."""
        self._check(number)
        called = self._machines.settings.numbers.get(wanted.to)
        if called is None:
            raise HTTPException(404, "No such number of the hub; services.peers.faxes.numbers")
        try:
            file, pages = await asyncio.to_thread(
                _read, wanted, self._machines.machine(number).name
            )
        except ValueError as error:
            raise HTTPException(422, f"base64: {error}") from None
        fax = self._machines.feed(number, wanted.to, file, pages, partial=wanted.partial)
        if self._machines.faults.silent:
            return Sent(id=fax.id, status=0)
        interface = self._sinch if called.project_id else self._telnyx
        hook = interface.tell(fax)
        for _ in range(self._machines.faults.repeat - 1):
            self._caller.leave(hook)
        return Sent(id=fax.id, status=await self._caller.call(hook))

    async def set_faults(self, faults: Faults) -> Faults:
        self._machines.faults = faults
        return faults

    def _check(self, number: str) -> None:
        if number not in self._machines.settings.machines:
            raise HTTPException(404, "No such machine; services.peers.faxes.machines lists them")


def _read(wanted: FaxIn, sender: str) -> tuple[bytes, int]:
    if wanted.base64:
        return to_pdf(base64.b64decode(wanted.base64))
    return to_pdf(write_pages(wanted.text, sender))


def _shown(fax: Fax, number: str) -> Shown:
    mine = fax.sender == number
    return Shown(
        id=fax.id, at=fax.at, mine=mine, other=fax.to if mine else fax.sender, pages=fax.pages
    )
