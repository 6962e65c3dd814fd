"""Carries all that hangs on contact points over to their new ids, in a given transaction.

In the order of `append`: contact points, then conversations, each sorted; then what they hold.
"""

# ruff: noqa: S608 - the queries are put together of constants

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from conversation_store.link import Found, keep
from hub_contract.ids import proposal_id
from hub_kit.database import Connection
from hub_kit.keys import KeyRing

BY = "faden"  # who undid a link or answered a question: no agent, but that both are one

_MOVED = "unnest($2::uuid[], $3::uuid[]) as m(old, new)"
# The same, and each new id as a spelling of itself.
_ALL = (
    "select * from unnest($2::uuid[], $3::uuid[]) union select new, new from unnest($3::uuid[]) new"
)
_SPELT, _SPELT_TOO = f"({_ALL}) as m(old, new)", f"({_ALL}) as also(old, new)"
_Pairs = tuple[Sequence[UUID], Sequence[UUID]]  # old ids, and in the same order the new ones
_SINCE = f"""
update contact_point n set at = least(n.at, since.at), single = n.single or since.single,
  shared = (n.shared or since.shared) and not (n.single or since.single)
from (select m.new, min(o.at) as at, bool_or(o.shared) as shared, bool_or(o.single) as single
      from {_MOVED} join contact_point o on o.id = m.old and o.tenant = $1 group by 1) since
where n.tenant = $1 and n.id = since.new
"""
_LOCK = """
select id from conversation where tenant = $1 and id in (
  select conversation_id from participant where tenant = $1 and contact_point_id = any($2::uuid[]))
order by id for update
"""
# Whoever wrote an entry takes part where it stands; entries have no index by contact point.
_ENTRIES = f"""
update entry e set contact_point_id = m.new
from {_MOVED} join participant p on p.contact_point_id = m.old and p.tenant = $1
where e.tenant = $1 and e.conversation_id = p.conversation_id and e.contact_point_id = m.old
"""
# Asked was whether two spellings are one person.
_ANSWERED = f"""
update proposal q set decided = 'accepted', decided_by = $4, decided_at = now()
from {_SPELT} join {_SPELT_TOO} on m.new = also.new and m.old <> also.old
join participant p on p.tenant = $1 and p.contact_point_id = also.old
where q.tenant = $1 and q.kind = 'same_person' and q.decided is null and q.other = m.old
  and q.conversation_id = p.conversation_id
"""
_PARTICIPANTS = f"""
insert into participant (conversation_id, contact_point_id, channel, tenant, account, verified,
  open, at, preferred_at, claimed)
select p.conversation_id, m.new, p.channel, $1, max(p.account), bool_or(p.verified),
  bool_or(p.open), min(p.at), max(p.preferred_at), bool_or(p.claimed)
from {_MOVED} join participant p on p.contact_point_id = m.old and p.tenant = $1
group by 1, 2, 3
on conflict (conversation_id, contact_point_id, channel) do update set
  account = greatest(participant.account, excluded.account),
  verified = participant.verified or excluded.verified,
  claimed = participant.claimed or excluded.claimed,
  at = least(participant.at, excluded.at),
  preferred_at = greatest(participant.preferred_at, excluded.preferred_at)
"""
_GONE = (
    "delete from participant where tenant = $1 and contact_point_id = any($2::uuid[])",
    "delete from contact_point where tenant = $1 and id = any($2::uuid[])",
    "delete from hub.message_key where tenant = $1 and owner = any($2::uuid[])",
)


async def carry(
    connection: Connection, ring: KeyRing, tenant: str, movers: Mapping[UUID, Found]
) -> None:
    """Give each of these old ids up for the contact point that it is now."""
    if not movers:
        return
    olds, news = list(movers), [found.id for found in movers.values()]
    # Of several spellings the last one is kept: one that has a name.
    await keep(connection, ring, tenant, sorted(movers.values(), key=lambda f: bool(f.point.name)))
    await connection.execute(_SINCE, tenant, olds, news)
    locked = [row["id"] for row in await connection.fetch(_LOCK, tenant, olds)]
    await connection.execute(_ENTRIES, tenant, olds, news)
    await connection.execute(_ANSWERED, tenant, olds, news, BY)
    await connection.execute(_PARTICIPANTS, tenant, olds, news)
    await _carry_links(connection, tenant, (olds, news))
    await _carry_questions(connection, tenant, (olds, news))
    ids = {str(old): str(found.id) for old, found in movers.items()}
    await _carry_memories(connection, tenant, ids, locked)
    for sql in _GONE:
        await connection.execute(sql, tenant, olds)


