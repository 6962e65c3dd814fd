"""Turn what the authority says into what a citizen reads in the portal: pure, for `send` and pages.

Rule 1. A message of ours lies in the portal as it is: whoever opens the inbox reads it there, so
        nothing is copied, and what is erased is gone here too.
Rule 2. A citizen reads her own messages and ours, in plain words: no ids, no names of systems.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any
from uuid import UUID

from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import ContactKind

_FAILED = frozenset({"failed", "returned"})


@dataclass(frozen=True, slots=True)
class Resting:
    """A message of ours on its way into an inbox of the portal."""

    portal_id: UUID
    message_id: UUID


def render(request: MessageRequested) -> Resting:
    """Return where the message of an opened request rests.

    Raises `Permanent`, naming field and remedy, where no inbox of ours can be meant.
    """
    content = request.content
    if not isinstance(content, RequestedContent):
        raise Permanent(f"content of {request.id} is sealed: open it before rendering")
    point = content.recipient
    if point.kind is not ContactKind.PORTAL:
        raise Permanent(f"recipient: kind {point.kind} has no inbox in the portal")
    try:
        return Resting(UUID(point.value), request.id)
    except ValueError:
        raise Permanent("recipient: not the id of an inbox; choose another way") from None


@dataclass(frozen=True, slots=True)
class File:
    number: int
    file_name: str
    size: int


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the citizen sees it."""

    id: str
    place: int
    at: datetime
    is_mine: bool
    channel: str
    subject: str
    text: str
    files: tuple[File, ...]
    is_erased: bool
    is_readable: bool
    failed: bool  # one of ours that went out by another way and did not arrive there


def line_of(entry: Mapping[str, Any]) -> Line:
    """Return the line of an entry as the store tells it; what is missing says nothing."""
    delivery = entry.get("delivery") or {}
    return Line(
        id=str(entry["id"]),
        place=int(entry["place"]),
        at=datetime.fromisoformat(str(entry["at"])),
        is_mine=entry["direction"] == "in",
        channel=entry.get("channel") or "",
        subject=entry.get("subject", ""),
        text=entry.get("text", ""),
        files=tuple(
            File(file["number"], file["file_name"], file["size"])
            for file in entry.get("attachments", ())
        ),
        is_erased=bool(entry.get("erased")),
        is_readable=bool(entry.get("readable", True)),
        failed=entry["direction"] == "out" and delivery.get("status") in _FAILED,
    )


def by_day(lines: Iterable[Line], zone: tzinfo) -> list[tuple[date, list[Line]]]:
    """Return the lines below the day each belongs to, where the reader lives."""
    days: dict[date, list[Line]] = {}
    for line in lines:
        days.setdefault(line.at.astimezone(zone).date(), []).append(line)
    return list(days.items())


def state_of(conversation: Mapping[str, Any] | None, lines: Iterable[Line]) -> str:
    """Return how far it is, in one of the words that pages know."""
    if conversation is None:
        return "arrived"
    if conversation["state"] == "closed":
        return "closed"
    last = next((line for line in reversed(list(lines))), None)
    return "arrived" if last is None or last.is_mine else "answered"
