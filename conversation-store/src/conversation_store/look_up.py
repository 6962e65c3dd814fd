"""Gathers what `assign` must know, in a constant number of queries a batch, for `append`.

Rule 1. Every external id belongs to the message that names it first: the one that has it, or one
        that answers it and came earlier. The unique row makes two stores wait for each other, so
        that a question and its answer find each other in every order.
Rule 2. What the batch itself decides counts at once: its second mail may answer its first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from conversation_store.assign import RECENT, Assignment, Facts
from conversation_store.read import Incoming
from hub_kit.database import Connection

MOST_CLAIMED = 3  # of what a message answers: the nearest ones may still be on their way


@dataclass(slots=True)
class Ref:
    """Whose message an external id leads to; `mentioned`: that one only answers it."""

    entry_id: UUID
    mentioned: bool


@dataclass(slots=True)
class Known:
    """What is known of one tenant while a batch goes through; it grows with every message."""

    refs: dict[str, Ref] = field(default_factory=dict)
    places: dict[UUID, UUID] = field(default_factory=dict)  # entry -> conversation
    existing: dict[UUID, UUID] = field(default_factory=dict)  # conversation -> what it is now
    references: dict[str, UUID] = field(default_factory=dict)
    confirmed: set[tuple[UUID, UUID]] = field(default_factory=set)  # conversation, contact point
    recent: dict[tuple[UUID, str], list[UUID]] = field(default_factory=lambda: defaultdict(list))
    related: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    namesakes: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    taken_over: list[tuple[str, UUID]] = field(default_factory=list)

    def facts(self, one: Incoming) -> Facts:
        """Return what `assign` needs for this message."""
        answered = tuple(dict.fromkeys(filter(None, map(self._conversation_of, one.answers))))
        referenced, unknown = self._referenced(one)
        token, fault = self._token(one)
        found = (*answered, *referenced, *filter(None, [token]))
        sender, channel = one.sender, one.event.channel
        return Facts(
            new_id=one.id,  # a conversation has the id of its first message
            automatic=one.event.automatic,
            token=token,
            token_fault=fault,
            answered=answered,
            answered_by=self._answered_by(one),
            referenced=referenced,
            reference_unknown=unknown,
            known=self._confirmed(sender, found, channel),
            recent=tuple(self.recent.get((sender, channel), ())) if sender else (),
            related=tuple(self.related.get(sender, ())) if sender else (),
            namesakes=tuple(self.namesakes.get(sender, ())) if sender else (),
        )

    def decides(self, one: Incoming) -> bool:
        """Say whether rule 1 speaks already, so that the sender's other threads do not matter."""
        return bool(self._token(one)[0]) or any(map(self._conversation_of, one.answers))

    def note(self, one: Incoming, assignment: Assignment) -> None:
        """Let the messages behind this one see where it went."""
        conversation_id = self.places[one.id] = assignment.conversation_id
        ref = self.refs.get(one.own)
        if ref and ref.mentioned and ref.entry_id != one.id:
            self.refs[one.own] = Ref(one.id, mentioned=False)
            self.taken_over.append((one.own, one.id))
        if one.sender is None:
            return
        if assignment.verified:
            self.confirmed.add((conversation_id, one.sender))
        if assignment.opens if assignment.new else assignment.reopens:
            self._note_recent(one.sender, one.event.channel, conversation_id)

    def _note_recent(self, sender: UUID, channel: str, conversation_id: UUID) -> None:
        recent = self.recent[sender, channel]
        if conversation_id not in recent:
            recent.append(conversation_id)

    def _conversation_of(self, lookup: str) -> UUID | None:
        ref = self.refs.get(lookup)
        return self.places.get(ref.entry_id) if ref else None

    def _answered_by(self, one: Incoming) -> UUID | None:
        ref = self.refs.get(one.own)
        return self.places.get(ref.entry_id) if ref and ref.mentioned else None

    def _referenced(self, one: Incoming) -> tuple[tuple[UUID, ...], bool]:
        digits = one.content.references if one.content else ()
        found = [self.references.get(d) for d in digits]
        return tuple(dict.fromkeys(filter(None, found))), any(c is None for c in found)

    def _token(self, one: Incoming) -> tuple[UUID | None, str]:
        if one.token.conversation_id is None:
            return None, one.token.fault
        conversation_id = self.existing.get(one.token.conversation_id)
        return conversation_id, "" if conversation_id else "unknown"

    def _confirmed(
        self, sender: UUID | None, found: Iterable[UUID], channel: str
    ) -> frozenset[UUID]:
        if sender is None:
            return frozenset()
        candidates = (*found, *self.recent.get((sender, channel), ()))
        return frozenset(c for c in candidates if (c, sender) in self.confirmed)


