"""Lets people, state, transaction and older merges go with the entries, for `rearrange`.

Rule 1. What leads to a merged conversation (tokens, references, links) leads to where it went.
Rule 2. A merge says that both are one concern: who was confirmed there is confirmed here. A single
        moved entry says nothing of the kind about the person behind it.
Rule 3. Undoing never leaves anyone confirmed who was not before.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.link import contact_point_id
from conversation_store.rearrange.shift import Act
from conversation_store.timeline import open_row
from hub_contract.words import ContactPoint
from hub_kit.keys import KeyRing

_STATE = ("state", "unread", "transaction_id")
_SAID = """
select id, rule, reason, marks, verified from entry where tenant = $1 and id = any($2::uuid[])
"""
_SAY_AGAIN = """
update entry set rule = $3, reason = $4, marks = $5, verified = $6 where tenant = $1 and id = $2
"""


async def remember(act: Act, judged: Sequence[UUID] = ()) -> str:
    """Return what undoing must know beside the entries, as JSON: ids, words and numbers only.

    `judged` are entries of which the rules say something else from then on.
    """
    people = await act.connection.fetch(
        """select contact_point_id, channel, verified from participant
           where tenant = $1 and conversation_id = $2""",
        act.tenant,
        act.target["id"],
    )
    redirected = await act.connection.fetch(
        "select id from conversation where tenant = $1 and merged_into = $2",
        act.tenant,
        act.source["id"],
    )
    said = await act.connection.fetch(_SAID, act.tenant, judged) if judged else ()
    before = {
        "source": {name: _plain(act.source[name]) for name in _STATE},
        "participants": [[str(r["contact_point_id"]), r["channel"], r["verified"]] for r in people],
        "redirected": [str(row["id"]) for row in redirected],
        "judged": [[str(row["id"]), *list(row)[1:]] for row in said],
    }
    return json.dumps(before)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


_ALL_PEOPLE = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at, preferred_at, claimed)
select $3, contact_point_id, channel, tenant, account, verified and $5, $4, at, preferred_at,
  claimed
from participant
where tenant = $1 and conversation_id = $2
on conflict (conversation_id, contact_point_id, channel)
do update set verified = participant.verified or excluded.verified
"""
_OPEN = "update participant set open = $3 where tenant = $1 and conversation_id = $2"
_REDIRECT = "update conversation set merged_into = $3 where tenant = $1 and merged_into = $2"
_MERGED = """
update conversation
set state = 'merged', merged_into = $3, unread = 0, transaction_id = null, snoozed_until = null
where tenant = $1 and id = $2
"""
_TAKES = """
update conversation
set state = $3, unread = unread + $4, transaction_id = coalesce(transaction_id, $5),
    snoozed_until = case when $3 = 'snoozed' then snoozed_until end
where tenant = $1 and id = $2
"""
_PROPOSALS = """
update proposal set decided = 'accepted', decided_by = $4, decided_at = now()
where tenant = $1 and decided is null and kind = 'same_concern'
  and conversation_id in ($2, $3) and other in ($2, $3)
"""


async def follow(act: Act, *, confirmed: bool = True) -> None:
    """After a merge: the source lives on in the target; `confirmed`: so do its people."""
    run, tenant = act.connection.execute, act.tenant
    source, target = act.source["id"], act.target["id"]
    state = "open" if "open" in (act.source["state"], act.target["state"]) else act.target["state"]
    await run(_ALL_PEOPLE, tenant, source, target, state != "closed", confirmed)
    await run(_OPEN, tenant, target, state != "closed")
    await run(_OPEN, tenant, source, False)
    await run(_REDIRECT, tenant, source, target)
    await run(_MERGED, tenant, source, target)
    unread, transaction_id = act.source["unread"], act.source["transaction_id"]
    await run(_TAKES, tenant, target, state, unread, transaction_id)
    await run(_PROPOSALS, tenant, source, target, str(act.id))


_SOME_PEOPLE = """
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at, preferred_at, claimed)
select $3, contact_point_id, channel, tenant, account, verified and $5, $6, at,
  preferred_at, claimed and $5
from participant
where tenant = $1 and conversation_id = $2 and contact_point_id = any($4::uuid[])
on conflict do nothing
"""


_CHOSEN = """
select e.id, e.content, k.wrapped from entry e
join hub.message_key k on k.owner = e.id and k.tenant = $1
where e.tenant = $1 and e.id = any($2::uuid[]) and e.kind = 'message' and e.direction = 'in'
"""


