"""A pretend telephone exchange: calls the hub as Twilio Voice does, hook by signed hook.

https://www.twilio.com/docs/voice/twiml. A caller presses keys, keeps silent, speaks after the tone,
hangs up; what would be heard is text, so that one hears by reading.
"""

import io
import secrets
import time
import wave
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree as ET

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel

from local_hub.peers.phones.call import Caller
from local_hub.peers.phones.carrier import Phones
from local_hub.peers.phones.desk import Desk, is_right
from local_hub.peers.phones.twiml import LEAVING, WAITING, read_twiml
from local_hub.peers.settings import HubNumber

RECORDINGS = "/carrier/2010-04-01/Accounts/{account}/Recordings"
CALLS = "/carrier/2010-04-01/Accounts/{account}/Calls.json"
_RATE = 8000  # samples a second, as telephones have it
_WITHHELD = "+266696687"  # ANONYMOUS on a keypad


Waits = Literal["keys", "tone", "desk", "queue", "talk", ""]


class Line(BaseModel):
    """Something that the caller hears or does."""

    who: Literal["hub", "caller", "line"]
    text: str
    language: str = ""


class Shown(BaseModel):
    id: str
    lines: list[Line]
    waits: Waits  # for what; empty: it is over
    digits: int = 0  # that end the wait
    status: int  # what the hub said last; 0: nobody there


class Dialled(BaseModel):
    to: str
    withheld: bool = False


class Done(BaseModel):
    """What the caller does; `desk` is what happens at the desk's telephone."""

    does: Literal[
        "keys",
        "silence",
        "speak",
        "hang_up",
        "desk_answers",
        "desk_is_silent",
        "desk_hangs_up",
    ]
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
    meanwhile: list[ET.Element] = field(default_factory=list)  # what goes on in the queue
    looks: int = 0  # there; each is ten seconds of this exchange
    talks: bool = False  # with the desk
    ended: bool = False
    status: int = 0

    def hears(self, text: str, language: str = "") -> None:
        self.lines.append(Line(who="hub", text=text, language=language[:2]))


