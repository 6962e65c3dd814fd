"""Open winmail.dat, the box into which Outlook puts a whole mail, for citizens who use it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from compressed_rtf.compressed_rtf import decompress

from channel_email.parse.attachments import File, safe_name
from channel_email.parse.decode import clean, to_text
from channel_email.parse.limits import PARTS, RTF
from channel_email.parse.mapi import charset_of, read_properties
from channel_email.parse.rtf import read_rtf
from hub_contract.problems import Problem, ProblemCode
from hub_kit.files import type_of

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURE = b"\x78\x9f\x3e\x22"
_HEAD, _OBJECT, _CHECKSUM = 6, 9, 2  # bytes ([MS-OXTNEF] §2.1)
# What stands in the box, and in the properties of the mail and of its files.
_BODY, _PROPERTIES, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_BEGINS, _TITLE, _DATA, _ATTACHED = 0x9002, 0x8010, 0x800F, 0x9005
_TEXT, _RTF, _HTML, _CHARSET = 0x1000, 0x1009, 0x1013, 0x3FDE
_OBJECT_DATA, _SHORT_NAME, _LONG_NAME, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x3712
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")  # before a mail in the mail
_Properties = dict[int, bytes | str]


@dataclass(frozen=True, slots=True)
class Opened:
    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Attached:
    title: bytes = b""
    data: bytes = b""
    properties: _Properties = field(default_factory=dict)


def is_tnef(data: bytes) -> bool:
    return data.startswith(_SIGNATURE)


def open_tnef(data: bytes) -> Opened:
    """Return what is inside; what cannot be opened is said in `problems`. Never raises; linear."""
    unopened = (Problem(code=ProblemCode.BOX_UNOPENED),)
    if not is_tnef(data):
        return Opened(problems=unopened)
    charset, body, words = "", b"", _Properties()
    attached: list[_Attached] = []
    for name, value in _objects(data):
        if name == _CODE_PAGE:
            charset = charset_of(int.from_bytes(value[:4], "little"))
        elif name == _BODY:
            body = value
        elif name == _PROPERTIES:
            words = read_properties(value, charset)
        elif name == _BEGINS and len(attached) < PARTS:
            attached.append(_Attached())
        elif attached:
            _add(attached[-1], name, value, charset)
    files = tuple(_file(one, charset) for one in attached)
    text = _text(words.get(_TEXT, ""), charset) or _text(body, charset)
    html = _text(words.get(_HTML, ""), charset_of(_number(words.get(_CHARSET, b""))))
    if text.strip() or html.strip():
        return Opened(text, html, files)
    try:
        text, html = _read_rtf(words.get(_RTF, b""))
    except Exception:  # noqa: BLE001 - foreign code over hostile bytes raises what it likes
        return Opened(files=files, problems=unopened)
    return Opened(text, html, files, () if words or files or body else unopened)


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD
    while at + _OBJECT <= len(data):
        name = int.from_bytes(data[at + 1 : at + 3], "little")
        begin = at + _OBJECT
        at = begin + int.from_bytes(data[at + 5 : begin], "little")
        yield name, data[begin:at]
        at += _CHECKSUM


def _add(one: _Attached, name: int, value: bytes, charset: str) -> None:
    if name == _TITLE:
        one.title = value
    elif name == _DATA:
        one.data = value
    elif name == _ATTACHED:
        one.properties = read_properties(value, charset)


def _file(one: _Attached, charset: str) -> File:
    named = one.properties
    name = named.get(_LONG_NAME) or one.title or named.get(_SHORT_NAME, "")
    name = safe_name(_text(name, charset))
    inner = named.get(_OBJECT_DATA, b"")
    content = one.data or (inner.removeprefix(_EMBEDDED) if isinstance(inner, bytes) else b"")
    content_id = _text(named.get(_CONTENT_ID, ""), charset)[:500]
    return File(name, type_of(content, name), content, content_id)


def _read_rtf(packed: bytes | str) -> tuple[str, str]:
    """Return the words that only stand in RTF, as text or as HTML; raises where it cannot."""
    if not packed or isinstance(packed, str):
        return "", ""
    if len(packed) > RTF:
        raise ValueError(f"more than {RTF} bytes")
    plain = packed.startswith(b"{\\rtf")
    text, html = read_rtf(packed if plain else decompress(packed))  # type: ignore[no-untyped-call]
    return clean(text), clean(html)


def _number(value: bytes | str) -> int:
    return int.from_bytes(value[:4], "little") if isinstance(value, bytes) else 0


def _text(value: bytes | str, charset: str) -> str:
    text = to_text(value, charset)[0] if isinstance(value, bytes) else value
    return clean(text).strip("\0")
