"""Gathers what `assign` must know, in a constant number of queries a batch, for `append`.

Every external id belongs to the message that names it first: the one that has it, or one that
answers it and came earlier. The unique row makes two stores wait for each other, so that a question
and its answer find each other in every order. Beside it stands who answers and who is written to,
since that alone joins two answers to a message that never came in here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from conversation_store.append.assign import RECENT
from conversation_store.append.known import (
    Known,
    Origin,
    Ref,
    written_by,
    written_for,
    written_to,
)
from conversation_store.append.read import Incoming
from hub_kit.database import Connection

MOST_CLAIMED = 3  # of what a message answers: the nearest ones may still be on their way

_CLAIM = """
insert into external_ref (lookup, tenant, entry_id, mentioned)
select c.lookup, $1, c.entry_id, c.mentioned
from unnest($2::text[], $3::uuid[], $4::boolean[]) as c(lookup, entry_id, mentioned)
on conflict (lookup) do nothing returning lookup
"""
_REFS = """
select r.lookup, r.entry_id, r.mentioned, e.conversation_id, e.contact_point_id, e.claimed_at
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
# What many people write by leads nowhere, also where the content has been erased.
# Where there is no account somebody else has named this address: what its owner writes is not his.
_RECENT = """
select s.contact_point_id, s.channel, o.id, o.last_at
from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as s(contact_point_id, channel, since)
join contact_point k on k.id = s.contact_point_id and k.tenant = $1 and not k.shared,
lateral (
  select p.conversation_id as id, c.last_at
  from participant p,
  -- Not joined, since that tempts the planner to walk all conversations by activity.
  lateral (select last_at from conversation
           where tenant = $1 and id = p.conversation_id offset 0) c
  where p.tenant = $1 and p.contact_point_id = s.contact_point_id and p.open
    and p.channel = s.channel and p.account <> '' and c.last_at >= s.since
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
_PEOPLE = """
select conversation_id, contact_point_id, channel, verified, account, claimed
from participant
where tenant = $1 and conversation_id = any($2::uuid[]) and contact_point_id = any($3::uuid[])
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
    reported: Sequence[Claim],
    known: Known,
) -> None:
    """Let `known` hold what is known before this batch.

    `reported` are the external ids that peers have given to what we sent.
    """
    await _find_refs(connection, tenant, messages, reported, known)
    await _find_tokens(connection, tenant, messages, known)
    await _find_references(connection, tenant, messages, known)
    undecided = [m for m in messages if not known.decides(m)]
    known_senders = [m for m in undecided if m.sender not in known.new]
    await _find_recent(connection, tenant, known_senders, known)
    await _find_related(connection, tenant, undecided, known)
    await _find_people(connection, tenant, messages, known)
    names = {i: name for i, name in known.new.items() if name}
    if names:
        rows = await connection.fetch(_NAMESAKES, tenant, list(names), list(names.values()))
        for row in rows:
            known.namesakes[row["namesake_of"]].append(row["id"])


def _claims(messages: Sequence[Incoming], reported: Sequence[Claim]) -> dict[str, Claim]:
    claims = {claim[0]: claim for claim in reported if claim[0]}
    for one in messages:
        if one.own:
            claims.setdefault(one.own, (one.own, one.id, False))
        if one.own and one.reply_to:
            key = written_for(one.own, one.reply_to.id)
            claims.setdefault(key, (key, one.id, False))
        for lookup in one.answers[:MOST_CLAIMED]:
            claims.setdefault(lookup, (lookup, one.id, True))
    return claims


def _sent_on(
    messages: Sequence[Incoming], claims: Mapping[str, Claim], ours: Collection[str]
) -> Iterator[str]:
    """Yield where the same message may be found as a list has sent it on."""
    for one in messages:
        if one.own and (one.own not in ours or claims[one.own][1] != one.id):
            writers = [one.sender, one.reply_to.id if one.reply_to else None]
            yield from (written_for(one.own, writer) for writer in writers if writer)


