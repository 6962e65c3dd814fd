"""Answers a wish said in one word, HILFE or STATUS, by rule: in the transaction that takes it in.

Rule 1. No machine is answered, nobody who asked for silence or said STOP, nobody late, and none
        more often than so many times a day: two machines never talk to each other.
Rule 2. Of a conversation only a number hears that is confirmed there. What is another's is
        answered like what does not exist, in words, in language and in time.
Rule 3. What is answered by rule waits for no agent, and opens nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from asyncpg import Record

from conversation_store.add import Addition
from conversation_store.append.place import Line
from conversation_store.append.read import Incoming
from conversation_store.append.say import Progress, State, say_help, say_state
from conversation_store.authorities import Authority
from conversation_store.request import Letter, request
from conversation_store.timeline import open_row
from hub_contract.channels import CHANNELS, Measure
from hub_contract.events import RequestedContent
from hub_contract.explanations import Explanation
from hub_contract.ids import requested_id
from hub_contract.words import Automatic, Direction, Keyword
from hub_kit.blobs import Packing
from hub_kit.database import Connection
from hub_kit.keys import KeyRing

LATE = timedelta(hours=1)  # after which nobody waits for it any more
_WISHES = frozenset({Keyword.HELP, Keyword.STATUS})
_ENGLISH = "help"

_STOPPED = """
select contact_point_id, channel from opted_out
where tenant = $1 and contact_point_id = any($2::uuid[])
"""
_ANSWERED = """
select contact_point_id, channel, n from wish_answered
where tenant = $1 and contact_point_id = any($2::uuid[]) and day = $3
"""
_NOTE = """
insert into wish_answered (tenant, contact_point_id, channel, day, n)
select $1, n.id, n.channel, $2, n.n from unnest($3::uuid[], $4::text[], $5::int[])
  as n(id, channel, n) order by n.id, n.channel
on conflict (tenant, contact_point_id, channel) do update set day = excluded.day, n = excluded.n
"""
# Not what only such wishes have begun. `$3`: of this one alone.
_HERS = """
select c.id, c.reference, c.state, c.opened_at, c.waiting_since, t.status, (
    select max(o.at) from entry o
    where o.tenant = $1 and o.conversation_id = c.id and o.direction = 'out' and o.kind = 'message'
      and o.automatic = 'no' and o.delivery not in ('failed', 'returned')) as answered_at
from participant p
join conversation c on c.id = p.conversation_id and c.tenant = $1 and c.state <> 'merged'
left join transaction t on t.id = c.transaction_id and t.tenant = $1
where p.tenant = $1 and p.contact_point_id = $2 and p.verified
  and ($3::uuid is null or c.id = $3) and exists (
    select from entry e
    where e.tenant = $1 and e.conversation_id = c.id and e.direction = 'in' and e.automatic = 'no'
      and e.marks not like '%answered_by_rule%')
