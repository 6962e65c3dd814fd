"""The one read path: a page of a conversation's timeline in one query, for agents' pages.

Rule 1. Keyset, never OFFSET: page one of a hundred thousand entries costs what it costs of ten.
Rule 2. A page is small: a line has at most LINE bytes, its text is cut, the whole is one call away.
Rule 3. A merged conversation shows the one it was merged into.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from conversation_store.readings import (
    COLUMNS,
    JOIN,
    State,
    files_of,
    open_reading,
    state_of,
    text_of,
)
from hub_contract.problems import Problem, PublishedProblem
from hub_contract.words import FileCheck, MessageKind
from hub_kit.database import transaction
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes

PAGE = 50
LINE = 1_200  # bytes of JSON; fifty lines stay below 60 KB
TEXT = 800  # characters
_ROOM = len(b',"more":true,"text":"","more":true')  # that a line needs around its words
_FILES = 3  # named in a line; the others are counted
_SPOKEN = frozenset({MessageKind.CALL, MessageKind.VOICEMAIL})
_PROOFS = 4  # of what was checked; the whole entry has all

# Ordered by both columns of the index: for `place` alone the planner sorts the whole conversation.
_PAGE = f"""
with home as materialized (
  select coalesce(merged_into, id) as id from conversation where tenant = $1 and id = $2
)
select e.*, k.wrapped, {COLUMNS}
from home
left join lateral (
  select id, place, kind, direction, channel, account, at, claimed_at, author, automatic, readable,
    partial, verified, reason, marks, facts, delivery, delivery_reason, delivery_code, delivery_at,
    content, contact_point_id, original <> '' as has_original
  from entry
  where tenant = $1 and conversation_id = home.id and place < $3 and place > $4
  order by conversation_id {{direction}}, place {{direction}} limit $5
) e on true
left join hub.message_key k on k.owner = e.id and k.tenant = $1
{JOIN}
order by e.place {{direction}}
"""  # noqa: S608 - of constants
_NEWEST, _OLDEST = (_PAGE.format(direction=direction) for direction in ("desc", "asc"))
END = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a timeline: places between `after` and `before`, from one of its ends."""

    before: int = END
    after: int = 0
    newest_first: bool = True
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[bytes, ...]  # JSON objects
    next: int | None  # the place to go on from, in the same direction

    @property
    def json(self) -> bytes:
        return b'{"entries":[%s],"next":%s}' % (
            b",".join(self.lines),
            b"null" if self.next is None else b"%d" % self.next,
        )


async def read_page(ground: Ground, tenant: str, conversation_id: UUID, part: Slice) -> Page | None:
    """Return that part of the timeline, or None where the tenant has no such conversation."""
    sql = _NEWEST if part.newest_first else _OLDEST
    async with transaction(ground.pool, tenant) as connection:
        rows = await connection.fetch(
            sql, tenant, conversation_id, part.before, part.after, part.limit + 1
        )
    if not rows:
        return None
    rows = [row for row in rows if row["id"] is not None]
    shown = rows[: part.limit]
    lines = tuple(line_of(row, ground.ring) for row in shown)
    return Page(lines, shown[-1]["place"] if len(rows) > part.limit else None)


def line_of(row: Record, ring: KeyRing) -> bytes:
    """Return an entry as a line of the page: JSON of at most LINE bytes."""
    content = open_row(row, ring)
    line = outline(row)
    if content is None:
        return to_json({**line, "erased": True})
    if row["has_original"]:
        line["original"] = True
    body = content.get("body") or {}
    text = content.get("text") or body.get("text") or ""
    said = open_reading(row, ring)
    line |= _words(content, said)
    if state := state_of(row):
        line["reading"] = _reading(row, state)
    if said and not text:
        # Of the reading, not of the entry: it must never be taken for the original.
        read = text_of(said)
        line["reading"]["text"] = _fit(read, LINE - len(to_json(line)) - _ROOM)
        if line["reading"]["text"] != read:
            line["reading"]["more"] = True
    head = to_json(line)
    room = LINE - len(head) - len(b',"more":true')
    shown = _fit(text, room)
    more = len(shown) < len(text) or "whole" in content
    tail = b',"text":' + to_json(shown) + (b',"more":true}' if more else b"}")
    return head[:-1] + tail


def _reading(row: Record, state: State) -> dict[str, Any]:
    facts = {"pages": row["read_pages"], "confidence": row["read_confidence"]}
    return {"state": state, **{name: fact for name, fact in facts.items() if fact is not None}}


