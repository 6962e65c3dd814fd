"""Carries the one entry of a conversation on, by rule: a merge that an agent can undo."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from conversation_store.carry_over.follow import follow, remember
from conversation_store.carry_over.shift import Act, record, shift
from hub_kit.database import Connection
from hub_kit.tokens import Caller

_BOTH = "select * from conversation where tenant = $1 and id = any($2::uuid[])"
_JUDGE = """
update entry set rule = $3, reason = $4, marks = $5, verified = $6 where tenant = $1 and id = $2
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of an entry once its pages have been read."""

    entry_id: UUID
    into: UUID
    rule: int
    reason: str
    marks: str
    verified: bool


async def merge_by_rule(
    connection: Connection, tenant: str, source_id: UUID, judged: Judged
) -> None:
    """Put the source into the other, both locked already; who waits is to be settled then.

    Who wrote it is confirmed there only where the rules say so.
    """
    rows = await connection.fetch(_BOTH, tenant, [source_id, judged.into])
    both = {row["id"]: row for row in rows}
    nobody = Caller("", tenant, "service")
    act = Act(connection, nobody, uuid4(), both[source_id], both[judged.into])
    await record(act, "merge", await remember(act, [judged.entry_id]))
    await shift(act, None, "merged")
    await follow(act, confirmed=judged.verified)
    said = (judged.rule, judged.reason, judged.marks, judged.verified)
    await connection.execute(_JUDGE, tenant, judged.entry_id, *said)
