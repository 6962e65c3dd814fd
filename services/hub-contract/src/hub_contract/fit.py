"""Says what of an answer a channel does not carry: the store refuses it, pages warn of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hub_contract.channels import CHANNEL_TO, CHANNELS, ChannelRow
from hub_contract.words import ContactKind


class Unfit(StrEnum):
    """Why a part of an answer does not go by a channel."""

    TEXT_TOO_LONG = "text_too_long"
    NO_SUBJECT = "no_subject"
    NO_HTML = "no_html"
    NO_FILES = "no_files"
    TOO_MANY_FILES = "too_many_files"
    FILES_TOO_LARGE = "files_too_large"
    FILE_TYPE = "file_type"


class Lack(StrEnum):
    """What the peer behind an account of ours may not carry, whatever its channel does."""

    INTERNATIONAL = "international"  # mail addresses with umlauts before the @ (RFC 6531)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is to be known of a file; `media_type` may have parameters."""

    media_type: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """What an answer consists of."""

    text: str = ""
    subject: str = ""
    html: str = ""
    files: Sequence[FileFacts] = ()


def misfits(row: ChannelRow, parts: Parts) -> Iterator[Unfit]:
    """Yield all that the channel of this row does not carry, in the order of a form."""
    if parts.subject.strip() and not row.subject:
        yield Unfit.NO_SUBJECT
    if len(parts.text) > row.longest_text:
        yield Unfit.TEXT_TOO_LONG
    if parts.html and not row.html:
        yield Unfit.NO_HTML
    if parts.files:
        yield from _files(row, parts.files)


def beside_inbox(row: ChannelRow) -> ChannelRow:
    """Return what may be written where only a hint goes by this channel, and all else rests."""
    inbox = CHANNELS[CHANNEL_TO[ContactKind.PORTAL]]
    return replace(row, files=inbox.files, longest_text=inbox.longest_text)


def _files(row: ChannelRow, files: Sequence[FileFacts]) -> Iterator[Unfit]:
    if row.files is None:
        yield Unfit.NO_FILES
        return
    if len(files) > row.files.most:
        yield Unfit.TOO_MANY_FILES
    if sum(file.size for file in files) > row.files.most_bytes:
        yield Unfit.FILES_TOO_LARGE
    if row.files.types and not {bare_type(f.media_type) for f in files} <= {*row.files.types}:
        yield Unfit.FILE_TYPE


def bare_type(media_type: str) -> str:
    """Return a media type without parameters, in lower case (RFC 9110 §8.3.1)."""
    return media_type.partition(";")[0].strip().lower()
