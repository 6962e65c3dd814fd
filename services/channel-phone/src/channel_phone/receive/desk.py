"""Has the desk's telephone ring for whoever waits there first, and hands the call over.

Rule 1. One who waits has it ring when Twilio asks what she hears meanwhile, and she is the next;
        not again before it has stopped. So a desk of several people is busy with one call each.
Rule 2. Whoever answers there gets who is the next by then: that may be another one.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import structlog

from channel_phone.parse.legs import What, write_leg
from channel_phone.parse.state import Step
from channel_phone.providers.twilio import Twilio
from channel_phone.receive.calls import Call, Calls
from channel_phone.render import RINGS, end_of_desk, take_next
from channel_phone.render.sentences import Say
from channel_phone.settings import Account, Accounts
from hub_contract.errors import Temporary
from hub_kit.forms import read_form
from hub_kit.hooks import Answer, Hook
from hub_kit.twilio import TWIML

TAKE, TAKEN = "/take", "/taken"  # what Twilio asks on behalf of the desk: no caller hears it
_PATIENCE = 8  # seconds for Twilio to take a call, while it waits for us itself
log = structlog.get_logger()


@dataclass(frozen=True)
class DeskLine:
    """The desk's telephone, of every number of ours."""

    accounts: Accounts
    calls: Calls

    async def ring(self, client: Twilio, call: Call, sid: str) -> Call:
        """Have it ring if this call is the next and it does not ring yet."""
        line = call.state.line
        is_next = call.added and call.state.step is Step.WAITING and line.place == 1
        if not is_next or line.rings or line.leaves:
            return call
        rings = b"Rings=yes" if await self._call(client, sid) else b"Rings=no"
        leg = write_leg(datetime.now(UTC), What.RUNG, rings)
        return await self.calls.add(call.context, sid, call.legs, lambda _: leg)

    async def _call(self, client: Twilio, sid: str) -> bool:
        account, of_call = client.account, f"?call={quote(sid, safe='')}"
        fields = {
            "To": account.settings.desk,
            "From": account.settings.address,
            "Url": self.accounts.hook(account, TAKE),
            "Timeout": str(RINGS),
            "StatusCallback": self.accounts.hook(account, f"/{What.UNANSWERED}{of_call}"),
        }
        try:
            async with asyncio.timeout(_PATIENCE):
                await client.ring(fields)
        except (Temporary, TimeoutError) as error:
            reason = str(error) or f"no answer within {_PATIENCE} s"
            log.warning("the desk does not ring", account=account.key, reason=reason)
            return False
        return True

    def answer(self, hook: Hook, account: Account, say: Say) -> Answer | None:
        """Return what the desk's telephone does; None where the hook is of a caller."""
        if hook.rest == TAKE:
            connected = self.accounts.hook(account, f"/{What.CONNECTED}")
            taken = self.accounts.hook(account, TAKEN)
            return Answer(body=take_next(queue_of(account), connected, taken), media_type=TWIML)
        if hook.rest == TAKEN:
            status = read_form(hook.body).get("DialCallStatus", "")
            return Answer(body=end_of_desk(status, say), media_type=TWIML)
        return None


def queue_of(account: Account) -> str:
    """Return the name of the queue at Twilio: 64 characters at most."""
    return f"{account.tenant[:31]}.{account.name[:32]}"


def sid_of(hook: Hook, what: What) -> str:
    """Return which call a hook is about: of the desk's own calls, the caller's that it is for."""
    said = read_form(hook.body)
    if what is What.UNANSWERED:
        return parse_qs(urlsplit(hook.address).query).get("call", [""])[0]
    if what is What.CONNECTED and "ParentCallSid" in said:
        return said["ParentCallSid"]
    return said.get("CallSid", "")
