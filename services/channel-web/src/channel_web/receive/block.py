"""Counts wrong secrets, and shuts reference and address after too many, for `look_up`.

Rule 1. An attempt is counted before it is checked and forgotten if it was right: a hundred at once
        are not more than ten.
Rule 2. What does not exist is counted and shut like what does: the answer tells nothing.
Rule 3. Neither reference nor address is readable in the table.
Rule 4. Who can show more than the number, a browser that has opened the inbox before or came by a
        one-time link, tries in a share of its own that strangers cannot use up. All shares of a day
        together leave who is patient for a year the odds of the settings, and no more.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channel_web.receive.known import Way
from channel_web.settings import Tries
from hub_kit.database import Connection, Pool, affected, transaction
from hub_kit.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within this time shut it, for this time."""

    most: int
    within: timedelta


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEPT = 2 * DAY
ADDRESS = "address"


def limits_of(tries: Tries) -> Mapping[str, tuple[Limit, ...]]:
    """Return what shuts each way. An address is a whole café's: it is not shut for a day."""
    hourly = Limit(tries.hour, HOUR)
    return {
        Way.ANYBODY: (hourly, Limit(tries.day, DAY)),
        ADDRESS: (hourly,),
        Way.KNOWN: (Limit(tries.known_day, DAY),),
        Way.LINK: (Limit(tries.link_day, DAY),),
    }


@dataclass(frozen=True, slots=True)
class Attempt:
    """`shut_until` is set where no attempt is made; `last`: a wrong one shuts it, to this limit."""

    rows: tuple[int, ...] = ()
    shut_until: datetime | None = None
    last: Limit | None = None


_RECENT = """
select count(*) filter (where at > now() - $5::interval) as recent,
  case when count(*) = $4 and max(at) - min(at) <= $5 and max(at) + $5 > now()
       then max(at) + $5 end as shut_until
from (select at from failure where tenant = $1 and kind = $2 and key = $3
      order by at desc limit $4) as latest
"""
_COUNT = "insert into failure (tenant, kind, key) values ($1, $2, $3) returning id"


class Blocks:
    def __init__(self, pool: Pool, ring: KeyRing, tries: Tries) -> None:
        self._pool, self._ring, self._limits = pool, ring, limits_of(tries)

    async def begin(
        self, tenant: str, reference: str, address: str, ways: Sequence[Way] = (Way.ANYBODY,)
    ) -> Attempt:
        """Count an attempt by the first of these ways that is open, or say until when none is."""
        attempt = Attempt()
        for way in ways:
            attempt = await self._begin(tenant, reference, address, way)
            if not attempt.shut_until:
                break
        return attempt

    async def _begin(self, tenant: str, reference: str, address: str, way: Way) -> Attempt:
        keys = {str(way): self._key(tenant, way, reference)}
        if address and way is Way.ANYBODY:  # without one, all who have none would share it
            keys[ADDRESS] = self._key(tenant, ADDRESS, network_of(address))
        async with transaction(self._pool, tenant) as connection:
            for key in sorted(keys.values()):
                lock = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
                await connection.execute(lock, key)
            shut, last = await self._look(connection, tenant, keys)
            if shut:
                return Attempt(shut_until=max(shut))
            rows = [await connection.fetchval(_COUNT, tenant, *key) for key in keys.items()]
        return Attempt(tuple(rows), last=last)

    async def forgive(self, tenant: str, attempt: Attempt) -> None:
        """Forget an attempt that was right."""
        sql = "delete from failure where tenant = $1 and id = any($2::bigint[])"
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(sql, tenant, list(attempt.rows))

    async def sweep(self, tenant: str) -> int:
        """Delete what shuts nothing any more; return how much it was."""
        sql = "delete from failure where tenant = $1 and at < now() - $2::interval"
        async with transaction(self._pool, tenant) as connection:
            return affected(await connection.execute(sql, tenant, KEPT))

    async def _look(
        self, connection: Connection, tenant: str, keys: Mapping[str, str]
    ) -> tuple[list[datetime], Limit | None]:
        """Return until when each limit shuts it, and the one that a wrong attempt would reach."""
        shut, last = [], None
        for kind, key in keys.items():
            for limit in self._limits[kind]:
                sql = _RECENT, tenant, kind, key, limit.most, limit.within
                recent, until = await connection.fetchrow(*sql) or (0, None)
                shut += [until] if until else []
                if kind != ADDRESS and recent == limit.most - 1:
                    last = limit
        return shut, last

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
