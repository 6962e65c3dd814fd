"""Names files that come from outside, and says what they are by their bytes: pure, for parsers.

Rule 1. What a file is, its bytes say; its name and its sender's word are only claims.
Rule 2. A name leads nowhere and looks like what it is: no path, no control or direction characters.
"""

import mimetypes
import re
import zipfile
from io import BytesIO

import filetype

LONGEST = 120  # letters of a name: file systems allow 255 bytes, and an umlaut takes two
UNKNOWN = "application/octet-stream"
_LONGEST_ENDING = 10
_TYPES = mimetypes.MimeTypes()  # the built-in table, not this machine's
# Paths, control characters, halves of letters, and the marks that turn text around so that
# `gpj.exe` reads `exe.jpg` (Trojan Source).
_FORBIDDEN = re.compile(
    '[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff:*?"<>|]'
)
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_OFFICE = "application/vnd.openxmlformats-officedocument."
# What the built-in table lacks, or has an ending for that nobody knows.
_ENDINGS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/csv": ".csv",
    "text/rtf": ".rtf",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/webp": ".webp",
    UNKNOWN: ".bin",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/ms-tnef": ".dat",
    "application/vnd.ms-tnef": ".dat",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "text/rfc822-headers": ".txt",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
_OFFICE_PARTS = {
    "word/document.xml": f"{_OFFICE}wordprocessingml.document",
    "xl/workbook.xml": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/presentation.xml": f"{_OFFICE}presentationml.presentation",
}
_OPEN_DOCUMENT = re.compile(r"application/vnd\.oasis\.opendocument\.[a-z-]{1,40}")
_ZIP = "application/zip"
_ENTRY, MOST_ENTRIES = b"PK\x01\x02", 10_000  # APPNOTE.TXT §4.3.12; files in an archive
_HEAD = 8192  # bytes by which a type is known
# Photos of newer phones: more bits a colour, or several pictures (ISO/IEC 23008-12, annex B).
_PHOTO = re.compile(rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
# Where all is text, two letters at its beginning say nothing: »BMW abmelden« is no bitmap.
_TEXTUAL = frozenset({"application/pdf", "application/rtf", "application/postscript"})
_MACROS = ("vbaproject.bin", "basic/")  # Office's and OpenDocument's


def safe_name(name: str) -> str:
    """Return a file name that is harmless on every file system and page; may be empty."""
    name = _FORBIDDEN.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .\t\n")
    if len(name) <= LONGEST:
        return name
    end = ending(name)
    end = f".{end}" if end and len(end) <= _LONGEST_ENDING else ""
    stem = name[: -len(end)] if end else name
    return stem[: LONGEST - len(end)].rstrip(" .") + name[len(name) - len(end) :]


def ending(name: str) -> str:
    """Return the ending in lower case, without its dot; empty where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def ending_of(media_type: str) -> str:
    """Return the ending, with its dot, under which files of this type are known."""
    return _ENDINGS.get(media_type) or _TYPES.guess_extension(media_type) or ".bin"


def type_by_content(data: bytes) -> str:
    """Return the media type that the bytes show; empty where they show none, as those of texts."""
    if data.startswith(b"PK\x03\x04"):
        return _type_of_archive(data)
    found = str(filetype.guess_mime(data) or "")
    if found and (found in _TEXTUAL or not is_text(data[:_HEAD])):
        return found
    if _PHOTO.match(data):
        return "image/heic"
    # Scanners put blanks before it, and every reader allows them.
    return "application/pdf" if b"%PDF-" in data[:1024] else ""


def type_of(data: bytes, name: str) -> str:
    """Return the media type of a file that came without one: by its bytes, else by its name."""
    return type_by_content(data) or _TYPES.guess_type(name)[0] or UNKNOWN


def is_text(data: bytes) -> bool:
    """Say whether all of it can be read, in UTF-8 or as Windows writes it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return not _NOT_TEXT.search(text)


def has_macros(data: bytes) -> bool:
    """Say whether a document brings programs of its own, as Office's and OpenDocument's may."""
    lower = [name.lower() for name in _names(data)]
    return any(macro in name for macro in _MACROS for name in lower)


def _type_of_archive(data: bytes) -> str:
    names = _names(data)
    for part, media_type in _OFFICE_PARTS.items():
        if part in names:
            return media_type
    if "mimetype" not in names:
        return _ZIP
    # OpenDocument 1.3 part 2 §3.3: the first file, stored as it is.
    said = _read_mimetype(data)
    return said if _OPEN_DOCUMENT.fullmatch(said) else _ZIP


BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError)


def _names(data: bytes) -> frozenset[str]:
    # Each entry of the directory becomes an object of half a kilobyte.
    if data.count(_ENTRY) > MOST_ENTRIES:
        return frozenset()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except BROKEN:
        return frozenset()


def _read_mimetype(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.open("mimetype").read(100).decode("ascii")
    except BROKEN:
        return ""
