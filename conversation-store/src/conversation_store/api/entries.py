"""Single entries over HTTP: whole, their files, moved, erased."""

import re
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from conversation_store.api.caller import TheEraser, TheReader, TheReleaser, TheStore, found
from conversation_store.api.document import by_name, problems
from conversation_store.api.shapes import Entry, ErasedShown
from conversation_store.erase import erase
from conversation_store.readings import Part
from conversation_store.release import release
from conversation_store.show.conversation import read_bytes, read_part, show_entry

router = APIRouter(tags=["entries"], generate_unique_id_function=by_name)
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}")
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    **problems(404, 410, 423),
}
NOTHING: dict[str, Any] = {"status_code": 204, "responses": problems(404, 410)}
Number = Annotated[int, Path(ge=0, le=10_000)]


@router.get("/entries/{entry_id}", response_model=Entry, responses=problems(404))
async def get_entry(store: TheStore, caller: TheReader, entry_id: UUID) -> Any:
    """Show an entry whole."""
    return found(await show_entry(store.ground, caller.tenant, entry_id))


@router.get("/entries/{entry_id}/original", response_class=Response, responses=BYTES)
async def get_original(store: TheStore, caller: TheReader, entry_id: UUID) -> Response:
    """Download what arrived, byte for byte."""
    return download(*found(await read_bytes(store.ground, caller.tenant, entry_id, None)))


@router.get("/entries/{entry_id}/attachments/{number}", response_class=Response, responses=BYTES)
async def get_attachment(
    store: TheStore,
    caller: TheReader,
    entry_id: UUID,
    number: Number,
) -> Response:
    """Download an attachment; `number` counts from 0."""
    return download(*found(await read_bytes(store.ground, caller.tenant, entry_id, number)))


@router.post("/entries/{entry_id}/original/release", **NOTHING)
async def post_release_original(store: TheStore, caller: TheReleaser, entry_id: UUID) -> None:
    """Let the original go though harmful software was found in it; the timeline says who did."""
    found(await release(store.ground, caller, entry_id, None))


@router.post("/entries/{entry_id}/attachments/{number}/release", **NOTHING)
async def post_release_attachment(
    store: TheStore, caller: TheReleaser, entry_id: UUID, number: Number
) -> None:
    """Let an attachment go though harmful software was found in it, or it was never checked."""
    found(await release(store.ground, caller, entry_id, number))


@router.get("/entries/{entry_id}/pages/{page}/{part}", response_class=Response, responses=BYTES)
async def get_page(
    store: TheStore,
    caller: TheReader,
    entry_id: UUID,
    page: Annotated[int, Path(ge=1, le=100_000)],
    part: Part,
) -> Response:
    """Download a page as a machine has read it: a picture of it (WebP), or its words (JSON).

    Words are `[[text, left, top, right, bottom, confidence 0-100], …]` in pixels of `large`.
    """
    return download(*found(await read_part(store.ground, caller.tenant, entry_id, page, part)))


@router.post("/entries/{entry_id}/erase", response_model=ErasedShown, responses=problems(404))
async def post_erase(
    store: TheStore,
    caller: TheEraser,
    entry_id: UUID,
    answers: Annotated[
        bool, Query(description="also what we answered since: it repeats subject and address")
    ] = True,
) -> Any:
    """Erase the content of an entry, everywhere and for ever; its place in the timeline stays.

    With the last message of a person go name and address. In backups it is unreadable once they
    have expired.
    """
    keys = await erase(store.ground, caller.tenant, entry_id, answers=answers)
    return {"keys": found(keys)}


def download(name: str, media_type: str, data: bytes) -> Response:
    """Return bytes of strangers so that no browser runs, guesses or frames them."""
    safe = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type=safe, headers=headers)
