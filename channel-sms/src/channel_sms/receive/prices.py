"""Asks Twilio what an SMS has cost, once its way has ended; `price` is null for a while.

Rule 1. A message is noted before its last status is answered, so a process that dies forgets none.
Rule 2. It is asked for some times, later and later; what Twilio never says stays as it was agreed.
Rule 3. The price is one more report with the word that held: it moves nothing, and is kept.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from channel_sms.providers.twilio import Twilio, price_of
from hub_contract.delivery import Delivery, is_final
from hub_contract.errors import Permanent, Temporary
from hub_contract.events import Arrival, DeliveryContent, DeliveryReported
from hub_contract.ids import reported_id
from hub_contract.words import Channel, Cost
from hub_kit.accept import Accept
from hub_kit.database import Pool, connect

EVERY = 30.0  # seconds between looks
PAUSES = (60, 600, 3_600, 6 * 3_600, 24 * 3_600)  # seconds before each question
_MOST = 50  # of a look
log = structlog.get_logger()
_NOTE = """
insert into sms_price (external_id, account, message_id, status, due_at)
values ($1, $2, $3, $4, now() + make_interval(secs => $5)) on conflict do nothing
"""
# Whoever takes one puts it off first: another copy asks about another one.
_TAKE = """
update sms_price set tries = tries + 1,
  due_at = now() + make_interval(secs => ($2::int[])[least(tries + 2, cardinality($2::int[]))])
where external_id in (select external_id from sms_price
  where due_at <= now() and account = any($1::text[]) order by due_at limit $3
  for update skip locked)
returning external_id, account, message_id, status, tries
"""
_DONE = "delete from sms_price where external_id = $1"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message whose price is not known yet."""

    external_id: str
    account: str  # tenant/name
    message_id: UUID
    status: str
    tries: int


class Prices:
    def __init__(self, pool: Pool, accept: Accept, clients: Mapping[str, Twilio]) -> None:
        self._pool, self._accept, self._clients = pool, accept, clients

    async def note(self, account: str, event: DeliveryReported) -> None:
        """Note that the price of this message is to be asked for, if its way has ended."""
        said = event.content
        if not is_final(event.status) or not isinstance(said, DeliveryContent):
            return
        if said.external_id:
            row = (said.external_id, account, event.message_id, event.status, float(PAUSES[0]))
            async with connect(self._pool) as connection:
                await connection.execute(_NOTE, *row)

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Temporary as error:
                log.warning("prices not asked for", reason=str(error)[:200])
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Ask for what is due, once; return how many prices that brought."""
        known = list(self._clients)
        async with connect(self._pool) as connection:
            rows = await connection.fetch(_TAKE, known, list(PAUSES), _MOST)
        return sum([await self._ask(Asked(**row)) for row in rows])

    async def _ask(self, one: Asked) -> bool:
        client, cost = self._clients[one.account], None
        with suppress(Temporary):
            cost = price_of(await client.message(one.external_id))
        if cost:
            try:
                await self._accept(_report(one, client, cost))
            except Permanent as error:
                log.error("a price cannot be kept", reason=str(error)[:200])
        if cost or one.tries >= len(PAUSES):
            async with connect(self._pool) as connection:
                await connection.execute(_DONE, one.external_id)
        return cost is not None


def _report(one: Asked, client: Twilio, cost: Cost) -> Arrival:
    account, status = client.account, Delivery(one.status)
    facts = (account.tenant, Channel.SMS, account.name, one.message_id, status, "price")
    event = DeliveryReported(
        id=reported_id(*facts, one.external_id),
        tenant=account.tenant,
        channel=Channel.SMS,
        account=account.name,
        message_id=one.message_id,
        status=status,
        at=datetime.now(UTC),
        cost=cost,
        content=DeliveryContent(external_id=one.external_id),
    )
    return Arrival(event)