order by p.at desc limit 1
"""
_LANGUAGE = """
select e.id, e.content, k.wrapped from entry e
join hub.message_key k on k.owner = e.id and k.tenant = $1
where e.tenant = $1 and e.conversation_id = $2 and e.direction <> 'out' and e.direction <> 'none'
order by e.conversation_id desc, e.place desc limit 5
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    ring: KeyRing
    authorities: Mapping[str, Authority]
    most: int  # answers a day to one number

    async def choose(
        self, connection: Connection, tenant: str, messages: Sequence[Incoming]
    ) -> frozenset[UUID]:
        """Return which of these are answered by rule, and count them."""
        now = datetime.now(UTC)
        asked = {one.id for one in messages if is_wish(one, now)}
        if not asked or tenant not in self.authorities:
            return frozenset()
        points = list({one.sender for one in messages if one.id in asked})
        rows = await connection.fetch(_STOPPED, tenant, points)
        stopped = {(row["contact_point_id"], row["channel"]) for row in rows}
        rows = await connection.fetch(_ANSWERED, tenant, points, now.date())
        before = Counter({(row["contact_point_id"], row["channel"]): row["n"] for row in rows})
        chosen, counts = _choose(messages, asked, stopped, before, self.most)
        if counts:
            columns = zip(*((*who, n) for who, n in counts.items()), strict=True)
            await connection.execute(_NOTE, tenant, now.date(), *columns)
        return chosen

    async def answer(
        self, connection: Connection, tenant: str, lines: Iterable[Line]
    ) -> list[Addition]:
        """Return what is said to the chosen ones; their messages are written down already."""
        return [
            await self._answer(connection, tenant, line) for line in lines if line.assignment.wish
        ]

    async def _answer(self, connection: Connection, tenant: str, line: Line) -> Addition:
        message, event = line.message, line.message.event
        assert message.content is not None
        assert message.content.sender is not None
        assert message.sender is not None
        newest = await connection.fetchrow(_HERS, tenant, message.sender, None)
        language = await self._language(connection, tenant, message, newest)
        content = RequestedContent(
            recipient=message.content.sender.model_copy(update={"name": ""}),
            text=await self._text(connection, tenant, line, newest, language),
            language=language,
        )
        letter = Letter(
            requested_id(tenant, line.thread.id, f"wish {message.id}"),
            tenant,
            line.thread.id,
            event.channel,
            event.account,
            message.sender,
            content,
            automatic=True,
            expires_at=event.received_at + LATE,
            reason=Explanation.BY_RULE,
        )
        # An SMS never is too long to travel: nothing is packed.
        return request(self.ring, letter, self.ring.new_key(), Packing())

    async def _text(
        self,
        connection: Connection,
        tenant: str,
        line: Line,
        newest: Record | None,
        language: str,
    ) -> str:
        authority = self.authorities[tenant]
        if line.message.event.keyword is Keyword.HELP:
            return say_help(authority, language)
        row = newest
        if names := _names_one(line.message):
            home = line.thread.id if line.assignment.rule == 2 else None
            sender = line.message.sender
            row = await connection.fetchrow(_HERS, tenant, sender, home) if home else None
        return say_state(authority, state_of(row, named=names), language)

    async def _language(
        self, connection: Connection, tenant: str, message: Incoming, newest: Record | None
    ) -> str:
        """Return what she chose elsewhere; it says nothing of the one that she asks about."""
        assert message.content is not None
        rows = await connection.fetch(_LANGUAGE, tenant, newest["id"]) if newest else []
        contents = (open_row(row, self.ring) or {} for row in rows)
        chosen = (str(content.get("language", "")) for content in contents)
        said = message.content.body.text.strip().lower().startswith(_ENGLISH)
        return message.content.language or next(filter(None, chosen), "en" if said else "de")


def is_wish(one: Incoming, now: datetime) -> bool:
    """Say whether this may be answered by rule at all."""
    event, sender = one.event, one.content.sender if one.content else None
    return (
        CHANNELS[event.channel].measure is Measure.SEGMENTS  # an answer is one line
        and event.keyword in _WISHES
        and event.automatic is Automatic.NO
        and event.direction is Direction.IN
        and not event.no_automatic_answer
        and sender is not None
        and not sender.as_written
        and now - event.received_at < LATE
    )


def state_of(row: Record | Mapping[str, object] | None, *, named: bool) -> State:
    """Return how far it is; None: nothing of hers was found, whether she named one or not."""
    if row is None:
        return State(Progress.UNKNOWN if named else Progress.UNNAMED)
    reference, status = str(row["reference"]), row["status"]
    if row["state"] == "closed" or status == "COMPLETED":
        return State(Progress.DONE, reference)
    if status == "ACTION_REQUIRED":
        return State(Progress.NEEDED, reference)
    is_waiting = row["waiting_since"] is not None or row["answered_at"] is None
    progress = Progress.ARRIVED if is_waiting else Progress.ANSWERED
    moment = (row["waiting_since"] or row["opened_at"]) if is_waiting else row["answered_at"]
    assert isinstance(moment, datetime)
    return State(progress, reference, moment)


def _names_one(one: Incoming) -> bool:
    """Say whether she named a number, mistyped or not."""
    return one.content is not None and any(map(str.isdigit, one.content.body.text))


def _choose(
    messages: Sequence[Incoming],
    asked: set[UUID],
    stopped: set[tuple[UUID, str]],
    counts: Counter[tuple[UUID, str]],
    most: int,
) -> tuple[frozenset[UUID], dict[tuple[UUID, str], int]]:
    """Return which are answered, one after the other, and how many that makes for each."""
    chosen, changed = set(), {}
    for one in messages:
        if one.sender is None:
            continue
        who = one.sender, str(one.event.channel)
        if one.event.keyword is Keyword.STOP:
            stopped.add(who)
        elif one.event.keyword is Keyword.START:
            stopped.discard(who)
        elif one.id in asked and who not in stopped and counts[who] < most:
            counts[who] += 1
            changed[who] = counts[who]
            chosen.add(one.id)
    return frozenset(chosen), changed
