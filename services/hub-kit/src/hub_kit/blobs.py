"""Keeps sealed bytes: a folder with fsync and rename, or S3; one object a message."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from hub_contract.errors import Permanent, Temporary
from hub_contract.words import Blob
from hub_kit.keys import NONCE, open_sealed, seal

OVERHEAD = NONCE + 16  # nonce and tag


class Blobs(Protocol):
    """Objects are written once; a name is never used for other bytes."""

    async def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Return only once every object is synced to where it survives a power cut."""

    async def get(self, name: str, start: int, length: int) -> bytes:
        """Return that range; `Permanent` where it does not exist, `Temporary` out of reach."""

    async def delete_all(self, names: list[str]) -> None:
        """Delete what exists of these; what does not exist is deleted already."""


def pack(name: str, parts: list[bytes], key: bytes) -> tuple[bytes, list[Blob]]:
    """Seal parts one behind the other into one object, so that a message costs one fsync."""
    sealed: list[bytes] = []
    blobs: list[Blob] = []
    start = 0
    for part in parts:
        sealed.append(seal(key, part, f"{name}@{start}".encode()))
        blobs.append(Blob(name=name, start=start, length=len(sealed[-1]), size=len(part)))
        start += len(sealed[-1])
    return b"".join(sealed), blobs


async def read_blob(blobs: Blobs, blob: Blob, key: bytes) -> bytes:
    """Return the opened bytes of a part."""
    sealed = await blobs.get(blob.name, blob.start, blob.length)
    return open_sealed(key, sealed, f"{blob.name}@{blob.start}".encode())


class FolderBlobs:
    """A folder: write, fdatasync, rename, then sync each folder once for the whole batch."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put_all(self, objects: Mapping[str, bytes]) -> None:
        if not objects:
            return
        try:
            folders = await asyncio.to_thread(self._make_folders, objects)
            writes = (asyncio.to_thread(self._write, *item) for item in objects.items())
            await asyncio.gather(*writes)
            await asyncio.to_thread(_sync_folders, folders)
        except OSError as error:
            raise Temporary(f"blobs: {error.strerror} ({self.root})") from None

    async def get(self, name: str, start: int, length: int) -> bytes:
        def read() -> bytes:
            with self._path(name).open("rb") as file:
                file.seek(start)
                return file.read(length)

        try:
            return await asyncio.to_thread(read)
        except FileNotFoundError:
            raise Permanent(f"blob {name} does not exist") from None
        except OSError as error:
            raise Temporary(f"blobs: {error.strerror}") from None

    async def delete_all(self, names: list[str]) -> None:
        for name in names:
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise Permanent("blob name leads out of the store")
        return path

    def _make_folders(self, objects: Mapping[str, bytes]) -> set[Path]:
        folders = {self._path(name).parent for name in objects}
        for folder in folders:
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                _sync_folders(_above(folder))
        return folders

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        beside = path.with_name(path.name + ".part")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            with memoryview(data) as rest:
                written = 0
                while written < len(rest):
                    written += os.write(descriptor, rest[written:])
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        beside.rename(path)


def _above(folder: Path) -> set[Path]:
    return set(list(folder.parents)[:3])  # tenant/day: a new folder is an entry in its parent


def _sync_folders(folders: set[Path]) -> None:
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class S3Blobs:
    """An S3 bucket by obstore; credentials come from the environment (AWS_...)."""

    def __init__(self, store: S3Store) -> None:
        self.store = store

    async def put_all(self, objects: Mapping[str, bytes]) -> None:
        puts = (self.store.put_async(name, data) for name, data in objects.items())
        try:
            await asyncio.gather(*puts)
        except BaseError as error:
            raise Temporary(f"blobs: S3 {type(error).__name__}") from None

    async def get(self, name: str, start: int, length: int) -> bytes:
        try:
            return bytes(await self.store.get_range_async(name, start=start, length=length))
        except (NotFoundError, FileNotFoundError):
            raise Permanent(f"blob {name} does not exist") from None
        except BaseError as error:
            raise Temporary(f"blobs: S3 {type(error).__name__}") from None

    async def delete_all(self, names: list[str]) -> None:
        try:
            await self.store.delete_async(names)
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as error:
            raise Temporary(f"blobs: S3 {type(error).__name__}") from None


def open_blobs(where: str) -> Blobs:
    """Return the store of this setting: a folder, or s3://bucket/prefix."""
    if where.startswith("s3://"):
        return S3Blobs(S3Store.from_url(where))
    return FolderBlobs(Path(where))
