"""A pretend telephone exchange: calls the hub as Twilio Voice does, hook by signed hook.

https://www.twilio.com/docs/voice/twiml. A caller presses keys, keeps silent, speaks after the tone,
hangs up; what would be heard is text, so that one hears by reading.
"""

import base64
import io
import secrets
import time
import wave
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree as ET

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel

from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.twiml import read_twiml
from local_hub.peers.settings import HubNumber

RECORDINGS = "/carrier/2010-04-01/Accounts/{account}/Recordings"
_REDIRECTS = 10
_RATE = 8000  # samples a second, as telephones have it
_WITHHELD = "+266696687"  # ANONYMOUS on a keypad


class Line(BaseModel):
    """Something that the caller hears or does."""

    who: Literal["hub", "caller", "line"]
    text: str
    language: str = ""


class Shown(BaseModel):
    id: str
    lines: list[Line]
    waits: Literal["keys", "tone", "desk", ""]  # for what; empty: it is over
    digits: int = 0  # that end the wait
    status: int  # what the hub said last; 0: nobody there


class Dialled(BaseModel):
    to: str
    withheld: bool = False


class Done(BaseModel):
    """What the caller does; `desk` is what happens at the desk's telephone."""

    does: Literal["keys", "silence", "speak", "desk_answers", "desk_is_silent", "hang_up"]
    text: str = ""


@dataclass
class Call:
    sid: str
    handset: str
    sender: str
    to: str
    number: HubNumber
    began: float = field(default_factory=time.monotonic)
    lines: list[Line] = field(default_factory=list)
    verbs: list[ET.Element] = field(default_factory=list)  # still to come
    waits: ET.Element | None = None
    ended: bool = False
    status: int = 0

    def hears(self, text: str, language: str = "") -> None:
        self.lines.append(Line(who="hub", text=text, language=language[:2]))


