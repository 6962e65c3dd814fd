"""Puts together what the desk shows: the queue on the left, one conversation beside it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from hub_contract.channels import Measure, row_of
from hub_contract.ids import requested_id
from hub_contract.words import ContactKind
from hub_kit.tokens import Caller
from workspace.carries import carried_by
from workspace.desk import Desk
from workspace.drafts import read_draft, way_of
from workspace.hold import Held, held_in
from workspace.people import names, others_here
from workspace.proofs import address_of
from workspace.telephones import read_telephone

PAGE = 12  # entries; with forty lines of the queue a page stays below 60 KB
LINES = 40  # of the queue; as many as fit one screen


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day, as the authority's calendar has it."""

    day: date
    entries: list[dict[str, Any]]


async def read_queue(desk: Desk, caller: Caller, view: str, after: str = "") -> dict[str, Any]:
    """Return a page of this view, with the counts of all and the names of the agents."""
    queue, known = await asyncio.gather(
        desk.store.get(caller, "/queue", view=view, after=after, limit=LINES),
        names(desk.ground.pool, desk.ground.ring, caller.tenant),
    )
    return {"view": view, "after": after, "queue": queue, "names": known, "found": None}


async def read_conversation(
    desk: Desk, language: str, caller: Caller, conversation_id: UUID
) -> dict[str, Any]:
    """Return everything the middle and the right of the desk show of this conversation."""
    ground, here = desk.ground, f"/conversations/{conversation_id}"
    shown, (held, page), others, ways, draft, known, also, telephone = await asyncio.gather(
        desk.store.get(caller, here),
        _read_answers(desk, caller, conversation_id),
        desk.store.get(caller, f"{here}/others"),
        desk.store.get(caller, f"{here}/ways"),
        read_draft(ground.pool, ground.ring, caller, conversation_id),
        names(ground.pool, ground.ring, caller.tenant),
        others_here(ground.pool, ground.ring, caller, conversation_id),
        read_telephone(ground.pool, ground.ring, caller),
    )
    entries = page["entries"][::-1]
    all_ways = [_readable(way) for way in ways["ways"]]
    offered = [way for way in all_ways if way["offered"]]
    return {
        "shown": shown,
        "title": title_of(entries),
        "days": by_day(desk, entries),
        "older": page["next"],
        "last": entries[-1]["place"] if entries else 0,
        "others": others["conversations"],
        "ways": offered,
        "way": _chosen(offered, draft.way),
        "written": _written(offered),
        "carried": carried_by(offered, desk.pages.say(language), language),
        "letters_go": any(way["kind"] == ContactKind.POSTAL and way["account"] for way in all_ways),
        "to_write_to": _name_of(shown["contact_points"]),
        "closed_ways": [way for way in all_ways if not way["offered"]],
        "held": held,
        "draft": draft,
        "names": known,
        "also_here": also,
        "telephone": telephone,
        "token": uuid4().hex,  # of the form: sent twice is once
    }


def _name_of(people: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the one with whom it is, for the first line of an envelope."""
    known = dict.fromkeys(one["name"] for one in people if one["name"])
    return next(iter(known)) if len(known) == 1 else ""


async def _read_answers(
    desk: Desk, caller: Caller, conversation_id: UUID
) -> tuple[list[Held], dict[str, Any]]:
    """Return what is held and the latest entries: an answer that goes out meanwhile is there once.

    What is held is read first, or an answer could be in neither; and it stays held until the store
    has said that it stands in the timeline.
    """
    ground, path = desk.ground, f"/conversations/{conversation_id}/entries"
    held = await held_in(ground.pool, ground.ring, caller.tenant, conversation_id)
    page = await desk.store.get(caller, path, limit=PAGE)
    there = {entry["id"] for entry in page["entries"]}
    sent = (str(requested_id(caller.tenant, conversation_id, str(one.id))) for one in held)
    return [one for one, id_ in zip(held, sent, strict=True) if id_ not in there], page


def _readable(way: dict[str, Any]) -> dict[str, Any]:
    """Return a way with its id in forms, and its address as people have it."""
    address = address_of({"kind": way["kind"], "value": way["address"]})
    return {**way, "id": way_of(way), "address": address}


def _chosen(offered: Sequence[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """Return the way of the draft if it is still offered, else the proposed one, else the first."""
    ranked = sorted(offered, key=lambda way: (way["id"] != wanted, not way["preferred"]))
    return ranked[0] if ranked else None


def _written(offered: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the best way that is not spoken, for whom calling does not reach."""
    rows = ((row_of(way["channel"]), way) for way in offered)
    written = [way for row, way in rows if row and row.measure is not Measure.SECONDS]
    return min(written, key=lambda way: not way["preferred"], default=None)


async def read_entries(
    desk: Desk, caller: Caller, conversation_id: UUID, **where: int
) -> dict[str, Any]:
    """Return a part of the timeline: entries `before` a place, or from a place on (`after`)."""
    path = f"/conversations/{conversation_id}/entries"
    page = await desk.store.get(caller, path, limit=PAGE, **where)
    entries = page["entries"][::-1]
    known = await names(desk.ground.pool, desk.ground.ring, caller.tenant)
    return {"days": by_day(desk, entries), "older": page["next"], "names": known}


def by_day(desk: Desk, entries: Sequence[dict[str, Any]]) -> Sequence[Day]:
    """Return the entries, in their order, under the day each of them came.

    Each is filled with what a template asks for; `headline` is its subject where that is new.
    """
    days: list[Day] = []
    subject = title_of(entries)
    for entry in map(_filled, entries):
        day = datetime.fromisoformat(entry["at"]).astimezone(desk.pages.zone).date()
        if not days or days[-1].day != day:
            days.append(Day(day, []))
        own = bare(entry["subject"])
        headline = own if own and own != subject else ""
        subject = own or subject
        days[-1].entries.append({**entry, "headline": headline})
    return days


# What the store leaves out of a line because it says nothing.
_SILENT: dict[str, Any] = {
    "channel": "",
    "author": "",
    "verified": True,
    "readable": True,
    "partial": False,
    "automatic": "no",
    "marks": (),
    "delivery": None,
    "person": None,
    "subject": "",
    "attachments": 0,
    "files": (),
    "harmful": False,
    "text": "",
    "problem": None,
    "more": False,
    "quoted_lines": 0,
    "signature_lines": 0,
    "erased": False,
    "evidence": (),
    "original": False,
    "outcome": "none",
    "seconds": None,
    "callback": None,
    "assignee": "",
    "until": "",
    "reading": None,
}


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the line with everything said that a template asks for."""
    filled = {**_SILENT, **entry}
    if filled["person"]:
        filled["person"] = {"name": "", **filled["person"]}
    if filled["delivery"]:
        filled["delivery"] = {"reason": "none", **filled["delivery"]}
    if filled["reading"]:
        silent = {"pages": None, "confidence": None, "text": "", "more": False}
        filled["reading"] = silent | filled["reading"]
    return filled


def title_of(entries: Sequence[dict[str, Any]]) -> str:
    """Return what the conversation is about: the first subject anyone gave it, as far as shown."""
    subjects = (bare(e.get("subject", "")) for e in entries)
    return next(filter(None, subjects), "")


_PREFIXES = re.compile(
    r"^(?:\s*+(?:re|aw|antw|antwort|sv|fwd?|wg)\s*+(?:\[\d++\]\s*+)?:)++\s*+", re.IGNORECASE
)


def bare(subject: str) -> str:
    """Return a subject without what mail programs put before it."""
    return _PREFIXES.sub("", subject).strip()
