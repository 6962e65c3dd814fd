"""Says that two contact points belong to one person, and takes it back; for agents.

A link is later knowledge, never a guess: who made it and why is kept, also after it is undone.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4

from hub_contract.errors import Permanent
from hub_kit.database import Connection, Pool, transaction
from hub_kit.tokens import Caller


@dataclass(frozen=True, slots=True)
class Linked:
    link_ids: tuple[UUID, ...]  # the new ones
    party_id: UUID


_POINTS = """
select c.id, l.party_id from contact_point c
left join party_link l on l.contact_point_id = c.id and l.tenant = $1 and l.undone_at is null
where c.tenant = $1 and c.id = any($2::uuid[]) order by c.id for update of c
"""
_PARTY = "insert into party (id, tenant, kind) values ($1, $2, 'person')"
_LINK = """
insert into party_link (id, tenant, party_id, contact_point_id, reason, made_by)
values ($1, $2, $3, $4, $5, $6)
"""
_UNDO = """
update party_link set undone_by = $3, undone_at = now()
where tenant = $1 and id = $2 and undone_at is null
"""
_DECIDE = """
update proposal set decided = $3, decided_by = $4, decided_at = now()
where tenant = $1 and id = $2 and decided is null
"""


async def unite(pool: Pool, caller: Caller, one: UUID, other: UUID, reason: str) -> Linked | None:
    """Link both to one party; None where one of them does not exist."""
    async with transaction(pool, caller.tenant) as connection:
        rows = await connection.fetch(_POINTS, caller.tenant, [one, other])
        if {one, other} - {row["id"] for row in rows}:
            return None
        if one == other:
            raise Permanent("other: is the same contact point; name another")
        parties = {row["party_id"] for row in rows if row["party_id"]}
        if len(parties) > 1:
            raise Permanent("other: belongs to another party; undo that link first")
        party_id = parties.pop() if parties else await _new_party(connection, caller.tenant)
        link_ids = [
            await _link(connection, caller, party_id, row["id"], reason)
            for row in rows
            if not row["party_id"]
        ]
    return Linked(tuple(link_ids), party_id)


async def part(pool: Pool, caller: Caller, link_id: UUID) -> bool | None:
    """Undo a link; None where there is none that stands."""
    async with transaction(pool, caller.tenant) as connection:
        status = await connection.execute(_UNDO, caller.tenant, link_id, caller.who)
    return True if status == "UPDATE 1" else None


async def decide(pool: Pool, caller: Caller, proposal_id: UUID, decision: str) -> bool | None:
    """Say that a proposal was right, or not; None where there is none that waits."""
    async with transaction(pool, caller.tenant) as connection:
        status = await connection.execute(_DECIDE, caller.tenant, proposal_id, decision, caller.who)
    return True if status == "UPDATE 1" else None


async def _new_party(connection: Connection, tenant: str) -> UUID:
    party_id = uuid4()
    await connection.execute(_PARTY, party_id, tenant)
    return party_id


async def _link(
    connection: Connection, caller: Caller, party_id: UUID, contact_point_id: UUID, reason: str
) -> UUID:
    link_id = uuid4()
    await connection.execute(
        _LINK, link_id, caller.tenant, party_id, contact_point_id, reason, caller.who
    )
    return link_id
