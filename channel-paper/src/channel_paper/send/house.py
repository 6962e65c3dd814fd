"""What sending by any print house has in common: a lost answer is looked up, never sent again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Generic, TypeVar

import httpx

from channel_paper.settings import PATIENCE
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome

LOOKS = (1.0, 5.0)  # seconds before each look for a letter whose answer was lost
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
ClientT = TypeVar("ClientT")


class HouseSender(Generic[ClientT]):
    """`hub_kit.outgoing.Sender`; a print house says how to `send`, and how to `look_up`."""

    patience = PATIENCE

    def __init__(
        self, clients: Mapping[Account, ClientT], looks: tuple[float, ...] = LOOKS
    ) -> None:
        self._clients, self._looks = clients, looks

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        raise NotImplementedError

    def _client(self, request: MessageRequested) -> ClientT:
        if client := self._clients.get(Account("paper", request.tenant, request.account)):
            return client
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)

    async def _find(self, request: MessageRequested, why: str) -> Outcome:
        for pause in self._looks:
            await asyncio.sleep(pause)
            with suppress(Temporary):
                if found := await self.look_up(request):
                    return found
        return Outcome(Delivery.UNKNOWN, diagnostic=why)
