"""Takes Telnyx's hooks in, once it is sure that Telnyx calls.

Rule 1. The signature is over the moment and the body; five minutes old at most.
Rule 2. A link to a fax lives ten minutes: yes to the hook means that the file itself is safe. Else
        Telnyx calls again, and `reconcile` looks, too.
Rule 3. A fax that was received makes an entry, and no other event of a fax that comes in does.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from channel_fax.numbers import Accounts
from channel_fax.parse import telnyx as read
from channel_fax.parse.hosted import parse_fax, report
from channel_fax.providers.said import Media, text
from channel_fax.providers.telnyx import Telnyx
from channel_fax.providers.telnyx_signature import check_signature
from channel_fax.receive.flight import Flights
from channel_fax.receive.whose import context_of, whose
from hub_contract.errors import Temporary
from hub_kit.accept import Accept
from hub_kit.hooks import Account, Answer, Hook

PATIENCE = 20.0  # seconds that a hook waits for its file
log = structlog.get_logger()


class TelnyxReceiver:
    """`hub_kit.hooks.Handler`: `/hooks/fax/<tenant>/<account>`, and `/status` behind it."""

    def __init__(
        self,
        accounts: Accounts,
        clients: Mapping[Account, Telnyx],
        accept: Accept,
        limit: int,
        patience: float = PATIENCE,
    ) -> None:
        self._accounts, self._clients, self._accept = accounts, clients, accept
        self._limit, self._patience = limit, patience
        self.flights = Flights()

    async def __call__(self, hook: Hook) -> Answer:
        client = self._clients[hook.account]
        key = client.account.settings.verifier()
        check_signature(hook.headers, hook.body, key, time.time())
        kind, fax = read.read_hook(hook.body)
        if read.is_inbound(fax):
            if kind == read.RECEIVED:
                await self.take(client, fax, hook.body, patience=self._patience)
            return Answer()
        progress = read.progress_of(fax)
        if progress is None:
            log.warning("a status of no fax of ours", account=client.account.key)
            return Answer()
        return Answer([report(progress, hook.body, context_of(client.account))])

    async def take(
        self,
        client: Telnyx,
        fax: Mapping[str, Any],
        told: bytes,
        *,
        patience: float,
        at: datetime | None = None,
        give_up: bool = False,
    ) -> None:
        """Return once the fax is safe. `give_up`: without its file, where that is nowhere."""
        number = whose(self._accounts, client.account, text(fax, "to"))
        if number is None:
            return

        async def work() -> None:
            media = await self._fetch(client, fax)
            if media.fault == "missing" and not give_up:
                raise Temporary("media: not there now")
            call = read.call_of(fax)
            await self._accept(parse_fax(told, call, media, context_of(number, at)))

        await self.flights.take(f"{number.key}/{read.fax_id(fax)}", work, patience)

    async def _fetch(self, client: Telnyx, fax: Mapping[str, Any]) -> Media:
        """Return the file; where its link has run out, by a new one."""
        media = await client.fetch(text(fax, "media_url"), self._limit)
        if media.fault != "missing" or not (name := read.fax_id(fax)):
            return media
        return await client.fetch(await client.renew(name), self._limit)
