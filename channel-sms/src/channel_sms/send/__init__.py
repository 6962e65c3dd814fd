"""The way out: one sender for each provider, and the one that chooses among them."""

from collections.abc import Mapping

from channel_sms.send.twilio import TwilioSender
from channel_sms.settings import PATIENCE
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome, Sender

__all__ = ["Senders", "TwilioSender"]


class Senders:
    """`hub_kit.outgoing.Sender`: hands each message to the sender of its account's provider."""

    patience = PATIENCE

    def __init__(self, by_account: Mapping[Account, Sender]) -> None:
        self._by_account = by_account

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        return await self._sender(request).send(request, files)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self._sender(request).look_up(request)

    def _sender(self, request: MessageRequested) -> Sender:
        if found := self._by_account.get(Account("sms", request.tenant, request.account)):
            return found
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
