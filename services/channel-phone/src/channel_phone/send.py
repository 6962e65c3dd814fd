"""The way out, which is not there yet: nothing is said to anybody by telephone but by people.

No answer is offered this way (`answers` of the channel's row); one that is asked for all the same
fails at once, and the agent reads so.
"""

from channel_phone.render import render
from channel_phone.settings import Accounts
from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested
from hub_kit.outgoing import Outcome
from hub_kit.retry import DAYS


class NobodyCalls:
    """`hub_kit.outgoing.Sender`."""

    patience = DAYS

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:  # noqa: ARG002
        if self._accounts.get(request.tenant, request.account) is None:
            raise Permanent(
                f"account {request.account} of {request.tenant} is not configured",
                reason=Reason.NOT_CONFIGURED,
            )
        render(request)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self.send(request, ())
