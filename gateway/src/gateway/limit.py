"""Counts how often somebody asks, in PostgreSQL, so that all copies of the gateway count together.

One row for each asker and rule, by the generic cell rate algorithm (ITU-T I.371): it holds only
when the next request is due. The key is an HMAC: nobody reads an address in it.
"""

import hmac
import ipaddress
from datetime import timedelta

from gateway.settings import Rate
from hub_kit.database import Pool, affected, connect
from hub_kit.keys import KeyRing
from hub_kit.tokens import derive_key

_ASK = """
insert into bucket as b (key, due) values ($1, now() + $2::interval)
on conflict (key) do update set due = greatest(b.due, now()) + $2::interval
where greatest(b.due, now()) + $2::interval <= now() + $3::interval
returning 0
"""
_WAIT = "select extract(epoch from due - now() - $2::interval)::float8 from bucket where key = $1"


class Limiter:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool, self._key = pool, derive_key(ring, "gateway-limit")

    async def ask(self, rule: str, rate: Rate, who: str) -> int:
        """Count one request; return 0 if it may pass, else after how many seconds the next may."""
        key = hmac.digest(self._key, f"{rule}|{who}".encode(), "sha256")[:16]
        window = timedelta(seconds=rate.seconds)
        each = window / rate.times
        async with connect(self._pool) as connection:
            if await connection.fetchval(_ASK, key, each, window) is not None:
                return 0
            wait = await connection.fetchval(_WAIT, key, window - each)
        return max(1, int(wait or 0) + 1)

    async def sweep(self) -> int:
        """Delete what no longer counts; return how much it was."""
        async with connect(self._pool) as connection:
            return affected(await connection.execute("delete from bucket where due < now()"))


def asker(peer: str) -> str:
    """Return what counts as one asker: an IPv4 address, or the /64 that one line gets of IPv6."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return peer
