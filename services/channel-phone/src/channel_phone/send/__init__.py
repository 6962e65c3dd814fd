"""The way out: rings the agent's telephone, and puts whoever answers through to the citizen.

Rule 1. Nothing is said to anybody by a machine: a request without a telephone that rings first is
        refused (`answers` of the channel's row).
Rule 2. An answer that was lost: our hooks may know the call already, else the provider's log is
        asked. Where neither knows it, it stays `unknown` until a hook says more; nobody is rung a
        second time by itself.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from channel_phone.parse.context import Context
from channel_phone.providers.twilio import Twilio
from channel_phone.render.outgoing import Plan, fields_of, render
from channel_phone.send.made import Made, MadeCalls
from channel_phone.settings import Accounts
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome
from hub_kit.retry import Patience

PATIENCE = Patience(300, (2, 5, 10, 30))  # an agent sits and waits
LOOKS = (1.0, 5.0)  # seconds before each look for a call whose answer was lost
_CLOCKS = timedelta(seconds=60)  # by which Twilio's may differ from ours
_NOT_MADE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CODES: Mapping[str, Reason] = {
    "20003": Reason.NOT_CONFIGURED,
    "20404": Reason.NOT_CONFIGURED,
    "21210": Reason.SENDER_REJECTED,  # our number is not verified
    "21211": Reason.OTHER,  # the agent's number is none
    "21214": Reason.OTHER,
    "21215": Reason.REFUSED_BY_POLICY,  # no permission to call that country
    "21219": Reason.REFUSED_BY_POLICY,
}


class RingsBack:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(
        self,
        accounts: Accounts,
        clients: Mapping[Account, Twilio],
        made: MadeCalls,
        looks: tuple[float, ...] = LOOKS,
    ) -> None:
        self._accounts, self._clients, self._made = accounts, clients, made
        self._looks = looks

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        client, plan = self._client(request), render(request)
        context = Context(request.tenant, request.account)
        made = await self._made.begin(context, request.id, plan)
        if made.sid or made.legs:
            return outcome_of(made)
        place = self._accounts.out(client.account, request.id)
        try:
            answer = await client.call(fields_of(plan, client.account.settings.address, place))
        except _NOT_MADE as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return await self._find(request, type(error).__name__)
        if answer.status_code >= 500 and answer.status_code != 503:
            return await self._find(request, f"answered {answer.status_code}")
        return await self._taken(context, request, answer)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """Return what our hooks or the provider's log say; None: nobody knows of it."""
        client, plan = self._client(request), render(request)
        context = Context(request.tenant, request.account)
        made = await self._made.begin(context, request.id, plan)
        if made.sid or made.legs:
            return outcome_of(made)
        found = await self._look(client, plan, request)
        if not found:
            return None
        noted = await self._made.add(context, request.id, found)
        return outcome_of(noted) if noted else None

    async def _taken(
        self, context: Context, request: MessageRequested, answer: httpx.Response
    ) -> Outcome:
        said = _json(answer)
        if not answer.is_success:
            return _refused(answer, said)
        sid = str(said.get("sid") or "")
        with suppress(Temporary):  # its hooks say it too
            await self._made.add(context, request.id, sid)
        return Outcome(Delivery.ACCEPTED, external_id=sid)

    async def _find(self, request: MessageRequested, why: str) -> Outcome:
        for pause in self._looks:
            await asyncio.sleep(pause)
            with suppress(Temporary):
                if found := await self.look_up(request):
                    return found
        return Outcome(Delivery.UNKNOWN, diagnostic=why)

    async def _look(self, client: Twilio, plan: Plan, request: MessageRequested) -> str:
        """Return the id of a call to this telephone that is none of the others we know."""
        since = request.requested_at - _CLOCKS
        own = client.account.settings.address
        listed = await client.calls(To=plan.agent, From=own, **{"StartTime>": f"{since:%Y-%m-%d}"})
        fits = [
            str(one.get("sid", ""))
            for one in listed
            if one.get("direction") == "outbound-api" and _at(one, since) >= since
        ]
        context = Context(request.tenant, request.account)
        known = await self._made.others(context, request.id, fits)
        return next((sid for sid in fits if sid not in known), "")

    def _client(self, request: MessageRequested) -> Twilio:
        client = self._clients.get(Account("phone", request.tenant, request.account))
        if client is None:
            remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
            raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
        return client


def outcome_of(made: Made) -> Outcome:
    """Return what is known of a call that was made."""
    progress = made.progress
    status, reason, code = progress.word
    seconds = progress.seconds if status is Delivery.DELIVERED else None
    return Outcome(status, reason, code, external_id=made.sid, seconds=seconds)


def _refused(answer: httpx.Response, said: Mapping[str, Any]) -> Outcome:
    code = str(said.get("code") or "")
    if answer.status_code in (429, 503):
        wait = answer.headers.get("retry-after", "")
        raise Temporary(
            f"twilio: answered {answer.status_code} {code}".strip(),
            retry_after=float(wait) if wait.isdecimal() else 0,
        )
    shown = code or str(answer.status_code)
    reason = _CODES.get(code, Reason.OTHER)
    return Outcome(Delivery.FAILED, reason, shown, str(said.get("message", "")))


def _at(call: Mapping[str, Any], otherwise: datetime) -> datetime:
    try:
        return parsedate_to_datetime(str(call.get("date_created") or call.get("start_time")))
    except ValueError:
        return otherwise


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
