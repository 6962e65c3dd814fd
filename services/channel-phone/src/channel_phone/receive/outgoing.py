"""Takes the hooks of calls that we make in, and asks about those whose end nobody told.

Rule 1. Every hook is a leg, written before it is answered; what it makes of the call is reported
        with the answer, so that the same hook once more reports what was lost.
Rule 2. A hook names our id of the call, and no number: whom it connects lies in `made`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import structlog

from channel_phone.parse.context import Context
from channel_phone.parse.legs import write_leg
from channel_phone.parse.outgoing import OVER, Out, report
from channel_phone.providers.twilio import Twilio
from channel_phone.render.outgoing import announce, conclude, connect
from channel_phone.render.sentences import Say
from channel_phone.send.made import PAGE, Made, MadeCalls
from channel_phone.settings import Accounts, PhoneSettings
from hub_contract.errors import Permanent, Temporary
from hub_kit.accept import Accept
from hub_kit.forms import read_form
from hub_kit.hooks import Account, Answer, Hook
from hub_kit.twilio import TWIML

OUT = "/out/"
EVERY = 30  # seconds between two looks for calls without an end
_PATHS = {f"{OUT}{what}": what for what in Out}
_FIRST = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutReceiver:
    """`take` a hook below `/out/`, whose signature is right."""

    accounts: Accounts
    made: MadeCalls
    words: Callable[[str], Say]

    async def take(self, client: Twilio, hook: Hook) -> Answer:
        what, id_, said = _PATHS.get(hook.rest), _call(hook.address), read_form(hook.body)
        if what is None or id_ is None or not said.get("CallSid"):
            raise Permanent("hook: says no call, or is none of ours; see channel-phone/README.md")
        context, now = Context(*_who(client)), datetime.now(UTC)
        # The citizen's part has an id of its own, and names that of the whole call.
        sid = said.get("ParentCallSid", "") if what is Out.CITIZEN else said["CallSid"]
        line = write_leg(now, what, hook.body)
        made = await self.made.add(context, id_, sid, line)
        if made is None:
            raise Permanent("hook: this account makes no such call, or did so days ago")
        arrival = report(made.legs, context, id_, made.sid, now)
        words = self._answer(client, what, made)
        if not words:
            return Answer([arrival], status=204)
        return Answer([arrival], words, TWIML)

    def _answer(self, client: Twilio, what: Out, made: Made) -> bytes:
        own, say = client.account.settings, self.words("de")
        place = self.accounts.out(client.account, made.id)
        match what:
            case Out.AGENT:
                return announce(made.plan, say, place)
            case Out.CONNECT:
                return connect(made.plan, own.address, made.progress, say, place)
            case Out.TALKED:
                return conclude(made.progress, say)
            case _:
                return b""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks the provider about calls whose end no hook has told."""

    made: MadeCalls
    accept: Accept
    clients: Mapping[Account, Twilio]
    settings: PhoneSettings

    async def run(self) -> None:
        """Look for ever; for `ChannelParts.work`."""
        while True:
            try:
                await self.look()
            except Temporary as error:
                log.warning("calls made not looked at", reason=str(error)[:200])
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Ask once about each; return how many were over."""
        patience = timedelta(minutes=self.settings.lost_minutes)
        over = 0
        for tenant in sorted({account.tenant for account in self.clients}):
            after = _FIRST
            while found := await self.made.silent(tenant, patience, after):
                for one in found:
                    over += await self._ask(tenant, one)
                after = found[-1].heard_at, found[-1].id
                if len(found) < PAGE:
                    break
        return over

    async def _ask(self, tenant: str, one: Made) -> bool:
        client = self.clients.get(Account("phone", tenant, one.account))
        if client is None or not one.sid:
            return False
        try:
            status = await client.status_of(one.sid)
        except Temporary as error:
            log.warning("call not asked about", account=one.account, reason=str(error)[:200])
            return False
        if status not in OVER:
            return False
        context, now = Context(tenant, one.account), datetime.now(UTC)
        form = urlencode({"CallSid": one.sid, "CallStatus": status}).encode()
        line = write_leg(now, Out.STATUS, form)
        # The report first: killed behind it, the call is asked about once more.
        await self.accept.all([report(one.legs + line, context, one.id, one.sid, now)])
        await self.made.add(context, one.id, one.sid, line)
        return True


def _who(client: Twilio) -> tuple[str, str]:
    return client.account.tenant, client.account.name


def _call(address: str) -> UUID | None:
    """Return our id of the call, as the address says it."""
    said = parse_qs(urlsplit(address).query).get("call", [""])[0]
    try:
        return UUID(said)
    except ValueError:
        return None
