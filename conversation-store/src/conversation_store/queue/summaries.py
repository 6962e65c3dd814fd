"""Lists conversations for agents: newest activity first, keyset pages, exact counts, search.

A summary opens one entry of each conversation, so a page shows who wrote and about what.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from asyncpg import Record

from conversation_store.link import contact_point_id
from conversation_store.readings import open_reading, text_of
from conversation_store.tables import (
    conversation,
    entry,
    fetch,
    message_key,
    participant,
    reading,
    reference,
)
from conversation_store.timeline import cut, open_row
from hub_contract.contact_points import contact_point
from hub_contract.errors import Permanent
from hub_contract.references import normalise_reference, show_reference
from hub_contract.refusals import Refusal
from hub_contract.words import ContactKind
from hub_kit.database import transaction
from hub_kit.ground import Ground

LIMIT = 25
_EXCERPT = 160  # bytes


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations; `unassigned` and an `assignee` exclude each other."""

    state: str = "open"
    assignee: str | None = None
    unassigned: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: opaque outside of this module."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()}|{self.id}".encode()).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Read what `str` wrote; `Permanent` otherwise."""
        try:
            at, _, id_ = base64.urlsafe_b64decode(text).decode().partition("|")
            return cls(datetime.fromisoformat(at).astimezone(), UUID(id_))
        except (ValueError, binascii.Error):
            raise Permanent(
                "after: is no cursor of this list; begin at its first page",
                code=Refusal.CURSOR_UNKNOWN,
            ) from None


@dataclass(frozen=True, slots=True)
class Summaries:
    conversations: list[dict[str, Any]]
    next: str | None
    count: int | None  # of all that the filter lets through; only with the first page


async def list_conversations(
    ground: Ground, tenant: str, wanted: Filter, after: Cursor | None, limit: int
) -> Summaries:
    """Return a page of the list."""
    conditions = _conditions(tenant, wanted)
    page = summaries(tenant).where(*conditions).limit(limit + 1)
    if after:
        page = page.where(_behind(after))
    count = sa.select(sa.func.count()).select_from(conversation).where(*conditions)
    async with transaction(ground.pool, tenant) as connection:
        rows = await fetch(connection, page)
        total = None if after else (await fetch(connection, count))[0][0]
    shown = rows[:limit]
    more = Cursor(shown[-1]["last_at"], shown[-1]["id"]) if len(rows) > limit else None
    return Summaries([summary_of(ground, row) for row in shown], str(more) if more else None, total)


def _conditions(tenant: str, wanted: Filter) -> Sequence[sa.ColumnElement[bool]]:
    c = conversation.c
    conditions = [c.tenant == tenant, c.state == wanted.state]
    if wanted.assignee is not None:
        conditions.append(c.assignee == wanted.assignee)
    elif wanted.unassigned:
        conditions.append(c.assignee.is_(None))
    return conditions


def _behind(after: Cursor) -> sa.ColumnElement[bool]:
    return sa.tuple_(conversation.c.last_at, conversation.c.id) < sa.tuple_(
        sa.literal(after.at, conversation.c.last_at.type),
        sa.literal(after.id, conversation.c.id.type),
    )


def summaries(tenant: str) -> sa.Select[Any]:
    """Select conversations beside their latest message from outside, with its key."""
    latest = (
        sa.select(entry.c.id, entry.c.channel, entry.c.content)
        .where(
            entry.c.tenant == tenant,
            entry.c.conversation_id == conversation.c.id,
            entry.c.direction != "out",
            sa.or_(entry.c.direction != "none", entry.c.channel != ""),  # see views.py
        )
        .order_by(entry.c.conversation_id.desc(), entry.c.place.desc())  # as the index has it
        .limit(1)
        .lateral("latest")
    )
    c, read_key = conversation.c, message_key.alias("read_key")
    return (
        sa.select(
            *(column for column in c if column.name not in ("tenant", "next_place")),
            latest.c.id.label("latest"),
            latest.c.channel.label("last_channel"),
            latest.c.content,
            message_key.c.wrapped,
            reading.c.event_id.label("read_by"),
            reading.c.content.label("read_content"),
            read_key.c.wrapped.label("read_wrapped"),
        )
        .select_from(
            conversation.outerjoin(latest, sa.true())
            .outerjoin(
                message_key,
                sa.and_(message_key.c.owner == latest.c.id, message_key.c.tenant == tenant),
            )
            .outerjoin(
                reading,
                sa.and_(reading.c.message_id == latest.c.id, reading.c.tenant == tenant),
            )
            .outerjoin(
                read_key,
                sa.and_(read_key.c.owner == reading.c.event_id, read_key.c.tenant == tenant),
            )
        )
        .order_by(c.last_at.desc(), c.id.desc())
    )


def summary_of(ground: Ground, row: Record) -> dict[str, Any]:
    """Return a line of a list: the conversation, and what its latest message says."""
    content = None
    if row["latest"]:
        latest = {"id": row["latest"], "content": row["content"], "wrapped": row["wrapped"]}
        content = open_row(latest, ground.ring)
    own = ((content or {}).get("body") or {}).get("text", "")
    said = open_reading(row, ground.ring) if row["latest"] and not own else None
    return {
        **outline_of(row),
        "last_channel": row["last_channel"] or row["channel"],
        "erased": bool(row["latest"]) and content is None,
        "subject": cut((content or {}).get("subject", ""), _EXCERPT),
        "excerpt": cut(own or text_of(said or {}), _EXCERPT),
        "excerpt_by_machine": bool(said and text_of(said)),
        "person": (content or {}).get("reply_to") or (content or {}).get("sender"),
    }


def outline_of(row: Record) -> dict[str, Any]:
    """Return what a conversation says in the clear."""
    names = (
        *("id", "state", "channel", "account", "assignee", "snoozed_until", "merged_into"),
        *("opened_at", "last_at", "waiting_since", "unread", "transaction_id"),
    )
    return {
        **{name: row[name] for name in names},
        "entries": row["entry_count"],
        "reference": show_reference(row["reference"]),
    }


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; exactly one of both."""

    reference: str = ""
    kind: ContactKind | None = None
    value: str = ""


