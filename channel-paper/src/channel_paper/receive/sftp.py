"""Takes scans by SFTP: each box has a user of its own, who can hand files in and nothing else.

Rule 1. A file is no scan before its client has closed it; one whose line broke off is not kept, and
        its client heard no yes. What is closed is in the queue before the client hears yes.
Rule 2. Nobody reads or lists: whoever has a scanner's password learns nothing about the letters.
        Only what this very session has handed in is confirmed, since scanners look whether it is
        there.
Rule 3. A name that means "not finished" waits until its client renames it, or leaves.
"""

import hmac
import posixpath
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeVar

import asyncssh
from asyncssh import SFTPAttrs, SFTPName, SSHServerChannel

from channel_paper.boxes import Sftp
from channel_paper.parse.context import Way
from channel_paper.parse.names import is_temporary
from channel_paper.receive.queue import Origin
from channel_paper.receive.scans import Scans
from hub_contract.errors import Temporary
from hub_kit.files import safe_name

T = TypeVar("T")
_WRITES = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND


@dataclass(slots=True)
class Upload:
    """A file that comes in; `size` grows with what was written."""

    name: str
    place: Path
    file: BinaryIO
    size: int = 0


class Inbox(asyncssh.SFTPServer):
    """One session of one box's user."""

    def __init__(
        self, channel: SSHServerChannel[bytes], scans: Scans, user: str, limit: int
    ) -> None:
        super().__init__(channel)
        self._scans, self._user, self._limit = scans, user, limit
        self._unfinished: dict[str, Upload] = {}  # closed, under a name that means "not finished"
        self._handed: dict[str, int] = {}  # sizes

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Upload:  # noqa: ARG002
        if not pflags & _WRITES:
            raise asyncssh.SFTPPermissionDenied("files are handed in here, not read")
        name = _name(path)
        if not name:
            raise asyncssh.SFTPFailure("no name for a file")
        place = self._scans.queue.new_place()

        def begin() -> BinaryIO:
            self._scans.queue.prepare()
            return place.open("xb")

        return Upload(name, place, await self._on_disk(begin))

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        upload = _upload(file_obj)
        if offset + len(data) > self._limit:
            raise asyncssh.SFTPFailure(f"a file has {self._limit} bytes at most")

        def write() -> int:
            upload.file.seek(offset)
            return upload.file.write(data)

        await self._on_disk(write)
        upload.size = max(upload.size, offset + len(data))
        return len(data)

    async def close(self, file_obj: object) -> None:
        upload = _upload(file_obj)
        if self._is_cut():
            await self._on_disk(lambda: _drop(upload))
            raise asyncssh.SFTPConnectionLost("the line was gone before the file was closed")
        await self._on_disk(upload.file.close)
        if is_temporary(PurePosixPath(upload.name).name):
            self._unfinished[upload.name] = upload
        else:
            await self._hand_in(upload)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        old, new = _name(oldpath), _name(newpath)
        if old in self._handed:  # under whichever name: it is in already
            self._handed[new] = self._handed[old]
            return
        upload = self._unfinished.pop(old, None)
        if upload is None or not new:
            raise asyncssh.SFTPNoSuchFile("no such file")
        upload.name = new
        if is_temporary(PurePosixPath(new).name):
            self._unfinished[new] = upload
        else:
            await self._hand_in(upload)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    async def exit(self) -> None:
        """Hand in what was closed, but never renamed: it is whole."""
        for upload in list(self._unfinished.values()):
            await self._hand_in(upload)

    async def _hand_in(self, upload: Upload) -> None:
        now = datetime.now(UTC).isoformat()
        origin = Origin(upload.name, Way.SFTP, now, self._user)
        await self._on_disk(lambda: self._scans.queue.put(upload.place, origin))
        self._unfinished.pop(upload.name, None)
        self._handed[upload.name] = upload.size

    def _is_cut(self) -> bool:
        """Say whether the client is gone; then the files it had open are closed for it."""
        said = getattr(self.channel, "_recv_state", "open")  # asyncssh has no word for it
        return self.channel.is_closing() or said != "open"

    async def _on_disk(self, work: Callable[[], T]) -> T:
        try:
            return await self._scans.disk(work)
        except Temporary as error:
            raise asyncssh.SFTPFailure(str(error)) from None

    def stat(self, path: bytes) -> SFTPAttrs:
        name = _name(path)
        if not name:
            return SFTPAttrs(permissions=stat.S_IFDIR | 0o300)
        waiting = self._unfinished.get(name)
        size = waiting.size if waiting else self._handed.get(name)
        if size is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        return SFTPAttrs(size=size, permissions=stat.S_IFREG | 0o200)

    lstat = stat

    def fstat(self, file_obj: object) -> SFTPAttrs:
        return SFTPAttrs(size=_upload(file_obj).size, permissions=stat.S_IFREG | 0o200)

    def realpath(self, path: bytes) -> bytes:
        return b"/" + _name(path).encode()

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """Yield the folder itself, and nothing in it."""
        self.stat(path)
        for name in (b".", b".."):
            yield SFTPName(name, attrs=SFTPAttrs(permissions=stat.S_IFDIR | 0o300))

    def setstat(self, path: bytes, attrs: SFTPAttrs, **_: object) -> None:
        """Take times and rights of files as said, and do nothing: they are the scanner's claims."""

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """As `setstat`."""

    def fsync(self, file_obj: object) -> None:
        """What is closed is safe; before that nothing is promised."""

    def _refuse(self, *_: object, **__: object) -> None:
        raise asyncssh.SFTPPermissionDenied("files are handed in here, and nothing else")

    open56 = read = remove = mkdir = rmdir = readlink = symlink = link = _refuse  # type: ignore[assignment]
    statvfs = fstatvfs = lock = unlock = _refuse  # type: ignore[assignment]


def _upload(file_obj: object) -> Upload:
    if not isinstance(file_obj, Upload):
        raise asyncssh.SFTPInvalidHandle("no such handle")
    return file_obj


def _drop(upload: Upload) -> None:
    upload.file.close()
    upload.place.unlink(missing_ok=True)


def _name(path: bytes) -> str:
    """Return a path as a name below the box's folder; it leads nowhere else."""
    text = posixpath.normpath("/" + path.decode("utf-8", "replace"))
    return "/".join(filter(None, map(safe_name, text.split("/"))))


class Users:
    """Who may hand in, and into which box."""

    def __init__(self, by_user: Mapping[str, tuple[Sftp, Scans]]) -> None:
        self._by_user = by_user

    def scans_of(self, user: str) -> Scans:
        return self._by_user[user][1]

    def has_password(self, user: str, password: str) -> bool:
        known = self._by_user.get(user)
        right = known[0].password() if known else ""
        is_right = hmac.compare_digest(right.encode(), password.encode("utf-8", "replace"))
        return bool(right) and is_right

    def keys_of(self, user: str) -> asyncssh.SSHAuthorizedKeys | None:
        known = self._by_user.get(user)
        path = known[0].keys_file if known else None
        return asyncssh.read_authorized_keys(str(path)) if path else None


class Door(asyncssh.SSHServer):
    """Who logs in; each connection has one."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        if self._connection and (keys := self._users.keys_of(username)):
            self._connection.set_authorized_keys(keys)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self._users.has_password(username, password)
