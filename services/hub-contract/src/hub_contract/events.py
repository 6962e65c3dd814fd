"""The one contract: seven events, a closed union, frozen, told apart by `type`.

Rule 1. What is in the clear is never personal: ids, times, words, sizes.
Rule 2. All else is `content`. On the bus it is `Sealed`; opened, it is a value of its own class.
Rule 3. Ids are derived from facts (`hub_contract.ids`), so twice is once.
Rule 4. What was published parses for ever: a field is only added, with a default that says
        nothing, and no default, name or meaning changes (a sealed content leaves defaults out).
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from hub_contract.delivery import Delivery, Reason
from hub_contract.problems import PublishedProblem
from hub_contract.words import (
    AccountName,
    Attachment,
    Automatic,
    Blob,
    Body,
    CallbackWish,
    CallOutcome,
    CallStatus,
    Channel,
    Confidence,
    ContactPoint,
    Contribution,
    Cost,
    Count,
    Direction,
    Evidence,
    FileCheck,
    Keyword,
    MessageKind,
    Moment,
    Page,
    Recipient,
    Tenant,
    Text,
    Value,
)


class Sealed(Value):
    """AES-256-GCM under the data key of this event: base64 of nonce + ciphertext + tag."""

    sealed: str  # empty where it lies in `blob`
    blob: Blob | None = None  # what is too long to travel: the same bytes, sealed once more


class MessageContent(Value):
    """What a citizen sent, opened."""

    sender: ContactPoint | None = None
    recipients: tuple[Recipient, ...] = ()
    subject: Text = ""
    body: Body = Body()
    whole: Blob | None = None  # the whole `Body` as JSON, where it is too long to travel
    external_id: Text = ""  # Message-ID, MessageSid, fax commid: only its channel may read it
    answers: tuple[Text, ...] = ()  # external ids it answers, nearest first
    reply_token: Text = ""  # from our own reply address; unchecked here
    references: tuple[Text, ...] = ()  # valid twelve-digit references found in it
    public_service: Text = ""  # the catalogue entry that a form names; a claim
    language: Text = ""  # BCP 47, what the citizen chose
    author: Text = ""  # of a note: the agent, where the sender is the citizen
    batch: Text = ""  # the scan batch or file it was cut from
    first_page: int | None = None  # where in that batch, from 1
    attachments: tuple[Attachment, ...] = ()
    original_check: FileCheck = FileCheck.NONE  # of the bytes as they came, with all in them
    original_finding: Text = ""
    contributions: tuple[Contribution, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    problems: tuple[PublishedProblem, ...] = ()  # what was odd about it
    # Of the new conversation that this begins: its channel has told it to the sender already
    # (`hub_contract.references.make_channel_reference`).
    reference: Text = ""
    reachable: tuple[ContactPoint, ...] = ()  # where answers may go too, the preferred one first
    answer_by: Channel | None = None  # for the first of `reachable`, where its kind says too little
    reply_to: ContactPoint | None = (
        None  # who wants the answer, where it is not the sender; a claim
    )
    shared: bool = False  # the sender's address writes for many people, as a sign in it says
    callback: CallbackWish | None = None  # who sent it would like to be called back


class RequestedContent(Value):
    """What we send, opened."""

    recipient: ContactPoint
    subject: Text = ""
    text: Text
    html: Text = ""
    answers: tuple[Text, ...] = ()  # external ids this answers, nearest first
    reply_token: Text = ""  # the channel builds the reply address from it
    reference: Text = ""  # twelve digits, bare
    language: Text = ""  # BCP 47; a voice needs it
    author: Text = ""  # who answers for it, as a letter names them
    attachments: tuple[Attachment, ...] = ()
    hint: Text = ""  # goes in place of text and files, which rest in the recipient's inbox


class DeliveryContent(Value):
    """What the peer said of a delivery, opened."""

    recipient: Text = ""
    external_id: Text = ""  # the peer's id, or our Message-ID
    diagnostic: Text = ""  # the peer's own words
    evidence: tuple[Evidence, ...] = ()  # a fax's remote station id, a read receipt, a report


class CallContent(Value):
    """Who is calling, opened."""

    caller: ContactPoint | None = None  # None: the number is withheld
    reference: Text = ""  # twelve digits that the caller has keyed in, bare; a claim
    external_id: Text = ""  # CallSid: the entry of this call will have the same


class ReadContent(Value):
    """What a machine has read in a document, opened; never the original."""

    body: Body = Body()
    whole: Blob | None = None  # the whole `Body` as JSON, where it is too long to travel
    references: tuple[Text, ...] = ()  # valid twelve-digit ones: of codes first, then of the text
    codes: tuple[Text, ...] = ()  # what DataMatrix, QR, Code 39 and Code 128 say
    attachments: tuple[Attachment, ...] = ()  # derived: a searchable copy
    pages: tuple[Page, ...] = ()
    problems: tuple[PublishedProblem, ...] = ()


class Event(Value):
    id: UUID
    tenant: Tenant


class MessageReceived(Event):
    """Something arrived: mail, SMS, fax, scan, form, chat line, call."""

    type: Literal["message.received"] = "message.received"
    channel: Channel
    account: AccountName
    kind: MessageKind = MessageKind.MESSAGE
    sender_key: str = ""  # HMAC of the sender, given by `accept`: order and look-up without reading
    happened_at: Moment | None = None  # the sender's claim
    received_at: Moment  # our fact
    automatic: Automatic = Automatic.NO
    # Its sender, often a person, asks for none: whoever answers automatically obeys this as well.
    no_automatic_answer: bool = False
    keyword: Keyword = Keyword.NONE
    readable: bool = True
    partial: bool = False  # a fax or a recording that broke off; kept and marked
    confidence: Confidence | None = None  # of OCR or transcript, the mean of its words
    direction: Direction = Direction.IN
    outcome: CallOutcome = CallOutcome.NONE
    size: Count = 0  # bytes of the original
    pages: Count | None = None
    segments: Count | None = None  # of an SMS
    seconds: Count | None = None  # of a call or a voicemail
    original: Blob | None = None
    # Its pages are read by machine; a `message.read` follows, also where nothing can be read.
    to_be_read: bool = False  # given by `accept`
    content: Sealed | MessageContent = Field(union_mode="left_to_right")


class MessageRead(Event):
    """What arrived has been read by machine: the text and the pages of its original."""

    type: Literal["message.read"] = "message.read"
    channel: Channel
    account: AccountName
    message_id: UUID  # of the `message.received` whose original it was
    at: Moment
    readable: bool = True  # False: it was tried, and `problems` say why it came to nothing
    confidence: Confidence | None = None  # the mean of its words
    pages: Count | None = None  # of the original; those that were read are in the content
    content: Sealed | ReadContent = Field(union_mode="left_to_right")


class MessageRequested(Event):
    """Send this by that channel to that contact point; `id` is the outbound message."""

    type: Literal["message.requested"] = "message.requested"
    channel: Channel
    account: AccountName
    conversation_id: UUID
    requested_at: Moment
    not_before: Moment | None = None  # quiet hours, an agreed time to call back
    expires_at: Moment | None = None  # later it is of no use, and fails as `expired`
    automatic: bool = False  # made by a rule, not by an agent
    # HMAC of the recipient, as `sender_key`: what waits for one does not hold up another.
    recipient_key: str = ""
    content: Sealed | RequestedContent = Field(union_mode="left_to_right")


class DeliveryReported(Event):
    """How far an outbound message got."""

    type: Literal["delivery.reported"] = "delivery.reported"
    channel: Channel
    account: AccountName
    message_id: UUID
    status: Delivery
    reason: Reason = Reason.NONE
    code: Text = ""  # the peer's code, for example 5.1.1 or 30003
    at: Moment
    pages: Count | None = None  # that went through, of a fax; of a letter, printed
    segments: Count | None = None  # of an SMS
    seconds: Count | None = None  # on the line
    cost: Cost | None = None
    original: Blob | None = None
    content: Sealed | DeliveryContent = Field(union_mode="left_to_right")


class CallRang(Event):
    """A call rings at a desk, is answered or has ended; of what it was about an entry will tell."""

    type: Literal["call.rang"] = "call.rang"
    channel: Channel
    account: AccountName
    call_id: UUID  # the same for all that is said of one call
    sender_key: str = ""  # HMAC of the caller, given by `accept`
    status: CallStatus
    at: Moment
    content: Sealed | CallContent = Field(union_mode="left_to_right")


class EntryAppended(Event):
    """The timeline grew or changed: for live pages, webhooks, analytics.

    `read`: nothing of it has changed, but an agent has read all up to it. `rang`: nothing of it
    has changed, but a call rings, is answered or has ended; it is the call that `entry_id` names,
    and, where it belongs to no conversation that we know, `conversation_id` as well. `pages`: a
    machine has read its pages, or has given up.
    """

    type: Literal["entry.appended"] = "entry.appended"
    conversation_id: UUID
    entry_id: UUID
    place: int  # position of the entry in its conversation, from 1
    change: Literal[
        "appended", "delivery", "moved", "merged", "split", "undone", "read", "rang", "pages"
    ] = "appended"
    kind: str  # message, note, delivery, ...
    direction: Literal["in", "out", "none"]
    channel: Channel | None = None
    at: Moment


class TransactionChanged(Event):
    """A status moved or a requirement was met."""

    type: Literal["transaction.changed"] = "transaction.changed"
    transaction_id: UUID
    public_service: str
    status: Literal[
        "INITIATED", "SUBMITTED", "RECEIVED", "PROCESSING", "ACTION_REQUIRED", "COMPLETED"
    ]
    requirement: str = ""
    met: bool = False
    at: Moment


ConversationEvent = Annotated[
    MessageReceived
    | MessageRead
    | MessageRequested
    | DeliveryReported
    | CallRang
    | EntryAppended
    | TransactionChanged,
    Field(discriminator="type"),
]
CONVERSATION_EVENT: TypeAdapter[ConversationEvent] = TypeAdapter(ConversationEvent)

# What channels take in.
Arriving = MessageReceived | MessageRead | DeliveryReported | CallRang
SealedKind = MessageReceived | MessageRead | MessageRequested | DeliveryReported | CallRang


@dataclass(frozen=True, slots=True)
class Arrival:
    """What `parse` makes of a peer's bytes, and `accept` keeps: an opened event and its bytes.

    `original` is what the peer sent, untouched; `files` are the attachments' bytes, in the order
    of `event.content.attachments` (none for a delivery report), and of a `MessageRead` behind them
    three for each page in order: `small`, `large` and `words`, b"" where there is none. A ringing
    call has no bytes: they belong to the entry that tells of it.
    """

    event: Arriving
    original: bytes = b""
    files: tuple[bytes, ...] = ()
