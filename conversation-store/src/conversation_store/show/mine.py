"""What a citizen sees of her own conversations through the portal, and nothing else.

Rule 1. Hers is a conversation in which her portal inbox is confirmed; every other does not exist.
Rule 2. She sees what confirmed people wrote and what was answered: no notes, nothing of strangers,
        nothing that machines sent in, no ids or names of agents but how they sign.
Rule 3. What we sent has one plain word: on its way, delivered, read, failed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.link import contact_point_id, open_point
from conversation_store.readings import (
    COLUMNS,
    JOIN,
    Part,
    files_of,
    open_reading,
    outline_reading,
    text_of,
)
from conversation_store.show.conversation import (
    read_bytes,
    read_part,
    read_reading,
    read_words,
)
from conversation_store.timeline import Slice, cut, open_row
from hub_contract.contact_points import contact_point
from hub_contract.delivery import Delivery
from hub_contract.events import Arrival, DeliveryContent, DeliveryReported
from hub_contract.explanations import Explanation
from hub_contract.ids import reported_id
from hub_contract.references import show_reference
from hub_contract.words import ContactKind, FileCheck
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.tokens import Caller

TEXT = 20_000  # characters of a line; the whole entry has all
_SUBJECT = 200  # bytes
_MOST = 100  # conversations of one inbox
_PLAIN = {
    Delivery.DELIVERED: Explanation.ARRIVED,
    Delivery.READ: Explanation.WAS_READ,
    Delivery.FAILED: Explanation.DID_NOT_ARRIVE,
    Delivery.RETURNED: Explanation.DID_NOT_ARRIVE,
}

# `$3` is her inbox. A merged conversation is the one that it was merged into.
_HERS = """
select t.* from conversation c
join conversation t on t.id = coalesce(c.merged_into, c.id) and t.tenant = $1
where c.tenant = $1 and c.id = $2 and exists (
  select from participant p
  where p.tenant = $1 and p.conversation_id = t.id and p.contact_point_id = $3 and p.verified)
"""
_SEEN = """
e.tenant = $1 and e.conversation_id = $2 and (
  e.direction = 'out' and e.kind = 'message' and (e.automatic = 'no' or not exists (
    select from participant p
    where p.tenant = $1 and p.conversation_id = $2 and p.contact_point_id = e.contact_point_id
      and not p.verified))
  or e.direction = 'in' and e.kind <> 'note' and e.automatic = 'no' and e.verified and exists (
    select from participant p
    where p.tenant = $1 and p.conversation_id = $2 and p.contact_point_id = e.contact_point_id
      and p.verified))
"""
_COLUMNS = f"""
select e.id, e.place, e.kind, e.direction, e.channel, e.at, e.contact_point_id, e.delivery,
  e.content, e.facts, k.wrapped, {COLUMNS}
from entry e left join hub.message_key k on k.owner = e.id and k.tenant = $1
{JOIN}
"""  # noqa: S608 - of constants
_PAGE = (
    _COLUMNS
    + f"""where {_SEEN} and e.place < $3 and e.place > $4
order by e.conversation_id {{direction}}, e.place {{direction}} limit $5
"""
)
_NEWEST, _OLDEST = (_PAGE.format(direction=direction) for direction in ("desc", "asc"))
_ONE = _COLUMNS + f"where {_SEEN} and e.id = $3"
_ALL = """
select distinct coalesce(c.merged_into, c.id) as id from participant p
join conversation c on c.id = p.conversation_id and c.tenant = $1
where p.tenant = $1 and p.contact_point_id = $2 and p.verified limit $3
"""
_LAST_SEEN = f"select max(e.at) from entry e where {_SEEN}"  # noqa: S608 - of constants
_SUBJECTS = (
    _COLUMNS + f"where {_SEEN} and e.direction = 'in' order by e.conversation_id, e.place limit 1"
)
_NAME = """
select c.id, c.sealed, k.wrapped from contact_point c
left join hub.message_key k on k.owner = c.id and k.tenant = $1
where c.tenant = $1 and c.id = $2
"""
_TRANSACTION = "select public_service, status from transaction where tenant = $1 and id = $2"


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who asks: the inbox of the portal whose reference and secret the portal has checked."""

    ground: Ground
    tenant: str
    inbox: UUID

    @classmethod
    def of(cls, ground: Ground, caller: Caller) -> "Citizen":
        inbox = contact_point(ContactKind.PORTAL, caller.who)
        lookup = ground.ring.lookup_of(caller.tenant, inbox)
        return cls(ground, caller.tenant, contact_point_id(lookup))


