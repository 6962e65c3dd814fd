"""Name and describe the files of a mail, for the attachment list."""

import mimetypes
import re
from dataclasses import dataclass

from channel_email.parse.decode import clean
from channel_email.parse.headers import read_headers
from channel_email.parse.mime import Part
from channel_email.parse.words import decode_words
from hub_contract.words import Attachment

_TYPES = mimetypes.MimeTypes()  # the built-in table, not this machine's
# What names may not have: paths, control characters, and the marks that turn text around so
# that `gpj.exe` reads `exe.jpg` (Trojan Source).
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff:*?"<>|]')
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
    "application/octet-stream": ".bin",
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
}
_LONGEST_NAME = 180  # bytes would be 255 on every file system; letters may take more than one


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its bytes; its name may still be empty."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False

    def described(self, name: str) -> Attachment:
        return Attachment(
            file_name=name,
            media_type=self.media_type,
            size=len(self.content),
            content_id=self.content_id,
            inline=self.inline,
        )


def read_file(part: Part) -> File:
    """Return the file in a leaf of the tree."""
    content = part.content()
    content_id = part.headers.text(b"content-id").strip("<> \t")
    name = file_name_of(part)
    if not name and part.media_type == "message/rfc822":
        name = _subject_name(content)
    inline = part.disposition.value == "inline" and part.media_type.startswith("image/")
    return File(name, part.media_type, content, clean(content_id)[:500], inline)


def file_name_of(part: Part) -> str:
    """Return the name a mailer gave the part, made harmless, or ""."""
    named = part.disposition.params.get("filename") or part.params.get("name") or ""
    return safe_name(named or part.params.get("file", ""))


def safe_name(name: str) -> str:
    """Return a file name without path, control and direction characters; may be ""."""
    name = _FORBIDDEN.sub("", decode_words(name).replace("\\", "/").rpartition("/")[2])
    name = clean(name).strip(" .\t\n")
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        keep = ending if dot and len(ending) <= 10 else ""
        name = (stem if keep else name)[: _LONGEST_NAME - len(keep) - 1].rstrip() + (
            f".{keep}" if keep else ""
        )
    return name


def _subject_name(mail: bytes) -> str:
    headers, _ = read_headers(mail, 0, len(mail), whole_mail=True)
    subject = decode_words(headers.text(b"subject"))
    name = safe_name(subject.replace("/", "-").replace("\\", "-"))[:100].strip(" .")
    return f"{name}.eml" if name else ""


def describe(files: list[File], html: str) -> tuple[Attachment, ...]:
    """Return the attachment list; what has no name gets a German one with a proper ending."""
    described = []
    for number, file in enumerate(files, start=1):
        shown = bool(file.content_id) and f"cid:{file.content_id}" in html
        one = file.described(file.name or f"Anhang-{number}{ending_of(file.media_type)}")
        described.append(one.model_copy(update={"inline": True}) if shown else one)
    return tuple(described)


def ending_of(media_type: str) -> str:
    return _ENDINGS.get(media_type) or _TYPES.guess_extension(media_type) or ".bin"


def type_of(name: str) -> str:
    """Return the media type that a file name promises, for files that came without one."""
    return _TYPES.guess_type(name)[0] or "application/octet-stream"
