"""The page where those who work for an authority hand scans in, below `/scans` of the gateway.

With JavaScript each file comes in pieces and goes on after a reload; without it, by a plain form.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from channel_paper.parse.names import is_temporary
from channel_paper.receive.scans import Scans
from channel_paper.receive.uploads import Upload, Uploads, Wanted
from channel_paper.settings import SERVICE, PaperSettings
from hub_contract.errors import Permanent
from hub_kit.files import safe_name
from hub_kit.rights import may
from hub_pages.caller import Visitor, visitor_of
from hub_pages.pages import Pages

PIECE = 4 * 1024 * 1024  # bytes of one request
router = APIRouter()


@dataclass(frozen=True)
class Counter:
    """Where scans are handed in: the boxes, and their pages."""

    scans: Sequence[Scans]
    settings: PaperSettings
    pages: Pages

    def boxes_of(self, tenant: str) -> dict[str, Scans]:
        return {one.box.name: one for one in self.scans if one.box.tenant == tenant}


async def counter_of(request: Request) -> Counter:
    counter: Counter = request.app.state.counter
    return counter


async def clerk_of(visitor: Annotated[Visitor, Depends(visitor_of(SERVICE))]) -> Visitor:
    """Return who hands in; others get 403."""
    if not may(visitor.caller.role, "write", "scans"):
        raise HTTPException(403)
    return visitor


TheCounter = Annotated[Counter, Depends(counter_of)]
TheClerk = Annotated[Visitor, Depends(clerk_of)]
BoxName = Annotated[str, Form(max_length=100)]


class Begun(BaseModel):
    """What the script says of a file before it sends it."""

    box: str = Field(max_length=100)
    name: str = Field(min_length=1, max_length=300)
    size: int = Field(ge=1)
    changed: int = 0


@router.get("/")
async def get_page(
    request: Request,
    counter: TheCounter,
    clerk: TheClerk,
    handed: Annotated[int, Query(ge=0, le=1000)] = 0,
) -> Response:
    """Show the form, and what was begun and not finished."""
    return await _page(request, counter, clerk, handed=handed)


@router.post("/")
async def post_files(
    request: Request,
    counter: TheCounter,
    clerk: TheClerk,
    files: Annotated[list[UploadFile], File()],
    box: BoxName,
) -> Response:
    """Take whole files, from a browser without JavaScript."""
    scans = _scans(counter, clerk, box)
    sent = [one for one in files if one.filename]
    faults = [one.filename for one in sent if one.size is None or not _fits(one.size, counter)]
    if faults or not sent:
        return await _page(request, counter, clerk, status=422, refused=faults, none=not sent)
    for one in sent:
        await scans.disk(lambda one=one: _keep(scans, one, _by(clerk)))  # type: ignore[misc]
    return RedirectResponse(f"{clerk.prefix}/?handed={len(sent)}", 303)


@router.post("/uploads")
async def post_upload(counter: TheCounter, clerk: TheClerk, begun: Begun) -> dict[str, object]:
    """Begin a file, or say how far it is: `{"id", "offset", "size"}`."""
    scans = _scans(counter, clerk, begun.box)
    if not _fits(begun.size, counter):
        raise HTTPException(413)
    wanted = Wanted(clerk.caller.who, _by(clerk), _name(begun.name), begun.size, begun.changed)
    return _said(await scans.disk(lambda: Uploads(scans.queue).begin(wanted)))


@router.patch("/uploads/{box}/{upload_id}")
async def patch_upload(
    request: Request,
    counter: TheCounter,
    clerk: TheClerk,
    *,
    box: str,
    upload_id: str,
    offset: Annotated[int, Query(ge=0)],
) -> dict[str, object]:
    """Take the piece that begins at `offset`; 409 where it does not follow on what is there."""
    scans = _scans(counter, clerk, box)
    data = await _piece(request)
    try:
        found = await scans.disk(
            lambda: Uploads(scans.queue).add(upload_id, clerk.caller.who, offset, data)
        )
    except Permanent:
        raise HTTPException(409) from None
    return _said(found)


@router.post("/uploads/{box}/{upload_id}/drop")
async def post_drop(counter: TheCounter, clerk: TheClerk, box: str, upload_id: str) -> Response:
    """Forget what was begun."""
    scans = _scans(counter, clerk, box)
    with suppress(Permanent):  # it is gone already
        await scans.disk(lambda: Uploads(scans.queue).drop(upload_id, clerk.caller.who))
    return RedirectResponse(f"{clerk.prefix}/", 303)


async def _page(
    request: Request,
    counter: Counter,
    clerk: Visitor,
    *,
    status: int = 200,
    handed: int = 0,
    refused: Sequence[str | None] = (),
    none: bool = False,
) -> Response:
    boxes = counter.boxes_of(clerk.caller.tenant)
    who = clerk.caller.who
    begun = {
        name: await one.disk(lambda one=one: Uploads(one.queue).unfinished(who))  # type: ignore[misc]
        for name, one in boxes.items()
    }
    return counter.pages.page(
        request,
        "hand_in.html",
        status=status,
        visitor=clerk,
        boxes={name: one.box.display_name for name, one in boxes.items()},
        begun=begun,
        handed=handed,
        refused=refused,
        none=none,
        limit=counter.settings.size_limit,
        piece=PIECE,
    )


def _scans(counter: Counter, clerk: Visitor, box: str) -> Scans:
    if (found := counter.boxes_of(clerk.caller.tenant).get(box)) is None:
        raise HTTPException(404)
    return found


async def _piece(request: Request) -> bytes:
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > PIECE:
            raise HTTPException(413)
    return bytes(data)


def _keep(scans: Scans, file: UploadFile, by: str) -> None:
    scans.queue.prepare()
    place = scans.queue.new_place()
    with place.open("xb") as out:
        shutil.copyfileobj(file.file, out)
    Uploads(scans.queue).hand_in(place, _name(file.filename or ""), by)


def _name(name: str) -> str:
    """Return a name that is no unfinished one: whoever hands a file in has finished it."""
    safe = safe_name(name) or "Scan"
    return f"Scan {safe.lstrip('.~$')}" if is_temporary(safe) else safe


def _by(clerk: Visitor) -> str:
    return f"{clerk.name} ({clerk.caller.who})" if clerk.name else clerk.caller.who


def _fits(size: int, counter: Counter) -> bool:
    return 0 < size <= counter.settings.size_limit


def _said(upload: Upload) -> dict[str, object]:
    return {"id": upload.id, "offset": upload.offset, "size": upload.size}