async def list_mine(citizen: Citizen) -> list[dict[str, Any]]:
    """Return her conversations, the one with the latest message first."""
    async with transaction(citizen.ground.pool, citizen.tenant) as connection:
        rows = await connection.fetch(_ALL, citizen.tenant, citizen.inbox, _MOST)
    shown = [await show_mine(citizen, row["id"]) for row in rows]
    return sorted(filter(None, shown), key=lambda one: one["last_at"], reverse=True)


_STOPPED = """
select exists (select from opted_out
  where tenant = $1 and contact_point_id = $2 and channel = $3)
"""


async def wants_nothing(citizen: Citizen, channel: str, kind: ContactKind, value: str) -> bool:
    """Say whether the owner of this address wants nothing more by this channel."""
    lookup = citizen.ground.ring.lookup_of(citizen.tenant, contact_point(kind, value))
    async with transaction(citizen.ground.pool, citizen.tenant) as connection:
        point = contact_point_id(lookup)
        return bool(await connection.fetchval(_STOPPED, citizen.tenant, point, channel))


async def show_mine(citizen: Citizen, conversation_id: UUID) -> dict[str, Any] | None:
    """Return one of her conversations, None where it is not hers."""
    tenant = citizen.tenant
    async with transaction(citizen.ground.pool, tenant) as connection:
        row = await connection.fetchrow(_HERS, tenant, conversation_id, citizen.inbox)
        if row is None:
            return None
        last_at = await connection.fetchval(_LAST_SEEN, tenant, row["id"])
        first = await connection.fetchrow(_SUBJECTS, tenant, row["id"])
        begun = await connection.fetchrow(_TRANSACTION, tenant, row["transaction_id"])
        inbox = await connection.fetchrow(_NAME, tenant, citizen.inbox)
    point = open_point(citizen.ground.ring, inbox) if inbox else None
    content = open_row(first, citizen.ground.ring) if first else None
    return {
        "id": row["id"],
        "reference": show_reference(row["reference"]),
        "state": "closed" if row["state"] == "closed" else "open",
        "opened_at": row["opened_at"],
        "last_at": last_at or row["opened_at"],
        "subject": cut((content or {}).get("subject", ""), _SUBJECT),
        "name": point.name if point else "",
        "transaction": dict(begun) if begun else None,
    }


async def read_mine(citizen: Citizen, conversation_id: UUID, part: Slice) -> dict[str, Any] | None:
    """Return a page of what she sees of it, None where it is not hers."""
    sql = _NEWEST if part.newest_first else _OLDEST
    async with transaction(citizen.ground.pool, citizen.tenant) as connection:
        home = await connection.fetchrow(_HERS, citizen.tenant, conversation_id, citizen.inbox)
        if home is None:
            return None
        bounds = (part.before, part.after, part.limit + 1)
        rows = await connection.fetch(sql, citizen.tenant, home["id"], *bounds)
    shown = rows[: part.limit]
    return {
        "entries": [_line(citizen, row) for row in shown],
        "next": shown[-1]["place"] if len(rows) > part.limit else None,
    }


async def show_my_entry(
    citizen: Citizen, conversation_id: UUID, entry_id: UUID
) -> dict[str, Any] | None:
    """Return one entry with its whole text, None where she does not see it."""
    row = await _find(citizen, conversation_id, entry_id)
    if row is None:
        return None
    line = _line(citizen, row)
    content = open_row(row, citizen.ground.ring)
    if content is not None:
        words = await read_words(citizen.ground, row, content)
        line |= {"text": words["text"], "more": False}
    said = open_reading(row, citizen.ground.ring)
    if said and line["reading"]:
        whole = await read_reading(citizen.ground, row, said)
        line["reading"]["text"] = (whole or {}).get("text", "")
    return line


