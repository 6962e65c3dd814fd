"""Makes the entry of a call that is over: with what was recorded, once, whoever says the end.

Rule 1. The entry is accepted first, and then the call forgotten: killed between, it is made again,
        and twice is once.
Rule 2. A call whose end never came is closed after some minutes of silence, and marked.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog

from channel_phone.parse import Context, parse, parse_ring
from channel_phone.parse.promise import Waited
from channel_phone.providers.twilio import Twilio
from channel_phone.receive.calls import Call, Calls
from channel_phone.receive.promise import count_wait, note
from channel_phone.settings import Accounts
from hub_contract.errors import Permanent, Temporary
from hub_contract.words import CallStatus
from hub_kit.accept import Accept
from hub_kit.database import Connection
from hub_kit.hooks import Account

EVERY = 30  # seconds between two looks for calls without an end
_PATIENCE = 8  # seconds for the audio, while Twilio waits
log = structlog.get_logger()


class Closer:
    def __init__(
        self,
        accounts: Accounts,
        calls: Calls,
        accept: Accept,
        clients: Mapping[Account, Twilio],
    ) -> None:
        self._accounts, self._calls = accounts, calls
        self._accept, self._clients = accept, clients

    async def close(self, call: Call) -> None:
        """Keep the entry; `Temporary` where its audio or the database is away."""
        now = datetime.now(UTC)
        client = self._client(call.context)
        url = call.state.recording.get("RecordingUrl", "")
        try:
            async with asyncio.timeout(_PATIENCE):
                audio = await client.fetch(url) if url else (b"", "")
        except TimeoutError:
            raise Temporary(f"recording: not there within {_PATIENCE} s") from None
        ring = parse_ring(call.original, call.context, now, CallStatus.ENDED)
        entry = parse(call.original, call.context, now, audio)
        await self._accept.all([ring, entry])
        waited: list[Waited | None] = []

        async def count(connection: Connection, call: Call) -> None:
            zone = self._accounts.office(call.context.tenant).zone
            waited.append(await count_wait(connection, call, zone))

        await self._calls.close(call, count)
        for one in waited:  # empty: another process has closed it
            note(one)

    async def run(self) -> None:
        """Close what nobody ended, for ever; for `Parts.work`."""
        while True:
            try:
                await self.look()
            except Temporary as error:
                log.warning("calls not looked at", reason=str(error)[:200])
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Close the calls of which nothing more will be heard; return how many."""
        closed = 0
        for tenant in self._tenants():
            for call in await self._calls.lost(self._contexts(tenant).get, tenant):
                closed += await self._try(call)
        return closed

    async def _try(self, call: Call) -> bool:
        try:
            await self.close(call)
        except (Temporary, Permanent) as error:
            log.warning("call not closed", account=call.context.account, reason=str(error)[:200])
            return False
        return True

    def _tenants(self) -> Iterable[str]:
        return sorted({account.tenant for account in self._clients})

    def _contexts(self, tenant: str) -> dict[str, Context]:
        return {
            account.name: context_of(client)
            for account, client in self._clients.items()
            if account.tenant == tenant
        }

    def _client(self, context: Context) -> Twilio:
        found = (
            a for a in self._clients if (a.tenant, a.name) == (context.tenant, context.account)
        )
        return self._clients[next(found)]


def context_of(client: Twilio) -> Context:
    account = client.account
    return Context(account.tenant, account.name, account.settings.country)
