"""Keeps files of a form that is not good yet, so that nobody has to choose them again.

Rule 1. The bytes lie sealed in the blob store; their key lies sealed in the form, nowhere else.
Rule 2. After a day, or once the message is accepted, they are deleted.
"""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from channel_web.parse.uploads import Upload
from hub_contract.errors import Permanent, Temporary
from hub_contract.words import Blob
from hub_kit.blobs import Blobs, pack, read_blob
from hub_kit.database import Pool, transaction
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.tokens import derive_key
from hub_kit.trim import PIECE

FOR = timedelta(days=1)


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
    def __init__(self, pool: Pool, blobs: Blobs, ring: KeyRing) -> None:
        self._pool, self._blobs, self._ring = pool, blobs, ring
        self._seal = derive_key(ring, "portal-upload")

    async def put(self, tenant: str, form: str, uploads: Sequence[Upload]) -> list[Kept]:
        """Keep these for the form with this token."""
        packed = []
        for upload in uploads:
            key = self._ring.new_key()
            name = f"{tenant}/upload/{uuid4().hex}"
            data, [blob] = pack(name, [upload.data], key)
            packed.append((upload, key, blob, data))
        # The rows first: what lies in the store is always swept.
        async with transaction(self._pool, tenant) as connection:
            await connection.executemany(
                "insert into upload (blob, tenant) values ($1, $2)",
                [(blob.name, tenant) for _, _, blob, _ in packed],
            )
        await self._blobs.put_all({blob.name: data for _, _, blob, data in packed})
        return [self._kept(tenant, form, upload, blob, key) for upload, key, blob, _ in packed]

    def read(self, tenant: str, form: str, tokens: Sequence[str]) -> list[Kept]:
        """Return what these tokens stand for; what is not ours, or another form's, is nothing."""
        found = [self._open(tenant, form, token) for token in tokens]
        return [kept for kept in found if kept]

    async def load(self, kept: Kept) -> Upload | None:
        """Return the file, or None where it waited for more than its day."""
        try:
            data = await read_blob(self._blobs, kept.blob, kept.key)
        except Permanent:
            return None
        return Upload(kept.file_name, kept.media_type, data, kept.sent_as)

    async def forget(self, tenant: str, kept: Sequence[Kept]) -> None:
        """Delete these; what cannot be deleted now is swept later."""
        with suppress(Temporary):
            await self._delete(tenant, [one.blob.name for one in kept])

    async def sweep(self, tenant: str) -> int:
        """Delete what has waited for more than its day, a piece of it; return how much it was."""
        sql = "select blob from upload where tenant = $1 and at < now() - $2::interval limit $3"
        async with transaction(self._pool, tenant) as connection:
            rows = await connection.fetch(sql, tenant, FOR, PIECE)
        await self._delete(tenant, [row["blob"] for row in rows])
        return len(rows)

    async def _delete(self, tenant: str, names: Sequence[str]) -> None:
        if not names:
            return
        await self._blobs.delete_all(list(names))
        sql = "delete from upload where tenant = $1 and blob = any($2::text[])"
        async with transaction(self._pool, tenant) as connection:
            await connection.execute(sql, tenant, list(names))

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
