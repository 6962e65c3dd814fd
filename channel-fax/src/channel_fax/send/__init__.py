"""The way out: the one that chooses among the senders of all providers, and what it forbids."""

from collections.abc import Mapping

from channel_fax.numbers import Accounts
from channel_fax.settings import PATIENCE
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome, Sender


class Senders:
    """`hub_kit.outgoing.Sender`: hands each fax to the sender of its account's provider.

    An account that may not send does not, whoever has asked: the store says so to agents before.
    """

    patience = PATIENCE

    def __init__(self, accounts: Accounts, by_account: Mapping[Account, Sender]) -> None:
        self._accounts, self._by_account = accounts, by_account

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        sender = self._sender(request)
        account = self._accounts.get(request.tenant, request.account)
        if account is None or not account.settings.allowed:
            place = f"tenants.{request.tenant}.accounts.{request.account}.allowed"
            raise Permanent(f"{place}: no fax goes out", reason=Reason.REFUSED_BY_POLICY)
        return await sender.send(request, files)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self._sender(request).look_up(request)

    def _sender(self, request: MessageRequested) -> Sender:
        if found := self._by_account.get(Account("fax", request.tenant, request.account)):
            return found
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
