"""Keeps files of a form that is not good yet, so that nobody has to choose them again.

Rule 1. The bytes lie sealed in the blob store; their key lies sealed in the form, nowhere else.
Rule 2. They are deleted once the message is accepted, or left out, or the browser was left; and
        after the minutes of the settings in any case.
Rule 3. How much may lie there, `room` says.
"""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from channel_web.parse.uploads import Upload
from channel_web.receive.room import Room
from hub_contract.errors import Permanent, Temporary
from hub_contract.words import Blob
from hub_kit.blobs import Blobs, pack, read_blob
from hub_kit.database import connect
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key
from hub_kit.trim import PIECE


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that waits for its form; `token` is what the form carries of it."""

    file_name: str
    media_type: str
    sent_as: str
    blob: Blob
    key: bytes
    token: str


class Keep:
    def __init__(self, room: Room, blobs: Blobs, ring: KeyRing) -> None:
        self._pool, self._blobs, self._ring, self._room = room.pool, blobs, ring, room
        self._for = timedelta(minutes=room.settings.unsent_minutes)
        self._seal = derive_key(ring, "portal-upload")

    async def put(
        self,
        tenant: str,
        form: str,
        uploads: Sequence[Upload],
        address: str = "",
        visit: str = "",
    ) -> list[Kept]:
        """Keep these for the form with this token; `Full` where this address may keep no more."""
        packed = [(upload, *self._pack(tenant, upload)) for upload in uploads]
        if not packed:
            return []
        # The rows first: what lies in the store is always swept.
        objects = {blob.name: blob.length for _, _, blob, _ in packed}
        await self._room.take(address, objects, visit)
        try:
            await self._blobs.put_all({blob.name: data for _, _, blob, data in packed})
        except Temporary:
            with suppress(Temporary):  # nothing lies there that should count
                await self._forget([blob.name for _, _, blob, _ in packed])
            raise
        return [self._kept(tenant, form, upload, blob, key) for upload, key, blob, _ in packed]

    def read(self, tenant: str, form: str, tokens: Sequence[str]) -> list[Kept]:
        """Return what these tokens stand for; what is not ours, or another form's, is nothing."""
        found = [self._open(tenant, form, token) for token in tokens]
        return [kept for kept in found if kept]

    def carry(self, tenant: str, form: str, kept: Sequence[Kept]) -> list[Kept]:
        """Return these files as another form has them: of the session that has just begun."""
        return [
            self._kept(
                tenant, form, Upload(k.file_name, k.media_type, b"", k.sent_as), k.blob, k.key
            )
            for k in kept
        ]

    async def load(self, kept: Kept) -> Upload | None:
        """Return the file, or None where it waited for too long."""
        try:
            data = await read_blob(self._blobs, kept.blob, kept.key)
        except Permanent:
            return None
        return Upload(kept.file_name, kept.media_type, data, kept.sent_as)

    async def forget(self, kept: Sequence[Kept]) -> None:
        """Delete these; what cannot be deleted now is swept later."""
        with suppress(Temporary):
            await self._delete([one.blob.name for one in kept])

    async def forget_visit(self, visit: str) -> None:
        """Delete all that waits for forms of this visit, whatever its pages still carry."""
        sql = "select blob from unsent where visit = $1 and visit <> '' limit $2"
        async with connect(self._pool) as connection:
            rows = await connection.fetch(sql, visit, PIECE)
        await self._delete([row["blob"] for row in rows])

    async def sweep(self) -> int:
        """Delete what has waited for too long, a piece of it; return how much it was."""
        sql = "select blob from unsent where at < now() - $1::interval limit $2"
        async with connect(self._pool) as connection:
            rows = await connection.fetch(sql, self._for, PIECE)
        await self._delete([row["blob"] for row in rows])
        return len(rows)

    async def _delete(self, names: Sequence[str]) -> None:
        if names:
            await self._blobs.delete_all(list(names))
            await self._forget(names)

    async def _forget(self, names: Sequence[str]) -> None:
        async with connect(self._pool) as connection:
            await connection.execute("delete from unsent where blob = any($1::text[])", list(names))

    def _pack(self, tenant: str, upload: Upload) -> tuple[bytes, Blob, list[bytes]]:
        key = self._ring.new_key()
        data, [blob] = pack(f"{tenant}/upload/{uuid4().hex}", [upload.data], key)
        return key, blob, data

    def _kept(self, tenant: str, form: str, upload: Upload, blob: Blob, key: bytes) -> Kept:
        said = {
            "name": upload.file_name,
            "type": upload.media_type,
            "sent_as": upload.sent_as,
            "blob": blob.model_dump(),
            "key": base64.b64encode(key).decode(),
        }
        sealed = seal(self._seal, json.dumps(said).encode(), f"{tenant}\n{form}".encode())
        token = base64.urlsafe_b64encode(sealed).decode()
        return Kept(upload.file_name, upload.media_type, upload.sent_as, blob, key, token)

    def _open(self, tenant: str, form: str, token: str) -> Kept | None:
        try:
            sealed = base64.urlsafe_b64decode(token.encode())
            said = json.loads(open_sealed(self._seal, sealed, f"{tenant}\n{form}".encode()))
        except (Permanent, ValueError):
            return None
        blob = Blob.model_validate(said["blob"])
        key = base64.b64decode(said["key"])
        return Kept(said["name"], said["type"], said["sent_as"], blob, key, token)
