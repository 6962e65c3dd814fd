"""The way out: each box's letters by its own provider."""

from collections.abc import Mapping

from channel_paper.settings import PATIENCE
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome, Sender


class Senders:
    """`hub_kit.outgoing.Sender`: the one of the box's provider."""

    patience = PATIENCE

    def __init__(self, by_account: Mapping[Account, Sender]) -> None:
        self._by_account = by_account

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        return await self._sender(request).send(request, files)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self._sender(request).look_up(request)

    def _sender(self, request: MessageRequested) -> Sender:
        if found := self._by_account.get(Account("paper", request.tenant, request.account)):
            return found
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
