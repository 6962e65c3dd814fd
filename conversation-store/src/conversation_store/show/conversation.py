"""Shows one conversation with all around it, or one entry whole, for agents' pages."""

import json
from typing import Any
from uuid import UUID

from asyncpg import Record

from conversation_store.link import open_point
from conversation_store.queue.callbacks import read_callbacks
from conversation_store.queue.summaries import outline_of
from conversation_store.readings import (
    COLUMNS,
    JOIN,
    Part,
    files_of,
    find_part,
    key_of,
    open_reading,
    outline_reading,
    text_of,
)
from conversation_store.show.held import ORIGINAL, Said, read_said, refuse_harmful
from conversation_store.timeline import open_row, outline, read_problems
from hub_contract.channels import Original, row_of
from hub_contract.errors import Permanent
from hub_contract.refusals import Refusal
from hub_contract.words import Blob, Body, ContactKind
from hub_kit.blobs import read_blob
from hub_kit.database import Connection, transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing

_CONVERSATION = "select * from conversation where tenant = $1 and id = $2"
_PARTICIPANTS = """
select p.contact_point_id as id, p.channel, p.account, p.verified, p.at, c.kind, c.shared, c.sealed,
  k.wrapped, l.id as link_id, l.party_id, l.reason as link_reason
from participant p
join contact_point c on c.id = p.contact_point_id and c.tenant = $1
left join hub.message_key k on k.owner = c.id and k.tenant = $1
left join party_link l on l.contact_point_id = c.id and l.tenant = $1 and l.undone_at is null
where p.tenant = $1 and p.conversation_id = $2
order by p.at, p.channel
"""
_PROPOSALS = """
select p.id, p.kind, p.other, p.reason, p.at, c.kind as point_kind, c.sealed, k.wrapped
from proposal p
left join contact_point c on p.kind = 'same_person' and c.id = p.other and c.tenant = $1
left join hub.message_key k on k.owner = c.id and k.tenant = $1
where p.tenant = $1 and p.conversation_id = $2 and p.decided is null order by p.at, p.id
"""
_REARRANGEMENTS = """
select r.id, r.kind, r.source, r.target, r.made_by, r.at, r.undoes,
  (select u.id from rearrangement u where u.undoes = r.id and u.tenant = $1) as undone_by
from rearrangement r
where r.tenant = $1 and (r.source = $2 or r.target = $2) order by r.seq desc limit 100
"""
_TRANSACTION = "select * from transaction where tenant = $1 and id = $2"


async def show_conversation(
    ground: Ground, tenant: str, conversation_id: UUID
) -> dict[str, Any] | None:
    """Return the conversation, whom it is with, and what may be done; None where there is none."""
    async with transaction(ground.pool, tenant) as connection:
        row = await connection.fetchrow(_CONVERSATION, tenant, conversation_id)
        if row is None:
            return None
        now = row["merged_into"] or row["id"]
        people = await connection.fetch(_PARTICIPANTS, tenant, now)
        proposals = await connection.fetch(_PROPOSALS, tenant, now)
        log = await connection.fetch(_REARRANGEMENTS, tenant, row["id"])
        begun = await connection.fetchrow(_TRANSACTION, tenant, row["transaction_id"])
        callbacks = await read_callbacks(connection, ground.ring, tenant, now)
    return {
        **outline_of(row),
        "contact_points": [_person(person, ground.ring) for person in people],
        "proposals": [_proposal(p, ground.ring) for p in proposals],
        "rearrangements": [dict(one) for one in log],
        "transaction": dict(begun) if begun else None,
        "callbacks": callbacks,
    }


def _proposal(row: Record, ring: KeyRing) -> dict[str, Any]:
    said = {name: row[name] for name in ("id", "kind", "other", "reason", "at")}
    point = open_point(ring, {**row, "id": row["other"]}) if row["sealed"] else None
    return {**said, "person": point}


def _person(row: Record, ring: KeyRing) -> dict[str, Any]:
    point = open_point(ring, row)
    return {
        "id": row["id"],
        "kind": row["kind"],
        "value": point.value if point else None,
        "name": point.name if point else "",
        "as_written": bool(point and point.as_written),
        "channel": row["channel"],
        "account": row["account"],
        "verified": row["verified"],
        "shared": row["shared"],
        "shareable": row["kind"] == ContactKind.EMAIL,
        "link": _link(row) if row["link_id"] else None,
        "since": row["at"],
    }


def _link(row: Record) -> dict[str, Any]:
    return {"id": row["link_id"], "party_id": row["party_id"], "reason": row["link_reason"]}


_ENTRY = f"""
select e.*, k.wrapped, {COLUMNS} from entry e
left join hub.message_key k on k.owner = e.id and k.tenant = $1
{JOIN}
where e.tenant = $1 and e.id = $2
"""  # noqa: S608 - of constants
_REPORTS = """
select d.id, d.status, d.reason, d.code, d.at, d.facts, d.content, k.wrapped from delivery d
left join hub.message_key k on k.owner = d.id and k.tenant = $1
where d.tenant = $1 and d.message_id = $2 order by d.at, d.id
"""


async def read_entry(connection: Connection, tenant: str, entry_id: UUID) -> Record | None:
    """Return the row of an entry with its wrapped key."""
    return await connection.fetchrow(_ENTRY, tenant, entry_id)


