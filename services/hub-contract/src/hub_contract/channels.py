"""One row a channel: what it reaches and carries. Whoever needs to know asks the row.

Outside its own package no channel is asked for by name. What a provider allows is taken from its
pages; where several are in use, the least of them counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hub_contract.words import Assurance, Channel, ContactKind

LONGEST_TEXT = 200_000  # characters of any answer; some 70 pages
_MB = 1_000_000
_PDF = ("application/pdf",)
_FORM = "application/x-www-form-urlencoded"


class Measure(StrEnum):
    """In what people count how long a text is."""

    CHARACTERS = "characters"
    SEGMENTS = "segments"  # SMS that are sent and paid for (`hub_contract.sms_text`)
    PAGES = "pages"
    SECONDS = "seconds"


class Reader(StrEnum):
    """Who reads the text of an answer."""

    PERSON = "person"  # as it is written
    MACHINE = "machine"  # a voice reads it out


@dataclass(frozen=True, slots=True)
class Files:
    """Which files go with one message."""

    most: int
    most_bytes: int  # of all together
    types: tuple[str, ...] = ()  # media types; empty: any


@dataclass(frozen=True, slots=True)
class Original:
    """What a message looks like as the peer sent it, to be saved."""

    file_name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """What holds of every message of a channel."""

    name: str  # as people call it, in German; to be translated where it is shown
    sign: str  # that stands for it in lists
    reaches: ContactKind
    reaches_every: bool = True  # every contact point of that kind, not only who has written by it
    subject: bool
    html: bool = False
    files: Files | None = None
    longest_text: int = LONGEST_TEXT  # characters (Unicode code points)
    measure: Measure = Measure.CHARACTERS
    read_by: Reader = Reader.PERSON
    answers: bool = True  # what agents write can go out by it
    scanned: bool = False  # comes as scans, which those who work here may hand in
    only_if_allowed: bool = False  # answers go out only where the account says `allowed`
    live: bool = False  # both sides are there at once, and see or hear each other
    assurance: Assurance = Assurance.NONE  # of a sender's address, where nothing else was checked
    original: Original


CHANNELS: Mapping[Channel, ChannelRow] = MappingProxyType(
    {
        Channel.EMAIL: ChannelRow(
            name="E-Mail",
            sign="@",
            reaches=ContactKind.EMAIL,
            subject=True,
            html=True,
            # Base64 adds a third (RFC 2045 §6.8); many servers take no mail above 30 MB.
            files=Files(20, 20 * _MB),
            original=Original("original.eml", "message/rfc822"),
        ),
        Channel.SMS: ChannelRow(
            name="SMS",
            sign="SMS",
            reaches=ContactKind.PHONE,
            reaches_every=False,  # a landline has no SMS
            subject=False,
            longest_text=1600,  # Twilio, error 21617
            measure=Measure.SEGMENTS,
            original=Original("original.txt", _FORM),
        ),
        Channel.FAX: ChannelRow(
            name="Fax",
            sign="Fax",
            reaches=ContactKind.FAX,
            subject=True,
            only_if_allowed=True,  # a line is no sealed envelope, and nobody knows who stands there
            files=Files(20, 20 * _MB, _PDF),  # Telnyx takes 50 MB and 350 pages; we keep no more
            measure=Measure.PAGES,
            original=Original(
                "original.tif", "image/tiff"
            ),  # TIFF-F (RFC 2306), as HylaFAX keeps it
        ),
        Channel.PAPER: ChannelRow(
            name="Brief",
            sign="✉",
            reaches=ContactKind.POSTAL,
            subject=True,
            files=Files(20, 8 * _MB, _PDF),  # Pingen takes 8 MB, LetterXpress 50 MB
            measure=Measure.PAGES,
            scanned=True,
            original=Original("original.pdf", "application/pdf"),
        ),
        Channel.WEB: ChannelRow(
            name="Online",
            sign="Web",
            reaches=ContactKind.PORTAL,
            subject=True,
            files=Files(20, 20 * _MB),
            live=True,
            assurance=Assurance.LOW,  # only who has its secret writes from an inbox
            original=Original("original.json", "application/json"),
        ),
        Channel.PHONE: ChannelRow(
            name="Telefon",
            sign="☎",
            reaches=ContactKind.PHONE,
            subject=False,
            longest_text=4000,  # Twilio <Say> takes 4 KB
            measure=Measure.SECONDS,
            read_by=Reader.MACHINE,
            answers=False,  # people call people; a voice that reads answers out is not built
            live=True,
            original=Original("original.txt", _FORM),
        ),
    }
)
# By which channel an address is reached that somebody names without having written by it.
CHANNEL_TO: Mapping[ContactKind, Channel] = MappingProxyType(
    {row.reaches: channel for channel, row in CHANNELS.items() if row.reaches_every}
)
# Where words go to a telephone: what is short, and paid for by the piece.
TEXTS = next(one for one, row in CHANNELS.items() if row.measure is Measure.SEGMENTS)
# More files than this go by no channel.
MOST_FILES = max(row.files.most for row in CHANNELS.values() if row.files)
MOST_BYTES = max(row.files.most_bytes for row in CHANNELS.values() if row.files)


def row_of(channel: str) -> ChannelRow | None:
    """Return the row of a channel's word; None where there is no such channel (yet)."""
    return CHANNELS[Channel(channel)] if channel in CHANNELS else None


def is_address(kind: str) -> bool:
    """Say whether people read and write contact points of this kind; an inbox has an inner id."""
    return kind != ContactKind.PORTAL
