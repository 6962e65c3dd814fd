"""Gives every message of a batch its conversation, locked, and its place in it, for `append`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from conversation_store.append.assign import Assignment
from conversation_store.append.read import Incoming
from conversation_store.draw_references import draw_references
from conversation_store.wait import read_waiting
from hub_contract.errors import Temporary
from hub_contract.ids import transaction_id
from hub_contract.words import Automatic, Direction
from hub_kit.database import Connection


@dataclass(slots=True)
class Thread:
    """A conversation while a batch adds to it; what the batch changes is written once."""

    id: UUID
    new: bool
    channel: str
    account: str
    state: str
    reference: str
    transaction_id: UUID | None
    opened_at: datetime
    last_at: datetime
    next_place: int = 1
    added: int = 0
    unread: int = 0
    reopened: bool = False
    waiting_since: datetime | None = None  # of the first message before that nobody has answered
    arrived: datetime | None = None  # the first message of a person in this batch
    public_service: str = ""  # of a transaction that begins in this batch

    def take(self, one: Incoming, assignment: Assignment) -> int:
        """Return the place of this message, and let it change the conversation."""
        given = self.next_place
        self.next_place += 1
        self.added += 1
        self.last_at = max(self.last_at, one.event.received_at)
        is_hers = one.event.automatic is Automatic.NO and one.event.direction is Direction.IN
        if is_hers and not assignment.wish:
            self.unread += 1
            self.arrived = min(self.arrived or self.last_at, one.event.received_at)
        if assignment.reopens:
            self.reopen()
        if one.content and one.content.public_service and self.transaction_id is None:
            self.public_service = one.content.public_service
            self.transaction_id = transaction_id(one.event.tenant, self.id)
        return given

    def reopen(self) -> None:
        if self.state != "open":
            self.state, self.reopened = "open", True

    def alarm(self) -> None:
        """Ask for an agent: something that we sent did not arrive."""
        self.unread += 1
        self.reopen()

    @property
    def waits_since(self) -> datetime | None:
        """Return since when a citizen waits; where it is closed, nobody does."""
        since = filter(None, (self.waiting_since, self.arrived))
        return None if self.state == "closed" else min(since, default=None)


class Line(NamedTuple):
    """A message with all that was decided about it."""

    message: Incoming
    assignment: Assignment
    thread: Thread
    place: int


async def lock(
    connection: Connection,
    tenant: str,
    assigned: Sequence[tuple[Incoming, Assignment]],
    others: Iterable[UUID],
) -> dict[UUID, Thread]:
    """Lock the conversations that the batch touches, in id order, and begin the new ones."""
    made = {a.conversation_id: (m, a) for m, a in reversed(assigned) if a.new}
    wanted = {a.conversation_id for _, a in assigned}.union(others).difference(made)
    threads = await _lock(connection, tenant, wanted)
    # A message may have been moved to a closed one; it waits if that one opens now.
    closed = [thread for thread in threads.values() if thread.state == "closed"]
    await look_who_waits(connection, tenant, closed)
    missing = sum(not a.reference for _, a in made.values())
    drawn = iter(await draw_references(connection, tenant, missing))
    for message, assignment in made.values():
        reference = assignment.reference or next(drawn)
        threads[assignment.conversation_id] = _begin(message, assignment, reference)
    return threads


def place(
    assigned: Sequence[tuple[Incoming, Assignment]], threads: Mapping[UUID, Thread]
) -> list[Line]:
    """Give every message its place, in the order of the bus."""
    lines = []
    for message, assignment in assigned:
        thread = threads[assignment.conversation_id]
        lines.append(Line(message, assignment, thread, thread.take(message, assignment)))
    return lines


def _begin(first: Incoming, assignment: Assignment, reference: str) -> Thread:
    event = first.event
    return Thread(
        id=assignment.conversation_id,
        new=True,
        channel=event.channel,
        account=event.account,
        state="open" if assignment.opens else "closed",
        reference=reference,
        transaction_id=None,
        opened_at=event.received_at,
        last_at=event.received_at,
    )


_LOCK = """
select id, channel, account, state, reference, transaction_id, opened_at, last_at, next_place,
  waiting_since
from conversation where tenant = $1 and id = any($2::uuid[]) order by id for update
"""


async def _lock(connection: Connection, tenant: str, ids: set[UUID]) -> dict[UUID, Thread]:
    if not ids:
        return {}
    rows = await connection.fetch(_LOCK, tenant, list(ids))
    if len(rows) != len(ids) or any(row["state"] == "merged" for row in rows):
        # An agent merged one between the look-up and the lock: look again.
        raise Temporary("conversation was merged meanwhile")
    return {row["id"]: Thread(new=False, **row) for row in rows}


async def look_who_waits(connection: Connection, tenant: str, threads: Collection[Thread]) -> None:
    """Look anew since when somebody waits in these, beside what this batch brings."""
    if threads:
        since = await read_waiting(connection, tenant, [thread.id for thread in threads])
        for thread in threads:
            thread.waiting_since = since[thread.id]