_LINKED_TWICE = f"""
select m.new, array_agg(distinct l.contact_point_id) as spellings
from {_SPELT} join party_link l on l.contact_point_id = m.old
where l.tenant = $1 and l.undone_at is null group by 1 having count(distinct l.id) > 1
"""
_LINKS = """
select id, party_id from party_link
where tenant = $1 and contact_point_id = any($2::uuid[]) and undone_at is null order by at, id
"""
_ONE_PARTY = """
update party_link set party_id = $3
where tenant = $1 and party_id = any($2::uuid[]) and undone_at is null
"""
_UNLINK = """
update party_link set undone_by = $3, undone_at = now() where tenant = $1 and id = any($2::uuid[])
"""
_LINKED = f"""
update party_link l set contact_point_id = m.new from {_MOVED}
where l.tenant = $1 and l.contact_point_id = m.old
"""


async def _carry_links(connection: Connection, tenant: str, pairs: _Pairs) -> None:
    """The first link of a contact point stands; what the others say, its party says from now on."""
    for twice in await connection.fetch(_LINKED_TWICE, tenant, *pairs):
        first, *others = await connection.fetch(_LINKS, tenant, twice["spellings"])
        parties = [link["party_id"] for link in others]
        await connection.execute(_ONE_PARTY, tenant, parties, first["party_id"])
        await connection.execute(_UNLINK, tenant, [link["id"] for link in others], BY)
    await connection.execute(_LINKED, tenant, *pairs)


_QUESTIONS = f"""
select q.id, q.conversation_id, m.new from {_SPELT} join proposal q on q.other = m.old
where q.tenant = $1 and q.kind = 'same_person' order by q.decided is null, q.at, q.id
"""
_UNASK = "delete from proposal where tenant = $1 and id = any($2::uuid[])"
_ASKED = """
update proposal q set id = n.id, other = n.other
from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as n(was, id, other)
where q.tenant = $1 and q.id = n.was
"""


async def _carry_questions(connection: Connection, tenant: str, pairs: _Pairs) -> None:
    """A question has the id of what it asks (see `append.write`); what is asked twice is one."""
    asked: dict[UUID, tuple[UUID, UUID]] = {}
    again = []
    for row in await connection.fetch(_QUESTIONS, tenant, *pairs):
        new = row["new"]
        made = proposal_id(tenant, row["conversation_id"], "same_person", new)
        if asked.setdefault(made, (row["id"], new))[0] != row["id"]:
            again.append(row["id"])
    await connection.execute(_UNASK, tenant, again)
    ids, others = [was for was, _ in asked.values()], [new for _, new in asked.values()]
    await connection.execute(_ASKED, tenant, ids, list(asked), others)


_MEMORIES = "select id, before from rearrangement where tenant = $1 and target = any($2::uuid[])"
_REMEMBER = "update rearrangement set before = $3 where tenant = $1 and id = $2"


async def _carry_memories(
    connection: Connection, tenant: str, ids: Mapping[str, str], conversations: Sequence[UUID]
) -> None:
    """Let undoing know them again: whom it does not know, it takes for a newcomer."""
    for row in await connection.fetch(_MEMORIES, tenant, conversations):
        before = json.loads(row["before"])
        people: dict[tuple[str, str], bool] = {}
        for point, channel, verified in before["participants"]:
            person = ids.get(point, point), channel
            people[person] = people.get(person, False) or verified
        known = [[*person, verified] for person, verified in people.items()]
        if known != before["participants"]:
            text = json.dumps({**before, "participants": known})
            await connection.execute(_REMEMBER, tenant, row["id"], text)