class Exchange:
    def __init__(self, phones: Phones, caller: Caller) -> None:
        self._phones, self._caller = phones, caller
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, bytes] = {}
        self.desk = Desk(phones, caller)
        self.queues: dict[str, list[Call]] = {}

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
        elif waits is not None and tag == "Enqueue" and done.does in ("keys", "silence"):
            await self._wait(call, done.text)
        elif waits is not None and done.does.startswith("desk"):
            await self._at_desk(call, waits, done.does)
        return _shown(call)

    async def _at_desk(self, call: Call, waits: ET.Element, does: str) -> None:
        """Let the desk's telephone be answered, or not, or be hung up."""
        if does == "desk_hangs_up" and call.talks:
            call.talks = False
            said = {"QueueResult": "bridged"} if waits.tag == "Enqueue" else {}
            status = {"DialCallStatus": "completed", "DialCallDuration": "30"}
            await self._ask(call, waits.attrib["action"], **(said or status))
        elif waits.tag == "Enqueue" and does == "desk_answers" and not call.talks:
            if dial := await self.desk.answer(call.number):
                await self._take(dial)
        elif waits.tag == "Enqueue" and does == "desk_is_silent":
            await self.desk.ignore(call.number)
        elif waits.tag == "Dial" and does == "desk_answers" and not call.talks:
            await self._hear(call, waits[0].attrib["statusCallback"], ParentCallSid=call.sid)
            call.talks = True
        elif waits.tag == "Dial" and does == "desk_is_silent" and not call.talks:
            await self._ask(call, waits.attrib["action"], DialCallStatus="no-answer")

    async def _take(self, dial: ET.Element) -> None:
        """Put who is the next through to the desk, which has answered."""
        queue, status = dial[0], "no-answer"
        if waiting := self.queues.get(queue.text or ""):
            call, status = waiting.pop(0), "completed"
            said = {"QueueTime": str(call.looks * 10), "DequeingCallSid": _sid("CA")}
            for verb in await self._hear(call, queue.attrib["url"], allowed=LEAVING, **said):
                call.hears(verb.text or "", verb.attrib.get("language", ""))
            call.talks = True
        await self.desk.over(dial, status)

    async def _wait(self, call: Call, keys: str = "") -> None:
        """Let ten seconds of the queue go by, or press a key in it."""
        assert call.waits is not None
        waiting = self.queues[call.waits.text or ""]
        places = {verb.tag: verb for verb in call.meanwhile}
        if keys and "Gather" in places:
            call.lines.append(Line(who="caller", text=keys))
            address, said = places["Gather"].attrib["action"], {"Digits": keys}
        else:
            address = (places["Redirect"].text or "") if "Redirect" in places else ""
            said = {
                "QueuePosition": str(waiting.index(call) + 1),
                "CurrentQueueSize": str(len(waiting)),
                "AvgQueueTime": str(sum(one.looks for one in waiting) * 10 // len(waiting)),
                "QueueTime": str(call.looks * 10),
            }
            call.looks += 1
        address = address or call.waits.attrib["waitUrl"]
        call.meanwhile = await self._hear(call, address, allowed=WAITING, **said)
        if any(verb.tag == "Leave" for verb in call.meanwhile):
            waiting.remove(call)
            await self._ask(call, call.waits.attrib["action"], QueueResult="leave")
            return
        for said_to in (one for verb in call.meanwhile for one in verb.iter("Say")):
            call.hears(said_to.text or "", said_to.attrib.get("language", ""))

    async def recording(self, account: str, sid: str, request: Request) -> Response:
        """Give a recording out to who has the account's token."""
        if not is_right(request, account, self._phones.token):
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
        call.verbs = await self._hear(call, address, **more)
        await self._go_on(call)

    async def _hear(
        self, call: Call, address: str, allowed: Collection[str] = (), **more: str
    ) -> list[ET.Element]:
        """Call the hub's hook, as often as faults say; return the verbs it answers."""
        fields = _fields(call) | {"CallStatus": "in-progress"} | more
        for _ in range(self._phones.faults.repeat - 1):
            await self._caller.ask(address, fields, self._phones.token)
        call.status, said = await self._caller.ask(address, fields, self._phones.token)
        try:
            return read_twiml(said, allowed) if call.status == 200 and said else []
        except ValueError as error:
            call.lines.append(Line(who="line", text=str(error)))
            return []

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
            if verb.tag == "Enqueue":
                call.waits, call.meanwhile, call.looks = verb, [], 0
                self.queues.setdefault(verb.text or "", []).append(call)
                await self._wait(call)
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
        waits, call.ended, call.waits, call.verbs = call.waits, True, None, []
        if waits is not None and waits.tag == "Enqueue":
            result = "bridged" if call.talks else "hangup"
            self.queues[waits.text or ""] = [
                one for one in self.queues[waits.text or ""] if one is not call
            ]
            await self._hear(call, waits.attrib["action"], QueueResult=result)
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


_WAITS: dict[str, Waits] = {"Gather": "keys", "Record": "tone", "Dial": "desk", "Enqueue": "queue"}


def _shown(call: Call) -> Shown:
    waits = call.waits
    return Shown(
        id=call.sid,
        lines=call.lines,
        waits="" if waits is None else ("talk" if call.talks else _WAITS[waits.tag]),
        digits=int(waits.attrib.get("numDigits", "1")) if waits is not None else 0,
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
    router.add_api_route(CALLS, exchange.desk.ring, methods=["POST"])
    return router


def make_router(exchange: Exchange) -> APIRouter:
    """Return what a citizen's telephone can do."""
    router = APIRouter(prefix="/handsets")
    router.add_api_route("/{number}/calls", exchange.dial, methods=["POST"])
    router.add_api_route("/{number}/calls/{sid}", exchange.show)
    router.add_api_route("/{number}/calls/{sid}", exchange.do, methods=["POST"])
    return router
