"""Look at files that citizens send: what they are, and which we take, for `receive`.

Rule 1. What a file is, its bytes say; its name and the browser's word are only claims.
Rule 2. What runs somewhere (programs, web pages, SVG, macros) is not taken, whatever its name.
Rule 3. A photo that only has another photo's name is taken, under a name that is true.
"""

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO

from channel_web.parse.form import Wrong

LONGEST = 120  # letters of a file name
FIELD = "files"

_FORBIDDEN = re.compile(
    '[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff:*?"<>|]'
)
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# Type by the first bytes: (where, bytes, type). https://en.wikipedia.org/wiki/List_of_file_signatures
_MAGIC = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftyphev", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
)
# Of each type we take: the endings that are true for it, the first one is ours.
ENDINGS = {
    "application/pdf": ("pdf",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/tiff": ("tif", "tiff"),
    "image/heic": ("heic", "heif"),
    "text/plain": ("txt", "text", "log", "md"),
    "text/csv": ("csv",),
    f"{_OFFICE}wordprocessingml.document": ("docx",),
    f"{_OFFICE}spreadsheetml.sheet": ("xlsx",),
    f"{_OPEN}text": ("odt",),
    f"{_OPEN}spreadsheet": ("ods",),
}
_OFFICE_PARTS = {
    "word/document.xml": f"{_OFFICE}wordprocessingml.document",
    "xl/workbook.xml": f"{_OFFICE}spreadsheetml.sheet",
}
_MACROS = ("vbaproject.bin", "basic/")  # Office's and OpenDocument's
_PLAIN = {ending: kind for kind in ("text/plain", "text/csv") for ending in ENDINGS[kind]}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is taken; `sent_as` is its name where we had to give it a truer one."""

    file_name: str
    media_type: str
    data: bytes
    sent_as: str = ""


def check(name: str, data: bytes, limit: int) -> Upload | Wrong:
    """Return the file as it is taken, or what is wrong with it."""
    shown = safe_name(name) or "?"
    if not data:
        return Wrong(FIELD, "file_empty", shown)
    if len(data) > limit:
        return Wrong(FIELD, "file_large", shown)
    ending = ending_of(shown)
    media_type = type_of(data, ending)
    if not media_type:
        # A known ending over unknown bytes is a claim that is false; else we just do not take it.
        known = any(ending in endings for endings in ENDINGS.values())
        return Wrong(FIELD, "file_false" if known else "file_unknown", shown)
    if ending in ENDINGS[media_type]:
        return Upload(shown, media_type, data)
    stem = shown.rpartition(".")[0] if ending else shown
    return Upload(f"{stem or 'Datei'}.{ENDINGS[media_type][0]}", media_type, data, shown)


def type_of(data: bytes, ending: str) -> str:
    """Return the type of these bytes where it is one we take; the ending only tells texts apart."""
    for start, magic, media_type in _MAGIC:
        if data.startswith(magic, start):
            return media_type
    if b"%PDF-" in data[:1024]:  # scanners put blanks before it, and every reader allows them
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _type_of_archive(data)
    return _PLAIN.get(ending, "") if _is_text(data) else ""


def _type_of_archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            lower = [name.lower() for name in names]
            if any(macro in name for macro in _MACROS for name in lower):
                return ""
            for part, media_type in _OFFICE_PARTS.items():
                if part in names:
                    return media_type
            # OpenDocument 1.3 part 2 §3.3: the first file, stored as it is.
            said = archive.open("mimetype").read(100).decode("ascii") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError):
        return ""
    return said if said in ENDINGS else ""


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return not _NOT_TEXT.search(text)


def safe_name(name: str) -> str:
    """Return a file name without path, control and direction characters; may be empty."""
    name = _FORBIDDEN.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    ending = ending_of(name)
    if len(name) <= LONGEST or not ending or len(ending) > 10:
        return name[:LONGEST]
    return f"{name[: LONGEST - len(ending) - 1]}.{ending}"


def ending_of(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""
