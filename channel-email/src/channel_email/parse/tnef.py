"""Open winmail.dat, the box into which Outlook puts a whole mail, for citizens who use it."""

from dataclasses import dataclass
from typing import Any

from compressed_rtf.compressed_rtf import decompress
from tnefparse.tnef import TNEF

from channel_email.parse.attachments import File, safe_name
from channel_email.parse.decode import clean, to_text
from channel_email.parse.limits import RTF
from channel_email.parse.rtf import read_rtf
from hub_contract.problems import Problem, ProblemCode
from hub_kit.files import type_of

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_HEAD, _OBJECT, _CHECKSUM = 6, 9, 2  # bytes (MS-OXTNEF §2.1)
_MOST_OBJECTS = 500
_CONTENT_ID = 0x3712  # PidTagAttachContentId
_SIGNATURE = b"\x78\x9f\x3e\x22"


@dataclass(frozen=True, slots=True)
class Opened:
    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_tnef(data: bytes) -> bool:
    return data.startswith(_SIGNATURE)


def open_tnef(data: bytes) -> Opened:
    """Return what is inside; what cannot be opened is said in `problems`. Never raises."""
    try:
        if not _is_sane(data):
            return Opened(problems=(Problem(code=ProblemCode.BOX_UNOPENED),))
        box = TNEF(data, do_checksum=False)  # type: ignore[no-untyped-call]
        files = tuple(map(_file, box.attachments))
        text, html = _text(box.body), _text(box.htmlbody)
        if text.strip() or html.strip():
            return Opened(text, html, files)
        return _open_rtf(box, files)
    # A thousand lines of foreign code over hostile bytes: struct, index, unicode, type errors
    # and asserts have all been seen; whatever it is, the box itself stays an attachment.
    except Exception:  # noqa: BLE001
        return Opened(problems=(Problem(code=ProblemCode.BOX_UNOPENED),))


def _is_sane(data: bytes) -> bool:
    """Say whether it has so few objects that a reader may copy the rest of the box for each."""
    at = _HEAD
    for _ in range(_MOST_OBJECTS):
        if at + _OBJECT > len(data):
            return True
        at += _OBJECT + int.from_bytes(data[at + 5 : at + 9], "little") + _CHECKSUM
    return False


def _file(one: Any) -> File:
    name, content = safe_name(_text(one.long_filename())), bytes(one.data)
    ids = [_text(attribute.data) for attribute in one.mapi_attrs if attribute.name == _CONTENT_ID]
    return File(name, type_of(content, name), content, next(iter(ids), "")[:500])


def _open_rtf(box: TNEF, files: tuple[File, ...]) -> Opened:
    """Return the words that only stand in RTF; one that is too long stays in the box."""
    packed = box._rtfbody  # noqa: SLF001 - `rtfbody` unpacks it, however large it is
    if not packed:
        return Opened(files=files)
    try:
        text, html = read_rtf(_unpacked(packed))
        return Opened(clean(text), clean(html), files)
    except Exception:  # noqa: BLE001 - as below: the files are there even so
        return Opened(files=files, problems=(Problem(code=ProblemCode.BOX_UNOPENED),))


def _unpacked(packed: bytes) -> bytes:
    plain = packed.startswith(b"{\\rtf")
    # The reader takes zeros off its end, which belong to what is packed ([MS-OXRTFCP] §2.1.3.1).
    size = len(packed) if plain else int.from_bytes(packed[:4], "little") + 4
    if max(size, len(packed)) > RTF:
        raise ValueError(f"more than {RTF} bytes")
    if plain:
        return packed
    return bytes(decompress(packed.ljust(size, b"\0")))  # type: ignore[no-untyped-call]


def _text(value: object) -> str:
    match value:
        case bytes():
            return clean(to_text(value)[0]).strip("\x00")
        case str():
            return clean(value)
        case _:
            return ""
