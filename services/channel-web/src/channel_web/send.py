"""The way out: what an agent says rests in the portal, where its reader finds it.

Rule 1. Delivered means: whoever has number and digits reads it now. Read is said by the page.
Rule 2. An inbox that is not ours, or another tenant's, gets nothing.
"""

from channel_web.render import render
from channel_web.settings import Accounts
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.database import Pool, transaction
from hub_kit.outgoing import Outcome
from hub_kit.retry import DAYS


class PortalSender:
    """`hub_kit.outgoing.Sender`."""

    patience = DAYS

    def __init__(self, accounts: Accounts, pool: Pool) -> None:
        self._accounts, self._pool = accounts, pool

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        """Say that it rests there; its files do so too, beside it in the timeline."""
        if self._accounts.get(request.tenant, request.account) is None:
            raise Permanent(
                f"account {request.account} of {request.tenant} is not configured",
                reason=Reason.NOT_CONFIGURED,
            )
        resting = render(request)
        sql = "select true from inbox where tenant = $1 and portal_id = $2"
        async with transaction(self._pool, request.tenant) as connection:
            known = await connection.fetchval(sql, request.tenant, resting.portal_id)
        if not known:
            return Outcome(Delivery.FAILED, Reason.ADDRESS_UNKNOWN, diagnostic="no such inbox")
        return Outcome(Delivery.DELIVERED, external_id=str(resting.message_id))

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        """Asking is sending here: nothing happens twice."""
        return await self.send(request, ())
