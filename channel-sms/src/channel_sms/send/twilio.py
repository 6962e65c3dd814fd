"""The way out by Twilio: hands answers over, and says in our words what it answered.

Rule 1. Refused before it was read, or 429: certainly not sent, tried again.
Rule 2. An answer that was lost: the log is asked; what is not found there stays `unknown` until
        Twilio's own status hook, which carries our id, says what became of it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx

from channel_sms.numbers import Accounts, SmsAccount
from channel_sms.providers.twilio import Twilio, price_of, sent_at
from channel_sms.providers.twilio_codes import AGAIN, reason_of, status_of
from channel_sms.render import render
from channel_sms.settings import PATIENCE, STATUS
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_contract.words import Cost
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome

LOOKS = (1.0, 5.0)  # seconds before each look for a message whose answer was lost
_CLOCKS = timedelta(seconds=60)  # by which Twilio's may differ from ours
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TwilioSender:
    """`hub_kit.outgoing.Sender`."""

    patience = PATIENCE

    def __init__(
        self,
        accounts: Accounts,
        clients: Mapping[Account, Twilio],
        looks: tuple[float, ...] = LOOKS,
    ) -> None:
        self._accounts, self._clients, self._looks = accounts, clients, looks

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        client = self._client(request)
        fields = self._render(request, client)
        try:
            answer = await client.create(fields)
        except _NOT_SENT as error:
            raise Temporary(f"twilio: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return await self._find(request, type(error).__name__)
        if answer.status_code >= 500 and answer.status_code != 503:
            return await self._find(request, f"answered {answer.status_code}")
        return _outcome(answer, client.account.settings)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        client = self._client(request)
        fields = self._render(request, client)
        return await _look(client, fields, request.requested_at)

    def _client(self, request: MessageRequested) -> Twilio:
        client = self._clients.get(Account("sms", request.tenant, request.account))
        if client is None:
            remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
            raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
        return client

    def _render(self, request: MessageRequested, client: Twilio) -> dict[str, str]:
        account = client.account
        service = account.settings.messaging_service
        sender = {"MessagingServiceSid": service} if service else {"From": account.settings.address}
        return {
            **render(request),
            **sender,
            "StatusCallback": self._accounts.hook(account, f"{STATUS}?message={request.id}"),
            "ValidityPeriod": str(account.settings.valid_for),
        }

    async def _find(self, request: MessageRequested, why: str) -> Outcome:
        for pause in self._looks:
            await asyncio.sleep(pause)
            with suppress(Temporary):
                if found := await self.look_up(request):
                    return found
        return Outcome(Delivery.UNKNOWN, diagnostic=why)


async def _look(client: Twilio, fields: Mapping[str, str], asked: datetime) -> Outcome | None:
    """Return what the log says of a message to this number with this text.

    One with the same text from before this was asked for is another one.
    """
    since = asked - _CLOCKS
    wanted = {"To": fields["To"], "DateSent>": f"{since:%Y-%m-%d}"}
    async for message in client.messages(**wanted):
        is_same = message.get("body") == fields["Body"] and message.get("direction") != "inbound"
        if is_same and sent_at(message, asked) >= since:
            return _said(message, client.account.settings)
    return None


def _outcome(answer: httpx.Response, number: SmsAccount) -> Outcome:
    said = _json(answer)
    if answer.is_success:
        return _said(said, number)
    code = str(said.get("code") or "")
    if answer.status_code in (401, 403, 429, 503) or (code.isdigit() and int(code) in AGAIN):
        wait = answer.headers.get("retry-after", "")
        raise Temporary(
            f"twilio: answered {answer.status_code} {code}".strip(),
            retry_after=float(wait) if wait.isdecimal() else 0,
        )
    reason = reason_of(code)
    reason = Reason.OTHER if reason is Reason.NONE else reason
    return Outcome(
        Delivery.FAILED, reason, code or str(answer.status_code), str(said.get("message", ""))
    )


def _said(message: Mapping[str, Any], number: SmsAccount) -> Outcome:
    """Return the outcome that a message resource tells."""
    status = status_of(str(message.get("status", ""))) or Delivery.ACCEPTED
    code = str(message.get("error_code") or "")
    segments = str(message.get("num_segments") or "")
    return Outcome(
        status,
        reason_of(code) if status is Delivery.FAILED else Reason.NONE,
        code,
        str(message.get("error_message") or ""),
        external_id=str(message.get("sid", "")),
        segments=int(segments) if segments.isdecimal() else None,
        cost=cost_of(message, number),
    )


def cost_of(message: Mapping[str, Any], number: SmsAccount) -> Cost | None:
    """Return what Twilio says that it costs; it says so late, and until then what was agreed."""
    segments = str(message.get("num_segments") or "")
    return price_of(message) or number.cost_of(int(segments) if segments.isdecimal() else None)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