def _claims_beside(messages: Sequence[Incoming], known: Known) -> dict[str, Claim]:
    """Return who answers a message that has not come in, and to whom."""
    claims: dict[str, Claim] = {}
    for one in messages:
        for lookup in filter(known.is_missing, one.answers[:MOST_CLAIMED]):
            keys = [written_to(lookup, point) for point in one.addressed]
            for key in [written_by(lookup, one.sender), *keys] if one.sender else keys:
                claims.setdefault(key, (key, one.id, True))
    return claims


def _in_common(messages: Sequence[Incoming], known: Known) -> Iterator[str]:
    """Yield where answers to the same missing message may be found that the sender knows of."""
    for one in messages:
        for lookup in filter(known.is_missing, (*one.answers, one.own)) if one.sender else ():
            assert one.sender is not None
            yield written_by(lookup, one.sender)
            yield written_to(lookup, one.sender)


async def _find_refs(
    connection: Connection,
    tenant: str,
    messages: Sequence[Incoming],
    reported: Sequence[Claim],
    known: Known,
) -> None:
    claims = _claims(messages, reported)
    if not claims:
        return
    ours = await _claim(connection, tenant, claims, known)
    others = {lookup for one in messages for lookup in one.answers}
    others.update(claims, _sent_on(messages, claims, ours))
    await _read_refs(connection, tenant, others - (ours - {c[0] for c in reported}), known)
    beside = _claims_beside(messages, known)
    ours = await _claim(connection, tenant, beside, known) if beside else set()
    await _read_refs(connection, tenant, {*beside, *_in_common(messages, known)} - ours, known)


async def _claim(
    connection: Connection, tenant: str, claims: Mapping[str, Claim], known: Known
) -> set[str]:
    """Return what nobody had before; in one order everywhere, so two stores wait, none for ever."""
    rows = zip(*sorted(claims.values()), strict=True)
    ours = {row["lookup"] for row in await connection.fetch(_CLAIM, tenant, *rows)}
    known.refs.update((c[0], Ref(c[1], c[2])) for c in claims.values() if c[0] in ours)
    return ours


async def _read_refs(
    connection: Connection, tenant: str, lookups: Collection[str], known: Known
) -> None:
    """A statement of its own, so that it sees what another store has committed meanwhile."""
    for row in await connection.fetch(_REFS, tenant, list(lookups)) if lookups else ():
        known.refs[row["lookup"]] = Ref(row["entry_id"], row["mentioned"])
        if row["conversation_id"]:
            known.places[row["entry_id"]] = row["conversation_id"]
            origin = Origin(row["contact_point_id"], row["claimed_at"])
            known.origins[row["entry_id"]] = origin


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
    opened = [m.content for m in messages if m.content]
    digits = {d for content in opened for d in content.references}
    digits.update(content.reference for content in opened if content.reference)
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
        known.active[row["id"]] = row["last_at"]


async def _find_related(
    connection: Connection,
    tenant: str,
    messages: Sequence[Incoming],
    known: Known,
) -> None:
    """Only for proposals: where rule 4 speaks, nothing is proposed."""
    asking: set[UUID] = set()
    for one in messages:
        if one.reply_to:
            asking.add(one.reply_to.id)
        only = len(known.recent[one.sender, one.event.channel]) == 1 if one.sender else True
        if one.sender and (
            one.id in known.learnt.asks or not (only or one.id in known.learnt.shared)
        ):
            asking.add(one.sender)
    asking -= known.new.keys()
    for row in await connection.fetch(_RELATED, tenant, list(asking)) if asking else ():
        known.related[row["contact_point_id"]].append(row["conversation_id"])


async def _find_people(
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
        for row in await connection.fetch(_PEOPLE, tenant, list(found), list(senders)):
            conversation_id, contact_point_id, channel, verified, account, claimed = row
            if account:
                known.people.add((conversation_id, contact_point_id, channel))
            if verified:
                known.confirmed.add((conversation_id, contact_point_id))
            elif claimed:
                known.claimed.add((conversation_id, contact_point_id))
