"""Takes Twilio's hooks of a call in, once it is sure that Twilio calls, and says what follows.

Rule 1. Every hook is a leg, written before it is answered (`calls`); what it leads to, the table of
        `parse.steps` says, and what is heard then, `render`.
Rule 2. What must be looked up is looked up by whoever wrote the leg that asked for it. The same
        hook once more waits for that; after some seconds it looks itself.
Rule 3. The entry is made when the call is over (`close`); what is not there yet then comes later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import structlog

from channel_phone.parse import parse_ring
from channel_phone.parse.legs import What, write_leg
from channel_phone.parse.state import State, Step
from channel_phone.providers.twilio import Twilio
from channel_phone.receive.calls import Call, Calls
from channel_phone.receive.close import Closer, context_of
from channel_phone.receive.desk import DeskLine, queue_of, sid_of
from channel_phone.receive.portal import Portal
from channel_phone.render import Voice, connect, speak, speak_meanwhile
from channel_phone.render.sentences import Say
from channel_phone.settings import Accounts
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival
from hub_contract.words import CallStatus
from hub_kit.forms import read_form
from hub_kit.hooks import Account, Answer, Hook
from hub_kit.twilio import TWIML, check_signature

_OURS = frozenset({What.BEGIN, What.INBOX, What.DESK, What.RUNG})
_PATHS = {"": What.BEGIN, **{f"/{what}": what for what in What if what not in _OURS}}
# Answers to what was asked have their place; the others may come at any time.
_ASKED = frozenset({What.KEYS, What.RECORDED})
_SPEAKS: Mapping[What, Callable[[State, Voice], bytes]] = {  # those answered with TwiML
    **dict.fromkeys((What.BEGIN, *_ASKED, What.DIALLED, What.LEFT), speak),
    What.WAITING: speak_meanwhile,
    What.CONNECTED: connect,
}
_LOOKING = timedelta(seconds=10)  # then whoever looked something up has died
log = structlog.get_logger()


@dataclass(frozen=True)
class Receiver:
    """`hub_kit.hooks.Handler`: `/hooks/phone/<tenant>/<account>`, and what stands behind it."""

    accounts: Accounts
    clients: Mapping[Account, Twilio]
    calls: Calls
    closer: Closer
    portal: Portal
    desk: DeskLine
    words: Callable[[str], Say]

    async def __call__(self, hook: Hook) -> Answer:
        client = self.clients[hook.account]
        check_signature(hook, client.account.settings.auth_token())
        if of_desk := self.desk.answer(hook, client.account, self.words("de")):
            return of_desk
        what = _PATHS.get(hook.rest)
        if what is None or not (sid := sid_of(hook, what)):
            raise Permanent("hook: says no call, or is none of ours; see channel-phone/README.md")
        call = await self._write(client, hook, what, sid)
        answer = await self._answer(client, call, what, read_form(hook.body))
        await self._end(call)
        return answer

    async def _write(self, client: Twilio, hook: Hook, what: What, sid: str) -> Call:
        now = datetime.now(UTC)
        asked = _asked(hook.address)
        number = 0 if what is What.BEGIN else asked if what in _ASKED else None

        def line(state: State) -> bytes:
            is_secret = what is What.KEYS and state.step is Step.SECRET
            return write_leg(now, what, hook.body, is_secret=is_secret)

        return await self.calls.add(context_of(client), sid, number, line, asked or 0)

    async def _answer(
        self, client: Twilio, call: Call, what: What, said: Mapping[str, str]
    ) -> Answer:
        """Return what the caller hears, and what the desks must hear: that it rings, or talks."""
        if what not in _SPEAKS:
            return Answer(status=204)
        if call.state.step in (Step.INBOX, Step.DESK):
            call = await self._look_up(client, call, said)
        call = await self.desk.ring(client, call, said["CallSid"])
        heard = _SPEAKS[what](call.state, self._voice(client, call))
        return Answer(_news(call, what), heard, TWIML)

    async def _look_up(self, client: Twilio, call: Call, said: Mapping[str, str]) -> Call:
        now = datetime.now(UTC)
        if not call.added and now - call.heard_at < _LOOKING:
            raise Temporary("call: something is looked up just now")
        if call.state.step is Step.DESK:
            office = self.accounts.office(call.context.tenant)
            is_open = client.account.settings.is_desk_open(now, office)
            queue = b"&Queue=yes" if client.account.settings.queue_minutes else b""
            what, form = What.DESK, b"Open=yes" + queue if is_open else b"Open=no"
        else:
            reference, secret = call.state.reference, said.get("Digits", "")
            what = What.INBOX
            form = await self.portal.look(call.context.tenant, reference, secret)
        line = write_leg(datetime.now(UTC), what, form)
        return await self.calls.add(call.context, said["CallSid"], call.legs, lambda _: line)

    async def _end(self, call: Call) -> None:
        """Make the entry if all is there; a part that is away comes later (`Closer.run`)."""
        if call.is_whole and not call.closed:
            try:
                await self.closer.close(call)
            except Temporary as error:
                log.warning("call closed later", account=call.context.account, reason=str(error))

    def _voice(self, client: Twilio, call: Call) -> Voice:
        account, own = client.account, client.account.settings
        return Voice(
            name=account.display_name,
            greeting=(own.greeting, own.greeting_en),
            desk=own.desk,
            message_seconds=own.message_seconds,
            queue=queue_of(account),
            queue_seconds=own.queue_minutes * 60,
            zone=self.accounts.office(account.tenant).zone,
            words=self.words,
            place=lambda what: self.accounts.hook(account, f"/{what}?leg={call.legs}"),
        )


def _news(call: Call, what: What) -> list[Arrival]:
    """Return what is new of a call for whoever sits at a desk; said twice, it is the same event."""
    if call.closed:
        return []
    if call.legs == 1:
        return [parse_ring(call.original, call.context, call.heard_at, CallStatus.RINGING)]
    if what is What.CONNECTED and call.state.step is Step.TALKING:
        return [parse_ring(call.original, call.context, call.heard_at, CallStatus.ANSWERED)]
    return []


def _asked(address: str) -> int | None:
    """Return which leg asked for this hook: the number of legs that there were then."""
    said = parse_qs(urlsplit(address).query).get("leg", [""])[0]
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else None
