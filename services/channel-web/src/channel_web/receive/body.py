"""Reads the form that a browser sends, as it streams in, and stops where it is too much.

Rule 1. Text fields stand before files in our forms, so that what was typed is here before a file
        that is too large is refused; then reading stops, and the page shows all that was typed.
Rule 2. What is too large is told beside its field, never by a broken line alone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from channel_web.parse.form import Wrong
from channel_web.parse.uploads import FIELD
from channel_web.settings import WebSettings
from hub_kit.files import safe_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

TYPED = 256 * 1024  # bytes of all text fields
MOST_FIELDS = 100
_QUOTED = {"%22": '"', "%0D": "\r", "%0A": "\n"}  # as browsers write them (HTML §4.10.21.8)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as the browser sent it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """`whole` is false where reading stopped: what was not read by then is not here."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[Sent, ...] = ()
    faults: tuple[Wrong, ...] = ()
    whole: bool = True

    def value(self, name: str) -> str:
        return self.fields.get(name, ("",))[0]

    def single(self) -> Mapping[str, str]:
        return {name: values[0] for name, values in self.fields.items()}


async def read_form(request: Request, settings: WebSettings, *, no_files: bool = False) -> Received:
    """Return fields and files; 400 for what no browser of a citizen sends, 408 if it takes long.

    `no_files`: there is no room for any; reading stops at the first one.
    """
    try:
        async with asyncio.timeout(settings.upload_seconds):
            return await _read(request, settings, no_files=no_files)
    except TimeoutError:
        raise HTTPException(408, "The form did not come in time") from None


async def _read(request: Request, settings: WebSettings, *, no_files: bool) -> Received:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data" and b"boundary" in options:
        reader = _Reader(settings, _refusal(request, settings, no_files=no_files))
        return await _read_parts(request, options[b"boundary"], reader)
    if kind == b"application/x-www-form-urlencoded":
        return await _read_query(request)
    raise HTTPException(400, "A form is sent as multipart/form-data")


async def _read_query(request: Request) -> Received:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > TYPED:
            raise HTTPException(413, "Too much text")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400, "Not a form") from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    return Received(fields)


def _refusal(request: Request, settings: WebSettings, *, no_files: bool) -> Wrong | None:
    """Return for what reason no file of this form is read; None: they are."""
    if no_files:
        return Wrong(FIELD, "files_no_room")
    said = request.headers.get("content-length", "")
    too_long = said.isdecimal() and int(said) > settings.files_limit + TYPED
    return Wrong(FIELD, "files_large") if too_long else None


async def _read_parts(request: Request, boundary: bytes, reader: "_Reader") -> Received:
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except _Enough:
        return reader.result(whole=False)
    except FormParserError:
        raise HTTPException(400, "Not a form") from None
    if not reader.ended:
        raise HTTPException(400, "The form broke off")
    return reader.result(whole=True)


class _Enough(Exception):  # noqa: N818 - it ends the reading, nothing is wrong with us
    """More than we read."""


class _Part:
    """One field or file, as far as it is here."""

    def __init__(self) -> None:
        self.header, self.content = b"", b""
        self.disposition = b""
        self.name = self.file_name = ""
        self.is_file = self.too_large = False
        self.data = bytearray()


class _Reader:
    """Gathers the parts as the parser finds them; keeps no more than the limits allow."""

    def __init__(self, settings: WebSettings, refusal: Wrong | None) -> None:
        self._settings, self._refusal = settings, refusal
        self._fields: dict[str, tuple[str, ...]] = {}
        self._files: list[Sent] = []
        self._faults: list[Wrong] = []
        self._typed = self._taken = self._parts = 0
        self._part = _Part()
        self.ended = False

    def result(self, *, whole: bool) -> Received:
        return Received(self._fields, tuple(self._files), tuple(self._faults), whole)

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_FIELDS:
            raise HTTPException(400, "Too many fields")
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.content += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        if part.header.lower() == b"content-disposition":
            part.disposition = part.content
        part.header = part.content = b""

    def _headers_finished(self) -> None:
        part = self._part
        _, options = parse_options_header(part.disposition)
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        part.is_file = b"filename" in options
        if part.is_file:
            part.file_name = _unquoted(options[b"filename"].decode("utf-8", "replace"))
            self._begin_file(part)

    def _begin_file(self, part: _Part) -> None:
        if self._refusal and part.file_name:
            self._faults.append(self._refusal)
            raise _Enough
        if len(self._files) >= self._settings.files and part.file_name:
            self._faults.append(Wrong(FIELD, "files_many"))
            raise _Enough

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._file_data(self._part, data[start:end])
            return
        self._typed += end - start
        if self._typed > TYPED:
            raise HTTPException(413, "Too much text")
        self._part.data += data[start:end]

    def _file_data(self, part: _Part, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > self._settings.files_limit:
            if not part.too_large:  # said already, and more plainly
                self._faults.append(Wrong(FIELD, "files_large"))
            raise _Enough
        if part.too_large:
            return
        part.data += data
        if len(part.data) > self._settings.file_limit:
            part.too_large = True
            part.data.clear()
            self._faults.append(Wrong(FIELD, "file_large", safe_name(part.file_name)))

    def _end(self) -> None:
        part = self._part
        if not part.is_file:
            value = part.data.decode("utf-8", "replace")
            self._fields[part.name] = (*self._fields.get(part.name, ()), value)
        # A file field that nobody used is sent as one without name and bytes.
        elif (part.file_name or part.data) and not part.too_large:
            self._files.append(Sent(part.file_name, bytes(part.data)))

    def _finish(self) -> None:
        self.ended = True


def _unquoted(name: str) -> str:
    for written, meant in _QUOTED.items():
        name = name.replace(written, meant)
    return name
