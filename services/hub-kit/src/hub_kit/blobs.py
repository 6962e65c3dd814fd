"""Keeps sealed bytes: a folder with fsync and rename, or S3; small messages share an object."""

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from obstore.exceptions import BaseError
from obstore.store import S3Store

from hub_contract.errors import Permanent, Temporary
from hub_contract.ids import time_ordered
from hub_contract.words import Blob
from hub_kit.keys import NONCE, open_sealed, seal_apart
from hub_kit.space import Space
from hub_kit.write_secret import sync_folder

OVERHEAD = NONCE + 16  # nonce and tag
# A message of up to SMALL bytes shares an object with others of its batch: to make, sync and name a
# file costs as much as to write 400 KB. A FULL object takes no more of them.
SMALL, FULL = 512 * 1024, 4 * 1024 * 1024
BUFFER = 64 * 1024  # bytes of a file on their way
WRITERS = 4  # threads for one batch: their syncs overlap; one a file would cost more than the file
_NAME = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*", re.ASCII)


Object = bytes | list[bytes]  # in one, or in pieces: to put those together costs as much as to seal


class Blobs(Protocol):
    """Objects are written once; a name is never used for other bytes."""

    async def put_all(self, objects: Mapping[str, Object]) -> None:
        """Return only once every object is synced to where it survives a power cut.

        `Temporary` where that fails; then none of them counts, and what was written is deleted.
        """

    async def get(self, name: str, start: int, length: int) -> bytes:
        """Return that range; `Permanent` where it does not exist, `Temporary` out of reach."""

    async def delete_all(self, names: list[str]) -> None:
        """Delete what exists of these; what does not exist is deleted already."""


def pack(
    name: str, parts: list[bytes], key: bytes, start: int = 0
) -> tuple[list[bytes], list[Blob]]:
    """Seal parts one behind the other, to lie from `start` in the object of this name."""
    sealed: list[bytes] = []
    blobs: list[Blob] = []
    for part in parts:
        sealed += seal_apart(key, part, f"{name}@{start}".encode())
        length = len(part) + OVERHEAD
        blobs.append(Blob(name=name, start=start, length=length, size=len(part)))
        start += length
    return sealed, blobs


