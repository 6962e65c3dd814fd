"""Hands out what strangers sent: the original, attachments, designed mails; nothing of it runs.

Each is an answer of its own path, locked in a sandbox without scripts and without our origin.
"""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Response

from workspace.ask import Bytes
from workspace.design import PICTURES, read_design
from workspace.desk import TheAgent, TheDesk

router = APIRouter()
# What a browser shows as a picture or as plain text, and runs nothing of. SVG is none of these.
SHOWN = PICTURES | {"text/plain"}
LOCKED = "sandbox; default-src 'none'; frame-ancestors 'self'"
# A designed mail may bring its own colours and pictures inside itself, and fetch nothing.
_DESIGNED = f"{LOCKED}; style-src 'unsafe-inline'; img-src data:"
Number = Annotated[int, Path(ge=0, le=10_000)]


def headers(policy: str, disposition: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


@router.get("/e/{entry_id}/original")
async def get_original(desk: TheDesk, agent: TheAgent, entry_id: UUID) -> Response:
    """What arrived, byte for byte, to be saved."""
    return _saved(await desk.store.fetch(agent.caller, f"/entries/{entry_id}/original"))


@router.get("/e/{entry_id}/files/{number}")
async def get_file(desk: TheDesk, agent: TheAgent, entry_id: UUID, number: Number) -> Response:
    return _saved(await desk.store.fetch(agent.caller, f"/entries/{entry_id}/attachments/{number}"))


@router.get("/e/{entry_id}/files/{number}/view")
async def get_view(desk: TheDesk, agent: TheAgent, entry_id: UUID, number: Number) -> Response:
    """Look at an attachment in the browser, where its kind is known to be harmless."""
    file = await desk.store.fetch(agent.caller, f"/entries/{entry_id}/attachments/{number}")
    kind = file.media_type.partition(";")[0].strip().lower()
    if kind not in SHOWN:
        return _saved(file)
    name = file.disposition.partition(";")[2]
    shown = "text/plain; charset=utf-8" if kind == "text/plain" else kind
    locked = headers(LOCKED, f"inline;{name}" if name else "inline")
    return Response(file.data, media_type=shown, headers=locked)


@router.get("/e/{entry_id}/designed")
async def get_designed(desk: TheDesk, agent: TheAgent, entry_id: UUID) -> Response:
    """A mail as its sender designed it; its channel has made it safe, and the sandbox locks it."""
    entry = await desk.store.get(agent.caller, f"/entries/{entry_id}")
    design = await read_design(desk.store, agent.caller, entry)
    html = "<!doctype html><meta charset=utf-8><title>-</title>" + design
    name = f"inline; filename*=UTF-8''{quote('mail.html')}"
    return Response(html, media_type="text/html", headers=headers(_DESIGNED, name))


def _saved(file: Bytes) -> Response:
    kind = file.media_type.partition(";")[0]
    safe = kind if kind in SHOWN else "application/octet-stream"
    return Response(file.data, media_type=safe, headers=headers(LOCKED, _attached(file)))


def _attached(file: Bytes) -> str:
    name = file.disposition.partition(";")[2]
    return f"attachment;{name}" if name else "attachment"
