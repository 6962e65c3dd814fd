"""Writes what a batch has decided: conversations, entries, contributions, proposals, by unnest."""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from conversation_store.announce import Announcement, EntryNews, TransactionNews
from conversation_store.append.assign import Proposal
from conversation_store.append.place import Line, Thread
from hub_contract.channels import CHANNEL_TO
from hub_contract.events import MessageReceived
from hub_contract.ids import proposal_id
from hub_contract.words import CallOutcome, Keyword
from hub_kit.database import Connection

_CONVERSATIONS = """
with made as (
  insert into conversation (id, tenant, channel, account, state, reference, transaction_id,
    opened_at, last_at, entry_count, next_place, unread, waiting_since)
  select n.id, $1, n.channel, n.account, n.state, n.reference, n.transaction_id, n.opened_at,
    n.last_at, n.added, n.next_place, n.unread, n.waiting_since
  from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[],
      $8::timestamptz[], $9::timestamptz[], $10::int[], $11::int[], $12::int[],
      $13::timestamptz[])
    as n(id, channel, account, state, reference, transaction_id, opened_at, last_at, added,
         next_place, unread, waiting_since)
)
insert into reference (tenant, digits, conversation_id)
select $1, n.digits, n.id from unnest($6::text[], $2::uuid[]) as n(digits, id)
"""
_UPDATE = """
update conversation c
set state = n.state, last_at = n.last_at, entry_count = c.entry_count + n.added,
    next_place = n.next_place, unread = c.unread + n.unread, transaction_id = n.transaction_id,
    waiting_since = n.waiting_since,
    snoozed_until = case when n.state = 'snoozed' then c.snoozed_until end
from unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::int[], $6::int[], $7::int[],
    $8::uuid[], $9::timestamptz[])
  as n(id, state, last_at, added, next_place, unread, transaction_id, waiting_since)
where c.id = n.id and c.tenant = $1
"""
_ENTRIES = """
insert into entry (id, tenant, conversation_id, place, kind, direction, channel, account, at,
  claimed_at, contact_point_id, author, automatic, readable, partial, verified, rule, reason,
  marks, facts, original, content)
select n.id, $1, n.conversation_id, n.place, n.kind, n.direction, n.channel, n.account, n.at,
  n.claimed_at, n.contact_point_id, '', n.automatic, n.readable, n.partial, n.verified, n.rule,
  n.reason, n.marks, n.facts, n.original, n.content
from unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::uuid[], $12::text[], $13::boolean[],
    $14::boolean[], $15::boolean[], $16::smallint[], $17::text[], $18::text[], $19::text[],
    $20::text[], $21::bytea[])
  as n(id, conversation_id, place, kind, direction, channel, account, at, claimed_at,
       contact_point_id, automatic, readable, partial, verified, rule, reason, marks, facts,
       original, content)
on conflict (id) do nothing
"""
_PARTICIPANTS = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at)
select n.conversation_id, n.contact_point_id, n.channel, $1, n.account, n.verified, n.open, n.at
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::boolean[],
    $8::timestamptz[])
  as n(conversation_id, contact_point_id, channel, account, verified, open, at)
on conflict (conversation_id, contact_point_id, channel)
do update set account = excluded.account, verified = participant.verified or excluded.verified
where participant.account = ''
"""
# Who asks to be answered there takes part there, confirmed by whom she wrote with; the one that is
# preferred has a moment, and the latest wins.
_REACHABLE = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at, preferred_at)
select distinct on (n.conversation_id, n.contact_point_id, n.channel) n.conversation_id,
  n.contact_point_id, n.channel, $1, '', true, n.open, n.at, n.preferred_at
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::boolean[], $6::timestamptz[],
    $7::timestamptz[])
  as n(conversation_id, contact_point_id, channel, open, at, preferred_at)
order by n.conversation_id, n.contact_point_id, n.channel, n.preferred_at desc nulls last
on conflict (conversation_id, contact_point_id, channel)
do update set verified = true,
  preferred_at = greatest(participant.preferred_at, excluded.preferred_at)
"""
# Whom a Reply-To names is claimed, not confirmed. Answers go there by themselves where the same
# message began it all; else only once an agent has confirmed it.
_CLAIMED = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at, preferred_at, claimed)
select distinct on (n.conversation_id, n.contact_point_id, n.channel) n.conversation_id,
  n.contact_point_id, n.channel, $1, '', false, n.open, n.at, n.preferred_at,
  n.preferred_at is not null
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::boolean[], $6::timestamptz[],
    $7::timestamptz[])
  as n(conversation_id, contact_point_id, channel, open, at, preferred_at)
order by n.conversation_id, n.contact_point_id, n.channel, n.preferred_at desc nulls last
on conflict (conversation_id, contact_point_id, channel)
do update set preferred_at = greatest(participant.preferred_at, excluded.preferred_at),
  claimed = participant.claimed or excluded.claimed
