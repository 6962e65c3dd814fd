"""What the HTTP interface takes and gives, field by field: its OpenAPI document."""

import base64
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from hub_contract.channels import LONGEST_TEXT
from hub_contract.explanations import Explanation
from hub_contract.problems import ProblemCode
from hub_contract.refusals import Refusal
from hub_contract.words import (
    AccountName,
    Assurance,
    CallbackDay,
    CallbackPart,
    CallOutcome,
    Channel,
    Confidence,
    ContactKind,
    FileSign,
    RecipientRole,
)


def _read_base64(value: object) -> bytes:
    """Read strictly: what is skipped silently would be missing in the citizen's copy."""
    if not isinstance(value, str):
        raise ValueError("must be a string of base64")  # noqa: TRY004 - pydantic reads ValueError
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("is not base64 (RFC 4648 §4)") from None


_BASE64 = {"type": "string", "contentEncoding": "base64"}
Bytes = Annotated[bytes, BeforeValidator(_read_base64), WithJsonSchema(_BASE64)]
State = Literal["open", "snoozed", "closed", "merged"]


class Asked(BaseModel):
    """A request body; a key nobody knows is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class Person(BaseModel):
    kind: ContactKind
    value: str
    name: str = ""


class Reason(BaseModel):
    code: Explanation = Field(description="whoever shows it to people has words for it")


class DeliveryState(BaseModel):
    status: str
    at: AwareDatetime
    reason: str = "none"
    code: str = ""


class EntryProof(BaseModel):
    kind: str
    result: str


class EntryProblem(BaseModel):
    """What was odd about a message; whoever shows it to people has words for the code."""

    code: ProblemCode
    about: str = Field(default="", description="a name, a number, a time: the same in any language")


class CallbackAsked(BaseModel):
    """When somebody would like to be called back."""

    day: CallbackDay
    part: CallbackPart


class LineReading(BaseModel):
    """What a machine reads of a document with pages; never the original."""

    state: Literal["waiting", "read", "unreadable"]
    pages: int | None = None
    confidence: Confidence | None = None
    text: str = Field(default="", description="its beginning, where the entry has no text itself")
    more: bool = Field(default=False, description="the text is cut; the whole entry has all")


class EntryLine(BaseModel):
    """An entry as a page shows it; what says nothing is left out."""

    id: UUID
    place: int = Field(description="its position in the conversation; places may have gaps")
    kind: str
    direction: Literal["in", "out", "none"]
    at: AwareDatetime
    reason: Reason = Field(description="why it stands in this conversation")
    channel: Channel | None = None
    account: str = ""
    author: str = Field(default="", description="opaque id of the agent who wrote it")
    contact_point: UUID | None = None
    verified: bool = Field(default=True, description="false: the contact point is not confirmed")
    readable: bool = True
    partial: bool = False
    automatic: str = "no"
    marks: list[Reason] = []
    delivery: DeliveryState | None = None
    person: Person | None = None
    subject: str = ""
    attachments: int = 0
    files: list[str] = Field(default=[], description="the first file names")
    harmful: bool = Field(default=False, description="harmful software was found in it")
    text: str = ""
    problem: EntryProblem | None = Field(
        default=None, description="the first thing that was odd, where there is no text"
    )
    more: bool = Field(default=False, description="the text is cut; the whole entry has all")
    folded: bool = Field(default=False, description="it quotes or is signed; the whole has that")
    quoted_lines: int = Field(default=0, description="how many lines of quotation the whole has")
    signature_lines: int = Field(default=0, description="how many lines of signature it has")
    evidence: list[EntryProof] = Field(default=[], description="what was checked, the first four")
    original: bool = Field(default=False, description="the bytes as they came are kept")
    outcome: CallOutcome = Field(default=CallOutcome.NONE, description="of a call")
    seconds: int | None = Field(default=None, description="of a call: how long it took")
    callback: CallbackAsked | None = Field(default=None, description="of a call: she wishes one")
    assignee: str = Field(default="", description="of a change: who takes care from then on")
    until: AwareDatetime | None = Field(default=None, description="of a change: put aside until")
    reading: LineReading | None = None
    erased: bool = False


class EntryPage(BaseModel):
    entries: list[EntryLine]
    next: int | None = Field(
        description="give it as `before` (newest first) or `after` (oldest first); null: the end"
    )


FileSaid = Literal["", "clean", "found", "waiting", "unfit", "released"]


class PageShown(BaseModel):
    """A page as a machine has read it; its parts are downloaded one by one."""

    number: int = Field(description="from 1, as in the original")
    width: int = Field(description="pixels of `large`")
    height: int
    blank: bool = False
    turned: int = Field(default=0, description="degrees that it was turned clockwise")
    confidence: Confidence | None = None
    fingerprint: str = Field(default="", description="pages that look alike differ in few bits")
    parts: list[Literal["small", "large", "words"]] = []


class Reading(BaseModel):
    """What a machine has read of a document with pages; never the original."""

    state: Literal["waiting", "read", "unreadable"]
    at: AwareDatetime | None = None
    confidence: Confidence | None = Field(default=None, description="the mean of its words")
    count: int | None = Field(default=None, description="pages of the original, as far as known")
    pages: list[PageShown] = Field(default=[], description="those that have been read")
    text: str = ""
    references: list[str] = Field(default=[], description="valid ones that were found")
    codes: list[str] = Field(default=[], description="what DataMatrix, QR and bar codes say")
    problems: list[EntryProblem] = []


class EntryFile(BaseModel):
    number: int
    file_name: str
    media_type: str
    size: int
    content_id: str = ""
    inline: bool = False
    derived: bool = False
    signs: list[FileSign] = Field(default=[], description="what may be dangerous in it")
    check: FileSaid = ""
    finding: str = Field(default="", description="what the scanner calls it")
    released_by: str = Field(default="", description="opaque id of who let it go")


class OriginalCheck(BaseModel):
    check: FileSaid = ""
    finding: str = ""
    released_by: str = ""


class EntryRecipient(BaseModel):
    role: RecipientRole
    point: Person


class EntryEvidence(BaseModel):
    kind: str
    result: str
    by: str = ""
    assurance: Assurance = Assurance.NONE


class EntryContribution(BaseModel):
    requirement: str
    value: str
    source: str
    confidence: Confidence = 1.0
    attachment: int | None = None


class Report(BaseModel):
    status: str
    reason: str
    code: str
    at: AwareDatetime
    facts: dict[str, Any]
    diagnostic: str
    recipient: str


class Entry(BaseModel):
    """An entry whole."""

    id: UUID
    conversation_id: UUID
    place: int
    kind: str
    direction: Literal["in", "out", "none"]
    at: AwareDatetime
    claimed_at: AwareDatetime | None
    rule: int = Field(description="of the five rules; 0: an agent")
    reason: Reason
    marks: list[Reason] = []
    channel: Channel | None = None
    account: str = ""
    author: str = ""
    contact_point: UUID | None = None
    verified: bool = True
    readable: bool = True
    partial: bool = False
    automatic: str = "no"
    delivery: DeliveryState | None = None
    deliveries: list[Report]
    facts: dict[str, Any] = Field(description="size, pages, segments, seconds, confidence, ...")
    has_original: bool
    erased: bool
    person: Person | None = None
    recipients: list[EntryRecipient] = []
    subject: str = ""
    text: str = ""
    quoted: str = ""
    signature: str = ""
    html: str = Field(default="", description="made safe by its channel")
    attachments: list[EntryFile] = []
    original_check: OriginalCheck = OriginalCheck()
    evidence: list[EntryEvidence] = []
    problems: list[EntryProblem] = []
    contributions: list[EntryContribution] = []
    reading: Reading | None = Field(default=None, description="null: no machine reads it")


class ConversationOutline(BaseModel):
    id: UUID
    reference: str = Field(examples=["384-291-770-608"])
    state: State
    channel: Channel
    account: str
    assignee: str | None
    snoozed_until: AwareDatetime | None
    merged_into: UUID | None
    transaction_id: UUID | None
    opened_at: AwareDatetime
    last_at: AwareDatetime
    waiting_since: AwareDatetime | None = Field(
        description="of the first message that no agent has answered; null: nobody waits"
    )
    entries: int
    unread: int


class ConversationSummary(ConversationOutline):
    """A line of a list: with what the latest message from outside says."""

    last_channel: Channel = Field(description="by which the latest message from outside came")
    erased: bool
    subject: str
    excerpt: str
    excerpt_by_machine: bool = Field(
        default=False, description="it was read in the pages of a document: never the original"
    )
    person: Person | None
    callback_due: AwareDatetime | None = Field(
        default=None, description="in the queue: by when somebody is to be called back"
    )


class ConversationPage(BaseModel):
    conversations: list[ConversationSummary]
    next: str | None = Field(description="give it as `after`; null: the end")
    count: int | None = Field(description="of all, exactly; only with the first page")


class QueueCounts(BaseModel):
    mine: int
    unassigned: int
    waiting: int
    callbacks: int = Field(default=0, description="conversations with somebody to call back")
    snoozed: int
    closed: int


class QueuePage(BaseModel):
    conversations: list[ConversationSummary]
    next: str | None = Field(description="give it as `after`; null: the end")
    counts: QueueCounts = Field(description="of every view, exactly, as the caller sees them")


class ConversationsFound(BaseModel):
    conversations: list[ConversationSummary]


class LinkShown(BaseModel):
    id: UUID
    party_id: UUID
    reason: str


class ContactPointOfConversation(BaseModel):
    id: UUID
    kind: ContactKind
    value: str | None = Field(description="null: erased")
    name: str
    as_written: bool = Field(description="the value could not be normalised")
    channel: Channel
    account: str
    verified: bool
    shared: bool = Field(default=False, description="many people write by this address")
    shareable: bool = Field(default=False, description="that can be said of it: see `share`")
    link: LinkShown | None = Field(description="to the person or organisation behind it")
    since: AwareDatetime


class ProposalShown(BaseModel):
    id: UUID
    kind: Literal["same_person", "same_concern"]
    other: UUID = Field(description="a conversation; of same_person a contact point")
    person: Person | None = Field(description="of same_person: who that is; null: erased")
    reason: Explanation
    at: AwareDatetime


class RearrangementShown(BaseModel):
    id: UUID
    kind: Literal["merge", "split", "move", "undo"]
    source: UUID
    target: UUID
    made_by: str
    at: AwareDatetime
    undoes: UUID | None
    undone_by: UUID | None


class TransactionShown(BaseModel):
    id: UUID
    public_service: str
    status: str
    reference: str
    at: AwareDatetime


class CallbackShown(BaseModel):
    """A call-back that is to be done."""

    id: UUID
    owner: str | None = Field(description="opaque id of who calls; null: nobody yet")
    day: CallbackDay
    part: CallbackPart
    begins_at: AwareDatetime
    due_at: AwareDatetime
    attempts: int
    state: Literal["open", "not_reached"]
    other_way: bool
    person: Person | None = Field(
        description="whom to call and where, if the citizen said so; null: who takes part"
    )
    made_by: str = Field(description="opaque id of an agent; empty: the citizen wished it")
    at: AwareDatetime


class ConversationShown(ConversationOutline):
    contact_points: list[ContactPointOfConversation]
    proposals: list[ProposalShown]
    rearrangements: list[RearrangementShown]
    transaction: TransactionShown | None
    callbacks: list[CallbackShown] = Field(default=[], description="that are to be done")


class WayWarning(BaseModel):
    code: Literal["once_failed", "once_returned"]
    at: AwareDatetime
    cause: str = Field(description="the reason of that delivery: address_unknown, ...")


class Price(BaseModel):
    amount: str = Field(examples=["0.075"])
    currency: str = Field(examples=["EUR"])


class WayShown(BaseModel):
    """A way by which an answer may go out, or why it may not; each channel stands here."""

    channel: Channel
    account: str = Field(description="to send from; empty: there is none")
    contact_point: UUID | None = Field(description="null: nobody is reached by this channel")
    kind: ContactKind
    address: str | None
    name: str
    offered: bool
    reason: Reason = Field(description="why it is offered, or why not")
    warning: WayWarning | None
    preferred: bool = Field(description="where an answer goes if nothing is chosen")
    price: Price | None = Field(default=None, description="of one SMS; null: nobody said")
    most_segments: int | None = Field(
        default=None, description="SMS of one answer; a longer one needs the hint"
    )
    hint: str = Field(
        default="",
        description="what goes in place of what is too long or has files, which rest in the inbox;"
        " empty: nothing can",
    )
    only_hint: bool = Field(default=False, description="the hint goes in any case")


class WaysShown(BaseModel):
    ways: list[WayShown]


class Address(Asked):
    kind: ContactKind = Field(description="phone and fax are searched together")
    value: str = Field(max_length=1000, description="however it is spelt")


class SearchAsked(Asked):
    """Exactly one of both; in a body, since addresses have no place in URLs and logs."""

    reference: str = Field(default="", max_length=100)
    address: Address | None = None


class FileSent(Asked):
    file_name: Annotated[str, Field(min_length=1, max_length=255)]
    media_type: Annotated[str, Field(pattern=r"^[\w.+-]{1,64}/[\w.+-]{1,64}$")]
    data: Bytes


class ReplyAsked(Asked):
    text: str = Field(max_length=LONGEST_TEXT)
    html: str = Field(default="", max_length=1_000_000)
    subject: str = Field(default="", max_length=500, description="empty: that of the thread")
    channel: Channel | None = Field(
        default=None, description="empty: as the citizen asked, else as the last message came"
    )
    account: AccountName | None = None
    contact_point: UUID | None = Field(default=None, description="empty: likewise")
    attachments: list[FileSent] = Field(default=[], max_length=50)
    automatic: bool = Field(default=False, description="made by a rule, not by a person")
    author_name: str = Field(default="", max_length=200, description="who answers for it")


class NoteAsked(Asked):
    text: str = Field(max_length=LONGEST_TEXT)


class EntryMade(BaseModel):
    entry_id: UUID
    new: bool = Field(description="false: it stood already, under the same Idempotency-Key")


class AssignAsked(Asked):
    assignee: Annotated[str, Field(min_length=1, max_length=200)] | None


class SnoozeAsked(Asked):
    until: AwareDatetime


class ConfirmAsked(Asked):
    contact_point: UUID
    confirmed: bool = True


class AddressAsked(Asked):
    address: str = Field(
        min_length=1, max_length=500, description="as on an envelope, one line each; or by commas"
    )
    name: str = Field(default="", max_length=200, description="empty: the first line")


class AddressMade(BaseModel):
    contact_point: UUID


class ShareAsked(Asked):
    contact_point: UUID
    shared: bool = Field(description="true: many people write by this mail address; false: one")


class MergeAsked(Asked):
    into: UUID


class SplitAsked(Asked):
    entries: list[UUID] = Field(min_length=1, max_length=1000)


class MoveAsked(Asked):
    to: UUID


class LinkAsked(Asked):
    other: UUID = Field(description="a contact point of the same person or organisation")
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class DecideAsked(Asked):
    decision: Literal["accepted", "dismissed"]


class Rearranged(BaseModel):
    rearrangement_id: UUID
    conversation_id: UUID = Field(description="where the entries are now")


class Linked(BaseModel):
    link_ids: list[UUID]
    party_id: UUID


class ErasedShown(BaseModel):
    keys: int = Field(description="how many data keys were deleted")


class MyTransaction(BaseModel):
    public_service: str
    status: str


class MyConversation(BaseModel):
    """A conversation as the citizen sees it."""

    id: UUID
    reference: str = Field(examples=["912-345-678-933"])
    state: Literal["open", "closed"]
    opened_at: AwareDatetime
    last_at: AwareDatetime = Field(description="of the latest message that she sees")
    subject: str
    name: str = Field(description="as she called herself; empty: she did not")
    transaction: MyTransaction | None


class MyConversations(BaseModel):
    conversations: list[MyConversation]


class MyFile(BaseModel):
    number: int
    file_name: str
    media_type: str
    size: int
    held: bool = Field(default=False, description="harmful software was found in it")
    derived: bool = Field(default=False, description="made of what she sent, by us")


class MyPage(BaseModel):
    """A page of a letter or fax, as a machine has read it."""

    number: int = Field(description="from 1, as in the original")
    width: int = Field(description="pixels of `large`")
    height: int
    blank: bool = False
    parts: list[Literal["small", "large", "words"]] = []


class MyReading(BaseModel):
    """What a machine has read of her letter or fax; never the original."""

    state: Literal["waiting", "read", "unreadable"]
    count: int | None = Field(default=None, description="pages of the original, as far as known")
    pages: list[MyPage] = []
    text: str = ""


class MyEntry(BaseModel):
    """A message as the citizen sees it."""

    id: UUID
    place: int
    kind: str
    direction: Literal["in", "out"]
    channel: Channel
    at: AwareDatetime
    mine: bool = Field(description="written by this inbox; else by another way, or our answer")
    erased: bool
    subject: str
    text: str
    more: bool = Field(description="the text is cut; the whole entry has all")
    signed: str = Field(description="how the answer is signed")
    attachments: list[MyFile]
    reading: MyReading | None = Field(default=None, description="null: no machine reads it")
    delivery: Reason | None = Field(description="of an answer, in a plain word")


class MyEntryPage(BaseModel):
    entries: list[MyEntry]
    next: int | None = Field(
        description="give it as `before` (newest first) or `after` (oldest first); null: the end"
    )


class StoppedAsked(Asked):
    channel: Channel
    address: Address


class StoppedShown(BaseModel):
    stopped: bool = Field(description="its owner wants nothing more by this channel")


class ReadAsked(Asked):
    up_to: int = Field(ge=0, le=2**31 - 1, description="the place of the last one she saw")


class ReadShown(BaseModel):
    messages: int = Field(description="how many of ours were reported as read")


class FieldFault(BaseModel):
    field: str
    fault: str


_TYPES = {
    "type": "string",
    "format": "uri",
    "anyOf": [
        {"const": "about:blank", "description": "it says no more than the status does"},
        *(
            {"const": one.type, "title": one.says, "description": f"status {one.status}"}
            for one in Refusal
        ),
        {"description": "one of a newer release"},
    ],
}


class Problem(BaseModel):
    """RFC 9457. Choose what to do, and what to say to people, by `type`; the rest is for logs."""

    type: Annotated[str, WithJsonSchema(_TYPES)]
    title: str
    status: int
    detail: str = ""
    faults: list[FieldFault] = []
