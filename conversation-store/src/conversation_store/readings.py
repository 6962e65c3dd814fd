"""What a machine has read of an entry, as rows bring it: state, words, pages, files.

It is never shown as the original: it stands beside the entry's own words, as `reading`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from asyncpg import Record
from pydantic_core import from_json

from hub_contract.words import Blob
from hub_kit.keys import KeyRing
from hub_kit.sealing import open_bytes

State = Literal["waiting", "read", "unreadable"]
Part = Literal["small", "large", "words"]
MEDIA_TYPES: Mapping[Part, str] = {
    "small": "image/webp",
    "large": "image/webp",
    "words": "application/json",
}
_SHOWN = ("number", "width", "height", "blank", "turned", "confidence", "fingerprint")
# For queries that have joined what stands in `joined`.
COLUMNS = """
r.event_id as read_by, r.readable as read_well, r.confidence as read_confidence,
r.pages as read_pages, r.at as read_at, r.content as read_content, rk.wrapped as read_wrapped
"""


def joined(entry: str) -> str:
    """Return what joins the reading of an entry, called so in the query, of the tenant $1."""
    return f"""
left join reading r on r.tenant = $1 and r.message_id = {entry}.id
left join hub.message_key rk on rk.owner = r.event_id and rk.tenant = $1
"""


JOIN = joined("e")


def state_of(row: Mapping[str, Any] | Record) -> State | None:
    """Return how far reading is; None: nothing of it is read by machine."""
    if row["read_by"]:
        return "read" if row["read_well"] else "unreadable"
    # What is erased is never read any more.
    return "waiting" if row["wrapped"] and from_json(row["facts"]).get("to_be_read") else None


def open_reading(row: Mapping[str, Any] | Record, ring: KeyRing) -> dict[str, Any] | None:
    """Return what was read as JSON has it; None where nothing was, or where it is erased."""
    if not row["read_by"] or row["read_wrapped"] is None or row["wrapped"] is None:
        return None
    plain = open_bytes(row["read_content"], row["read_by"], key_of(row, ring))
    content: dict[str, Any] = from_json(plain)
    return content


def key_of(row: Mapping[str, Any] | Record, ring: KeyRing) -> bytes:
    """Return the key that the pages and files of a reading lie under."""
    return ring.unwrap(row["read_wrapped"], row["read_by"])


def text_of(said: Mapping[str, Any]) -> str:
    text: str = (said.get("body") or {}).get("text", "")
    return text


def files_of(content: Mapping[str, Any], said: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the files of an entry, and behind them those that reading has made."""
    return [*content.get("attachments", ()), *(said or {}).get("attachments", ())]


def outline_reading(row: Record, said: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return state, confidence and pages; None: nothing of it is read by machine."""
    state = state_of(row)
    if state is None:
        return None
    pages = [outline_page(page) for page in (said or {}).get("pages", ())]
    return {
        "state": state,
        "at": row["read_at"],
        "confidence": row["read_confidence"],
        "count": row["read_pages"] or from_json(row["facts"]).get("pages") or len(pages) or None,
        "pages": pages,
    }


def outline_page(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page as it is shown: where its bytes lie is nobody's matter."""
    shown = {name: page[name] for name in _SHOWN if page.get(name) is not None}
    return {**shown, "parts": [part for part in MEDIA_TYPES if page.get(part)]}


def find_part(said: Mapping[str, Any], number: int, part: Part) -> tuple[str, str, Blob] | None:
    """Return file name, media type and place of a part of a page; None where there is none."""
    page = next((page for page in said.get("pages", ()) if page["number"] == number), None)
    if page is None or not page.get(part):
        return None
    end = "json" if part == "words" else "webp"
    return f"page-{number}-{part}.{end}", MEDIA_TYPES[part], Blob.model_validate(page[part])
