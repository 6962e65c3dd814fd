"""Calls that the hub makes: Twilio's call resource, telephones that ring, and signed hooks.

https://www.twilio.com/docs/voice/api/call-resource. Both telephones, the agent's and the citizen's,
ring as handsets do: somebody answers, is engaged, does not answer, or a mailbox takes the call.
"""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from xml.etree import ElementTree as ET

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.desk import Desk
from local_hub.peers.phones.twiml import read_twiml

CALLS = "/carrier/2010-04-01/Accounts/{account}/Calls"
_VERSION = "2010-04-01"
_UNANSWERED = {"busy": "busy", "no_answer": "no-answer", "unreachable": "failed"}


class Act(BaseModel):
    """What somebody does at a telephone that rings, or at which somebody talks."""

    does: Literal["answer", "mailbox", "busy", "no_answer", "unreachable", "key", "hang_up"]


class Ringing(BaseModel):
    """A telephone as its owner sees it; `lines` is what the agent hears."""

    id: str
    part: Literal["agent", "citizen"]
    state: Literal["ringing", "talking", "over"]
    lines: list[str]
    waits: bool  # for a key


@dataclass
class Outgoing:
    sid: str
    account: str
    sender: str
    to: str  # the agent's telephone
    url: str
    callback: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "queued"
    lines: list[str] = field(default_factory=list)
    waits: ET.Element | None = None  # Gather or Dial
    citizen: str = ""
    child: str = ""
    talking: bool = False  # the citizen has answered

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "ringing", "in-progress")


_TAKE = "/take"


class Switchboard:
    """Carries the hub's own calls."""

    def __init__(self, phones: Phones, caller: Caller, desk: Desk) -> None:
        self._phones, self._caller, self._desk = phones, caller, desk
        self.calls: dict[str, Outgoing] = {}

    async def create(self, account: str, request: Request) -> Response:
        self._check(account, request)
        faults = self._phones.faults
        if not faults.takes():
            headers = {"Retry-After": str(faults.retry_after)} if faults.retry_after else {}
            return _error(faults.answer, 20429 if faults.answer == 429 else 20500, headers)
        said = {name: str(value) for name, value in (await request.form()).items()}
        if not said.get("To", "").startswith("+"):
            return _error(400, 21211)
        number = self._phones.settings.numbers.get(said.get("From", ""))
        if number is None or number.account_sid != account:
            return _error(400, 21210)
        if said.get("Url", "").endswith(_TAKE):  # the desk's telephone, for who waits in a queue
            return self._desk.take(account, said)
        call = Outgoing(
            _sid(),
            account,
            said["From"],
            said["To"],
            said.get("Url", ""),
            said.get("StatusCallback", ""),
            status="ringing",
        )
        self.calls[call.sid] = call
        if faults.loses():
            return _error(500, 20500)
        return JSONResponse(_written(call), 201)

    async def log(self, account: str, request: Request) -> Response:
        self._check(account, request)
        wanted = request.query_params
        found = [
            _written(one)
            for one in reversed(self.calls.values())
            if wanted.get("To", one.to) == one.to
            and wanted.get("From", one.sender) == one.sender
            and f"{one.at:%Y-%m-%d}" >= wanted.get("StartTime>", "")[:10]
        ]
        return JSONResponse({"calls": found, "page": 0, "next_page_uri": None})

    async def fetch(self, account: str, sid: str, request: Request) -> Response:
        self._check(account, request)
        if sid not in self.calls:
            return _error(404, 20404)
        return JSONResponse(_written(self.calls[sid]))

    async def show(self, number: str) -> list[Ringing]:
        """Return the calls that ring or are talked in at this telephone, the latest last."""
        parts = [(one, _part(one, number)) for one in self.calls.values()]
        return [_shown(one, part) for one, part in parts if part]

    async def act(self, number: str, sid: str, act: Act) -> list[Ringing]:
        """Do this at a telephone; what does not fit now changes nothing."""
        call = self.calls.get(sid)
        part = _part(call, number) if call else ""
        if call is None or not part:
            raise HTTPException(404, "No such call at this telephone")
        if not call.is_over:
            await (self._agent if part == "agent" else self._citizen)(call, act.does)
        return await self.show(number)

    async def _agent(self, call: Outgoing, does: str) -> None:
        waits = call.waits
        if call.status == "ringing":
            if does in ("answer", "mailbox"):
                call.status = "in-progress"
                await self._tell(call, call.callback, CallStatus="in-progress")
                await self._ask(call, call.url)
                if does == "mailbox" and call.waits is not None:  # it presses nothing
                    await self._ask(call, call.waits.attrib["action"], Digits="")
            elif does in _UNANSWERED:
                await self._end(call, _UNANSWERED[does], 0)
        elif does == "key" and waits is not None and waits.tag == "Gather":
            await self._ask(call, waits.attrib["action"], Digits="1")
        elif does == "hang_up":
            await self._hang_up(call)

    async def _citizen(self, call: Outgoing, does: str) -> None:
        if call.waits is None or call.waits.tag != "Dial":
            return
        if call.talking and does == "hang_up":
            await self._over(call, "completed", 12)
        elif not call.talking and does in ("answer", "mailbox"):
            call.talking = True
            await self._child(call, "in-progress")
        elif not call.talking and does in _UNANSWERED:
            await self._over(call, _UNANSWERED[does], None)

    async def _hang_up(self, call: Outgoing) -> None:
        """The agent hangs up: Twilio tells of both parts, and asks for nothing more to hear."""
        if call.child:
            await self._child(call, "completed" if call.talking else "canceled", 12)
        await self._end(call, "completed", 20)

    async def _over(self, call: Outgoing, status: str, seconds: int | None) -> None:
        await self._child(call, status, seconds or 0)
        assert call.waits is not None
        said = {"DialCallStatus": status, "DialCallSid": call.child}
        said |= {} if seconds is None else {"DialCallDuration": str(seconds)}
        await self._ask(call, call.waits.attrib["action"], **said)

    async def _child(self, call: Outgoing, status: str, seconds: int | None = None) -> None:
        number = call.waits.find("Number") if call.waits is not None else None
        address = number.attrib.get("statusCallback", "") if number is not None else ""
        said = {"CallSid": call.child, "ParentCallSid": call.sid, "To": call.citizen}
        duration = {} if seconds is None else {"CallDuration": str(seconds)}
        await self._tell(call, address, **said, CallStatus=status, **duration)

    async def _end(self, call: Outgoing, status: str, seconds: int) -> None:
        call.status, call.waits, call.talking = status, None, False
        await self._tell(call, call.callback, CallStatus=status, CallDuration=str(seconds))

    async def _tell(self, call: Outgoing, address: str, **more: str) -> None:
        for _ in range(self._phones.faults.repeat if address else 0):
            await self._caller.ask(address, _fields(call) | more, self._phones.token)

    async def _ask(self, call: Outgoing, address: str, **more: str) -> None:
        """Call the hub's hook, and do what it answers until somebody must do something."""
        call.waits = None
        fields = _fields(call) | {"CallStatus": "in-progress"} | more
        for _ in range(self._phones.faults.repeat - 1):
            await self._caller.ask(address, fields, self._phones.token)
        status, said = await self._caller.ask(address, fields, self._phones.token)
        try:
            verbs = read_twiml(said) if status == 200 else []
        except ValueError as error:
            call.lines.append(str(error))
            verbs = []
        for verb in verbs:
            call.lines += [one.text or "" for one in verb.iter("Say")]
            if verb.tag in ("Gather", "Dial"):
                call.waits = verb
                break
        if call.waits is None:
            await self._end(call, "completed" if verbs else "failed", 20)
        elif call.waits.tag == "Dial":
            number = call.waits.find("Number")
            call.citizen = (number.text or "") if number is not None else ""
            call.child = _sid()

    def _check(self, account: str, request: Request) -> None:
        said = request.headers.get("authorization", "")
        right = base64.b64encode(f"{account}:{self._phones.token}".encode()).decode()
        known = any(n.account_sid == account for n in self._phones.settings.numbers.values())
        if not known or not secrets.compare_digest(said.lower(), f"basic {right}".lower()):
            raise HTTPException(401, "Authenticate")