"""
_CONTRIBUTIONS = """
insert into contribution (tenant, entry_id, number, transaction_id, requirement, source,
  confidence, attachment)
select $1, n.* from unnest($2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::real[],
    $8::int[])
  as n(entry_id, number, transaction_id, requirement, source, confidence, attachment)
on conflict do nothing
"""
_PROPOSALS = """
insert into proposal (tenant, id, conversation_id, kind, other, reason, at)
select $1, n.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[],
    $7::timestamptz[]) as n(id, conversation_id, kind, other, reason, at)
on conflict (id) do nothing
"""
_TRANSACTIONS = """
insert into transaction (tenant, id, public_service, status, reference, conversation_id, at)
select $1, n.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[],
    $7::timestamptz[]) as n(id, public_service, status, reference, conversation_id, at)
on conflict (id) do nothing
"""
_TAKE_OVER = """
update external_ref r set entry_id = n.entry_id, mentioned = false
from unnest($2::text[], $3::uuid[]) as n(lookup, entry_id)
where r.lookup = n.lookup and r.tenant = $1
"""
_REOPEN = """
update participant set open = true
where tenant = $1 and conversation_id = any($2::uuid[]) and not open
"""
_STOP = """
insert into opted_out (tenant, contact_point_id, channel, at)
select $1, n.* from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as n(id, channel, at)
on conflict do nothing
"""
_START = """
delete from opted_out o using unnest($2::uuid[], $3::text[]) as n(id, channel)
where o.tenant = $1 and o.contact_point_id = n.id and o.channel = n.channel
"""
BEGUN = "SUBMITTED"  # a form came in
Question = tuple[UUID, Proposal, datetime]  # of which conversation, what, since when


@dataclass(frozen=True, slots=True)
class Work:
    """All that a batch of one tenant has decided."""

    lines: Sequence[Line]
    threads: Sequence[Thread]
    taken_over: Sequence[tuple[str, UUID]]  # external ids that lead to another message now
    people: AbstractSet[
        tuple[UUID, UUID, str]
    ]  # who takes part already: conversation, person, channel
    proposals: Sequence[Question]  # beside those of the lines


async def write(connection: Connection, tenant: str, work: Work) -> list[Announcement]:
    """Write it all; return what the bus must hear of it."""

    async def run(sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        if columns := list(zip(*rows, strict=True)):
            await connection.execute(sql, tenant, *columns)

    await run(_CONVERSATIONS, (_new_row(t) for t in work.threads if t.new))
    await run(_UPDATE, (_changed_row(t) for t in work.threads if not t.new))
    await run(_ENTRIES, (_entry_row(line) for line in work.lines))
    await run(_PARTICIPANTS, _participant_rows(work))
    await run(_REACHABLE, _reachable_rows(work.lines))
    await run(_CLAIMED, _claimed_rows(work.lines))
    await run(_CONTRIBUTIONS, _contribution_rows(work.lines))
    await run(_PROPOSALS, _proposal_rows(tenant, work))
    begun = [thread for thread in work.threads if thread.public_service]
    await run(_TRANSACTIONS, (_transaction_row(thread) for thread in begun))
    await run(_TAKE_OVER, work.taken_over)
    wishes = _last_wishes(work.lines)
    await run(_STOP, ((*who, at) for who, (wish, at) in wishes.items() if wish is Keyword.STOP))
    await run(_START, (who for who, (wish, _) in wishes.items() if wish is Keyword.START))
    reopened = [thread.id for thread in work.threads if thread.reopened]
    if reopened:
        await connection.execute(_REOPEN, tenant, reopened)
    news: list[Announcement] = [_news(tenant, line) for line in work.lines]
    return news + [_begun(tenant, thread) for thread in begun]


def _new_row(t: Thread) -> tuple[Any, ...]:
    return (
        t.id,
        t.channel,
        t.account,
        t.state,
        t.reference,
        t.transaction_id,
        t.opened_at,
        t.last_at,
        t.added,
        t.next_place,
        t.unread,
        t.waits_since,
    )


def _changed_row(t: Thread) -> tuple[Any, ...]:
    counts = t.added, t.next_place, t.unread
    return t.id, t.state, t.last_at, *counts, t.transaction_id, t.waits_since


def _entry_row(line: Line) -> tuple[Any, ...]:
    message, assignment, event = line.message, line.assignment, line.message.event
    return (
        event.id,
        line.thread.id,
        line.place,
        event.kind,
        event.direction,
        event.channel,
        event.account,
        event.received_at,
        event.happened_at,
        message.sender,
        event.automatic,
        event.readable,
        event.partial,
        assignment.verified,
        assignment.rule,
        assignment.reason,
        " ".join(assignment.marks),
        facts_of(event),
        event.original.model_dump_json() if event.original else "",
        message.sealed,
    )


def facts_of(event: MessageReceived) -> str:
    """Return what a channel says beside the words, as JSON, without what says nothing."""
    facts = {
        "no_automatic_answer": event.no_automatic_answer or None,
        "size": event.size or None,
        "pages": event.pages,
        "segments": event.segments,
        "seconds": event.seconds,
        "confidence": event.confidence,
        "to_be_read": event.to_be_read or None,
        "keyword": None if event.keyword is Keyword.NONE else event.keyword,
        "outcome": None if event.outcome is CallOutcome.NONE else event.outcome,
    }
    return json.dumps({name: fact for name, fact in facts.items() if fact is not None})


def _participant_rows(work: Work) -> Iterable[tuple[Any, ...]]:
    seen = set(work.people)
    for line in work.lines:
        message, thread = line.message, line.thread
        if message.sender is None:
            continue
        key = (thread.id, message.sender, message.event.channel)
        if key in seen:
            continue
        seen.add(key)
        is_open = thread.state in ("open", "snoozed")
        account, at = message.event.account, message.event.received_at
        yield (*key, account, line.assignment.verified, is_open, at)


def _reachable_rows(lines: Sequence[Line]) -> Iterable[tuple[Any, ...]]:
    for line in lines:
        if not line.message.reachable or not line.assignment.verified:
            continue  # a stranger cannot name whom we answer
        is_open, at = line.thread.state in ("open", "snoozed"), line.message.event.received_at
        for number, found in enumerate(line.message.reachable):
            channel = CHANNEL_TO[found.point.kind]
            if not number and line.message.content and line.message.content.answer_by:
                channel = line.message.content.answer_by
            yield line.thread.id, found.id, channel, is_open, at, None if number else at


def _claimed_rows(lines: Sequence[Line]) -> Iterable[tuple[Any, ...]]:
    for line in lines:
        if found := line.message.reply_to:
            is_open = line.thread.state in ("open", "snoozed")
            at = line.message.event.received_at
            began = line.assignment.new and line.assignment.verified
            channel = CHANNEL_TO[found.point.kind]
            yield line.thread.id, found.id, channel, is_open, at, at if began else None


def _last_wishes(lines: Sequence[Line]) -> dict[tuple[UUID, str], tuple[Keyword, datetime]]:
    """Return what each sender wanted last of each channel, if it was to stop or to start."""
    wishes: dict[tuple[UUID, str], tuple[Keyword, datetime]] = {}
    for line in lines:
        event, sender = line.message.event, line.message.sender
        if sender and event.keyword in (Keyword.STOP, Keyword.START):
            wishes[sender, event.channel.value] = event.keyword, event.received_at
    return wishes


def _contribution_rows(lines: Sequence[Line]) -> Iterable[tuple[Any, ...]]:
    for line in lines:
        content = line.message.content
        for number, one in enumerate(content.contributions if content else ()):
            facts = (one.requirement, one.source, one.confidence, one.attachment)
            yield (line.message.id, number, line.thread.transaction_id, *facts)


def _proposal_rows(tenant: str, work: Work) -> Iterable[tuple[Any, ...]]:
    of_lines = (
        (line.thread.id, one, line.message.event.received_at)
        for line in work.lines
        for one in line.assignment.proposals
    )
    yield from _question_rows(tenant, (*of_lines, *work.proposals))


async def ask(connection: Connection, tenant: str, proposals: Sequence[Question]) -> None:
    """Write proposals that a batch has found beside its messages."""
    if columns := list(zip(*_question_rows(tenant, proposals), strict=True)):
        await connection.execute(_PROPOSALS, tenant, *columns)


def _question_rows(tenant: str, proposals: Iterable[Question]) -> Iterable[tuple[Any, ...]]:
    for conversation_id, one, at in proposals:
        id_ = proposal_id(tenant, conversation_id, one.kind, one.other)
        yield (id_, conversation_id, one.kind, one.other, one.reason, at)


def _transaction_row(t: Thread) -> tuple[Any, ...]:
    return t.transaction_id, t.public_service, BEGUN, t.reference, t.id, t.last_at


def _news(tenant: str, line: Line) -> EntryNews:
    event = line.message.event
    return EntryNews(
        tenant=tenant,
        conversation_id=line.thread.id,
        entry_id=event.id,
        place=line.place,
        kind=event.kind,
        direction=event.direction.value,
        channel=event.channel,
        at=event.received_at,
        traceparent=line.message.traceparent,
    )


def _begun(tenant: str, t: Thread) -> TransactionNews:
    assert t.transaction_id is not None
    return TransactionNews(
        tenant, t.transaction_id, t.public_service, "SUBMITTED", t.last_at, BEGUN
    )
