"""Tells operators that a limit has bitten: counted each time, logged now and then.

Whom it bit is not written down: the address of a mail server may be a person's.
"""

import time
from collections import Counter as Tally

import structlog
from prometheus_client import Counter

from channel_email.receive.limits import Limit
from channel_email.receive.replies import GOODBYE

QUIET = 10.0  # seconds from one line about a limit to the next: a flood must not fill the log
LIMITED = Counter(
    "hub_mail_limited_total", "Sessions and mails that a limit has bitten", ["listener", "limit"]
)
log = structlog.get_logger()


class Tell:
    def __init__(self, listener: str) -> None:
        self._listener = listener
        self._since: Tally[Limit] = Tally()
        self._said_at: dict[Limit, float] = {}

    def __call__(self, limit: Limit) -> None:
        LIMITED.labels(self._listener, limit.value).inc()
        self._since[limit] += 1
        now = time.monotonic()
        if now - self._said_at.get(limit, -QUIET) >= QUIET:
            self._said_at[limit] = now
            count = self._since.pop(limit)
            log.warning("a limit bites", listener=self._listener, limit=limit.value, times=count)

    def goodbye(self, limit: Limit) -> str:
        """Count, and return the words with which a session is sent away."""
        self(limit)
        return GOODBYE[limit]