class Packing:
    """The objects of one batch: small messages of a tenant and day share one, and its fsync.

    Each part is sealed under its own message's key, so erasing one leaves the others as they are;
    the bytes go when the last message of the object has gone (`trim_blobs`).
    """

    def __init__(self) -> None:
        self.objects: dict[str, list[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._shared: dict[str, str] = {}

    def add(self, folder: str, parts: list[bytes], key: bytes, *, behind: str = "") -> list[Blob]:
        """Return where the parts will lie once `objects` are put; `behind`: in this object."""
        name = behind or self._place(folder, sum(map(len, parts)) <= SMALL)
        sealed, blobs = pack(name, parts, key, self._sizes[name])
        self.objects[name] += sealed
        self._sizes[name] = blobs[-1].start + blobs[-1].length
        return blobs

    def _place(self, folder: str, small: bool) -> str:
        name = self._shared.get(folder, "") if small else ""
        if not name or self._sizes[name] >= FULL:
            name = _checked(f"{folder}/{time_ordered().hex}")
            self.objects[name], self._sizes[name] = [], 0
            if small:
                self._shared[folder] = name
        return name


async def read_blob(blobs: Blobs, blob: Blob, key: bytes) -> bytes:
    """Return the opened bytes of a part."""
    sealed = await blobs.get(blob.name, blob.start, blob.length)
    return open_sealed(key, sealed, f"{blob.name}@{blob.start}".encode())


def _checked(name: str) -> str:
    """Return the name if it stays in the store; by its words alone, to ask no file system."""
    if not _NAME.fullmatch(name):
        raise Permanent("blob name leads out of the store")
    return name


class FolderBlobs:
    """A folder: write, fdatasync, rename, then sync each folder once for the whole batch."""

    def __init__(self, root: Path, space: Space | None = None) -> None:
        """Below the stop mark of `space` nothing is written: the disk may be the database's too."""
        self.root, self._space = root, space
        self._made: set[Path] = set()

    async def put_all(self, objects: Mapping[str, Object]) -> None:
        if not objects:
            return
        if self._space:
            self._space.check()
        paths = [(self.root / _checked(name), data) for name, data in objects.items()]
        shares = [paths[n::WRITERS] for n in range(min(WRITERS, len(paths)))]
        # One share is written and synced in one go: to wake a thread costs as much as a small file.
        alone = len(shares) == 1
        done = await asyncio.gather(
            *(asyncio.to_thread(self._write_all, share, sync=alone) for share in shares),
            return_exceptions=True,
        )
        try:
            for error in filter(None, done):
                raise error
            if not alone:
                await asyncio.to_thread(_sync_folders, {path.parent for path, _ in paths})
        except OSError as error:
            self._made.clear()  # somebody may have cleared the store away
            await asyncio.to_thread(_unlink, [path for path, _ in paths])
            raise Temporary(f"blobs: {error.strerror} ({self.root})") from None

    async def get(self, name: str, start: int, length: int) -> bytes:
        path = self.root / _checked(name)

        def read() -> bytes:
            with path.open("rb") as file:
                file.seek(start)
                return file.read(length)

        try:
            return await asyncio.to_thread(read)
        except FileNotFoundError:
            if self.root.is_dir():
                raise Permanent(f"blob {name} does not exist") from None
            raise Temporary(f"blobs: {self.root} is not there") from None  # a volume not mounted
        except OSError as error:
            raise Temporary(f"blobs: {error.strerror}") from None

    async def delete_all(self, names: list[str]) -> None:
        paths = [self.root / _checked(name) for name in names]
        if error := await asyncio.to_thread(_unlink, paths):
            raise Temporary(f"blobs: {error.strerror} ({self.root})")

    def _write_all(self, share: list[tuple[Path, Object]], *, sync: bool) -> None:
        for path, data in share:
            if path.parent not in self._made:
                _make_folder(path.parent)
                self._made.add(path.parent)
            _write(path, data)
        if sync:
            _sync_folders({path.parent for path, _ in share})


def _write(path: Path, data: Object) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        # Small pieces gather in the buffer, large ones go past it.
        with beside.open("wb", buffering=BUFFER) as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fdatasync(file.fileno())
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; each is an entry in its parent, which is synced.

    Also where it exists already: who made it may not have come to the sync.
    """
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def _sync_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        sync_folder(folder)


def _unlink(paths: Iterable[Path]) -> OSError | None:
    """Delete what can be deleted; return what stood in the way."""
    fault = None
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            fault = error
    return fault


class S3Blobs:
    """An S3 bucket by obstore; credentials come from the environment (AWS_...)."""

    def __init__(self, store: S3Store) -> None:
        self.store = store

    async def put_all(self, objects: Mapping[str, Object]) -> None:
        names = [_checked(name) for name in objects]
        whole = (one if isinstance(one, bytes) else b"".join(one) for one in objects.values())
        puts = map(self.store.put_async, names, whole)
        done = await asyncio.gather(*puts, return_exceptions=True)
        # A bucket that is missing is a FileNotFoundError, and a fault of ours like the others.
        if errors := [error for error in done if isinstance(error, BaseException)]:
            with suppress(Temporary):
                await self.delete_all(names)
            raise _away(errors[0]) from None

    async def get(self, name: str, start: int, length: int) -> bytes:
        try:
            range_ = self.store.get_range_async(_checked(name), start=start, length=length)
            return bytes(await range_)
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise Temporary("blobs: S3 bucket is missing") from None
            raise Permanent(f"blob {name} does not exist") from None
        except BaseError as error:
            if " 416 " in str(error):
                raise Permanent(f"blob {name} ends before {start}") from None
            raise _away(error) from None

    async def delete_all(self, names: list[str]) -> None:
        try:
            await self.store.delete_async([_checked(name) for name in names])
        except FileNotFoundError:
            return
        except BaseError as error:
            raise _away(error) from None


def _away(error: BaseException) -> Temporary:
    # The text of a foreign error names hosts and keys; its class is enough for an operator.
    return Temporary(f"blobs: S3 {type(error).__name__}")


def open_blobs(where: str, space: Space | None = None) -> Blobs:
    """Return the store of this setting: a folder, or s3://bucket/prefix."""
    if not where.startswith("s3://"):
        return FolderBlobs(Path(where), space)
    return S3Blobs(
        S3Store.from_url(
            where,
            # obstore reads AWS_ALLOW_HTTP only where no client options are given.
            client_options={
                "connect_timeout": "5s",
                "timeout": "30s",
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"},
            },
            # Its own patience is three minutes; the peers of a channel wait less, and ask again.
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
        )
    )
