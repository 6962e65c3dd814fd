"""Keeps the contact points of senders and recipients, sealed, one row each, for `append`.

Rule 1. A contact point is found by an HMAC of tenant, kind and compared value, and readable
        nowhere: the value lies sealed under a data key of its own.
Rule 2. That HMAC is its id, so two stores make the same one, and the first wins.
Rule 3. Names are claims. Two contact points of one name are a question, never an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from hub_contract.contact_points import SPELLING
from hub_contract.words import ContactPoint
from hub_kit.database import Connection
from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes, seal_bytes


def contact_point_id(lookup: str) -> UUID:
    """Return the id of the contact point: the look-up itself, which only the hub can make."""
    return UUID(lookup)


class Found(NamedTuple):
    """A contact point as an event names it."""

    id: UUID
    point: ContactPoint


def name_lookup(ring: KeyRing, tenant: str, name: str) -> str:
    """Return what two spellings of one name share; empty for what is hardly a name."""
    words = sorted(name.replace(",", " ").casefold().split())
    return ring.pseudonym_of(tenant, "name", " ".join(words)) if len(words) > 1 else ""


_EXISTING = """
select c.id, c.sealed, c.name_lookup, c.shared, c.single, c.reply_to,
  k.wrapped
from contact_point c join hub.message_key k on k.owner = c.id and k.tenant = $1
where c.tenant = $1 and c.id = any($2::uuid[])
"""

# One whose key was erased is sealed anew when its owner writes again.
_INSERT = f"""
with news as (
  insert into contact_point (id, tenant, kind, name_lookup, sealed, spelling)
  select n.id, $1, n.kind, n.name, n.sealed, {SPELLING}
  from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[]) as n(id, kind, name, sealed)
  on conflict (id) do update set sealed = excluded.sealed, name_lookup = excluded.name_lookup
    where not exists (select from hub.message_key k
                      where k.owner = contact_point.id and k.tenant = $1)
  returning id
)
insert into hub.message_key (owner, tenant, wrapped)
select k.owner, $1, k.wrapped from unnest($2::uuid[], $6::bytea[]) as k(owner, wrapped)
where k.owner in (select id from news)
"""  # noqa: S608 - of a constant


class Kept(NamedTuple):
    """What `keep` found and made."""

    new: dict[UUID, str]  # contact points that it made, with their name look-ups
    rows: dict[UUID, Record]  # those that were there


async def keep(connection: Connection, ring: KeyRing, tenant: str, found: Iterable[Found]) -> Kept:
    """Keep what is new of these."""
    by_id = {one.id: one for one in found}
    rows = {row["id"]: row for row in await connection.fetch(_EXISTING, tenant, list(by_id))}
    for existing in rows:
        del by_id[existing]
    # In one order everywhere, so that two stores never wait for each other.
    news = [by_id[i] for i in sorted(by_id)]
    names = [name_lookup(ring, tenant, one.point.name) for one in news]
    if news:
        await _insert(connection, ring, tenant, news, names)
    return Kept({one.id: name for one, name in zip(news, names, strict=True)}, rows)


async def _insert(
    connection: Connection, ring: KeyRing, tenant: str, news: Sequence[Found], names: Sequence[str]
) -> None:
    keys = [ring.new_key() for _ in news]
    await connection.execute(
        _INSERT,
        tenant,
        [one.id for one in news],
        [one.point.kind for one in news],
        names,
        [_seal(one, key) for one, key in zip(news, keys, strict=True)],
        [ring.wrap(key, one.id) for one, key in zip(news, keys, strict=True)],
    )


def _seal(one: Found, key: bytes) -> bytes:
    return seal_bytes(one.point.model_dump_json(exclude_defaults=True).encode(), one.id, key)


_RENAME = """
update contact_point c set sealed = n.sealed, name_lookup = n.name
from unnest($2::uuid[], $3::bytea[], $4::text[]) as n(id, sealed, name)
where c.tenant = $1 and c.id = n.id
"""


async def reseal(
    connection: Connection,
    ring: KeyRing,
    tenant: str,
    renamed: Sequence[tuple[Record, ContactPoint]],
) -> None:
    """Let these contact points be called as they are now, under the keys that they have."""
    if not renamed:
        return
    found = [(Found(row["id"], point), row["wrapped"]) for row, point in renamed]
    await connection.execute(
        _RENAME,
        tenant,
        [one.id for one, _ in found],
        [_seal(one, ring.unwrap(wrapped, one.id)) for one, wrapped in found],
        [name_lookup(ring, tenant, one.point.name) for one, _ in found],
    )


def open_point(ring: KeyRing, row: Mapping[str, Any] | Record) -> ContactPoint | None:
    """Return the contact point of a row (id, sealed, wrapped), or None where it is erased."""
    owner, sealed, wrapped = row["id"], row["sealed"], row["wrapped"]
    if wrapped is None:
        return None
    plain = open_bytes(sealed, owner, ring.unwrap(wrapped, owner))
    return ContactPoint.model_validate_json(plain)
