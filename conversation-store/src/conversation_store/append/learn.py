"""Learns which addresses write for many people, before `look_up` asks what their mails may join.

Rule 1. An address that a sign or a second name or Reply-To has shown to be shared is so from then
        on; what it sent before stays where it is.
Rule 2. A Reply-To once there and once not is a second one: a form that asks for no address.
Rule 3. What another hands in for the sender may be anybody's, and says nothing about the others.
Rule 4. What may be forged is doubted itself, and teaches nothing about the address.
Rule 5. Where an agent has said that one person writes by an address, no sign says otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from asyncpg import Record

from conversation_store.append.names import fuller, is_another
from conversation_store.append.read import Incoming, is_doubted
from conversation_store.link import name_lookup, open_point, reseal
from hub_contract.words import Automatic, ContactKind, ContactPoint
from hub_kit.database import Connection
from hub_kit.keys import KeyRing


@dataclass(slots=True)
class Seen:
    """What is known of a mail address before a message."""

    point: ContactPoint
    shared: bool = False
    single: bool = False  # an agent has said that one person writes by it
    reply_to: UUID | None = None
    new: bool = False  # nothing has come from it yet
    changed: bool = False
    renamed: bool = False


@dataclass(slots=True)
class Learnt:
    """Which messages of a batch come from shared addresses; `changes` is what must be written."""

    shared: set[UUID] = field(default_factory=set)
    apart: set[UUID] = field(default_factory=set)  # others that only may be anybody's
    asks: set[UUID] = field(default_factory=set)  # of both: the sender's others are proposed
    changes: dict[UUID, Seen] = field(default_factory=dict)


def learn(messages: Sequence[Incoming], seen: dict[UUID, Seen]) -> Learnt:
    """Return what these teach, one after the other; `seen` grows with each."""
    learnt = Learnt()
    for one in messages:
        known = seen.get(one.sender) if one.sender else None
        if known is None:
            continue
        if one.content is None or one.content.sender is None:  # erased: what it taught is gone
            learnt.shared.update([one.id] if known.shared else [])
            continue
        told = one.content.shared and not known.single
        taught = not (known.shared or known.single) and _is_second(one, known)
        if known.shared or told or taught:
            learnt.shared.add(one.id)
            if not told and (taught or one.reply_to is None):
                learnt.asks.add(one.id)
        elif any(proof.kind == "sender" for proof in one.content.evidence):
            learnt.apart.add(one.id)
            learnt.asks.add(one.id)
        if not is_doubted(one.content) and one.event.automatic is not Automatic.REPLY:
            _note(one, known, shared=one.id in learnt.shared)
    learnt.changes = {i: one for i, one in sorted(seen.items()) if one.changed or one.renamed}
    return learnt


def _is_second(one: Incoming, known: Seen) -> bool:
    """Say whether somebody else writes here than before."""
    assert one.content is not None
    assert one.content.sender is not None
    if known.new or one.event.automatic is Automatic.REPLY:
        return False
    reply_to = one.reply_to.id if one.reply_to else None
    return reply_to != known.reply_to or is_another(
        known.point.name, one.content.sender.name, known.point.value
    )


def _note(one: Incoming, known: Seen, *, shared: bool) -> None:
    assert one.content is not None
    assert one.content.sender is not None
    if known.new and one.reply_to:
        known.reply_to, known.changed = one.reply_to.id, True
    if shared and not known.shared:
        known.shared = known.changed = True
    name = fuller(known.point.name, one.content.sender.name, known.point.value)
    if name != known.point.name and not known.shared:
        known.point = known.point.model_copy(update={"name": name})
        known.renamed = True
    known.new = False


def read_seen(
    ring: KeyRing, messages: Sequence[Incoming], kept: Mapping[UUID, Record]
) -> dict[UUID, Seen]:
    """Return what is known of the senders; `kept` are the rows of those that are not new."""
    seen: dict[UUID, Seen] = {}
    for one in messages:
        point = one.content.sender if one.content else None
        if one.sender is None or point is None or point.kind is not ContactKind.EMAIL:
            continue
        row = kept.get(one.sender)
        if row is None:
            nameless = point.model_copy(update={"name": ""})
            seen.setdefault(one.sender, Seen(nameless, new=True))
        elif one.sender not in seen:
            seen[one.sender] = Seen(point, row["shared"], row["single"], row["reply_to"])
        if row and not _is_same_name(ring, one.event.tenant, point.name, row):
            # A name that is not the one kept is compared with it in words.
            seen[one.sender].point = open_point(ring, row) or point
    return seen


def _is_same_name(ring: KeyRing, tenant: str, name: str, row: Record) -> bool:
    lookup: str = row["name_lookup"]
    return lookup != "" and lookup == name_lookup(ring, tenant, name)


_LEARN = """
update contact_point c set shared = (c.shared or n.shared) and not c.single, reply_to = n.reply_to
from unnest($2::uuid[], $3::boolean[], $4::uuid[]) as n(id, shared, reply_to)
where c.tenant = $1 and c.id = n.id
"""


async def write_learnt(
    connection: Connection,
    ring: KeyRing,
    tenant: str,
    learnt: Learnt,
    kept: Mapping[UUID, Record],
) -> None:
    """Write it down, in the order of the ids as all that is done to contact points."""
    changed = [(i, one.shared, one.reply_to) for i, one in learnt.changes.items() if one.changed]
    if changed:
        await connection.execute(_LEARN, tenant, *zip(*changed, strict=True))
    # Of the new ones `keep` has kept the fullest name.
    named = ((kept.get(i), one.point) for i, one in learnt.changes.items() if one.renamed)
    renamed = [(row, point) for row, point in named if row]
    await reseal(connection, ring, tenant, renamed)
