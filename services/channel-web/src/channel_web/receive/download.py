"""Hands out the files of a conversation so that no browser runs, guesses or frames them."""

from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from channel_web.receive.visit import TheVisit, Visit

router = APIRouter()
# Shown in the browser: what no browser can run. All else is saved.
_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_LOCKED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@router.get("/vorgang/anhang/{entry}/{number}")
async def attachment(visit: TheVisit, entry: UUID, number: int) -> Response:
    """Send one file of the conversation that this session has opened."""
    if not 0 <= number < 10_000:
        raise HTTPException(404, "Not found")
    return await _send(visit, f"entries/{entry}/attachments/{number}")


@router.get("/vorgang/seite/{entry}/{number}/{part}")
async def picture(
    visit: TheVisit, entry: UUID, number: int, part: Literal["small", "large"]
) -> Response:
    """Send the picture of a page of her letter or fax; our own reader has made it."""
    if not 1 <= number <= 100_000:
        raise HTTPException(404, "Not found")
    return await _send(visit, f"entries/{entry}/pages/{number}/{part}")


async def _send(visit: Visit, what: str) -> Response:
    session = visit.open_session
    if session is None:
        return RedirectResponse(f"{visit.prefix}/vorgang", 303)
    store, tenant, inbox = visit.portal.store, visit.tenant, session.inbox
    found = await store.conversation(tenant, inbox)
    if found is None:
        raise HTTPException(404, "Not found")
    path = f"/mine/{found['id']}/{what}"
    opened = store.attachment(tenant, inbox, path)
    answer = await opened.__aenter__()
    if answer is None:
        await opened.__aexit__(None, None, None)
        raise HTTPException(404, "Not found")

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.aiter_bytes():
                yield piece
        finally:
            await opened.__aexit__(None, None, None)

    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    said = answer.headers.get("content-disposition", "attachment")
    if media_type in _SHOWN:
        said = said.replace("attachment", "inline", 1)
    else:
        media_type = "application/octet-stream"
    headers = {**_LOCKED, "Content-Disposition": said}
    return StreamingResponse(pieces(), headers=headers, media_type=media_type)
