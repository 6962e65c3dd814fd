"""The way out: one sender for each provider, and what none of them may send."""

from channel_fax.numbers import Accounts
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome, Sender


class OnlyAllowed:
    """`hub_kit.outgoing.Sender`: the one within, for accounts that may send.

    One that may not does not, whoever has asked: the store says so to agents before.
    """

    def __init__(self, accounts: Accounts, sender: Sender) -> None:
        self._accounts, self._sender = accounts, sender
        self.patience = sender.patience

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        account = self._accounts.get(request.tenant, request.account)
        if account is not None and not account.settings.allowed:
            place = f"tenants.{request.tenant}.accounts.{request.account}.allowed"
            raise Permanent(f"{place}: no fax goes out", reason=Reason.REFUSED_BY_POLICY)
        return await self._sender.send(request, files)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self._sender.look_up(request)