_CLAIM = """
insert into external_ref (lookup, tenant, entry_id, mentioned)
select c.lookup, $1, c.entry_id, c.mentioned
from unnest($2::text[], $3::uuid[], $4::boolean[]) as c(lookup, entry_id, mentioned)
on conflict (lookup) do nothing
"""
_REFS = """
select r.lookup, r.entry_id, r.mentioned, e.conversation_id
from external_ref r left join entry e on e.id = r.entry_id and e.tenant = $1
where r.tenant = $1 and r.lookup = any($2::text[])
"""
_TOKENS = """
select id, coalesce(merged_into, id) as now from conversation
where tenant = $1 and id = any($2::uuid[])
"""
_REFERENCES = """
select r.digits, coalesce(c.merged_into, c.id) as conversation_id
from reference r join conversation c on c.id = r.conversation_id and c.tenant = $1
where r.tenant = $1 and r.digits = any($2::text[])
"""
# Two open ones are as good as a thousand; a sender with a thousand must not slow the others.
# Ordered as the index is, from its first column on, or the planner sorts all of them.
_RECENT = """
select s.contact_point_id, s.channel, o.id
from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as s(contact_point_id, channel, since),
lateral (
  select p.conversation_id as id from participant p
  where p.tenant = $1 and p.contact_point_id = s.contact_point_id and p.open
    and p.channel = s.channel
    -- A scalar, since a join tempts the planner to walk all conversations by activity.
    and (select c.last_at from conversation c
         where c.tenant = $1 and c.id = p.conversation_id) >= s.since
  order by p.contact_point_id desc, p.open desc, p.at desc limit 2
) o
"""
_RELATED = """
select s.contact_point_id, o.conversation_id
from unnest($2::uuid[]) as s(contact_point_id),
lateral (
  select p.conversation_id from participant p
  where p.tenant = $1 and p.contact_point_id = s.contact_point_id
  order by p.contact_point_id desc, p.open desc, p.at desc limit 3
) o
"""
_CONFIRMED = """
select conversation_id, contact_point_id from participant
where tenant = $1 and verified
  and conversation_id = any($2::uuid[]) and contact_point_id = any($3::uuid[])
"""
_NAMESAKES = """
select n.id as namesake_of, o.id
from unnest($2::uuid[], $3::text[]) as n(id, name),
lateral (
  select c.id from contact_point c
  where c.tenant = $1 and c.name_lookup = n.name and c.name_lookup <> '' and c.id <> n.id limit 2
) o
"""


Claim = tuple[str, UUID, bool]  # external id, entry, whether the entry only mentions it


