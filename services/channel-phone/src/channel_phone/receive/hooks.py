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
from channel_phone.receive.outgoing import OUT, OutReceiver
from channel_phone.receive.portal import Portal
from channel_phone.render import Voice, speak
from channel_phone.render.sentences import Say
from channel_phone.settings import Accounts
from hub_contract.errors import Permanent, Temporary
from hub_contract.words import CallStatus
from hub_kit.forms import read_form
from hub_kit.hooks import Account, Answer, Hook
from hub_kit.twilio import TWIML, check_signature

_PATHS = {
    "": What.BEGIN,
    **{f"/{what}": what for what in What if what not in (What.BEGIN, What.INBOX, What.DESK)},
}
_HEARD = frozenset({What.BEGIN, What.KEYS, What.RECORDED, What.DIALLED})  # answered with TwiML
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
    words: Callable[[str], Say]
    outgoing: OutReceiver

    async def __call__(self, hook: Hook) -> Answer:
        client = self.clients[hook.account]
        check_signature(hook, client.account.settings.auth_token())
        if hook.rest.startswith(OUT):
            return await self.outgoing.take(client, hook)
        what, said = _PATHS.get(hook.rest), read_form(hook.body)
        if what is None or not said.get("CallSid"):
            raise Permanent("hook: says no call, or is none of ours; see channel-phone/README.md")
        call = await self._write(client, hook, what, said["CallSid"])
        answer = await self._talk(client, call, said) if what in _HEARD else Answer(status=204)
        await self._end(call)
        return answer

    async def _write(self, client: Twilio, hook: Hook, what: What, sid: str) -> Call:
        now = datetime.now(UTC)
        number = _NUMBERS[what](hook.address) if what in _NUMBERS else None

        def line(state: State) -> bytes:
            is_secret = what is What.KEYS and state.step is Step.SECRET
            return write_leg(now, what, hook.body, is_secret=is_secret)

        return await self.calls.add(context_of(client), sid, number, line)

    async def _talk(self, client: Twilio, call: Call, said: Mapping[str, str]) -> Answer:
        """Return what the caller hears, and on the first hook that the telephone rings."""
        if call.state.step in (Step.INBOX, Step.DESK):
            call = await self._look_up(client, call, said)
        rings = call.legs == 1 and not call.closed
        ringing = [parse_ring(call.original, call.context, call.heard_at, CallStatus.RINGING)]
        return Answer(ringing if rings else [], speak(call.state, self._voice(client, call)), TWIML)

    async def _look_up(self, client: Twilio, call: Call, said: Mapping[str, str]) -> Call:
        now = datetime.now(UTC)
        if not call.added and now - call.heard_at < _LOOKING:
            raise Temporary("call: something is looked up just now")
        if call.state.step is Step.DESK:
            office = self.accounts.office(call.context.tenant)
            is_open = client.account.settings.is_desk_open(now, office)
            what, form = What.DESK, b"Open=yes" if is_open else b"Open=no"
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
            zone=self.accounts.office(account.tenant).zone,
            words=self.words,
            place=lambda what: self.accounts.hook(account, f"/{what}?leg={call.legs}"),
        )


def _number(address: str) -> int | None:
    """Return which leg this hook says that it is."""
    said = parse_qs(urlsplit(address).query).get("leg", [""])[0]
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else None


# Answers to what was asked have their place; the others may come at any time.
_NUMBERS: Mapping[What, Callable[[str], int | None]] = {
    What.BEGIN: lambda _: 0,
    **dict.fromkeys(_HEARD - {What.BEGIN}, _number),
}
