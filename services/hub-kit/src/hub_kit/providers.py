"""One channel, several providers: their parts joined, each message handed to its account's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from fastapi import FastAPI

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import Arrival, MessageRequested
from hub_contract.words import Channel
from hub_kit.channel import ChannelParts
from hub_kit.hooks import LIMIT, Account, Answer, Handler, Hook
from hub_kit.outgoing import Outcome, Sender
from hub_kit.retry import Patience
from hub_kit.tokens import Refused

NameT = TypeVar("NameT")
T = TypeVar("T")


class Ours(Protocol):
    """An account, as every channel has it."""

    @property
    def tenant(self) -> str: ...

    @property
    def name(self) -> str: ...


class Senders:
    """`hub_kit.outgoing.Sender`: hands each message to the sender of its account's provider."""

    def __init__(
        self, channel: Channel, by_account: Mapping[Account, Sender], patience: Patience
    ) -> None:
        self._channel, self._by_account, self.patience = channel, by_account, patience

    async def send(self, request: MessageRequested, files: tuple[bytes, ...]) -> Outcome:
        return await self._sender(request).send(request, files)

    async def look_up(self, request: MessageRequested) -> Outcome | None:
        return await self._sender(request).look_up(request)

    def _sender(self, request: MessageRequested) -> Sender:
        asked = Account(self._channel, request.tenant, request.account)
        if found := self._by_account.get(asked):
            return found
        remedy = f"add it as tenants.{request.tenant}.accounts.{request.account}"
        raise Permanent(f"no such account; {remedy}", reason=Reason.NOT_CONFIGURED)


def join(
    channel: Channel,
    parts: Mapping[NameT, ChannelParts],
    accounts: Mapping[NameT, Iterable[Ours]],
    patience: Patience,
) -> ChannelParts:
    """Return the parts of all providers as those of one channel.

    `accounts`: those of each provider, which has parts where it has any.
    """
    whose = {
        Account(channel, one.tenant, one.name): parts[name]
        for name in parts
        for one in accounts[name]
    }

    def add_to(app: FastAPI) -> None:
        for one in parts.values():
            one.add_to(app)

    return ChannelParts(
        Senders(channel, {key: one.sender for key, one in whose.items()}, patience),
        work=_merged(one.work for one in parts.values()),
        checks=_merged(one.checks for one in parts.values()),
        hook=_hook_of({key: one.hook for key, one in whose.items() if one.hook}),
        hook_limit=max((one.hook_limit for one in parts.values()), default=LIMIT),
        trim=_merged(one.trim for one in parts.values()),
        add_to=add_to,
        closing=[work for one in parts.values() for work in one.closing],
    )


def _hook_of(handlers: Mapping[Account, Handler]) -> Handler | None:
    """Return what hands a hook to the provider whose account is called; None: nobody calls."""

    async def take(hook: Hook) -> Sequence[Arrival] | Answer:
        if handler := handlers.get(hook.account):
            return await handler(hook)
        raise Refused("nobody calls a hook for this account")

    return take if handlers else None


def _merged(maps: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for one in maps for name, value in one.items()}
