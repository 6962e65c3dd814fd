"""Tells how long the oldest open transaction has held the readers of the log back."""

import time

from hub_kit import metrics
from hub_kit.database import Connection

EVERY = 1.0  # seconds between looks


class Horizon:
    """Measures the age itself: other sessions' transactions are hidden from our roles.

    It starts when a transaction is first seen as the oldest, so it is too small by what that one
    had already waited behind another.
    """

    def __init__(self) -> None:
        self._oldest, self._since, self._looked = "", time.monotonic(), 0.0

    async def look(self, connection: Connection) -> None:
        """Set `hub_horizon_age_seconds`, at most once a second."""
        now = time.monotonic()
        if now - self._looked < EVERY:
            return
        self._looked = now
        row = await connection.fetchrow(
            """select pg_snapshot_xmin(s)::text, pg_snapshot_xmin(s) <> pg_snapshot_xmax(s)
               from pg_current_snapshot() s"""
        )
        oldest, behind = row or ("", False)
        if oldest != self._oldest or not behind:
            self._oldest, self._since = oldest, now
        metrics.HORIZON_AGE.set(now - self._since)