def open_row(row: Mapping[str, Any] | Record, ring: KeyRing) -> dict[str, Any] | None:
    """Return the content of an entry as JSON has it, or None where its key is erased."""
    if row["wrapped"] is None:
        return None
    content: dict[str, Any] = from_json(
        open_bytes(row["content"], row["id"], ring.unwrap(row["wrapped"], row["id"]))
    )
    return content


def outline(row: Record) -> dict[str, Any]:
    """Return what an entry says in the clear, without what says nothing."""
    line: dict[str, Any] = {
        "id": str(row["id"]),
        "place": row["place"],
        "kind": row["kind"],
        "direction": row["direction"],
        "at": row["at"].isoformat(),
        "reason": {"code": row["reason"]},
    }
    line |= {name: row[name] for name in ("channel", "account", "author") if row[name]}
    line |= {name: row[name] for name in ("readable", "verified") if not row[name]}
    if row["contact_point_id"]:
        line["contact_point"] = str(row["contact_point_id"])
    if row["automatic"] != "no":
        line["automatic"] = row["automatic"]
    if row["partial"]:
        line["partial"] = True
    if row["marks"]:
        line["marks"] = [{"code": mark} for mark in row["marks"].split()]
    if row["delivery"]:
        line["delivery"] = _delivery(row)
    if row["kind"] in _SPOKEN:
        facts = from_json(row["facts"])
        line |= {name: facts[name] for name in ("outcome", "seconds") if name in facts}
    return line


def _delivery(row: Record) -> dict[str, Any]:
    delivery = {"status": row["delivery"], "at": row["delivery_at"].isoformat()}
    if row["delivery_reason"] != "none":
        delivery["reason"] = row["delivery_reason"]
    if row["delivery_code"]:
        delivery["code"] = row["delivery_code"]
    return delivery


def _words(content: Mapping[str, Any], said: Mapping[str, Any] | None) -> dict[str, Any]:
    words: dict[str, Any] = {}
    body = content.get("body") or {}
    person = content.get("sender") or content.get("recipient")
    if person:
        words["person"] = {
            "kind": person["kind"],
            "value": cut(person["value"], 100),
            **({"name": cut(person["name"], 60)} if person.get("name") else {}),
        }
    if proofs := content.get("evidence"):
        words["evidence"] = [{"kind": p["kind"], "result": cut(p["result"], 40)} for p in proofs][
            :_PROOFS
        ]
    folded = {f"{part}_lines": body.get(part, "") for part in ("quoted", "signature")}
    if any(folded.values()):
        words["folded"] = True
        words |= {name: text.count("\n") + 1 for name, text in folded.items() if text}
    words |= {name: content[name] for name in ("assignee", "until") if name in content}
    if wish := content.get("callback"):
        words["callback"] = {"day": wish.get("day", "none"), "part": wish.get("part", "any")}
    if content.get("subject"):
        words["subject"] = cut(content["subject"], 160)
    if not (body.get("text") or content.get("text")):
        words |= _odd(content)
    files = files_of(content, said)
    if files:
        words["attachments"] = len(files)
        words["files"] = [cut(file["file_name"], 50) for file in files[:_FILES]]
    checks = {content.get("original_check"), *(file.get("check") for file in files)}
    if FileCheck.FOUND in checks:
        words["harmful"] = True
    return words


_PROBLEMS: TypeAdapter[tuple[PublishedProblem, ...]] = TypeAdapter(tuple[PublishedProblem, ...])


def read_problems(content: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what was odd about a message, however long ago it was published."""
    return _PROBLEMS.validate_python(content.get("problems", ()))


def _odd(content: Mapping[str, Any]) -> dict[str, Any]:
    first = next(iter(read_problems(content)), None)
    return {"problem": {"code": first.code, "about": cut(first.about, 60)}} if first else {}


def cut(text: str, size: int) -> str:
    """Return as much of the text as `size` bytes hold."""
    raw = text.encode()
    return text if len(raw) <= size else raw[: size - 3].decode(errors="ignore") + "…"


def _fit(text: str, room: int) -> str:
    """Return as much of the text as `room` bytes of JSON hold, and no more than TEXT characters."""
    shown = text[:TEXT]
    while (size := len(to_json(shown)) + len(b',"text":')) > room and shown:
        shown = shown[: max(0, min(len(shown) - 1, len(shown) * room // size))]
    return shown