async def named_in(act: Act, ring: KeyRing, entries: Sequence[UUID]) -> list[UUID]:
    """Return whom these messages name in a Reply-To: she wrote none of them herself."""
    rows = await act.connection.fetch(_CHOSEN, act.tenant, entries)
    contents = (open_row(row, ring) or {} for row in rows)
    points = [ContactPoint.model_validate(c["reply_to"]) for c in contents if c.get("reply_to")]
    lookups = (ring.lookup_of(act.tenant, point) for point in points)
    return [contact_point_id(lookup) for lookup in lookups if lookup]


async def follow_some(act: Act, people: Sequence[UUID], *, confirmed: bool) -> None:
    """After a split or a move: who wrote the entries, or got them, is part of the target."""
    arguments = (act.source["id"], act.target["id"], people, confirmed)
    is_open = act.target["state"] != "closed"
    await act.connection.execute(_SOME_PEOPLE, act.tenant, *arguments, is_open)


_WAS_SOURCE = """
update conversation set state = $3, unread = $4, transaction_id = $5, merged_into = null
where tenant = $1 and id = $2
"""
_WAS_TARGET = """
update conversation
set unread = greatest(0, unread - $3),
    transaction_id = case when $4 then null else transaction_id end
where tenant = $1 and id = $2
"""
_REDIRECT_BACK = """
update conversation set merged_into = $3 where tenant = $1 and id = any($2::uuid[])
"""
_UNDECIDE = """
update proposal set decided = null, decided_by = null, decided_at = null
where tenant = $1 and decided_by = $2
"""
# Its reference was given out: whoever names it is led back.
_EMPTY = """
update conversation set state = 'merged', merged_into = $3
where tenant = $1 and id = $2 and entry_count = 0
"""


async def restore(act: Act, done: Record) -> None:
    """Give state, people and redirections back as they were."""
    before = json.loads(done["before"])
    source, target = done["source"], done["target"]
    if done["kind"] == "merge":
        await _restore_merged(act, done, before)
    elif done["kind"] == "split":
        await _lead_back(act, target, source)
    await _restore_people(act, target, before["participants"])


async def _lead_back(act: Act, emptied: UUID, source: UUID) -> None:
    run, tenant = act.connection.execute, act.tenant
    if await run(_EMPTY, tenant, emptied, source) == "UPDATE 1":
        await run(_REDIRECT, tenant, emptied, source)
        await run(_OPEN, tenant, emptied, False)


async def _restore_merged(act: Act, done: Record, before: dict[str, Any]) -> None:
    run, tenant, was = act.connection.execute, act.tenant, before["source"]
    source, target = done["source"], done["target"]
    transaction_id = UUID(was["transaction_id"]) if was["transaction_id"] else None
    # What was snoozed then may be overdue: let an agent look.
    state = "open" if was["state"] == "snoozed" else was["state"]
    await run(_WAS_SOURCE, tenant, source, state, was["unread"], transaction_id)
    await run(_OPEN, tenant, source, state != "closed")
    await run(_WAS_TARGET, tenant, target, was["unread"], transaction_id is not None)
    await run(_REDIRECT_BACK, tenant, [UUID(c) for c in before["redirected"]], source)
    await run(_UNDECIDE, tenant, str(done["id"]))
    for entry_id, *said in before.get("judged", ()):
        await run(_SAY_AGAIN, tenant, UUID(entry_id), *said)


_KNOWN_BEFORE = """
update participant p set verified = false
from unnest($3::uuid[], $4::text[], $5::boolean[]) as w(contact_point_id, channel, verified)
where p.tenant = $1 and p.conversation_id = $2 and p.contact_point_id = w.contact_point_id
  and p.channel = w.channel and p.verified and not w.verified
"""
# Who came with the entries goes with them; who has written here since stays.
_NEWCOMERS = """
delete from participant p
where p.tenant = $1 and p.conversation_id = $2
  and not exists (select from unnest($3::uuid[], $4::text[]) as w(contact_point_id, channel)
                  where w.contact_point_id = p.contact_point_id and w.channel = p.channel)
  and not exists (select from entry e where e.tenant = $1 and e.conversation_id = $2
                  and e.contact_point_id = p.contact_point_id and e.channel = p.channel)
"""


async def _restore_people(act: Act, target: UUID, before: Sequence[tuple[str, str, bool]]) -> None:
    points = [UUID(point) for point, _, _ in before]
    channels = [channel for _, channel, _ in before]
    run, verified = act.connection.execute, [verified for _, _, verified in before]
    await run(_KNOWN_BEFORE, act.tenant, target, points, channels, verified)
    await run(_NEWCOMERS, act.tenant, target, points, channels)
