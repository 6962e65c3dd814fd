"""Name and describe the files of a mail, for the attachment list."""

import html as entities
import re
from dataclasses import dataclass
from urllib.parse import unquote

from channel_email.parse.decode import clean
from channel_email.parse.headers import read_headers
from channel_email.parse.mime import Part
from channel_email.parse.words import decode_words
from hub_contract.words import Attachment
from hub_kit import files

_LONGEST_NAME = 2_000  # characters, still encoded; what is kept of them is far shorter
_PICTURES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_NO_WORD = re.compile(r"[^\w.@-]")
_CID = re.compile(r"cid:([^\"'\s<>]{1,500})")


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its bytes; its name may still be empty."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False
    location: str = ""  # Content-Location: what an HTML body may call it too (RFC 2557)

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
    kind = _media_type(part, content, content_id)
    inline = part.disposition.value == "inline" and kind.startswith("image/")
    location = clean(part.headers.text(b"content-location")).strip('<>"')[:_LONGEST_NAME]
    content_id = clean(content_id)[:500] or _id_of(location)
    return File(name, kind, content, content_id, inline, location)


def _media_type(part: Part, content: bytes, content_id: str) -> str:
    """Return the type of a file; of a picture that a page shows, as browsers know it."""
    if part.media_type == files.UNKNOWN and content_id:
        found = files.type_by_content(content)
        return found if found.startswith("image/") else part.media_type
    return _PICTURES.get(part.media_type, part.media_type)


def _id_of(location: str) -> str:
    """Return what a picture that only has a location is called in pages: that, as one word."""
    return _NO_WORD.sub("_", location)[:500]


def file_name_of(part: Part) -> str:
    """Return the name a mailer gave the part, made harmless, or ""."""
    named = part.disposition.params.get("filename") or part.params.get("name") or ""
    return harmless(named or part.params.get("file", ""))


def safe_name(name: str) -> str:
    """Return a file name as a mailer wrote it, made harmless; may be ""."""
    return harmless(decode_words(name[:_LONGEST_NAME]))


def harmless(name: str) -> str:
    """Return a decoded file name made harmless, on one line; may be ""."""
    return files.safe_name(clean(" ".join(name.split())))


def _subject_name(mail: bytes) -> str:
    headers, _ = read_headers(mail, 0, len(mail), whole_mail=True)
    subject = decode_words(headers.text(b"subject"))
    name = safe_name(subject.replace("/", "-").replace("\\", "-"))[:100].strip(" .")
    return f"{name}.eml" if name else ""


def describe(found: list[File], html: str) -> tuple[Attachment, ...]:
    """Return the attachment list; what has no name is called by its number."""
    described = []
    cids = {unquote(entities.unescape(cid)) for cid in _CID.findall(html)}
    for number, file in enumerate(found, start=1):
        shown = file.content_id in cids
        one = file.described(file.name or f"{number}{files.ending_of(file.media_type)}")
        described.append(one.model_copy(update={"inline": True}) if shown else one)
    return tuple(described)
