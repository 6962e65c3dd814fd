"""Makes the one-time codes that confirm a telephone number, and checks them.

Rule 1. Six digits, five minutes, five tries, one a minute; only the newest code of an inbox counts.
Rule 2. A number, an inbox and an address get so many and no more: nobody is woken at night by
        codes, and nobody sends SMS at the authority's cost.
Rule 3. A try is counted before it is looked at, so that many at once are not more than five.
Rule 4. What is kept of a code is a hash, of a number a pseudonym and a sealed value.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from channel_web.parse import Inbox
from channel_web.receive.block import network_of
from channel_web.receive.secret import DIGITS, Secrets
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key

GOOD_FOR = timedelta(minutes=5)
TRIES = 5
PAUSE = timedelta(minutes=1)
KEPT = timedelta(days=1)
# Codes within the time that is looked back upon.
LIMITS = {"number": (5, KEPT), "portal_id": (10, KEPT), "network": (20, timedelta(hours=1))}

_LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
_LAST = """
select coalesce(max(at) > now() - $4::interval, false) from code
where tenant = $1 and (portal_id = $2 or number = $3) and at > now() - $4::interval
"""
_COUNT = {
    column: f"select count(*) from code where tenant = $1 and {column} = $2 and at > now() - $3::interval"  # noqa: S608, E501 - of constants
    for column in LIMITS
}
_KEEP = """
insert into code (id, tenant, portal_id, number, network, code, sealed, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
"""
_TRY = """
update code set tries = tries + 1
where tenant = $1 and tries < $3 and used_at is null and ends_at > now() and id = (
  select id from code where tenant = $1 and portal_id = $2 order by at desc, id desc limit 1)
returning id, number, code, sealed
"""
_USED = "update code set used_at = now() where tenant = $1 and id = $2"


class Refused(StrEnum):
    """Why there is no code, or why it opens nothing; the page has a sentence for each."""

    WAIT = "code_wait"
    MANY = "code_many"
    OVER = "code_over"
    WRONG = "code_wrong"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A number that its owner has confirmed; `id` is that of the code."""

    id: UUID
    number: str = field(repr=False)


class Codes:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring = pool, ring
        self._secrets, self._key = Secrets(ring), derive_key(ring, "portal-code")

    async def make(self, tenant: str, inbox: Inbox, number: str, address: str) -> str | Refused:
        """Return a code for this number, or why there is none now."""
        code, id_ = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", uuid4()
        kept = await self._secrets.hash(tenant, str(id_), code)
        keys = self._keys(tenant, inbox, number, address)
        async with transaction(self._pool, tenant) as connection:
            for key in sorted(map(str, keys.values())):
                await connection.execute(_LOCK, f"{tenant} code {key}")
            if why := await _refusal(connection, tenant, keys):
                return why
            sealed = seal(self._key, number.encode(), _name(tenant, id_))
            row = (keys["portal_id"], keys["number"], keys["network"], kept, sealed)
            await connection.execute(_KEEP, id_, tenant, *row, GOOD_FOR)
        return code

    async def check(self, tenant: str, inbox: Inbox, code: str) -> Confirmed | Refused:
        """Return the number that this code confirms; every look is one of its tries."""
        async with transaction(self._pool, tenant) as connection:
            row = await connection.fetchrow(_TRY, tenant, inbox.portal_id, TRIES)
        if row is None:
            return Refused.OVER
        if not await self._secrets.is_right(tenant, str(row["id"]), code, row["code"]):
            return Refused.WRONG
        number = open_sealed(self._key, row["sealed"], _name(tenant, row["id"])).decode()
        return Confirmed(row["id"], number)

    async def use(self, tenant: str, confirmed: Confirmed) -> None:
        """Note that it has done its work: it confirms nothing more."""
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(_USED, tenant, confirmed.id)

    async def sweep(self, tenant: str) -> int:
        """Delete what no limit counts any more; return how much it was."""
        sql = "delete from code where tenant = $1 and at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            return affected(await connection.execute(sql, tenant, KEPT))

    def _keys(
        self, tenant: str, inbox: Inbox, number: str, address: str
    ) -> Mapping[str, str | UUID]:
        hidden = self._ring.pseudonym_of
        network = hidden(tenant, "code network", network_of(address))
        number = hidden(tenant, "code number", number)
        return {"number": number, "portal_id": inbox.portal_id, "network": network}


async def _refusal(
    connection: Connection, tenant: str, keys: Mapping[str, str | UUID]
) -> Refused | None:
    if await connection.fetchval(_LAST, tenant, keys["portal_id"], keys["number"], PAUSE):
        return Refused.WAIT
    for column, (most, within) in LIMITS.items():
        if await connection.fetchval(_COUNT[column], tenant, keys[column], within) >= most:
            return Refused.MANY
    return None


def _name(tenant: str, id_: UUID) -> bytes:
    return f"{tenant}\n{id_}".encode()
