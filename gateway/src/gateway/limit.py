"""Counts how often somebody asks, by the generic cell rate algorithm (ITU-T I.371).

Rule 1. People are counted in PostgreSQL, so that all copies of the gateway count together: one row
        for each asker and rule, which holds only when the next request is due. Its key is an HMAC:
        nobody reads an address in it.
Rule 2. Hooks are counted in the process, each copy for itself: a burst from one provider would
        queue up for its one row, with the connections that people's sessions need.
"""

import hmac
import math
import time
from collections.abc import Callable
from datetime import timedelta

from gateway.settings import Rate
from hub_kit.asker import asker
from hub_kit.database import Pool, affected, connect
from hub_kit.keys import KeyRing
from hub_kit.tokens import derive_key

__all__ = ["HookLimiter", "Limiter", "asker"]

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


class HookLimiter:
    """Counts in this process; `now` gives seconds that never go back."""

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        self._each, self._window, self._now = rate.seconds / rate.times, rate.seconds, now
        self._due: dict[str, float] = {}

    def ask(self, who: str) -> int:
        """Count one request; return 0 if it may pass, else after how many seconds the next may."""
        now = self._now()
        due = max(self._due.get(who, 0.0), now) + self._each
        if due > now + self._window:
            return math.ceil(due - now - self._window)
        self._due[who] = due
        return 0

    async def sweep(self) -> int:
        """Forget who no longer counts; return how many they were."""
        now, before = self._now(), len(self._due)
        self._due = {who: due for who, due in self._due.items() if due > now}
        return before - len(self._due)
