"""Takes a batch of events through the steps that `append/__init__` explains.

Rule 1. One tenant after the other, in the order of their names; in each: contact points, external
        ids, conversations, each sorted. Two stores take their locks in one order.
Rule 2. A place is given under the lock of its conversation, in the order of the bus.
Rule 3. Twice is once: an entry has the id of its message, and what stands already is skipped.
Rule 4. The number of queries does not depend on the number of events, but for the few that are
        answered by rule.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from conversation_store.add import Addition, write_down
from conversation_store.announce import Announcement, announce
from conversation_store.append.assign import Assignment, assign
from conversation_store.append.assign_again import assign_again, find_leads
from conversation_store.append.callback import call_back
from conversation_store.append.deliver import deliver, find_conversations, open_reports, propose
from conversation_store.append.keep_reading import (
    keep_readings,
    open_readings,
    read_ahead,
    tell_readings,
)
from conversation_store.append.known import Known
from conversation_store.append.learn import learn, read_seen, write_learnt
from conversation_store.append.look_up import look_up
from conversation_store.append.place import lock, place
from conversation_store.append.read import Incoming, Reader, read_keys
from conversation_store.append.ring import follow_calls, open_rings
from conversation_store.append.wish import Wishes
from conversation_store.append.write import Work, write
from conversation_store.link import Found, keep
from hub_contract.events import Arriving, DeliveryReported, MessageReceived, Sealed
from hub_contract.topics import Wire
from hub_kit.blobs import Blobs
from hub_kit.consume import Delivered
from hub_kit.database import Connection, set_tenant
from hub_kit.erasures import Erasures
from hub_kit.event_log import KeyRow
from hub_kit.event_log import append as append_log
from hub_kit.hours import Office
from hub_kit.sealing import fetch_content

SOURCE = "conversation_store"


@dataclass(frozen=True, slots=True)
class Append:
    """For `Consumer(handle=...)`: everything of a batch, or nothing."""

    reader: Reader
    blobs: Blobs
    wishes: Wishes
    erasures: Erasures
    office_of: Callable[[str], Office] = lambda _tenant: Office()

    async def __call__(self, connection: Connection, delivered: Sequence[Delivered]) -> None:
        tenants: dict[str, list[Delivered]] = defaultdict(list)
        for one in delivered:
            tenants[one.event.tenant].append(one)
        wires: list[Wire] = []
        keys: list[KeyRow] = []
        for tenant in sorted(tenants):
            await set_tenant(connection, tenant)
            news, answers = await self._append(connection, tenant, tenants[tenant])
            wires += [announce(one, SOURCE) for one in news]
            for answer in answers:
                told = await write_down(connection, answer)
                wires += [wire for wire in (answer.request, told) if wire and told]
                keys.append(answer.key)
        await append_log(connection, wires, keys)

    async def _append(
        self, connection: Connection, tenant: str, delivered: list[Delivered]
    ) -> tuple[list[Announcement], list[Addition]]:
        news = await _without_known(connection, tenant, delivered)
        keys = await read_keys(connection, tenant, list(news))
        await self._fetch(news, keys)
        calls = await follow_calls(connection, tenant, open_rings(self.reader, news.values(), keys))
        reports = open_reports(self.reader, news.values(), keys)
        readings = open_readings(self.reader, news.values(), keys)
        messages = self._open(news.values(), keys)
        conversations = await find_conversations(connection, tenant, reports)
        ring = self.reader.ring
        people = await keep(connection, ring, tenant, _people(messages))
        learnt = learn(messages, read_seen(ring, messages, people.rows))
        await write_learnt(connection, ring, tenant, learnt, people.rows)
        known = Known(people.new, learnt)
        await look_up(connection, tenant, messages, [r.claim for r in reports], known)
        proposals = propose(reports, conversations, known)
        wishes = await self.wishes.choose(connection, tenant, messages)
        assigned = _assign(messages, known, wishes)
        events = [one.event for one in messages]
        ahead = await read_ahead(connection, self.reader, tenant, events)
        leads, touched = await find_leads(connection, tenant, [*readings, *ahead])
        touched |= set(conversations.values())
        threads = await lock(connection, tenant, assigned, touched)
        lines = place(assigned, threads)
        told: list[Announcement] = [
            *await deliver(connection, tenant, reports, conversations, threads)
        ]
        work = Work(lines, list(threads.values()), known.taken_over, known.people, proposals)
        told += await write(connection, tenant, work)
        await call_back(connection, tenant, lines, self.office_of)
        kept = await keep_readings(connection, self.erasures, tenant, readings)
        await assign_again(connection, tenant, [*kept, *ahead], leads)
        told += await tell_readings(connection, tenant, kept)
        return [*calls, *told], await self.wishes.answer(connection, tenant, lines)

    async def _fetch(self, news: dict[UUID, Delivered], keys: Mapping[UUID, bytes]) -> None:
        """Have at hand what is too long to travel; of what is erased nothing is left."""
        for id_, one in news.items():
            event = one.event
            if isinstance(event, Arriving) and _lies_apart(event) and id_ in keys:
                key = self.reader.ring.unwrap(keys[id_], id_)
                news[id_] = replace(one, event=await fetch_content(event, self.blobs, key))

    def _open(self, delivered: Iterable[Delivered], keys: Mapping[UUID, bytes]) -> list[Incoming]:
        return [
            self.reader.open(d.event, d.record.traceparent, keys.get(d.event.id))
            for d in delivered
            if isinstance(d.event, MessageReceived)
        ]


def _lies_apart(event: Arriving) -> bool:
    return isinstance(event.content, Sealed) and event.content.blob is not None


def _assign(
    messages: Iterable[Incoming], known: Known, wishes: Collection[UUID]
) -> list[tuple[Incoming, Assignment]]:
    assigned = []
    for one in messages:
        assignment = assign(known.facts(one))
        assignment = assignment.by_rule() if one.id in wishes else assignment
        known.note(one, assignment)
        assigned.append((one, assignment))
    return assigned


def _people(messages: Sequence[Incoming]) -> Iterable[Found]:
    """Yield contact points, the senders last: what they call themselves is what is kept."""
    senders = []
    for one in messages:
        yield from one.reachable
        if one.reply_to:
            yield one.reply_to
        if one.sender and one.content and one.content.sender:
            senders.append(Found(one.sender, one.content.sender))
    yield from sorted(senders, key=lambda found: len(found.point.name))  # the fullest name stays


_KNOWN = """
select id from entry where tenant = $1 and id = any($2::uuid[])
union all select id from delivery where tenant = $1 and id = any($3::uuid[])
"""


async def _without_known(
    connection: Connection, tenant: str, delivered: list[Delivered]
) -> dict[UUID, Delivered]:
    """Return what is not there yet, by id, once each, in the order of the bus."""
    news = {one.event.id: one for one in reversed(delivered)}
    news = dict(reversed(news.items()))
    reports = [i for i, one in news.items() if isinstance(one.event, DeliveryReported)]
    messages = list(news.keys() - set(reports)) if reports else list(news)
    for row in await connection.fetch(_KNOWN, tenant, messages, reports):
        del news[row["id"]]
    return news