async def look_up(
    connection: Connection,
    tenant: str,
    messages: Sequence[Incoming],
    new: Mapping[UUID, str],
    reported: Iterable[Claim],
) -> Known:
    """Return what is known before this batch.

    `new` are the contact points that the batch has made, `reported` the external ids that peers
    have given to what we sent.
    """
    known = Known()
    await _find_refs(connection, tenant, messages, reported, known)
    await _find_tokens(connection, tenant, messages, known)
    await _find_references(connection, tenant, messages, known)
    undecided = [m for m in messages if m.sender not in new and not known.decides(m)]
    await _find_recent(connection, tenant, undecided, known)
    await _find_confirmed(connection, tenant, messages, known)
    names = {i: name for i, name in new.items() if name}
    if names:
        rows = await connection.fetch(_NAMESAKES, tenant, list(names), list(names.values()))
        for row in rows:
            known.namesakes[row["namesake_of"]].append(row["id"])
    return known


def _claims(messages: Sequence[Incoming], reported: Iterable[Claim]) -> list[Claim]:
    claims = {claim[0]: claim for claim in reported if claim[0]}
    for one in messages:
        if one.own:
            claims.setdefault(one.own, (one.own, one.id, False))
        for lookup in one.answers[:MOST_CLAIMED]:
            claims.setdefault(lookup, (lookup, one.id, True))
    return sorted(claims.values())  # in one order everywhere: two stores wait, none for ever


async def _find_refs(
    connection: Connection,
    tenant: str,
    messages: Sequence[Incoming],
    reported: Iterable[Claim],
    known: Known,
) -> None:
    claims = _claims(messages, reported)
    if not claims:
        return
    await connection.execute(_CLAIM, tenant, *zip(*claims, strict=True))
    lookups = {lookup for one in messages for lookup in one.answers}
    lookups.update(lookup for lookup, _, _ in claims)
    # A statement of its own, so that it sees what another store has committed meanwhile.
    for row in await connection.fetch(_REFS, tenant, list(lookups)):
        known.refs[row["lookup"]] = Ref(row["entry_id"], row["mentioned"])
        if row["conversation_id"]:
            known.places[row["entry_id"]] = row["conversation_id"]


async def _find_tokens(
    connection: Connection, tenant: str, messages: Sequence[Incoming], known: Known
) -> None:
    named = {m.token.conversation_id for m in messages if m.token.conversation_id}
    if named:
        rows = await connection.fetch(_TOKENS, tenant, list(named))
        known.existing.update((row["id"], row["now"]) for row in rows)


async def _find_references(
    connection: Connection, tenant: str, messages: Sequence[Incoming], known: Known
) -> None:
    digits = {d for m in messages if m.content for d in m.content.references}
    if digits:
        rows = await connection.fetch(_REFERENCES, tenant, list(digits))
        known.references.update((row["digits"], row["conversation_id"]) for row in rows)


async def _find_recent(
    connection: Connection, tenant: str, messages: Sequence[Incoming], known: Known
) -> None:
    since: dict[tuple[UUID, str], datetime] = {}
    for one in messages:
        if one.sender:
            since.setdefault((one.sender, one.event.channel), one.event.received_at - RECENT)
    if not since:
        return
    senders, channels = zip(*since, strict=True)
    rows = await connection.fetch(_RECENT, tenant, senders, channels, list(since.values()))
    for row in rows:
        known.recent[row["contact_point_id"], row["channel"]].append(row["id"])
    # Only for proposals: where rule 4 speaks, nothing is proposed.
    asking = {sender for sender, channel in since if len(known.recent[sender, channel]) != 1}
    for row in await connection.fetch(_RELATED, tenant, list(asking)) if asking else ():
        known.related[row["contact_point_id"]].append(row["conversation_id"])


async def _find_confirmed(
    connection: Connection, tenant: str, messages: Sequence[Incoming], known: Known
) -> None:
    found = {
        *known.places.values(),
        *known.existing.values(),
        *known.references.values(),
        *(c for recent in known.recent.values() for c in recent),
    }
    senders = {m.sender for m in messages if m.sender}
    if found and senders:
        rows = await connection.fetch(_CONFIRMED, tenant, list(found), list(senders))
        known.confirmed.update((r["conversation_id"], r["contact_point_id"]) for r in rows)
