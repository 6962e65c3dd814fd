"""Shares out what is scarce among sessions: room for large mails, and places to sit.

Rule 1. Our own mail servers have a share that no stranger gets.
Rule 2. Of strangers, who has least comes first, so that one address cannot take all.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from channel_email.receive.client import Client
from channel_email.receive.limits import Limit, Pace
from channel_email.settings import Limits

GREETINGS = 2  # answers before the first mail begins: 220, and that to EHLO
NEWCOMERS = 1  # places beside those of all, for addresses that hold none


class Room:
    """Places for large mails: `limits.large_mails`, some more for newcomers and for our peers."""

    def __init__(self, limits: Limits) -> None:
        self._for_all = limits.large_mails
        self._for_new = self._for_all + NEWCOMERS
        self._for_peers = self._for_new + limits.large_mails_for_peers
        self._held: Counter[str] = Counter()
        self._waiting: list[tuple[Client, asyncio.Future[None]]] = []

    @property
    def pressed(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    @asynccontextmanager
    async def place(self, client: Client) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        if self._fits(client) and not self._waiting:
            self._held[client.place] += 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._leave(client)

    async def _wait(self, client: Client) -> None:
        waiting = (client, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._let_in()
        try:
            await waiting[1]
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._leave(client)
            raise

    def _fits(self, client: Client) -> bool:
        held = self._held.total()
        if client.known:
            return held < self._for_peers
        return held < (self._for_all if self._held[client.place] else self._for_new)

    def _leave(self, client: Client) -> None:
        self._held[client.place] -= 1
        self._held += Counter()  # forgets addresses that hold nothing
        self._let_in()

    def _let_in(self) -> None:
        while fitting := [one for one in self._waiting if self._fits(one[0])]:
            chosen = min(fitting, key=lambda one: (not one[0].known, self._held[one[0].place]))
            self._waiting.remove(chosen)
            self._held[chosen[0].place] += 1
            if chosen[1].cancelled():
                self._held[chosen[0].place] -= 1
            else:
                chosen[1].set_result(None)


class Seated(Protocol):
    """A session, as far as seats are concerned."""

    client: Client
    pace: Pace
    busy: bool

    @property
    def at_work(self) -> bool:
        """Whether it has begun to say from whom a mail is."""
        ...


SeatedT = TypeVar("SeatedT", bound=Seated)


def find_seat(
    client: Client, inside: Iterable[Seated], seats: int, limits: Limits, *, has_peers: bool
) -> Limit | None:
    """Return which limit keeps this client out, or None where a seat is free for it."""
    others = list(inside)
    if client.known:
        return Limit.SESSIONS if len(others) >= seats else None
    strangers = [one for one in others if not one.client.known]
    kept = int(seats * limits.share_for_peers) if has_peers else 0
    if sum(one.client.place == client.place for one in strangers) >= limits.sessions_per_address:
        return Limit.SESSIONS_PER_ADDRESS
    full = len(others) >= seats or len(strangers) >= seats - kept
    return Limit.SESSIONS if full else None


def who_gives_way(
    client: Client, inside: Iterable[SeatedT], limit: Limit, now: float, patience: float
) -> SeatedT | None:
    """Return the session that has sat longest without a mail, if it may be sent away for this one.

    No stranger drives out a server of ours; where the limit is of one address, it drives out its
    own. Who chats has no time at all: a mail server comes to the point.
    """
    idle = [
        one
        for one in inside
        if not one.busy
        and one.pace.idle(now) > 0
        and (one.pace.idle(now) >= patience or _chats(one))
        and (client.known or not one.client.known)
        and (limit is Limit.SESSIONS or one.client.place == client.place)
    ]
    return max(idle, key=lambda one: (not one.client.known, one.pace.idle(now)), default=None)


def _chats(one: Seated) -> bool:
    return one.pace.commands > GREETINGS and not one.at_work
