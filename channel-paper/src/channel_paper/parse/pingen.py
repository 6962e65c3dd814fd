"""Turn what Pingen says of a letter, by hook or in its list, into what it means for us: pure."""

import json
from typing import Any

from channel_paper.parse.report import Said, letter_called
from channel_paper.providers.pingen_codes import hook_of, reason_of, status_of


def read_hook(raw: bytes, tenant: str, account: str) -> Said | None:
    """Return what a hook says of a letter of this box; None where it says nothing of one."""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    hook = _part(told, "data")
    status = hook_of(str(hook.get("type", "")))
    letter, event = (
        _included(told, "letters"),
        _part(_included(told, "letters_events"), "attributes"),
    )
    said = read_letter(letter, tenant, account)
    if status is None or said is None:
        return None
    code = str(event.get("code", ""))
    why = str(_part(hook, "attributes").get("reason") or event.get("name") or "")
    return Said(
        said.message_id,
        status,
        reason_of(status, code),
        code,
        said.external_id,
        why[:1000],
        said.pages,
    )


def read_letter(letter: dict[str, Any], tenant: str, account: str) -> Said | None:
    """Return how far a letter is; None where it is none of this box."""
    told = _part(letter, "attributes")
    message_id = letter_called(str(told.get("file_original_name", "")), tenant, account)
    if message_id is None:
        return None
    word, pages = str(told.get("status", "")), told.get("file_pages")
    status = status_of(word)
    return Said(
        message_id,
        status,
        reason_of(status, word),
        code="" if word in ("", "valid") else word,
        external_id=str(letter.get("id", "")),
        pages=pages if isinstance(pages, int) and pages >= 0 else None,
    )


def state_of(raw: bytes) -> tuple[str, str]:
    """Return id and status of the letter that a hook is about."""
    letter = _included(json.loads(raw), "letters")
    return str(letter.get("id", "")), str(_part(letter, "attributes").get("status", ""))


def _included(told: Any, kind: str) -> dict[str, Any]:
    found = told.get("included") if isinstance(told, dict) else None
    parts = found if isinstance(found, list) else []
    return next((one for one in parts if isinstance(one, dict) and one.get("type") == kind), {})


def _part(told: Any, name: str) -> dict[str, Any]:
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}
