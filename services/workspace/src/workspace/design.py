"""Puts the pictures that came with a designed mail where its sender put them.

They are written into the page itself (`data:`), since its sandbox may fetch nothing, not even from
us: it has no session there. Nothing but pictures of the same entry is ever put in.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import unquote

from hub_contract.errors import Permanent
from hub_kit.tokens import Caller
from workspace.ask import Bytes, Service

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_PICTURES = 40
MOST_BYTES = 12 * 1024 * 1024  # of all pictures of a page, each as often as it is shown
# As the channel writes it (nh3): each value in double quotes, none in it; `<` in no text.
_SOURCE = re.compile(r'(<img(?: [a-z-]{1,40}+="[^"]*+")*? src=")cid:([^"]{1,500}+)(?=")')


async def read_design(store: Service, caller: Caller, entry: Mapping[str, Any]) -> str:
    """Return the HTML of this entry with its pictures; one too many shows its name instead."""
    html: str = entry.get("html") or ""
    wanted = _wanted(html, entry.get("attachments") or ())
    path = f"/entries/{entry['id']}/attachments"
    found = {cid: await _fetch(store, caller, f"{path}/{n}") for cid, n in wanted.items()}
    return put_in(html, {cid: picture for cid, picture in found.items() if picture})


async def _fetch(store: Service, caller: Caller, path: str) -> Bytes | None:
    try:
        return await store.fetch(caller, path)
    except Permanent:
        return None  # held for harmful software


def _wanted(html: str, files: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of each picture that the page shows, by its content id."""
    shown = {_content_id(match[2]) for match in _SOURCE.finditer(html)}
    room, wanted = MOST_BYTES, dict[str, int]()
    for file in files:
        cid = file.get("content_id", "")
        if cid not in shown or cid in wanted or _kind(file["media_type"]) not in PICTURES:
            continue
        if file["size"] <= room and len(wanted) < MOST_PICTURES:
            room -= file["size"]
            wanted[cid] = file["number"]
    return wanted


def put_in(html: str, pictures: Mapping[str, Bytes]) -> str:
    """Return the page with these pictures, by content id, as far as there is room for them."""
    room = MOST_BYTES

    def _put(match: re.Match[str]) -> str:
        nonlocal room
        picture = pictures.get(_content_id(match[2]))
        if picture is None or len(picture.data) > room or _kind(picture.media_type) not in PICTURES:
            return match[0]
        room -= len(picture.data)
        inside = b64encode(picture.data).decode("ascii")
        return f"{match[1]}data:{_kind(picture.media_type)};base64,{inside}"

    return _SOURCE.sub(_put, html) if pictures else html


def _content_id(written: str) -> str:
    return unquote(unescape(written)).strip("<> ")


def _kind(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
