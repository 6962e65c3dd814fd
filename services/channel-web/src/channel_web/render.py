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

from hub_contract.delivery import Reason
from hub_contract.errors import Permanent
from hub_contract.events import MessageRequested, RequestedContent
from hub_contract.words import Channel, ContactKind

_FAILED = "did_not_arrive"


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
        raise Permanent(
            f"recipient: kind {point.kind} has no inbox in the portal",
            reason=Reason.ADDRESS_UNKNOWN,
        )
    try:
        return Resting(UUID(point.value), request.id)
    except ValueError:
        raise Permanent(
            "recipient: not the id of an inbox; choose another way", reason=Reason.ADDRESS_UNKNOWN
        ) from None


@dataclass(frozen=True, slots=True)
class File:
    number: int
    file_name: str
    size: int
    held: bool = False  # harmful software was found in it


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the citizen sees it; `by` is empty where it was written in the portal."""

    id: str
    place: int
    at: datetime
    is_ours: bool  # the authority's
    is_mine: bool  # written by this inbox; else it came by another way, from somebody confirmed
    by: str
    signed: str
    subject: str
    text: str
    is_cut: bool
    files: tuple[File, ...]
    is_erased: bool
    failed: bool  # one of ours that went out by another way and did not arrive there

    @property
    def awaits_reading(self) -> bool:
        return self.is_ours and not self.by


def line_of(entry: Mapping[str, Any]) -> Line:
    """Return the line of an entry as the store tells it (`GET /mine/…/entries`)."""
    ours, by = entry["direction"] == "out", entry["channel"]
    return Line(
        id=str(entry["id"]),
        place=entry["place"],
        at=datetime.fromisoformat(entry["at"]),
        is_ours=ours,
        is_mine=entry["mine"],
        by="" if by == Channel.WEB else by,
        signed=entry["signed"],
        subject=entry["subject"],
        text=entry["text"],
        is_cut=entry["more"],
        files=tuple(
            File(file["number"], file["file_name"], file["size"], file.get("held", False))
            for file in entry["attachments"]
        ),
        is_erased=entry["erased"],
        failed=ours and (entry["delivery"] or {}).get("code") == _FAILED,
    )


def by_day(lines: Iterable[Line], zone: tzinfo) -> list[tuple[date, list[Line]]]:
    """Return the lines below the day each belongs to, where the reader lives."""
    days: dict[date, list[Line]] = {}
    for line in lines:
        days.setdefault(line.at.astimezone(zone).date(), []).append(line)
    return list(days.items())


def state_of(conversation: Mapping[str, Any] | None, last: Line | None) -> str:
    """Return how far it is, in one of the words that pages know."""
    if conversation and conversation["state"] == "closed":
        return "closed"
    return "answered" if last and last.is_ours else "arrived"
