"""Assigns once more by a reference that only reading has found, for `append`.

Rule 1. It is carried on only where nobody has worked: it began a conversation by rule 5 and is all
        that stands there; no agent has read it, taken it or moved it. Else an agent is asked.
Rule 2. The five rules decide again, with no more than the reference: an unknown sender stays
        unconfirmed (rule 3), and what a machine sent joins no stranger's conversation.
Rule 3. It is a merge like an agent's: explained, and it can be undone.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from conversation_store.append.assign import Assignment, Facts, Proposal, assign
from conversation_store.append.keep_reading import Reading
from conversation_store.append.write import ask
from conversation_store.rearrange.merge import Judged, merge_by_rule
from hub_contract.explanations import Explanation
from hub_contract.words import Automatic
from hub_kit.database import Connection

_REFERENCES = """
select r.digits, coalesce(c.merged_into, c.id) as conversation_id
from reference r join conversation c on c.id = r.conversation_id and c.tenant = $1
where r.tenant = $1 and r.digits = any($2::text[])
"""
_HOMES = "select conversation_id from entry where tenant = $1 and id = any($2::uuid[])"
Leads = dict[str, UUID]  # from a reference to its conversation


async def find_leads(
    connection: Connection, tenant: str, readings: Sequence[Reading]
) -> tuple[Leads, set[UUID]]:
    """Return where their references lead, and all conversations that may change for it."""
    named = {one.of: one.content.references for one in readings if one.content.references}
    if not named:
        return {}, set()
    digits = sorted({digits for references in named.values() for digits in references})
    rows = await connection.fetch(_REFERENCES, tenant, digits)
    leads = {row["digits"]: row["conversation_id"] for row in rows}
    if not leads:
        return {}, set()
    homes = await connection.fetch(_HOMES, tenant, list(named))
    return leads, {*leads.values(), *(row["conversation_id"] for row in homes)}


_FACTS = """
select e.id, e.conversation_id, e.rule, e.reason, e.marks, e.automatic, e.verified, e.at,
  c.entry_count = 1 and c.state = 'open' and c.assignee is null and c.unread > 0 and not exists (
    select from rearrangement g where g.tenant = $1 and c.id in (g.source, g.target)
  ) as untouched,
  coalesce(k.shared, false) as shared, array(
    select p.conversation_id from participant p
    where p.tenant = $1 and p.contact_point_id = e.contact_point_id and p.verified
      and p.conversation_id = any($3::uuid[])) as known
from entry e join conversation c on c.id = e.conversation_id and c.tenant = $1
left join contact_point k on k.id = e.contact_point_id and k.tenant = $1
where e.tenant = $1 and e.id = $2
"""


async def assign_again(
    connection: Connection, tenant: str, readings: Sequence[Reading], leads: Leads
) -> None:
    """Carry on what nobody has worked on, ask about the rest; all under the batch's locks."""
    asked: list[tuple[UUID, Proposal, datetime]] = []
    for one in readings:
        found = [leads.get(digits) for digits in one.content.references]
        targets = tuple(dict.fromkeys(filter(None, found)))
        row = targets and await connection.fetchrow(_FACTS, tenant, one.of, targets)
        if not row or row["conversation_id"] in targets:
            continue
        assignment = assign(_facts(row, targets, is_unknown=None in found))
        if row["rule"] == 5 and row["untouched"] and not assignment.new:
            await merge_by_rule(
                connection, tenant, row["conversation_id"], _judged(row, assignment)
            )
            home = assignment.conversation_id
        else:
            home = row["conversation_id"]
        others = (other for other in targets if other != home)
        asked += [
            (home, Proposal("same_concern", other, Explanation.NAMED), one.event.at)
            for other in others
        ]
    await ask(connection, tenant, asked)


def _facts(row: Record, targets: tuple[UUID, ...], *, is_unknown: bool) -> Facts:
    return Facts(
        new_id=row["conversation_id"],
        automatic=Automatic(row["automatic"]),
        referenced=targets,
        reference_unknown=is_unknown,
        known=frozenset(row["known"]),
        shared=row["shared"],
        doubted=row["rule"] == 5 and not row["verified"],
    )


def _judged(row: Record, assignment: Assignment) -> Judged:
    marks = dict.fromkeys((*row["marks"].split(), *assignment.marks, Explanation.REFERENCE_READ))
    return Judged(
        entry_id=row["id"],
        into=assignment.conversation_id,
        rule=assignment.rule,
        reason=assignment.reason,
        marks=" ".join(marks),
        verified=assignment.verified,
    )
