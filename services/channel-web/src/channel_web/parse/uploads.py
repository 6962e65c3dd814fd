"""Look at files that citizens send: what they are, and which we take, for `receive`.

Rule 1. What a file is, its bytes say; its name and the browser's word are only claims.
Rule 2. What runs somewhere (programs, web pages, SVG, macros) is not taken, whatever its name.
Rule 3. A photo that only has another photo's name is taken, under a name that is true.
"""

from dataclasses import dataclass

from channel_web.parse.form import Wrong
from hub_kit.files import ending, has_macros, is_text, safe_name, type_by_content

FIELD = "files"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
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
_PLAIN = {known: kind for kind in ("text/plain", "text/csv") for known in ENDINGS[kind]}


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
    claimed = ending(shown)
    media_type = _type_taken(data, claimed)
    if not media_type:
        # A known ending over unknown bytes is a claim that is false; else we just do not take it.
        known = any(claimed in endings for endings in ENDINGS.values())
        return Wrong(FIELD, "file_false" if known else "file_unknown", shown)
    if claimed in ENDINGS[media_type]:
        return Upload(shown, media_type, data)
    stem = shown.rpartition(".")[0] if claimed else shown
    return Upload(f"{stem or 1}.{ENDINGS[media_type][0]}", media_type, data, shown)


def _type_taken(data: bytes, claimed: str) -> str:
    """Return the type of these bytes where it is one we take; the ending only tells texts apart."""
    if shown := type_by_content(data):
        return shown if shown in ENDINGS and not has_macros(data) else ""
    return _PLAIN.get(claimed, "") if is_text(data) else ""
