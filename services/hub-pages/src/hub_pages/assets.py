"""Serves style sheets, scripts and fonts from memory under names that change with their content.

Every address holds a hash of the whole folder, so browsers keep an answer for ever, relative
addresses inside a style sheet stay right, and a new release is seen at once.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Self

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

OWN = Path(__file__).parent / "static"  # what all services share; the gateway serves it
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
# Whoever opens a picture by its address gets a document: nothing in it acts or loads.
_LOCKED = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    plain: bytes
    packed: bytes | None  # gzip, where that is worth while


@dataclass(frozen=True)
class Assets:
    """The files of one folder; as an ASGI app it answers `/<hash>/<path>` below its mount."""

    version: str
    files: dict[str, Asset]

    @classmethod
    def read(cls, folder: Path = OWN, more: Mapping[str, bytes] = MappingProxyType({})) -> Self:
        """Read a folder; `more` are files beside it, by their paths below the mount."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        plain = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        files = {name: _pack(name, data) for name, data in {**plain, **more}.items()}
        digest = hashlib.sha256()
        for name, asset in files.items():
            digest.update(name.encode() + b"\0" + asset.plain + b"\0")
        return cls(digest.hexdigest()[:12], files)

    def path(self, name: str) -> str:
        """Return the path of this file below the mount; a name that is not there is a mistake."""
        if name not in self.files:
            raise LookupError(f"no such asset: {name}")
        return f"/{self.version}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        inside = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        version, _, name = inside.partition("/")
        asset = self.files.get(name)
        if asset is None:
            return PlainTextResponse("Not found", 404)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Method not allowed", 405, {"Allow": "GET, HEAD"})
        # While a release rolls out, a page of the other one may ask here: right, but not for ever.
        keep = _FOREVER if version == self.version else "no-cache"
        headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
        if asset.media_type == "image/svg+xml":
            headers["Content-Security-Policy"] = _LOCKED
        if asset.packed and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.packed, headers=headers, media_type=asset.media_type)
        return Response(asset.plain, headers=headers, media_type=asset.media_type)


def _pack(name: str, plain: bytes) -> Asset:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(plain, mtime=0)
    worth = len(packed) < 0.9 * len(plain)
    return Asset(_TYPES.get(PurePosixPath(name).suffix, guessed), plain, packed if worth else None)