class Exchange:
    def __init__(self, phones: Phones, caller: Caller) -> None:
        self._phones, self._caller = phones, caller
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, bytes] = {}

    async def dial(self, number: str, asked: Dialled) -> Shown:
        """Call the hub; answered once the first words are heard."""
        called = self._phones.settings.numbers.get(asked.to)
        if number not in self._phones.settings.handsets or called is None or not called.calls:
            raise HTTPException(404, "No such handset, or no number of the hub that takes calls")
        sender = _WITHHELD if asked.withheld else number
        call = Call(_sid("CA"), number, sender, asked.to, called)
        self.calls[call.sid] = call
        await self._ask(call, self._phones.settings.hub + called.calls, CallStatus="ringing")
        return _shown(call)

    async def show(self, number: str, sid: str) -> Shown:
        return _shown(self._call(number, sid))

    async def do(self, number: str, sid: str, done: Done) -> Shown:
        """Go on with a call as somebody acts; what does not fit now changes nothing."""
        call = self._call(number, sid)
        waits, tag = call.waits, call.waits.tag if call.waits is not None else ""
        if done.does == "hang_up" and not call.ended:
            await self._hang_up(call)
        elif waits is not None and tag == "Gather" and done.does in ("keys", "silence"):
            call.lines.append(Line(who="caller", text=done.text or "…"))
            await self._ask(call, waits.attrib["action"], Digits=done.text)
        elif waits is not None and tag == "Record" and done.does == "speak":
            call.lines.append(Line(who="caller", text=done.text))
            await self._record(call, waits, done.text)
        elif tag == "Record" and done.does == "silence":
            await self._go_on(call)
        elif waits is not None and tag == "Dial" and done.does.startswith("desk"):
            answers = done.does == "desk_answers"
            status = {"DialCallStatus": "completed" if answers else "no-answer"}
            status |= {"DialCallDuration": "30"} if answers else {}
            await self._ask(call, waits.attrib["action"], **status)
        return _shown(call)

    async def recording(self, account: str, sid: str, request: Request) -> Response:
        """Give a recording out to who has the account's token."""
        right = base64.b64encode(f"{account}:{self._phones.token}".encode()).decode()
        if not secrets.compare_digest(request.headers.get("authorization", ""), f"Basic {right}"):
            raise HTTPException(401, "Authenticate")
        if sid not in self.recordings:
            raise HTTPException(404)
        return Response(self.recordings[sid], media_type="audio/x-wav")

    def _call(self, number: str, sid: str) -> Call:
        call = self.calls.get(sid)
        if call is None or call.handset != number:
            raise HTTPException(404, "No such call")
        return call

    async def _ask(self, call: Call, address: str, **more: str) -> None:
        """Call the hub's hook, and hear what it answers."""
        call.waits = None
        fields = _fields(call) | {"CallStatus": "in-progress"} | more
        for _ in range(self._phones.faults.repeat - 1):
            await self._caller.ask(address, fields, self._phones.token)
        call.status, said = await self._caller.ask(address, fields, self._phones.token)
        try:
            call.verbs = read_twiml(said) if call.status == 200 else []
        except ValueError as error:
            call.lines.append(Line(who="line", text=str(error)))
            call.verbs = []
        await self._go_on(call)

    async def _go_on(self, call: Call) -> None:
        """Carry out verbs until one waits for somebody; behind the last one, hang up."""
        call.waits = None
        while call.verbs:
            verb = call.verbs.pop(0)
            for said in (verb, *verb) if verb.tag == "Gather" else (verb,):
                if said.tag == "Say":
                    call.hears(said.text or "", said.attrib.get("language", ""))
            if verb.tag in ("Gather", "Record", "Dial"):
                call.waits = verb
                return
            if verb.tag == "Redirect" and verb.text:
                await self._ask(call, verb.text)
                return
            if verb.tag == "Hangup":
                break
        await self._hang_up(call)

    async def _record(self, call: Call, verb: ET.Element, words: str) -> None:
        sid = _sid("RE")
        self.recordings[sid] = _sound(len(words))
        base = RECORDINGS.format(account=call.number.account_sid)
        made = {
            "RecordingUrl": f"{self._phones.settings.address}{base}/{sid}",
            "RecordingSid": sid,
            "RecordingDuration": str(len(words) // 10 + 1),
        }
        told = _fields(call) | made | {"RecordingStatus": "completed"}
        await self._ask(call, verb.attrib["action"], Digits="#", **made)
        await self._caller.ask(verb.attrib["recordingStatusCallback"], told, self._phones.token)

    async def _hang_up(self, call: Call) -> None:
        if call.ended:
            return
        call.ended, call.waits, call.verbs = True, None, []
        seconds = int(time.monotonic() - call.began) + 1
        over = _fields(call) | {"CallStatus": "completed", "CallDuration": str(seconds)}
        address = f"{self._phones.settings.hub}{call.number.calls}/status"
        call.status = await self._caller.call(address, over, self._phones.token)


def _fields(call: Call) -> dict[str, str]:
    return {
        "CallSid": call.sid,
        "AccountSid": call.number.account_sid,
        "From": call.sender,
        "To": call.to,
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }


_WAITS: dict[str, Literal["keys", "tone", "desk", ""]] = {
    "Gather": "keys",
    "Record": "tone",
    "Dial": "desk",
}


def _shown(call: Call) -> Shown:
    waits = call.waits
    return Shown(
        id=call.sid,
        lines=call.lines,
        waits=_WAITS[waits.tag] if waits is not None else "",
        digits=int(waits.attrib.get("numDigits", "0")) if waits is not None else 0,
        status=call.status,
    )


def _sound(tenths: int) -> bytes:
    """Return a WAV of silence, so many tenths of a second: enough to be a file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE)
        file.writeframes(b"\x80" * (_RATE // 10) * max(1, min(tenths, 600)))
    return out.getvalue()


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


def make_carrier(exchange: Exchange) -> APIRouter:
    """Return what the hub asks Twilio's interface for."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route(f"{RECORDINGS}/{{sid}}", exchange.recording)
    return router


def make_router(exchange: Exchange) -> APIRouter:
    """Return what a citizen's telephone can do."""
    router = APIRouter(prefix="/handsets")
    router.add_api_route("/{number}/calls", exchange.dial, methods=["POST"])
    router.add_api_route("/{number}/calls/{sid}", exchange.show)
    router.add_api_route("/{number}/calls/{sid}", exchange.do, methods=["POST"])
    return router