async def show_entry(ground: Ground, tenant: str, entry_id: UUID) -> dict[str, Any] | None:
    """Return one entry whole, with words from the blob store where they were too long."""
    async with transaction(ground.pool, tenant) as connection:
        row = await read_entry(connection, tenant, entry_id)
        if row is None:
            return None
        reports = await connection.fetch(_REPORTS, tenant, entry_id)
        content = open_row(row, ground.ring)
        checked = await read_said(connection, tenant, entry_id, content or {})
    read = open_reading(row, ground.ring)
    files = enumerate(files_of(content or {}, read))
    return {
        **outline(row),
        "conversation_id": row["conversation_id"],
        "rule": row["rule"],
        "facts": json.loads(row["facts"]),
        "has_original": bool(row["original"]),
        "claimed_at": row["claimed_at"],
        "deliveries": [_report(report, ground.ring) for report in reports],
        "erased": content is None,
        **(await read_words(ground, row, content) if content is not None else {}),
        "attachments": [{**_file(n, file), **checked.get(n, Said()).shown} for n, file in files],
        "original_check": checked[ORIGINAL].shown,
        "reading": await read_reading(ground, row, read),
    }


async def read_reading(
    ground: Ground, row: Record, said: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return what a machine has read, whole; None: it reads nothing of this entry."""
    outline = outline_reading(row, said)
    if outline is None or said is None:
        return outline
    text = text_of(said)
    if "whole" in said:
        blob = Blob.model_validate(said["whole"])
        whole = await read_blob(ground.blobs, blob, key_of(row, ground.ring))
        text = Body.model_validate_json(whole).text
    named = {name: said.get(name, []) for name in ("references", "codes")}
    return {**outline, "text": text, **named, "problems": read_problems(said)}


async def read_words(ground: Ground, row: Record, content: dict[str, Any]) -> dict[str, Any]:
    """Return what the opened content says, whole: its long words lie in the blob store."""
    body = content.get("body") or {}
    if "whole" in content:
        blob = Blob.model_validate(content["whole"])
        key = ground.ring.unwrap(row["wrapped"], row["id"])
        body = json.loads(await read_blob(ground.blobs, blob, key))
    whole = Body.model_validate(body)
    return {
        "person": content.get("sender") or content.get("recipient"),
        "recipients": content.get("recipients", []),
        "subject": content.get("subject", ""),
        "text": content.get("text") or whole.text,
        "quoted": whole.quoted,
        "signature": whole.signature,
        "html": content.get("html") or whole.html,
        "evidence": content.get("evidence", []),
        "problems": read_problems(content),
        "contributions": content.get("contributions", []),
    }


def _file(number: int, file: dict[str, Any]) -> dict[str, Any]:
    return {"number": number, **{name: file[name] for name in file if name != "blob"}}


def _report(row: Record, ring: KeyRing) -> dict[str, Any]:
    content = open_row(row, ring) or {}
    return {
        "status": row["status"],
        "reason": row["reason"],
        "code": row["code"],
        "at": row["at"],
        "facts": json.loads(row["facts"]),
        "diagnostic": content.get("diagnostic", ""),
        "recipient": content.get("recipient", ""),
    }


async def read_bytes(
    ground: Ground, tenant: str, entry_id: UUID, number: int | None
) -> tuple[str, str, bytes] | None:
    """Return file name, media type and bytes of the original (None) or of an attachment."""
    async with transaction(ground.pool, tenant) as connection:
        row = await read_entry(connection, tenant, entry_id)
        content = (open_row(row, ground.ring) if row else None) or {}
        checked = await read_said(connection, tenant, entry_id, content)
    if row is None:
        return None
    if row["wrapped"] is None:
        raise Permanent("the content has been erased", code=Refusal.ERASED)
    chosen = _original(row, ground.ring) if number is None else _file_of(row, ground.ring, number)
    if chosen is None:
        return None
    key, (name, media_type, blob) = chosen
    data = await read_blob(ground.blobs, blob, key)
    place = ORIGINAL if number is None else number
    await refuse_harmful(ground, tenant, (entry_id, place), checked.get(place, Said()), data)
    return name, media_type, data


async def read_part(
    ground: Ground, tenant: str, entry_id: UUID, number: int, part: Part
) -> tuple[str, str, bytes] | None:
    """Return file name, media type and bytes of a part of a page, counted from 1."""
    async with transaction(ground.pool, tenant) as connection:
        row = await read_entry(connection, tenant, entry_id)
    if row is None:
        return None
    if row["wrapped"] is None:
        raise Permanent("the content has been erased", code=Refusal.ERASED)
    said = open_reading(row, ground.ring)
    chosen = find_part(said, number, part) if said else None
    if chosen is None:
        return None
    name, media_type, blob = chosen
    return name, media_type, await read_blob(ground.blobs, blob, key_of(row, ground.ring))


_UNKNOWN = Original("original.bin", "application/octet-stream")


_Chosen = tuple[bytes, tuple[str, str, Blob]]  # the key that it lies under; name, type, place


def _original(row: Record, ring: KeyRing) -> _Chosen | None:
    if not row["original"]:
        return None
    known = row_of(row["channel"])
    original = known.original if known else _UNKNOWN
    blob = Blob.model_validate_json(row["original"])
    key = ring.unwrap(row["wrapped"], row["id"])
    return key, (original.file_name, original.media_type, blob)


def _file_of(row: Record, ring: KeyRing, number: int) -> _Chosen | None:
    """Return an attachment, or behind those a file that reading has made."""
    own = (open_row(row, ring) or {}).get("attachments", [])
    said = open_reading(row, ring)
    files = files_of({"attachments": own}, said)
    if not 0 <= number < len(files) or not files[number].get("blob"):
        return None
    file = files[number]
    key = ring.unwrap(row["wrapped"], row["id"]) if number < len(own) else key_of(row, ring)
    return key, (file["file_name"], file["media_type"], Blob.model_validate(file["blob"]))
