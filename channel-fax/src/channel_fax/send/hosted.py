"""What sending by any hosted provider has in common: a lost answer is looked up, never sent again.

Rule 1. Refused before it was read, or 429, 503: certainly not sent, tried again.
Rule 2. An answer that was lost: the log is asked; what is not found there stays `unknown` until
        the provider's own hook, which carries our id, says what became of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import httpx

from channel_fax.numbers import Accounts, AnyNumber
from channel_fax.parse.hosted import Progress
from channel_fax.providers.answers import BUSY, NOT_SENT, later
from channel_fax.render import render
from channel_fax.render.draw import Drawn
from channel_fax.settings import PATIENCE, FaxSettings
from hub_contract.delivery import Delivery, Reason
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import MessageRequested
from hub_kit.bounded import Bounded
from hub_kit.hooks import Account
from hub_kit.outgoing import Outcome
from hub_print.cover import Cover

LOOKS = (1.0, 5.0)  # seconds before each look for a fax whose answer was lost
_LINES = 196  # an inch: Fine; providers recode it for machines that know less
_CLOCKS = timedelta(seconds=60)  # by which a provider's may differ from ours
_DRAW_SECONDS, _MEMORY = 60.0, 2 * 1024**3
Draw = Callable[[Cover], Awaitable[bytes]]  # pages, as TIFF


class Pages:
    """`Draw`: in a process of its own, within limits."""

    def __init__(self, settings: FaxSettings) -> None:
        self._most = settings.most_pages
        self._draw = Bounded(
            "channel_fax.render.draw:draw", _DRAW_SECONDS, memory=lambda _: _MEMORY, workers=1
        )
        self.close = self._draw.close

    async def __call__(self, wanted: Cover) -> bytes:
        drawn: Drawn = await self._draw(b"", wanted, self._most, _LINES)
        return drawn.tiff


class Client(Protocol):
    @property
    def account(self) -> AnyNumber:
        """Return whose number it is."""

    def faxes(self, since: datetime, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the provider's log has."""


ClientT = TypeVar("ClientT", bound=Client)


class HostedSender(Generic[ClientT]):
    """`hub_kit.outgoing.Sender`; a provider says how to `hand_over` and to read its answers."""

    patience = PATIENCE
    provider = ""
    outbound = ""  # how its log calls what we have sent

    def __init__(
        self,
        accounts: Accounts,
        clients: Mapping[Account, ClientT],
        draw: Draw,
        looks: tuple[float, ...] = LOOKS,
    ) -> None:
        self._accounts, self._clients = accounts, clients
        self._draw, self._looks = draw, looks

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        client = self._client(request)
        fax = _written(client, request, files)
        pages = await self._draw(fax)
        try:
            answer = await self.hand_over(client, request, fax, pages)
        except NOT_SENT as error:
            raise Temporary(f"{self.provider}: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return await self._find(request, type(error).__name__)
        if answer.status_code in BUSY:
            raise later(self.provider, answer)
        if answer.status_code >= 500:
            return await self._find(request, f"answered {answer.status_code}")
        return self.read(answer)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        client, since = self._client(request), request.requested_at - _CLOCKS
        to = _written(client, request).to
        async for one in client.faxes(since, direction=self.outbound, to=to):
            found = self.progress_of(one)
            if found and found.message_id == request.id:
                return outcome(found)
        return None

    async def hand_over(
        self, client: ClientT, request: MessageRequested, fax: Cover, pages: bytes
    ) -> httpx.Response:
        raise NotImplementedError

    def read(self, answer: httpx.Response) -> Outcome:
        raise NotImplementedError

    def progress_of(self, fax: Mapping[str, Any]) -> Progress | None:
        """Return how far a fax of the log got, where it carries an id of ours."""
        raise NotImplementedError

    def _client(self, request: MessageRequested) -> ClientT:
        client = self._clients.get(Account("fax", request.tenant, request.account))
        if client is None:
            remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
            raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)
        return client

    async def _find(self, request: MessageRequested, why: str) -> Outcome:
        for pause in self._looks:
            await asyncio.sleep(pause)
            with suppress(Temporary):
                if found := await self.look_up(request):
                    return found
        return Outcome(Delivery.UNKNOWN, diagnostic=why)


def _written(client: Client, request: MessageRequested, files: tuple[bytes, ...] = ()) -> Cover:
    number = client.account
    today = datetime.now(UTC).date()
    return render(request, files, number.display_name, number.settings.address, today)


def outcome(found: Progress) -> Outcome:
    """Return what the provider says of a fax as the outcome of sending it."""
    return Outcome(
        found.status,
        found.reason if found.status is Delivery.FAILED else Reason.NONE,
        found.code,
        found.words,
        external_id=found.external_id,
        pages=found.pages,
        seconds=found.seconds,
    )
