"""Takes one mail in for every account it is addressed to, and says how that went.

Rule 1. Yes means: it is safe. It is said after `accept` returned, never before.
Rule 2. A fault of ours is "try again", whatever it is: the sender keeps the mail.
Rule 3. A mail for two accounts is two arrivals; a mail for two names of one account is one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from channel_email.parse import Context
from channel_email.receive.client import Client
from channel_email.receive.read import Read, read_here
from channel_email.receive.replies import TRY_AGAIN, UNKNOWN_ADDRESS, taken
from channel_email.settings import Account, Accounts
from hub_contract.events import Arrival
from hub_contract.words import Evidence
from hub_kit import logs
from hub_kit.accept import Accepted

STRANGER = Client()
Check = Callable[[bytes, Client, str], Awaitable[tuple[Evidence, ...]]]
log = structlog.get_logger()


class TakeIn(Protocol):
    """`hub_kit.accept.Accept`, as far as this channel sees it."""

    async def __call__(self, arrival: Arrival) -> Accepted: ...


def context_of(
    account: Account, received_at: datetime, sender: str = "", recipients: tuple[str, ...] = ()
) -> Context:
    """Return what is known of a mail whoever brought it; no header of it is believed."""
    return Context(
        tenant=account.tenant,
        account=account.name,
        received_at=received_at,
        envelope_from=sender,
        envelope_to=recipients,
        domain=account.settings.mail_domain,
        shared_senders=account.settings.shared_senders,
    )


def from_peer(context: Context, account: Account) -> Context:
    """Return the context of a mail from our own mail server, whose findings are believed."""
    return replace(context, trusted_hosts=account.settings.trusted_hosts)


def from_mailbox(context: Context, account: Account) -> Context:
    """Return the context of a mail that was fetched: the provider's findings are believed.

    Only above the line that its outermost server wrote: what is below came from outside.
    """
    border = account.settings.imap.received_by if account.settings.imap else frozenset[str]()
    if not border:
        return context
    return replace(from_peer(context, account), received_by=border)


class Deliver:
    """`(raw, sender, recipients, client)` → one reply for each recipient, in their order."""

    def __init__(
        self,
        accounts: Accounts,
        accept: TakeIn,
        read: Read = read_here,
        check: Check | None = None,
    ) -> None:
        self._accounts, self._accept, self._check = accounts, accept, check
        self._read = read

    def knows(self, recipient: str) -> bool:
        return self._accounts.account_of(recipient) is not None

    async def __call__(
        self, raw: bytes, sender: str, recipients: Sequence[str], client: Client = STRANGER
    ) -> list[str]:
        owners = [self._accounts.account_of(recipient) for recipient in recipients]
        mine: dict[str, list[str]] = {}
        for owner, recipient in zip(owners, recipients, strict=True):
            if owner:
                mine.setdefault(owner.key, []).append(_with_domain(recipient, owner))
        by_key = {owner.key: owner for owner in owners if owner}
        now = datetime.now(UTC)
        contexts = [context_of(by_key[k], now, sender, tuple(to)) for k, to in mine.items()]
        if client.known:
            contexts = [from_peer(c, by_key[k]) for c, k in zip(contexts, mine, strict=True)]
        elif self._check:
            checked = await self._check(raw, client, sender)
            contexts = [replace(context, checked=checked) for context in contexts]
        if len(contexts) == 1:  # almost always; a task more would cost as much as a short mail
            said = [await self._one(raw, contexts[0])]
        else:
            said = await asyncio.gather(*(self._one(raw, context) for context in contexts))
        replies = dict(zip(mine, said, strict=True))
        return [replies[owner.key] if owner else UNKNOWN_ADDRESS for owner in owners]

    async def _one(self, raw: bytes, context: Context) -> str:
        try:
            accepted = await self._accept(await self._read(raw, context))
        except Exception as error:  # noqa: BLE001 - outermost: whatever it is, the sender keeps it
            log.warning("mail sent back: try again", error=logs.where(error), bytes=len(raw))
            return TRY_AGAIN
        return taken(accepted.event_id)


def _with_domain(recipient: str, owner: Account) -> str:
    """Return the address in full: only postmaster is written without (RFC 5321 §4.5.1)."""
    return recipient if "@" in recipient else f"{recipient}@{owner.settings.mail_domain}"