def _part(call: Outgoing, number: str) -> Literal["agent", "citizen", ""]:
    if number == call.citizen and call.child:
        return "citizen"
    return "agent" if number == call.to else ""


def _shown(call: Outgoing, part: Literal["agent", "citizen"]) -> Ringing:
    rings = call.status == "ringing" if part == "agent" else not call.talking
    state: Literal["ringing", "talking", "over"] = "ringing" if rings else "talking"
    return Ringing(
        id=call.sid,
        part=part,
        state="over" if call.is_over else state,
        lines=call.lines if part == "agent" else [],
        waits=part == "agent" and call.waits is not None and call.waits.tag == "Gather",
    )


def _fields(call: Outgoing) -> dict[str, str]:
    return {
        "CallSid": call.sid,
        "AccountSid": call.account,
        "From": call.sender,
        "To": call.to,
        "Direction": "outbound-api",
        "ApiVersion": _VERSION,
    }


def _written(call: Outgoing) -> dict[str, object]:
    return {
        "sid": call.sid,
        "account_sid": call.account,
        "from": call.sender,
        "to": call.to,
        "status": call.status,
        "direction": "outbound-api",
        "date_created": format_datetime(call.at),
        "start_time": format_datetime(call.at),
        "api_version": _VERSION,
        "uri": f"/{_VERSION}/Accounts/{call.account}/Calls/{call.sid}.json",
    }


def _error(status: int, code: int, headers: dict[str, str] | None = None) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": "Refused", "more_info": more, "status": status}
    return JSONResponse(said, status, headers)


def _sid() -> str:
    return "CA" + secrets.token_hex(16)


def make_carrier(board: Switchboard) -> APIRouter:
    """Return what the hub asks Twilio's interface for."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route(f"{CALLS}.json", board.create, methods=["POST"])
    router.add_api_route(f"{CALLS}.json", board.log)
    router.add_api_route(f"{CALLS}/{{sid}}.json", board.fetch)
    return router


def make_router(board: Switchboard) -> APIRouter:
    """Return what one can do at a telephone that the hub calls."""
    router = APIRouter(prefix="/handsets")
    router.add_api_route("/{number}/ringing", board.show)
    router.add_api_route("/{number}/ringing/{sid}", board.act, methods=["POST"])
    return router
