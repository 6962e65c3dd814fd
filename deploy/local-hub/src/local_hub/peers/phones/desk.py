"""The desk's telephone at the pretend exchange: the hub has it ring, and somebody answers or not.

https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/voice/twiml/queue
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.twiml import read_twiml
from local_hub.peers.settings import HubNumber


@dataclass(frozen=True)
class Ring:
    sid: str
    account_sid: str
    to: str
    sender: str
    url: str  # what is to happen once somebody answers
    callback: str  # what is told when it has stopped

    def told(self, status: str) -> dict[str, str]:
        """Return the form of a hook that is about this call."""
        return {
            "CallSid": self.sid,
            "AccountSid": self.account_sid,
            "From": self.sender,
            "To": self.to,
            "Direction": "outbound-api",
            "CallStatus": status,
            "ApiVersion": "2010-04-01",
        }


class Desk:
    def __init__(self, phones: Phones, caller: Caller) -> None:
        self._phones, self._caller = phones, caller
        self.rings: list[Ring] = []
        self._answered: Ring | None = None

    async def ring(self, account: str, request: Request) -> JSONResponse:
        """Take a call that the hub asks for, as Twilio's interface does."""
        if not is_right(request, account, self._phones.token):
            raise HTTPException(401, "Authenticate")
        said = {name: str(value) for name, value in (await request.form()).items()}
        return self.take(account, said)

    def take(self, account: str, said: Mapping[str, str]) -> JSONResponse:
        """Let the telephone ring that this form names."""
        if not (said.get("To") and said.get("From") and said.get("Url")):
            return JSONResponse({"code": 21201, "message": "No 'To', 'From' or 'Url'"}, 400)
        ring = Ring(
            "CA" + secrets.token_hex(16),
            account,
            said["To"],
            said["From"],
            said["Url"],
            said.get("StatusCallback", ""),
        )
        self.rings.append(ring)
        return JSONResponse(_written(ring), 201)

    async def answer(self, number: HubNumber) -> ET.Element | None:
        """Answer what rings for this number of the hub; return the queue it is led to."""
        if not (ring := self._next(number)):
            return None
        said = await self._caller.ask(ring.url, ring.told("in-progress"), self._phones.token)
        self._answered = ring
        return read_twiml(said[1])[0]

    async def ignore(self, number: HubNumber) -> None:
        """Let it ring until it stops."""
        if ring := self._next(number):
            await self._stop(ring, "no-answer")

    async def over(self, dial: ET.Element, status: str) -> None:
        """Say that whoever was spoken to is gone, or was nobody; then hang up."""
        assert self._answered is not None
        told = self._answered.told("in-progress") | {"DialCallStatus": status}
        _, said = await self._caller.ask(dial.attrib["action"], told, self._phones.token)
        read_twiml(said)
        await self._stop(self._answered, "completed")

    async def _stop(self, ring: Ring, status: str) -> None:
        if ring.callback:
            await self._caller.call(ring.callback, ring.told(status), self._phones.token)

    def _next(self, number: HubNumber) -> Ring | None:
        for place, ring in enumerate(self.rings):
            if ring.account_sid == number.account_sid:
                return self.rings.pop(place)
        return None


def is_right(request: Request, account: str, token: str) -> bool:
    """Say whether a request of the interface has the account's token."""
    right = base64.b64encode(f"{account}:{token}".encode()).decode()
    return secrets.compare_digest(request.headers.get("authorization", ""), f"Basic {right}")


def _written(ring: Ring) -> dict[str, Any]:
    return {
        "sid": ring.sid,
        "account_sid": ring.account_sid,
        "to": ring.to,
        "from": ring.sender,
        "status": "queued",
        "direction": "outbound-api",
        "uri": f"/2010-04-01/Accounts/{ring.account_sid}/Calls/{ring.sid}.json",
        "api_version": "2010-04-01",
    }