async def read_my_file(
    citizen: Citizen, conversation_id: UUID, entry_id: UUID, number: int
) -> tuple[str, str, bytes] | None:
    """Return file name, media type and bytes of an attachment she sees."""
    if await _find(citizen, conversation_id, entry_id) is None:
        return None
    return await read_bytes(citizen.ground, citizen.tenant, entry_id, number)


async def read_my_page(
    citizen: Citizen, conversation_id: UUID, entry_id: UUID, number: int, part: Part
) -> tuple[str, str, bytes] | None:
    """Return file name, media type and bytes of a part of a page that she sees."""
    if await _find(citizen, conversation_id, entry_id) is None:
        return None
    return await read_part(citizen.ground, citizen.tenant, entry_id, number, part)


async def _find(citizen: Citizen, conversation_id: UUID, entry_id: UUID) -> Record | None:
    async with transaction(citizen.ground.pool, citizen.tenant) as connection:
        home = await connection.fetchrow(_HERS, citizen.tenant, conversation_id, citizen.inbox)
        if home is None:
            return None
        return await connection.fetchrow(_ONE, citizen.tenant, home["id"], entry_id)


def _line(citizen: Citizen, row: Record) -> dict[str, Any]:
    content = open_row(row, citizen.ground.ring)
    said = open_reading(row, citizen.ground.ring)
    text = _text(content or {})
    return {
        "id": row["id"],
        "place": row["place"],
        "kind": row["kind"],
        "direction": row["direction"],
        "channel": row["channel"],
        "at": row["at"],
        "mine": row["contact_point_id"] == citizen.inbox and row["direction"] == "in",
        "erased": content is None,
        "subject": cut((content or {}).get("subject", ""), _SUBJECT),
        "text": text[:TEXT],
        "more": len(text) > TEXT or "whole" in (content or {}),
        "signed": (content or {}).get("author", "") if row["direction"] == "out" else "",
        "attachments": _files(files_of(content or {}, said)),
        "reading": _reading(row, said),
        "delivery": _plain(row["delivery"]) if row["delivery"] else None,
    }


def _text(content: dict[str, Any]) -> str:
    text: str = content.get("text") or (content.get("body") or {}).get("text") or ""
    return text


def _reading(row: Record, said: dict[str, Any] | None) -> dict[str, Any] | None:
    outline = outline_reading(row, said)
    if outline is None:
        return None
    shown = {name: outline[name] for name in ("state", "count", "pages")}
    return {**shown, "text": text_of(said or {})[:TEXT]}


def _files(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("file_name", "media_type", "size")
    return [
        {
            "number": number,
            **{name: file[name] for name in names},
            "held": file.get("check") == FileCheck.FOUND,
        }
        for number, file in enumerate(files)
        if not file.get("inline")
    ]


def _plain(word: str) -> dict[str, Explanation]:
    return {"code": _PLAIN.get(Delivery(word), Explanation.ON_ITS_WAY)}


_UNREAD = """
select e.id, e.channel, e.account from entry e
where e.tenant = $1 and e.conversation_id = $2 and e.place <= $4 and e.contact_point_id = $3
  and e.direction = 'out' and e.delivery <> 'read'
"""


async def report_read(citizen: Citizen, conversation_id: UUID, up_to: int) -> int | None:
    """Report, as a channel would, that she has read what lies in her inbox up to this place."""
    async with transaction(citizen.ground.pool, citizen.tenant) as connection:
        home = await connection.fetchrow(_HERS, citizen.tenant, conversation_id, citizen.inbox)
        if home is None:
            return None
        arguments = (citizen.tenant, home["id"], citizen.inbox, up_to)
        rows = await connection.fetch(_UNREAD, *arguments)
    if rows:
        await citizen.ground.accept.all([_was_read(citizen.tenant, row) for row in rows])
    return len(rows)


def _was_read(tenant: str, row: Record) -> Arrival:
    event = DeliveryReported(
        id=reported_id(tenant, row["channel"], row["account"], row["id"], Delivery.READ),
        tenant=tenant,
        channel=row["channel"],
        account=row["account"],
        message_id=row["id"],
        status=Delivery.READ,
        at=datetime.now(UTC),
        content=DeliveryContent(),
    )
    return Arrival(event)