async def search(ground: Ground, tenant: str, wanted: Search) -> list[dict[str, Any]]:
    """Return the conversations of this reference or contact point, newest activity first."""
    chosen = (
        _by_reference(tenant, wanted) if wanted.reference else _by_address(ground, tenant, wanted)
    )
    now = sa.select(sa.func.coalesce(conversation.c.merged_into, conversation.c.id)).where(
        conversation.c.tenant == tenant, conversation.c.id.in_(chosen)
    )
    page = summaries(tenant).where(conversation.c.tenant == tenant, conversation.c.id.in_(now))
    async with transaction(ground.pool, tenant) as connection:
        rows = await fetch(connection, page.limit(2 * LIMIT))
    return [summary_of(ground, row) for row in rows]


def _by_reference(tenant: str, wanted: Search) -> sa.Select[Any]:
    digits = normalise_reference(wanted.reference)
    if digits is None:
        raise Permanent(
            "reference: is not valid; it has twelve digits, please check them",
            code=Refusal.REFERENCE_NOT_VALID,
        )
    return sa.select(reference.c.conversation_id).where(
        reference.c.tenant == tenant, reference.c.digits == digits
    )


def _by_address(ground: Ground, tenant: str, wanted: Search) -> sa.Select[Any]:
    if wanted.kind is None or not wanted.value.strip():
        raise Permanent("address: give kind and value, or a reference", code=Refusal.SEARCH_UNCLEAR)
    # A number does not say whether a phone or a fax machine answers.
    kinds = {wanted.kind} if wanted.kind not in _NUMBERS else _NUMBERS
    country = ground.settings.country_of(tenant)
    points = [contact_point(kind, wanted.value, country) for kind in kinds]
    lookups = filter(None, (ground.ring.lookup_of(tenant, point) for point in points))
    return sa.select(participant.c.conversation_id).where(
        participant.c.tenant == tenant,
        participant.c.contact_point_id.in_([contact_point_id(lookup) for lookup in lookups]),
    )


_NUMBERS = {ContactKind.PHONE, ContactKind.FAX}
