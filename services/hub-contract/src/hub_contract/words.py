"""The small vocabulary, and the frozen values that events are made of."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def writable(text: str) -> str:
    """Replace what broken mails bring and UTF-8 (lone surrogates) or PostgreSQL (NUL) refuse."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")


Text = Annotated[str, AfterValidator(writable)]
Tenant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
AccountName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


Moment = AwareDatetime
Count = Annotated[int, Field(ge=0)]
Confidence = Annotated[float, Field(ge=0, le=1)]


class Value(BaseModel):
    """Frozen; unknown fields are ignored, because services are deployed one by one."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    FAX = "fax"
    PAPER = "paper"
    WEB = "web"
    PHONE = "phone"


class ContactKind(StrEnum):
    EMAIL = "email"  # local part as it is, domain in lower case and IDNA
    PHONE = "phone"  # E.164 or a short code; SMS and calls share it
    FAX = "fax"  # E.164
    POSTAL = "postal"  # the address lines, one per line; abroad the country last, in capitals
    PORTAL = "portal"  # an inbox of our own portal; its value is an inner id


class Assurance(StrEnum):
    """How sure we are who it is, in the words of eIDAS."""

    NONE = "none"
    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class MessageKind(StrEnum):
    MESSAGE = "message"
    SCAN = "scan"
    FORM = "form"
    CHAT = "chat"
    CALL = "call"
    VOICEMAIL = "voicemail"
    NOTE = "note"  # what an agent wrote down about a call


class Direction(StrEnum):
    IN = "in"  # from the citizen
    OUT = "out"  # a call that we made


class Automatic(StrEnum):
    """Who wrote it: a person, or a machine; no machine is ever answered automatically."""

    NO = "no"
    REPLY = "reply"  # out of office and the like, RFC 3834
    GENERATED = "generated"  # system mail and reports; up to 1.2 whatever came by a list
    BOUNCE = "bounce"  # a bounce about no message of ours


class Keyword(StrEnum):
    """A wish said in one word, by SMS or by a key on the phone."""

    NONE = "none"
    STOP = "stop"  # send me nothing more this way
    START = "start"
    HELP = "help"
    STATUS = "status"


class CallOutcome(StrEnum):
    NONE = "none"  # not a call
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    MISSED = "missed"  # hung up before anyone answered
    NO_ANSWER = "no_answer"  # ours: nobody picked up
    BUSY = "busy"
    FAILED = "failed"


class CallStatus(StrEnum):
    """How far a call is that rings at a desk."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class ContactPoint(Value):
    """An address of the outside world, as `hub_contract.contact_points` normalises it once."""

    kind: ContactKind
    value: Text  # as it is sent to; what is looked up is `compared`
    name: Text = ""  # as the sender writes it: a claim, never an identity
    as_written: bool = False  # it could not be normalised


class CallbackDay(StrEnum):
    NONE = "none"  # as soon as it can be
    TODAY = "today"
    TOMORROW = "tomorrow"


class CallbackPart(StrEnum):
    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"


class CallbackWish(Value):
    """When somebody would like to be called back; days are those of the tenant's time zone."""

    day: CallbackDay = CallbackDay.NONE
    part: CallbackPart = CallbackPart.ANY
    number: ContactPoint | None = None  # where it is not the number that they called from


class RecipientRole(StrEnum):
    TO = "to"
    CC = "cc"
    ENVELOPE = "envelope"  # whom the transport named: the true recipient of a blind copy


class Recipient(Value):
    role: RecipientRole
    point: ContactPoint


class Blob(Value):
    """Sealed bytes in the blob store: `length` bytes from `start` of the object `name`."""

    name: str
    start: int = 0
    length: int
    size: int  # bytes once opened


class FileCheck(StrEnum):
    """What a scanner for harmful software said of a file; an unknown word is `waiting`."""

    NONE = ""  # no scanner was there to be asked
    CLEAN = "clean"
    FOUND = "found"
    WAITING = "waiting"  # the scanner was away, or broke off
    UNFIT = "unfit"  # larger than the scanner takes

    @classmethod
    def _missing_(cls, _value: object) -> "FileCheck":
        return cls.WAITING


class FileSign(StrEnum):
    """What may be dangerous in a file, as its bytes and its name show."""

    ARCHIVE = "archive"  # it holds others
    ENCRYPTED = "encrypted"  # no scanner and no reader sees what is in it
    MACROS = "macros"  # a document with programs of its own
    PROGRAM = "program"  # it would run when it is opened
    OTHER = "other"

    @classmethod
    def _missing_(cls, _value: object) -> "FileSign":
        return cls.OTHER


class Attachment(Value):
    file_name: Text
    media_type: Text
    size: int
    content_id: Text = ""  # what an HTML body calls it, without angle brackets
    inline: bool = False
    derived: bool = False  # made by us: a searchable copy, a transcript; never the original
    signs: tuple[FileSign, ...] = ()  # found by `accept`
    check: FileCheck = FileCheck.NONE  # asked by `accept`
    finding: Text = ""  # what the scanner calls it
    blob: Blob | None = None  # None only between `parse` and `accept`


class Evidence(Value):
    """What was checked about a message: `kind` says how, `result` with what outcome."""

    # dmarc, dkim, spf, signature, encrypted, session, one-time-code, station-id, caller-id,
    # recording-consent, transmission-report ...
    kind: Text
    result: Text  # pass, fail, none, unchecked, or the value itself
    by: Text = ""  # the host or service that did the check
    assurance: Assurance = Assurance.NONE


class Contribution(Value):
    """A value or document that a message adds to a transaction."""

    requirement: Text
    value: Text
    source: Text  # form, text, ocr, keypad, agent
    confidence: Confidence = 1.0
    attachment: int | None = None  # for a document: its place in the list of attachments, from 0


class Cost(Value):
    amount: Decimal
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]  # ISO 4217


class Body(Value):
    """The words of a message: its own, what it quotes, its signature, and its safe HTML."""

    text: Text = ""
    quoted: Text = ""
    signature: Text = ""
    html: Text = ""


class Page(Value):
    """A page of a document as it was read: its pictures, its words, and how they were read."""

    number: Count  # from 1, as in the original
    width: Count  # pixels of `large`
    height: Count
    small: Blob | None = None  # WebP, 320 px wide at most
    large: Blob | None = None  # WebP, 1,600 px wide at most
    # JSON: [[text, left, top, right, bottom, confidence 0-100], …] in pixels of `large`.
    words: Blob | None = None
    fingerprint: Text = ""  # 16 hex digits; those of pages that look alike differ in few bits
    blank: bool = False
    turned: Count = 0  # degrees that it was turned clockwise to be upright
    confidence: Confidence | None = None  # the mean of its words
