"""Counts wrong secrets, and shuts reference and address for an hour after ten, for `look_up`.

Rule 1. An attempt is counted before it is checked and forgotten if it was right: a hundred at once
        are not more than ten.
Rule 2. What does not exist is counted and shut like what does: the answer tells nothing.
Rule 3. Neither reference nor address is readable in the table.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub_kit.database import Pool, transaction
from hub_kit.keys import KeyRing

MOST = 10
WITHIN = timedelta(hours=1)  # ten within this time shut it, for this time
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """`shut_until` is set where no attempt is made; `last` says that a wrong one shuts it now."""

    rows: tuple[int, ...] = ()
    shut_until: datetime | None = None
    last: bool = False


_RECENT = """
select count(*) filter (where at > now() - $5::interval) as recent,
  case when count(*) = $4 and max(at) - min(at) <= $5 and max(at) + $5 > now()
       then max(at) + $5 end as shut_until
from (select at from failure where tenant = $1 and kind = $2 and key = $3
      order by at desc limit $4) as latest
"""
_COUNT = "insert into failure (tenant, kind, key) values ($1, $2, $3) returning id"


class Blocks:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._ring = pool, ring

    async def begin(self, tenant: str, reference: str, address: str) -> Attempt:
        """Count an attempt, or say until when none is made."""
        keys = [("reference", self._key(tenant, "reference", reference))]
        if address:  # without one, all who have none would share it
            keys.append(("address", self._key(tenant, "address", network_of(address))))
        async with transaction(self._pool, tenant) as connection:
            for _, key in sorted(keys, key=lambda one: one[1]):
                lock = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
                await connection.execute(lock, key)
            found = [await connection.fetchrow(_RECENT, tenant, *k, MOST, WITHIN) for k in keys]
            seen = [row for row in found if row]
            if shut := [row["shut_until"] for row in seen if row["shut_until"]]:
                return Attempt(shut_until=max(shut))
            rows = [await connection.fetchval(_COUNT, tenant, *key) for key in keys]
        return Attempt(tuple(rows), last=seen[0]["recent"] == MOST - 1)

    async def forgive(self, tenant: str, attempt: Attempt) -> None:
        """Forget an attempt that was right."""
        sql = "delete from failure where tenant = $1 and id = any($2::bigint[])"
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(sql, tenant, list(attempt.rows))

    async def sweep(self, tenant: str) -> None:
        """Delete what shuts nothing any more."""
        sql = "delete from failure where tenant = $1 and at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(sql, tenant, KEPT)

    def _key(self, tenant: str, kind: str, value: str) -> str:
        return self._ring.pseudonym_of(tenant, f"wrong {kind}", value)


def network_of(address: str) -> str:
    """Return what one peer can change its address within: of IPv6 the /64, of IPv4 nothing."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
