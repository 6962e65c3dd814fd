"""Lets demo, tests and the citizen's table look at handsets and write from them, by HTTP."""

import asyncio
import base64
from datetime import datetime

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from local_hub.peers.phones.api import Interface
from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Message, Phones
from local_hub.peers.phones.smsc import Smsc

_PATIENCE = 15.0  # seconds, as Twilio has for a hook


class Picture(BaseModel):
    media_type: str
    base64: str


class TextIn(BaseModel):
    to: str
    text: str
    pictures: list[Picture] = []


class Shown(BaseModel):
    """A message as the owner of the handset sees it."""

    id: str
    at: datetime
    mine: bool
    other: str
    text: str
    segments: int


class Sent(BaseModel):
    id: str
    status: int  # what the hub said; 0: nobody there


def make_router(phones: Phones, interface: Interface, caller: Caller, smsc: Smsc) -> APIRouter:
    handsets = Handsets(phones, interface, caller, smsc)
    router = APIRouter(prefix="/handsets")
    router.add_api_route("", handsets.names)
    router.add_api_route("/{number}", handsets.messages)
    router.add_api_route("/{number}/send", handsets.send, methods=["POST"])
    return router


class Handsets:
    def __init__(self, phones: Phones, interface: Interface, caller: Caller, smsc: Smsc) -> None:
        self._phones, self._interface, self._caller = phones, interface, caller
        self._smsc = smsc

    async def names(self) -> dict[str, str]:
        return {number: one.name for number, one in self._phones.settings.handsets.items()}

    async def messages(self, number: str) -> list[Shown]:
        self._check(number)
        return [_shown(message, number) for message in self._phones.inbox(number)]

    async def send(self, number: str, words: TextIn) -> Sent:
        """Send a message; answered once the hub has said yes or no to it."""
        self._check(number)
        called = self._phones.settings.numbers.get(words.to)
        if called is None or not (called.hook or called.system_id):
            raise HTTPException(404, "No such number of the hub; services.peers.carrier.numbers")
        pictures = [(one.media_type, base64.b64decode(one.base64)) for one in words.pictures]
        message = self._phones.write(number, words.to, words.text, pictures)
        if called.system_id:
            return Sent(id=message.sid, status=await self._deliver(message))
        hook = self._interface.tell(message)
        for _ in range(self._phones.faults.repeat - 1):
            self._caller.leave(*hook)
        return Sent(id=message.sid, status=await self._caller.call(*hook))

    async def _deliver(self, message: Message) -> int:
        """Return 200 once the hub has said yes to every part, 0 where it does not in time."""
        waiting = self._smsc.tell(message)
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(*(one.taken.wait() for one in waiting))
        except TimeoutError:
            return 0  # the SMSC goes on trying
        return 200

    def _check(self, number: str) -> None:
        if number not in self._phones.settings.handsets:
            raise HTTPException(404, "No such handset; services.peers.carrier.handsets lists them")


def _shown(message: Message, number: str) -> Shown:
    mine = message.sender == number
    return Shown(
        id=message.sid,
        at=message.at,
        mine=mine,
        other=message.to if mine else message.sender,
        text=message.text,
        segments=message.segments,
    )
